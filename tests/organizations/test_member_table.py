"""Filters of the member list, and the list as a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import load_workbook

from dangjian.audit.models import AuditRow
from dangjian.organizations import member_table
from dangjian.organizations.models import Member
from tenants.context import in_district
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
DAY = date(2026, 3, 31)
# username: sex, born, education, employment, marks
PEOPLE: dict[str, dict[str, Any]] = {
    "wangfang": {
        "sex": "female",
        "born_on": date(1985, 6, 15),
        "education": "bachelor",
        "employment": "wage",
    },
    "liqiang": {"sex": "male", "born_on": date(2000, 2, 29), "education": "bachelor", "is_floating": True},
    "zhoujie": {"sex": "male", "employment": "farmer", "in_hardship": True, "out_of_contact": True},
    "zhangwei": {"sex": "male", "born_on": date(1965, 3, 31), "education": "master", "employment": "wage"},
    "liuna": {"born_on": date(2010, 1, 1)},
}


@pytest.fixture
def people(world: SimpleNamespace) -> SimpleNamespace:
    with in_district(world.huiji):
        for username, values in PEOPLE.items():
            Member.objects.filter(user__username=username).update(phone="13812342671", **values)
    return world


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sex": "female"}, {"wangfang"}),
        ({"sex": "unknown"}, {"liuna"}),
        ({"age": "36"}, {"wangfang"}),
        ({"age": "61"}, {"zhangwei"}),  # on that very day
        ({"age": "18"}, {"liqiang", "liuna"}),  # the youngest class takes whoever is below it
        ({"age": "unknown"}, {"zhoujie"}),
        ({"education": "bachelor", "sex": "male"}, {"liqiang"}),
        ({"employment": "wage"}, {"wangfang", "zhangwei"}),
        ({"mark": "is_floating"}, {"liqiang"}),
        ({"mark": "out_of_contact"}, {"zhoujie"}),
        ({"sex": "other"}, set()),
        ({"age": "eighteen"}, set()),
        ({"mark": "user_id"}, set()),
        ({}, set(PEOPLE)),
    ],
)
def test_filters(people: SimpleNamespace, given: dict[str, str], expected: set[str]) -> None:
    with in_district(people.huiji):
        found = member_table.filtered(Member.objects.all(), given, DAY)
        assert {one.user.username for one in found.select_related("user")} == expected


def test_every_choice_of_the_page_is_one_the_api_takes(people: SimpleNamespace, client_of: ClientOf) -> None:
    client = client_of("zhangwei")
    for each in member_table.filters():
        for value, label in each.choices:
            page = client.get("/officer/members/", {each.name: value}).content.decode()
            assert f'value="{value}" selected>{label}' in page
            answer = client.get("/api/v1/members/", {each.name: value})
            assert answer.status_code == 200
            assert {row["name"] for row in answer.json()["results"]} == {
                name for name in ("王芳", "李强", "周杰", "张伟", "刘娜") if f'title="{name}"' in page
            }
    assert client.get("/api/v1/members/?sex=other").status_code == 400


def test_nobody_is_found_by_what_the_reader_may_not_see(people: SimpleNamespace, client_of: ClientOf) -> None:
    assert client_of("liqiang").get("/api/v1/members/?mark=in_hardship").status_code == 403
    found = client_of("wangfang").get("/api/v1/members/?sex=male").json()["results"]
    assert [row["name"] for row in found] == ["李强"]


def test_the_table_holds_the_filtered_list_with_numbers_masked_and_is_audited(
    people: SimpleNamespace, client_of: ClientOf
) -> None:
    with in_district(people.huiji):
        Member.objects.filter(pk=people.zhoujie.pk).update(name="=1+1")
    answer = client_of("zhangwei").get("/officer/members.xlsx?sex=male")
    sheet = load_workbook(BytesIO(answer.content)).active
    titles, *rows = list(sheet.values)
    assert list(titles) == member_table.titles(member_table.columns())
    assert len(rows) == 3
    named = {row[0]: dict(zip(titles, row, strict=True)) for row in rows}
    assert named["李强"]["手机号"] == "138****2671"
    assert named["李强"]["标记"] == "流动党员"
    assert named["李强"]["出生日期"].date() == date(2000, 2, 29)
    assert {cell.data_type for cell in next(iter(sheet.columns))} == {"s"}
    assert "=1+1" in named
    assert b"13812342671" not in answer.content
    with in_district(people.huiji):
        row = AuditRow.objects.get(action="members.export")
        assert row.detail == {"rows": 3, "filters": {"sex": "male"}}
        assert row.actor_id == people.zhangwei.user_id


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=w",
        "state=never",
        "mark=is_floating",
        "state=left",
        "state=left&left=deceased&columns=left_on",
        "sex=male&age=18&education=bachelor&employment=wage",
        "columns=sex",
    ],
)
def test_the_list_costs_six_statements_whatever_it_is_filtered_by(
    people: SimpleNamespace, client_of: ClientOf, budget: Budget, query: str
) -> None:
    for who, path in (("zhangwei", "/officer/members/"), ("wangfang", "/branch/members/")):
        client = client_of(who)
        client.get(path)
        with budget(6):
            assert client.get(f"{path}?{query}").status_code == 200


def test_the_number_that_fits_is_that_of_all_pages(people: SimpleNamespace, client_of: ClientOf) -> None:
    client = client_of("zhangwei")
    page = client.get(
        "/officer/members/?sex=male&age=18&education=bachelor&mark=is_floating"
    ).content.decode()
    assert "符合条件 1 名" in page
    assert "符合条件 0 名" in client.get("/officer/members/?sex=female&mark=is_floating").content.decode()


def test_columns_are_chosen_for_the_page_and_the_table(people: SimpleNamespace, client_of: ClientOf) -> None:
    client = client_of("zhangwei")
    page = client.get("/officer/members/?columns=sex&columns=born_on&columns=user__password").content.decode()
    assert '<th scope="col" class="dj-opt-col">性别</th>' in page
    assert "2000 年 2 月 29 日" in page
    assert "党内职务</th>" not in page
    assert re.findall(r'name="columns" value="(\w+)" checked', page) == ["sex", "born_on"]
    answer = client.get("/officer/members.xlsx?columns=sex,born_on")
    titles, *_rows = list(load_workbook(BytesIO(answer.content)).active.values)
    assert titles == ("姓名", "性别", "出生日期")


def test_a_secretary_has_the_same_list_of_the_own_branch(
    people: SimpleNamespace, client_of: ClientOf
) -> None:
    client = client_of("wangfang")
    page = client.get("/branch/members/?columns=phone,education")
    assert [one.name for one, _cells in page.context["rows"]] == ["李强", "王芳"]
    assert "138****2671" in page.content.decode()
    assert "/officer/members/" not in page.content.decode()
    answer = client.get("/branch/members.xlsx?sex=male")
    _titles, *rows = list(load_workbook(BytesIO(answer.content)).active.values)
    assert [row[0] for row in rows] == ["李强"]
    with in_district(people.huiji):
        assert AuditRow.objects.get(action="members.export").actor_id == people.wangfang.user_id
        foreign = people.zhoujie.branch_id
    assert client.get("/branch/members/", {"organization": foreign}).status_code == 404
    assert client_of("liqiang").get("/branch/members/").status_code == 404


def test_a_view_is_kept_opened_replaced_and_forgotten(people: SimpleNamespace, client_of: ClientOf) -> None:
    client, address = client_of("zhangwei"), "/officer/members/views/"

    def keep(name: str, query: str) -> Any:
        return client.post(address, {"name": name, "query": query}, follow=True)

    page = keep(" 流动的 男党员 ", "sex=male&mark=is_floating&columns=phone&cursor=abc&next=//evil")
    (view, url, is_current) = page.context["views"][0]
    assert (view.name, view.query) == ("流动的 男党员", "sex=male&mark=is_floating&columns=phone")
    assert is_current
    assert url == f"/officer/members/?{view.query}"
    keep("流动的 男党员", "sex=female")
    keep("", "sex=male")
    keep("什么也没选", "")
    keep("太长", "&".join(f"{name}={'长' * 50}" for name in ("q", "sex", "age", "education")))
    page = client.get("/officer/members/")
    assert [(kept.name, kept.query) for kept, _url, _current in page.context["views"]] == [
        ("流动的 男党员", "sex=female")
    ]

    other = client_of("wangfang")
    assert not other.get("/branch/members/").context["views"]
    other.post("/branch/members/views/", {"forget": str(view.pk), "query": ""})
    assert client.get("/officer/members/").context["views"]
    client.post(address, {"forget": str(view.pk), "query": ""})
    assert not client.get("/officer/members/").context["views"]


def test_there_are_at_most_twenty_views(people: SimpleNamespace, client_of: ClientOf) -> None:
    client = client_of("zhangwei")
    for number in range(21):
        client.post("/officer/members/views/", {"name": f"视图{number}", "query": "sex=male"})
    page = client.get("/officer/members/")
    assert "最多保存 20 个视图" in page.content.decode()
    assert len(page.context["views"]) == 20


def test_views_by_api_are_those_of_the_page(people: SimpleNamespace, client_of: ClientOf) -> None:
    client, other, address = client_of("zhangwei"), client_of("wangfang"), "/api/v1/members/views/"

    def keep(name: str, query: str) -> Any:
        return client.post(address, {"name": name, "query": query}, content_type="application/json")

    kept = keep(" 流动的 男党员 ", "sex=male&mark=is_floating&columns=phone&next=//evil")
    assert kept.status_code == 201
    view = kept.json()
    assert view == {
        "id": view["id"], "name": "流动的 男党员", "query": "sex=male&mark=is_floating&columns=phone",
    }  # fmt: skip
    assert client.get(address).json() == {"results": [view], "next": None}
    assert [each.pk for each, *_ in client.get("/officer/members/").context["views"]] == [view["id"]]
    for name, query, pointer in (("", "sex=male", "/name"), ("什么也没选", "next=//evil", "/query")):
        refused = keep(name, query)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert other.get(address).json()["results"] == []
    assert other.delete(f"{address}{view['id']}/").status_code == 404
    assert client.delete(f"{address}{view['id']}/").status_code == 204
    assert client.get(address).json()["results"] == []


NUMBER = "11010519491231002X"


def test_somebody_is_found_by_the_whole_identity_number_alone(
    people: SimpleNamespace, client_of: ClientOf
) -> None:
    with in_district(people.huiji):
        someone = Member.objects.get(pk=people.liqiang.pk)
        someone.id_number = NUMBER
        someone.save()
    officer, secretary = client_of("zhangwei"), client_of("wangfang")
    for typed in (NUMBER, " 110105 19491231 002x ", "１１０１０５１９４９１２３１００２Ｘ"):
        answer = officer.post("/officer/members/look-up/", {"id_number": typed})
        assert answer.headers["Location"] == f"/officer/members/{someone.pk}/"
    page = secretary.post("/branch/members/look-up/", {"id_number": NUMBER}, follow=True).content.decode()
    assert "是李强。" in page

    def ask(client: Any, number: str = NUMBER) -> Any:
        return client.post("/api/v1/members/look-up/", {"id_number": number}, content_type="application/json")

    assert ask(secretary).json()["member"]["name"] == "李强"
    with in_district(people.huiji):
        Member.objects.filter(pk=someone.pk).update(branch=people.zhoujie.branch)
    assert ask(secretary).json() == {"member": None}
    assert (
        "没有登记这个身份证号"
        in secretary.post("/branch/members/look-up/", {"id_number": NUMBER}, follow=True).content.decode()
    )
    wrong = ask(officer, "110105194912310021")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "id_check_digit")
    assert ask(client_of("liqiang")).status_code == 404
    with in_district(people.huiji):
        rows = AuditRow.objects.filter(action="member.look_up")
        assert rows.count() == 7
        assert rows.filter(object_id=someone.user_id).count() == 5
        assert not any(NUMBER[:6] in str(row.detail) + row.object_name + row.reason for row in rows)
