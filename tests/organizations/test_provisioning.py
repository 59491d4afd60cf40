"""A new district's first officer, and the commands around a district's life."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from dangjian.identity.models import User
from dangjian.organizations import access, queries
from dangjian.organizations.models import Member, Office, Organization
from dangjian.organizations.provisioning import first_officer
from tenants import registry
from tenants.context import in_district
from tenants.models import DistrictState
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)


def test_without_a_name_nobody_is_made(inside: SimpleNamespace) -> None:
    before = User.objects.count()
    first_officer(inside.huiji, {})
    assert User.objects.count() == before


def test_run_again_it_makes_nothing_twice(inside: SimpleNamespace) -> None:
    told: list[tuple[str, str]] = []
    options = {"officer_username": "Shouren", "on_officer": lambda *pair: told.append(pair)}
    for _ in range(2):
        first_officer(inside.huiji, options)
    user = User.objects.get(username="shouren")
    assert [username for username, _ in told] == ["shouren", "shouren"]
    assert user.check_password(told[-1][1])
    assert user.must_change_password
    assert Organization.objects.get_root_nodes().count() == 1
    member = queries.member_of(user)
    assert member is not None
    assert access.is_officer(member, Organization.objects.get_root_nodes().get())
    assert Office.objects.filter(member=member).count() == 1


def test_the_centres_first_account_is_no_member(world: SimpleNamespace) -> None:
    with in_district(world.centre):
        first_officer(world.centre, {"officer_username": "laoli", "officer_name": "老李"})
        assert User.objects.get(username="laoli").name == "老李"
        assert not Member.objects.exists()


def test_a_district_is_opened_suspended_and_resumed(fresh: Callable[..., dict[str, Any]]) -> None:  # noqa: F811
    fresh("xinzheng")
    out = StringIO()
    call_command(
        "create_district", "xinzheng", name="新郑市", host=["xinzheng.localhost"], officer="shouren",
        officer_name="曾守仁", stdout=out,
    )  # fmt: skip
    found = re.search(r"First account: shouren, one-time password (\S+)", out.getvalue())
    assert found is not None
    with in_district(registry.district("xinzheng")):
        member = Member.objects.select_related("user", "branch").get()
        assert (member.name, member.pinyin) == ("曾守仁", "zengshouren")
        assert member.user.check_password(found.group(1))
        assert str(Organization.objects.get_root(member.branch)) == "新郑市"

    client = Client(headers={"host": "xinzheng.localhost"})
    assert client.get("/sign-in/").status_code == 200
    call_command("suspend_district", "xinzheng", reason="数据迁移，周日恢复", stdout=out)
    closed = client.get("/sign-in/")
    assert closed.status_code == 503
    assert "数据迁移，周日恢复" in closed.content.decode()
    call_command("resume_district", "xinzheng", stdout=out)
    assert registry.district("xinzheng").state == DistrictState.ACTIVE
    assert client.get("/sign-in/").status_code == 200
    with pytest.raises(CommandError, match="not suspended"):
        call_command("resume_district", "xinzheng", stdout=out)


def test_the_commands_say_what_is_wrong(world: SimpleNamespace) -> None:
    with pytest.raises(CommandError, match=r"Districts here: .*huiji"):
        call_command("suspend_district", "nowhere", reason="x")
    with pytest.raises(CommandError, match="1 to 200"):
        call_command("suspend_district", "huiji", reason=" ")
