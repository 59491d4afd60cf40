"""Acts that cross: what only a real second connection shows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from dangjian.api.problems import Problem
from dangjian.identity.models import User
from dangjian.organizations import services
from dangjian.organizations.models import Member, Office, OfficeKind, Organization
from tenants import lifecycle
from tenants.context import in_district
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)


def test_two_officers_who_deactivate_each_other(fresh: Callable[..., dict[str, Any]]) -> None:  # noqa: F811
    district = lifecycle.create_district(
        **fresh("crossing"), options={"officer_username": "first", "officer_name": "甲"}
    )
    with in_district(district):
        first = Member.objects.select_related("user", "branch").get()
        user = User.objects.create_user("second", None, name="乙")
        second = Member.objects.create(user=user, branch=first.branch, name="乙", pinyin="yi", initials="y")
        root = Organization.objects.get(depth=1)
        Office.objects.create(member=second, kind=OfficeKind.OFFICER, organization=root)

    start, refused = threading.Barrier(2), []

    def deactivate(actor: Member, member: Member) -> None:
        try:
            start.wait(10)
            with in_district(district):
                services.deactivate_member(actor=actor, member=member, reason="轮岗")
        except Problem as problem:
            refused.append(problem.status)
        finally:
            connection.close()

    threads = [threading.Thread(target=deactivate, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert refused == [404]
    with in_district(district):
        assert User.objects.filter(is_active=True).count() == 1
