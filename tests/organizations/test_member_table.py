"""Filters of the member list, and the list as a table."""

from __future__ import annotations

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
    assert list(titles) == member_table.titles()
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


def test_filters_cost_one_statement_which_counts(
    people: SimpleNamespace, client_of: ClientOf, budget: Budget
) -> None:
    client = client_of("zhangwei")
    client.get("/officer/members/")
    with budget(10):
        page = client.get("/officer/members/?sex=male&age=18&education=bachelor&mark=is_floating")
    assert "符合条件 1 名" in page.content.decode()
