"""``/api/v1/rules/…/``: the shapes, the refusals, and whose rules answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dangjian.rules import book
from dangjian.rules.problems import STEPS

ClientOf = Callable[..., Any]
DUES, TERM, ADMISSION = (f"/api/v1/rules/{name}/" for name in ("dues", "term", "admission"))
WHOLE = {
    "born_on": "1998-06-15",
    "applied_on": "2022-03-01",
    "talked_on": "2022-03-20",
    "activist_on": "2022-05-10",
    "candidate_on": "2023-05-20",
    "introducers": 2,
    "political_review_on": "2023-06-15",
    "training": {"days": 3, "hours": 24},
    "vote": {"on": "2023-07-01", "due": 20, "present": 18, "yes": 17, "written_yes": 1},
    "special_case": False,
    "approved_on": "2023-08-20",
    "extended_months": None,
    "conversion_vote_on": "2024-07-03",
    "conversion_approved_on": "2024-08-30",
    "today": "2024-12-01",
}
# The same under the edition of 2026.
NEW = WHOLE | {
    "applied_on": "2025-03-01",
    "talked_on": "2025-03-20",
    "activist_on": "2025-05-10",
    "notice_from": "2026-05-25",
    "notice_to": "2026-05-29",
    "candidate_on": "2026-06-01",
    "political_review_on": "2026-06-20",
    "pre_review_on": "2026-07-10",
    "vote": {"on": "2026-08-01", "due": 20, "present": 18, "yes": 17, "written_yes": 1},
    "approved_on": "2026-09-10",
    "oath_on": "2026-10-10",
    "conversion_vote_on": "2027-08-03",
    "conversion_approved_on": "2027-09-20",
    "today": "2027-12-01",
}


@pytest.fixture
def ask(client_of: ClientOf, world: SimpleNamespace) -> Callable[..., Any]:
    """``ask(DUES, {...})``: 李强's question; `who` for another's."""

    def asked(path: str, question: Any, *, who: str = "liqiang", **options: Any) -> Any:
        return client_of(who).post(path, question, content_type="application/json", **options)

    return asked


@pytest.fixture
def huiji_is_stricter(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.RULES_DIR = str(tmp_path)
    (tmp_path / "huiji.yaml").write_text(
        """
district: huiji
rules:
  - {id: dues.farmer, value: {min: "0.50", max: "1.00"}, document: 惠组〔2020〕1 号, from: 2020-01-01}
  - {id: term.remind, value: 9, document: 惠组〔2020〕1 号, from: 2020-01-01}
  - {id: admission.activist_wait, value: 6, document: 惠组〔2020〕1 号, from: 2020-01-01}
