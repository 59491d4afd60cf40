"""Figures of the membership, counted by hand beside what the page, the table and the API say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import load_workbook

from dangjian.organizations import statistics
from dangjian.organizations.models import Member, Membership
from tenants.context import in_district
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
DAY = date(2026, 3, 31)
HAN, HUI = "汉族", "回族"
# username: sex, born, joined, converted, education, nationality, employment
PEOPLE = {
    "wangfang": ("female", date(1985, 6, 15), date(2010, 7, 1), date(2011, 7, 1), "bachelor", HAN, "wage"),
    "liqiang": ("male", date(2000, 2, 29), date(2025, 6, 1), date(2026, 6, 1), "bachelor", HAN, "wage"),
    "zhoujie": ("male", None, date(1976, 3, 31), date(1977, 3, 31), "high_school", HUI, "farmer"),
    "zhangwei": ("male", date(1995, 4, 1), date(2016, 4, 1), date(2017, 4, 1), "master", HAN, "wage"),
    "liuna": ("", date(1965, 3, 31), None, None, "", "", ""),
}


@pytest.fixture
def register(world: SimpleNamespace) -> SimpleNamespace:
    """The cast with particulars; 李强 was in 周杰's branch until the end of March."""
    fields = ("sex", "born_on", "joined_on", "converted_on", "education", "nationality", "employment")
    with in_district(world.huiji):
        for username, values in PEOPLE.items():
            Member.objects.filter(user__username=username).update(**dict(zip(fields, values, strict=True)))
        Membership.objects.filter(member=world.liqiang).update(since=date(2026, 4, 1))
        Membership.objects.create(
            member=world.liqiang, branch=world.zhoujie.branch, until=date(2026, 4, 1), since=date(2025, 6, 1)
        )
    return world


def figures(world: SimpleNamespace, by: str, **asked: Any) -> dict[str, int]:
    """Only classes in which there is somebody."""
    with in_district(world.huiji):
        found = statistics.members(world.zhangwei, by=by, **({"day": DAY} | asked))
    return {group.key: group.count for group in found.groups if group.count}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("kind", {"full": 4, "probationary": 1}),
        ("sex", {"female": 1, "male": 3, "": 1}),
        # 王芳 40, 李强 26, 张伟 30 (31 on the next day), 刘娜 61 that very day, 周杰 unknown
        ("age", {"18": 2, "36": 1, "61": 1, "": 1}),
        ("education", {"bachelor": 2, "high_school": 1, "master": 1, "": 1}),
        ("nationality", {HAN: 3, HUI: 1, "": 1}),
        # 王芳 15 years, 李强 less than one, 周杰 50 that very day, 张伟 9 (10 on the next day)
        ("seniority", {"0": 1, "5": 1, "10": 1, "50": 1, "": 1}),
        ("employment", {"wage": 3, "farmer": 1, "": 1}),
        ("branch_kind", {"community": 1, "village": 2, "office": 2}),
    ],
)
def test_figures_of_a_day(register: SimpleNamespace, by: str, expected: dict[str, int]) -> None:
    assert figures(register, by) == expected


def test_a_day_later_two_have_moved_into_the_next_class_and_one_into_another_branch(
    register: SimpleNamespace,
) -> None:
    day = date(2026, 4, 1)
    assert figures(register, "age", day=day) == {"18": 1, "31": 1, "36": 1, "61": 1, "": 1}
    assert figures(register, "seniority", day=day) == {"0": 1, "10": 2, "50": 1, "": 1}
    assert figures(register, "branch_kind", day=day) == {"community": 2, "village": 1, "office": 2}
    assert figures(register, "kind", day=date(2026, 6, 1)) == {"full": 5}


def test_the_tables_of_the_page_are_the_single_ones_and_every_group_names_its_people(
    register: SimpleNamespace,
) -> None:
    with in_district(register.huiji):
        tables = statistics.tables(register.zhangwei, day=DAY)
        assert [table.by for table in tables] == list(statistics.BY)
        for table in tables:
            assert table == statistics.members(register.zhangwei, by=table.by, day=DAY)
            for group in table.groups:
                people = statistics.of_group(register.zhangwei, by=table.by, key=group.key, day=DAY)
                assert people.count() == group.count, (table.by, group)
        unknown = statistics.of_group(register.zhangwei, by="age", key="7x", day=DAY)
        assert list(unknown) == []


def test_a_secretary_counts_the_own_branch_and_an_officer_part_of_the_tree(register: SimpleNamespace) -> None:
    grid3 = register.huiji_orgs.grid3.pk
    assert figures(register, "sex", within=grid3) == {"female": 1}
    assert figures(register, "sex", within=grid3, day=date(2026, 4, 1)) == {"female": 1, "male": 1}
    with in_district(register.huiji):
        own = statistics.members(register.wangfang, by="sex", day=date(2026, 4, 1))
        assert own.total == 2
        assert statistics.members(register.liqiang, by="sex", day=DAY).total == 0


def test_the_page_in_four_statements_and_the_names_behind_a_figure(
    register: SimpleNamespace, client_of: ClientOf, budget: Budget
) -> None:
    client = client_of("zhangwei")
    client.get("/statistics/")
    with budget(9):  # session, member, standing, organisations, memberships, tree, what the frame shows
        page = client.get("/statistics/?as_of=2026-03-31").content.decode()
    assert "2026 年 3 月 31 日在册 5 名党员" in page.replace("\u2060", "")
    assert "2026 年增减" in page
    assert "/statistics/names/?as_of=2026-03-31&amp;by=sex&amp;key=female" in page
    names = client.get("/statistics/names/?as_of=2026-03-31&by=branch_kind&key=village").content.decode()
    assert "李强" in names
    assert "周杰" in names
    assert "王芳" not in names


def test_a_day_that_cannot_be_taken_is_told_and_today_is_shown(
    register: SimpleNamespace, client_of: ClientOf
) -> None:
    for given, told in (
        ("2026-02-31", "不是能查的日期"),
        ("昨天", "不是能查的日期"),
        ("2999-01-01", "还没有到"),
    ):
        answer = client_of("zhangwei").get("/statistics/", {"as_of": given})
        assert answer.status_code == 422
        assert told in answer.content.decode()


def test_the_table_holds_the_same_figures_as_numbers(register: SimpleNamespace, client_of: ClientOf) -> None:
    answer = client_of("wangfang").get("/statistics.xlsx?as_of=2026-04-01")
    rows = list(load_workbook(BytesIO(answer.content)).active.values)
    assert rows[0] == ("项目", "分类", "人数", "占比（%）")
    assert rows[1][:3] == ("合计", None, 2) or rows[1][:3] == ("合计", "", 2)
    assert ("性别", "女", 1, 50) in rows
    assert [row[1:3] for row in rows if row[0] == "2026 年增减"] == [("年初", 1), ("从别处转入", 1)]


def test_another_district_counts_its_own(register: SimpleNamespace, client_of: ClientOf) -> None:
    page = client_of("sunli").get("/statistics/").content.decode()
    assert "在册 2 名党员" in page
