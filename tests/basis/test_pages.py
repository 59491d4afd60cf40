"""The pages of 制度依据, without scripts: what is in force, and the reckoners."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dangjian.rules import book
from tests.basis.test_api import NEW, WHOLE

ClientOf = Callable[..., Any]


@pytest.fixture
def reader(client_of: ClientOf, world: SimpleNamespace) -> Any:
    return client_of("liqiang")


@pytest.fixture
def huiji_asks_for_more(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.RULES_DIR = str(tmp_path)
    (tmp_path / "huiji.yaml").write_text(
        "district: huiji\nrules:\n  - {id: study.member, value: 40, document: 惠组〔2026〕3 号,"
        " from: 2026-01-01, to: 2026-12-31}\n",
        encoding="utf-8",
    )
    book.forget()
    yield
    book.forget()


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_every_rule_in_force_is_shown_with_its_source(reader: Any) -> None:
    answer = reader.get("/rules/", {"on": "2026-11-25"})
    assert answer.status_code == 200
    page = text_of(answer)
    rules = book.book().in_force(answer.context["on"])
    assert len(rules) == 72
    for rule in rules:
        assert f'data-rule="{rule.id}"' in page
        assert str(rule.title) in page
        assert rule.cited in page
    assert "村、社区 5 年；其他 3 年" in page
    assert "待核实" in page
    assert "条号待核" in page
    assert "本地规定 " not in page


def test_as_of_another_day(reader: Any) -> None:
    page = text_of(reader.get("/rules/", {"on": "2010-01-01"}))
    assert 'data-rule="dues.wage"' in page
    assert 'data-rule="study.member"' not in page
    assert "2010 年 1 月 1 日有效的规则" in page
    assert "这一天还没有收录的规则" in text_of(reader.get("/rules/", {"on": "2000-01-01"}))


def test_a_day_that_does_not_exist(reader: Any) -> None:
    answer = reader.get("/rules/", {"on": "2026-02-31"})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "并核实那个月有没有这一天" in page
    assert 'value="2026-02-31"' in page
    assert 'data-rule="dues.wage"' in page


def test_what_a_district_tightened_stands_beside_the_national_value(
    client_of: ClientOf, world: SimpleNamespace, huiji_asks_for_more: None
) -> None:
    here = text_of(client_of("liqiang").get("/rules/", {"on": "2026-11-25"}))
    row = here[here.index('data-rule="study.member"') :].partition("</li>")[0]
    for said in (
        "至少 40 学时",
        "全国：一般至少 32 学时",
        "惠组〔2026〕3 号",
        "本地规定",
        "到 2026 年 12 月 31 日",
    ):
        assert said in row
    assert "本地规定 1 条" in here
    there = text_of(client_of("zhaomin").get("/rules/", {"on": "2026-11-25"}))
    assert "至少 32 学时" in there
    assert "惠组" not in there
    later = text_of(client_of("liqiang").get("/rules/", {"on": "2027-01-01"}))
    assert "惠组" not in later


def test_dues(reader: Any) -> None:
    page = text_of(
        reader.post("/rules/dues/", {"kind": "wage", "monthly_base": "3000.01", "on": "2026-11-25"})
    )
    assert "30.00 <small>元" in page
    assert "3,000.01 元 × 1 %，全额计算" in page
    assert "第 2 条" in page
    page = text_of(reader.post("/rules/dues/", {"kind": "farmer", "on": "2026-11-25"}))
    assert "0.20–1.00 <small>元" in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "wage", "on": "2026-11-25"}, "请填写每月收入，比如 5000.00。"),
        ({"kind": "wage", "monthly_base": "-3", "on": "2026-11-25"}, "不能小于 0。"),
        ({"kind": "wage", "monthly_base": "3.001", "on": "2026-11-25"}, "最多写到分，两位小数。"),
        ({"kind": "wage", "monthly_base": "三千", "on": "2026-11-25"}, "请填写数字，比如 5000.00。"),
        ({"kind": "wage", "monthly_base": "9" * 12, "on": "2026-11-25"}, "这个数太大了，请核实。"),
        ({"kind": "king", "on": "2026-11-25"}, "请从列出的身份里选一种。"),
        ({"kind": "student", "on": "2026-11-31"}, "并核实那个月有没有这一天。"),
        ({"kind": "student", "on": "2008-03-31"}, "这一天还没有收录的党费规则，请换一个日期。"),
        ({"kind": "student"}, "请填写日期。"),
    ],
)
def test_dues_refused(reader: Any, given: dict[str, str], said: str) -> None:
    answer = reader.post("/rules/dues/", given)
    assert answer.status_code == 422
    page = text_of(answer)
    assert said in page
    assert 'aria-invalid="true"' in page
    assert "每月应交" not in page
    for name, value in given.items():
        assert name == "kind" or f'value="{value}"' in page  # nothing that was filled in is lost


def test_term(reader: Any) -> None:
    given = {"organization_kind": "village_branch", "elected_on": "2021-03-20", "today": "2026-01-05"}
    page = text_of(reader.post("/rules/term/", given))
    for said in (
        "2026 年 3 月 20 日",
        "2025 年 9 月 20 日",
        "2027 年 3 月 20 日",
        "该准备换届了",
        "第 21 条",
    ):
        assert said in page
    assert reader.post("/rules/term/", {"organization_kind": "branch"}).status_code == 422


def as_form(question: dict[str, Any]) -> dict[str, Any]:
    """The API's question as the page's fields."""
    flat = {name: value for name, value in question.items() if not isinstance(value, dict) and value}
    vote, training = question.get("vote") or {}, question.get("training") or {}
    flat |= {"vote_on" if name == "on" else name: value for name, value in vote.items()}
    return flat | {f"training_{name}": value for name, value in training.items()}


CASES = [
    WHOLE,
    {name: WHOLE[name] for name in ("born_on", "applied_on", "today")},
    WHOLE | {"vote": {"on": "2023-07-01", "due": 20, "present": 10, "yes": 9, "written_yes": 0}},
    WHOLE | {"vote": {"on": "2025-05-12"}, "today": "2025-04-01", "approved_on": None},
    WHOLE | {"candidate_on": "2023-05-01", "special_case": True, "extended_months": 5},
    WHOLE | {"training": {"days": 1}, "introducers": 1, "talked_on": None},
    NEW,
    NEW
    | {
        "notice_from": "2026-05-28",
        "notice_to": "2026-06-01",
        "pre_review_on": "2026-06-30",
        "oath_on": "2026-10-11",
    },
    NEW | {"notice_to": "2026-05-27"},
]


@pytest.mark.parametrize("question", CASES)
def test_admission_by_page_and_by_api_is_the_same(reader: Any, question: dict[str, Any]) -> None:
    judged = reader.post("/api/v1/rules/admission/", question, content_type="application/json").json()
    answer = reader.post("/rules/admission/", as_form(question))
    assert answer.status_code == 200
    page = text_of(answer)
    for step in judged["steps"]:
        assert f'data-step="{step["key"]}" data-state="{step["state"]}"' in page
        for problem in step["problems"]:
            assert problem["message"] in page
            assert problem["rule"]["article"] in page


def test_admission_refused(reader: Any) -> None:
    answer = reader.post(
        "/rules/admission/", {"born_on": "1999-13-01", "applied_on": "", "due": "x", "today": ""}
    )
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"born_on", "applied_on", "due", "today"}
    assert text_of(answer).count("autofocus") == 1


def test_management_leads_here(reader: Any) -> None:
    page = text_of(reader.get("/management/"))
    for address in ("/rules/", "/rules/dues/", "/rules/term/", "/rules/admission/"):
        assert f'href="{address}"' in page


@pytest.mark.parametrize("address", ["/rules/", "/rules/dues/", "/rules/term/", "/rules/admission/"])
def test_pages_cost_no_query_of_their_own(
    reader: Any, django_assert_max_num_queries: Any, address: str
) -> None:
    reader.get(address)
    with django_assert_max_num_queries(6):  # session, account, member, standing, the bell
        assert reader.get(address).status_code == 200
