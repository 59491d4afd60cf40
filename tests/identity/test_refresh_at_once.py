"""Many requests that find a session due together: what only real connections show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from dangjian.identity import sessions
from dangjian.identity.keycloak import oidc
from dangjian.identity.keycloak import provider as keycloak
from dangjian.identity.models import Session, User
from dangjian.identity.sessions import SessionStore
from tenants import lifecycle
from tenants.context import in_district
from tests.identity import issuer
from tests.identity.issuer import Issuer
from tests.identity.realms import put_realm
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)

AT_ONCE = 20


@pytest.fixture
def realm(fresh: Callable[..., dict[str, Any]], tmp_path: Path) -> Iterator[tuple[Any, Issuer, str]]:  # noqa: F811
    """A district with one session of one person, and its realm."""
    (tmp_path / "faults").write_text(issuer.SECRET)
    district = lifecycle.create_district(**fresh("refreshing"))
    with (
        issuer.running("refreshing") as made,
        override_settings(IDENTITY="keycloak", KEYCLOAK_SECRETS=str(tmp_path)),
    ):
        oidc.forget()
        with in_district(district):
            user = User.objects.create(username="wangfang", name="王芳")
            put_realm(district, made.row())
            key = SessionStore.for_user(User.objects.get(pk=user.pk))
            tokens = oidc.Tokens(made.claims("wangfang"), "id", "r" * 400, 300)
            keycloak.keep(Session.objects.get(session_key=key), tokens)
        made.grants(made.claims("wangfang"), refresh_token="s" * 400)
        yield district, made, key
        oidc.forget()


def overdue(district: Any, by: timedelta) -> None:
    with in_district(district):
        Session.objects.update(confirmed_until=timezone.now() - by)


def find_at_once(district: Any, key: str) -> list[bool]:
    """Twenty requests, each on a connection of its own: whether each was let in."""
    start, found = threading.Barrier(AT_ONCE), []

    def look() -> None:
        try:
            start.wait(30)
            with in_district(district):
                found.append(sessions.find(key) is not None)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


@pytest.mark.parametrize(
    "by", [timedelta(seconds=1), timedelta(days=1)], ids=["within the grace", "beyond it"]
)
def test_twenty_requests_refresh_once(realm: tuple[Any, Issuer, str], by: timedelta) -> None:
    district, made, key = realm
    overdue(district, by)
    assert find_at_once(district, key) == [True] * AT_ONCE
    assert made.asked.count("token") == 1
    assert made.forms[-1]["refresh_token"] == "r" * 400


def test_twenty_requests_of_an_ended_session_are_all_out(realm: tuple[Any, Issuer, str]) -> None:
    district, made, key = realm
    made.token_answer = 400, {"error": "invalid_grant"}
    overdue(district, timedelta(days=1))
    assert find_at_once(district, key) == [False] * AT_ONCE
    with in_district(district):
        assert not Session.objects.exists()


def test_nobody_waits_for_a_slow_keycloak_while_the_grace_lasts(realm: tuple[Any, Issuer, str]) -> None:
    district, made, key = realm
    made.fault, made.lateness = "too late", 3.0
    overdue(district, timedelta(seconds=1))
    asking = threading.Thread(target=_find, args=[district, key])
    asking.start()
    while "token" not in made.asked:
        time.sleep(0.01)
    with in_district(district):
        assert sessions.find(key) is not None
    assert asking.is_alive()  # the one that asks still waits for its answer
    asking.join(30)


def _find(district: Any, key: str) -> None:
    try:
        with in_district(district):
            sessions.find(key)
    finally:
        connection.close()
