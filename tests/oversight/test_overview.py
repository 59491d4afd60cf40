"""The centre's one page: the districts' own counts, as of when, and honest when they have stopped coming."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from dangjian.identity.models import User
from dangjian.organizations.models import Member, Organization, OrganizationKind
from dangjian.oversight import tasks
from tenants import rollups
from tenants.context import in_district, in_registry
from tenants.models import District, Rollup

ClientOf = Callable[..., Any]


def run_jobs(*schemas: str) -> None:
    for schema in schemas:
        tasks.relay_figures(district=schema)


def age(district: District, by: timedelta) -> None:
    with in_registry():
        Rollup.objects.filter(district_id=district.pk).update(as_of=F("as_of") - by)


def row(answer: Any, name: str) -> Any:
    return next(each for each in answer.context["rows"] if each.district.name == name)


@pytest.fixture
def chenjing(client_of: ClientOf) -> Any:
    return client_of("chenjing")


def test_figures_equal_the_districts_own_counts(chenjing: Any, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        User.objects.filter(username="liqiang").update(first_signed_in_at="2026-01-01T00:00+08:00")
    run_jobs("huiji", "luoyang")
    answer = chenjing.get("/")
    keys = [metric.key for metric in rollups.metrics()]
    for district in (world.huiji, world.luoyang):
        with in_district(district):
            own = [metric.count() for metric in rollups.metrics()]
            counts = {
                "organizations.branches": Organization.objects.filter(kind=OrganizationKind.BRANCH).count(),
                "organizations.members": Member.objects.count(),
                "organizations.signed_in": int(district == world.huiji),
            }
        shown = row(answer, district.name)
        assert shown.values == own
        assert {key: dict(zip(keys, shown.values, strict=True))[key] for key in counts} == counts
        assert not shown.late
    page = answer.content.decode()
    for words in ("惠济区", "洛阳市直机关", "支部数", "党员数", "看不到任何个人"):
        assert words in page
    assert "王芳" not in page


def test_a_write_shows_after_the_next_job(chenjing: Any, world: SimpleNamespace) -> None:
    run_jobs("huiji")
    before = row(chenjing.get("/"), "惠济区").values[1]
    with in_district(world.huiji):
        user = User.objects.create(username="new", name="新")
        Member.objects.create(user=user, branch=world.huiji_orgs.grid4, name="新", pinyin="xin", initials="x")
    assert row(chenjing.get("/"), "惠济区").values[1] == before
    run_jobs("huiji")
    run_jobs("huiji")
    assert row(chenjing.get("/"), "惠济区").values[1] == before + 1


def test_a_district_that_has_stopped_is_late(chenjing: Any, world: SimpleNamespace) -> None:
    run_jobs("huiji", "luoyang")
    age(world.luoyang, timedelta(hours=33, minutes=5))
    answer = chenjing.get("/")
    assert row(answer, "洛阳市直机关").late
    assert not row(answer, "惠济区").late
    page = answer.content.decode()
    assert "洛阳市直机关的数据停在" in page
    assert "晚 33 小时" in page
    assert "汇总任务停了" not in page


@pytest.mark.parametrize(
    ("by", "late"), [(rollups.LATE_AFTER - timedelta(seconds=30), False), (rollups.LATE_AFTER, True)]
)
def test_late_is_after_two_minutes(chenjing: Any, world: SimpleNamespace, by: timedelta, late: bool) -> None:
    run_jobs("huiji", "luoyang")
    age(world.luoyang, by)
    assert row(chenjing.get("/"), "洛阳市直机关").late is late


def test_a_dead_job_is_said_once(chenjing: Any, world: SimpleNamespace) -> None:
    run_jobs("huiji", "luoyang")
    for district in (world.huiji, world.luoyang):
        age(district, timedelta(minutes=10))
    answer = chenjing.get("/")
    page = answer.content.decode()
    assert "汇总任务停了" in page
    assert "的数据停在" not in page
    assert answer.context["as_of"] is None


def test_before_the_first_figures_there_is_no_zero(chenjing: Any, world: SimpleNamespace) -> None:
    with in_registry():
        Rollup.objects.all().delete()
    run_jobs("huiji")
    answer = chenjing.get("/")
    assert set(row(answer, "洛阳市直机关").values) == {None}
    assert "洛阳市直机关还没有送来数据" in answer.content.decode()


def test_a_suspended_district_is_suspended_and_not_late(chenjing: Any, world: SimpleNamespace) -> None:
    run_jobs("huiji", "luoyang")
    age(world.luoyang, timedelta(days=4))
    with in_registry():
        District.objects.filter(pk=world.luoyang.pk).update(state="suspended", suspended_reason="数据迁移")
    answer = chenjing.get("/")
    assert not row(answer, "洛阳市直机关").late
    page = answer.content.decode()
    assert "已停用" in page
    assert 'title="数据迁移"' in page


def test_no_district_is_opened(chenjing: Any, world: SimpleNamespace) -> None:
    run_jobs("huiji", "luoyang")
    chenjing.get("/")
    with CaptureQueriesContext(connection) as captured:
        chenjing.get("/")
    said = [query["sql"] for query in captured.captured_queries]
    opened = {match for sql in said for match in re.findall(r'SET search_path = "?(\w+)', sql)}
    assert opened <= {"centre", "public"}
    asked = [sql for sql in said if not sql.startswith("SET ") and "tenants_domain" not in sql]
    assert len(asked) == 3, asked  # the session with its member (none), the districts, their figures


def test_the_centre_counts_nothing_of_itself(world: SimpleNamespace) -> None:
    run_jobs("centre")
    with in_registry():
        assert not Rollup.objects.filter(district_id=world.centre.pk).exists()


def test_the_page_is_the_centres(client: Any, client_of: ClientOf, world: SimpleNamespace) -> None:
    assert client.get("/", headers={"host": "central.localhost"}).status_code == 302
    theirs = client_of("zhangwei")
    assert theirs.get("/", headers={"host": "central.localhost"}).status_code == 302


def test_a_central_account_is_no_member(chenjing: Any) -> None:
    request = chenjing.get("/").wsgi_request
    assert request.user.name == "陈静"
    assert request.member is None
    for path in ("/officer/members/", "/branch/", "/api/v1/members/"):
        assert chenjing.get(path).status_code == 404