""",
        encoding="utf-8",
    )
    book.forget()
    yield
    book.forget()


def test_dues_of_a_wage(ask: Callable[..., Any]) -> None:
    answer = ask(DUES, {"kind": "wage", "monthly_base": "5000.00", "on": "2026-11-25"})
    assert answer.status_code == 200
    assert answer.json() == {
        "rate": "0.010",
        "due": "50.00",
        "rule": {
            "id": "dues.wage",
            "article": "《关于中国共产党党费收缴、使用和管理的规定（中组发〔2008〕3号）》第 2 条",
            "confidence": "quoted",
        },
    }


def test_dues_without_a_base(ask: Callable[..., Any]) -> None:
    farmer = ask(DUES, {"kind": "farmer", "on": "2026-11-25"}).json()
    assert (farmer["min"], farmer["max"], farmer["rule"]["id"]) == ("0.20", "1.00", "dues.farmer")
    for kind in ("student", "unemployed", "relief"):
        answer = ask(DUES, {"kind": kind, "monthly_base": "9999.00", "on": "2026-11-25"}).json()
        assert (answer["rate"], answer["due"], answer["rule"]["id"]) == (None, "0.20", f"dues.{kind}")


def test_term(ask: Callable[..., Any]) -> None:
    question = {"organization_kind": "village_branch", "elected_on": "2021-03-20", "today": "2026-01-05"}
    assert ask(TERM, question).json() == {
        "ends_on": "2026-03-20",
        "remind_from": "2025-09-20",
        "earliest_with_approval": "2025-03-20",
        "latest_with_approval": "2027-03-20",
        "state": "remind",
    }


def test_admission(ask: Callable[..., Any]) -> None:
    answer = ask(ADMISSION, WHOLE).json()
    assert answer["stage"] == "full"
    assert [step["key"] for step in answer["steps"]] == list(STEPS)
    assert {step["state"] for step in answer["steps"]} == {"done"}
    approve = next(step for step in answer["steps"] if step["key"] == "approve")
    assert approve == {
        "key": "approve",
        "state": "done",
        "earliest": "2023-07-01",
        "latest": "2023-10-01",
        "problems": [],
    }


def test_admission_names_what_is_wrong(ask: Callable[..., Any]) -> None:
    vote = {"on": "2023-07-01", "due": 20, "present": 11, "yes": 10, "written_yes": 0}
    answer = ask(ADMISSION, WHOLE | {"vote": vote}, headers={"accept-language": "en"}).json()
    assert answer["stage"] == "candidate"
    states = {step["key"]: step["state"] for step in answer["steps"]}
    assert (states["vote"], states["approve"]) == ("unlawful", "blocked")
    (problem,) = next(step for step in answer["steps"] if step["key"] == "vote")["problems"]
    assert problem["code"] == "yes_too_few"
    assert "11" in problem["message"]
    assert problem["rule"]["id"] == "admission.vote_yes"


def test_admission_under_the_edition_of_2026(ask: Callable[..., Any]) -> None:
    def judged(**changed: Any) -> dict[str, list[str]]:
        steps = ask(ADMISSION, NEW | changed).json()["steps"]
        assert [step["key"] for step in steps] == list(STEPS)
        return {
            step["key"]: [problem["code"] for problem in step["problems"]]
            for step in steps
            if step["problems"]
        }

    assert judged() == {}
    newer = ("notice_from", "notice_to", "pre_review_on", "oath_on")
    assert judged(**dict.fromkeys(newer)) == {}
    (first, *_rest) = judged(notice_to="2026-05-27").items()
    assert first == ("candidate", ["notice_short"])
    assert judged(notice_from="2026-05-28", notice_to="2026-06-01") == {"candidate": ["notice_to_check"]}
    assert judged(pre_review_on="2026-06-30") == {"vote": ["vote_late"]}
    assert judged(oath_on="2026-10-11") == {"probation": ["oath_late"]}
    answer = ask(ADMISSION, NEW | {"oath_on": "2026-02-31"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/oath_on"


def test_the_least_that_must_be_told(ask: Callable[..., Any]) -> None:
    answer = ask(ADMISSION, {name: WHOLE[name] for name in ("born_on", "applied_on", "today")}).json()
    assert answer["stage"] == "applicant"
    assert [step["state"] for step in answer["steps"]] == ["done", "late", *["blocked"] * 10]
    for path, question in (
        (DUES, {"kind": "student"}),
        (TERM, {"organization_kind": "committee", "elected_on": "2024-01-01"}),
        (ADMISSION, {"born_on": "1998-06-15", "applied_on": "2022-03-01"}),
    ):
        assert ask(path, question).status_code == 200


REFUSED = [
    (DUES, {}, "/kind", "required"),
    (DUES, {"kind": "king"}, "/kind", "invalid_choice"),
    (DUES, {"kind": "wage"}, "/monthly_base", "required"),
    (DUES, {"kind": "retired", "monthly_base": None}, "/monthly_base", "required"),
    (DUES, {"kind": "wage", "monthly_base": "-1.00"}, "/monthly_base", "min_value"),
    (DUES, {"kind": "wage", "monthly_base": "1.005"}, "/monthly_base", "max_decimal_places"),
    (DUES, {"kind": "wage", "monthly_base": "五千"}, "/monthly_base", "invalid"),
    (DUES, {"kind": "wage", "monthly_base": "NaN"}, "/monthly_base", "invalid"),
    (DUES, {"kind": "wage", "monthly_base": "5000", "on": "2026-02-31"}, "/on", "invalid"),
    (DUES, {"kind": "wage", "monthly_base": "5000", "on": "2008-03-31"}, "/on", "no_rule"),
    (TERM, {"organization_kind": "branch"}, "/elected_on", "required"),
    (TERM, {"organization_kind": "league", "elected_on": "2024-01-01"}, "/organization_kind", "invalid_choice"),
    (TERM, {"organization_kind": "branch", "elected_on": "1899-12-31"}, "/elected_on", "min_value"),
    (TERM, {"organization_kind": "branch", "elected_on": "2024-01-01", "today": "2200-01-01"}, "/today", "max_value"),
    (ADMISSION, {}, "/born_on", "required"),
    (ADMISSION, WHOLE | {"talked_on": "2022/3/20"}, "/talked_on", "invalid"),
    (ADMISSION, WHOLE | {"introducers": -1}, "/introducers", "min_value"),
    (ADMISSION, WHOLE | {"vote": {"on": "2023-07-01", "yes": "many"}}, "/vote/yes", "invalid"),
    (ADMISSION, WHOLE | {"vote": [1]}, "/vote", "invalid"),
    (ADMISSION, WHOLE | {"training": {"days": 1.5}}, "/training/days", "invalid"),
    (ADMISSION, WHOLE | {"special_case": "maybe"}, "/special_case", "invalid"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "question", "pointer", "code"), REFUSED)
def test_what_cannot_be_taken(
    ask: Callable[..., Any], path: str, question: Any, pointer: str, code: str
) -> None:
    answer = ask(path, question)
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert (pointer, code) in {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert all(error["detail"] for error in answer.json()["errors"])


def test_a_district_answers_by_its_own_rules(ask: Callable[..., Any], huiji_is_stricter: None) -> None:
    term = {"organization_kind": "branch", "elected_on": "2024-05-12", "today": "2026-11-25"}
    farmer = {"kind": "farmer", "on": "2026-11-25"}
    here, there = (ask(DUES, farmer, who=who).json() for who in ("liqiang", "zhaomin"))
    assert (here["min"], here["rule"]["article"], here["rule"]["confidence"]) == (
        "0.50", "惠组〔2020〕1 号", "local_custom"
    )  # fmt: skip
    assert there["min"] == "0.20"
    here, there = (ask(TERM, term, who=who).json()["remind_from"] for who in ("liqiang", "zhaomin"))
    assert (here, there) == ("2026-08-12", "2026-11-12")
    here, there = (ask(ADMISSION, WHOLE, who=who).json()["stage"] for who in ("liqiang", "zhaomin"))
    assert (here, there) == ("applicant", "full")


def test_judgement_asks_the_database_nothing(
    ask: Callable[..., Any], django_assert_max_num_queries: Any
) -> None:
    ask(ADMISSION, WHOLE)
    with django_assert_max_num_queries(5):  # the session, the account, the member: of every request
        ask(ADMISSION, WHOLE)
