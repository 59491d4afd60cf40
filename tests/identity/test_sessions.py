"""A session: who it is, what it costs, when it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dangjian.identity import services, sessions
from dangjian.identity.models import Session, User
from dangjian.identity.sessions import SessionStore
from tenants.context import in_district
from tests.cast import HOSTS, PASSWORD

COOKIE = settings.SESSION_COOKIE_NAME


def statements(captured: CaptureQueriesContext) -> list[str]:
    """What was asked of the database, the choice of schema left out."""
    return [query["sql"] for query in captured if not query["sql"].startswith("SET search_path")]


def test_the_whole_check_of_a_request_is_one_query(client_of) -> None:
    client = client_of("wangfang")
    client.get("/password/")
    with CaptureQueriesContext(connection) as captured:
        answer = client.get("/password/")
    assert answer.status_code == 200
    about_people = [sql for sql in statements(captured) if "identity_" in sql]
    assert len(about_people) == 1
    assert about_people[0].startswith("SELECT")
    assert 'JOIN "identity_user"' in about_people[0]


def test_a_cookie_of_one_district_is_anonymous_on_the_other(world, client_of) -> None:
    for username, other in (("wangfang", "luoyang"), ("zhaomin", "huiji"), ("chenjing", "huiji")):
        client = client_of(username)
        there = client.get("/sessions/", headers={"host": HOSTS[other]})
        assert there.status_code == 302
        assert there.headers["Location"] == "/sign-in/?next=%2Fsessions%2F&expired=1"


def test_a_cookie_that_is_no_key_is_nobody(world) -> None:
    for value in ('"\\000"', "x" * 5000, "../..", "A" * 32):
        client = Client(headers={"host": HOSTS["huiji"], "cookie": f"{COOKIE}={value}"})
        assert client.get("/sessions/").status_code == 302


def test_it_ends_with_the_epoch_the_account_and_its_time(world, client_of) -> None:
    for change in (
        lambda user: User.objects.filter(pk=user.pk).update(session_epoch=9),
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: Session.objects.filter(user=user).update(expire_date=timezone.now()),
    ):
        client = client_of("liqiang")
        assert client.get("/sessions/").status_code == 200
        with in_district(world.huiji):
            change(world.liqiang.user)
        assert client.get("/sessions/").status_code == 302
        with in_district(world.huiji):
            User.objects.filter(pk=world.liqiang.user.pk).update(session_epoch=1, is_active=True)


def test_being_used_is_noted_once_a_minute_and_renews_an_ageing_session(world, client_of) -> None:
    client = client_of("wangfang")
    with in_district(world.huiji):
        Session.objects.filter(session_key=client.cookies[COOKIE].value).update(
            last_seen_at=timezone.now() - timedelta(hours=2)
        )
    client.get("/sessions/")
    with in_district(world.huiji):
        row = Session.objects.get(session_key=client.cookies[COOKIE].value)
        seen = row.last_seen_at
        assert timezone.now() - seen < timedelta(minutes=1)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get("/sessions/")
    assert not [sql for sql in statements(captured) if sql.startswith("UPDATE")]
    assert COOKIE not in answer.cookies

    with in_district(world.huiji):
        aged = row.expire_date - timedelta(days=2)
        Session.objects.filter(pk=row.pk).update(
            last_seen_at=timezone.now() - timedelta(days=2), expire_date=aged
        )
    answer = client.get("/sessions/")
    assert answer.cookies[COOKIE].value == row.session_key
    with in_district(world.huiji):
        assert Session.objects.get(pk=row.pk).expire_date > aged + timedelta(days=1)


def test_data_is_kept_by_key_and_not_brought_back_after_the_end(world) -> None:
    with in_district(world.huiji):
        store = SessionStore()
        store["state"] = "before sign-in"
        store.save()
        again = SessionStore(store.session_key)
        assert again["state"] == "before sign-in"
        assert again.user is None
        again["state"] = "changed"
        again.save()
        assert Session.objects.filter(session_key=store.session_key).count() == 1
        assert SessionStore(store.session_key)["state"] == "changed"
        again.delete()
        with pytest.raises(UpdateError):
            store.save()
        assert not Session.objects.filter(session_key=store.session_key).exists()


def test_signing_in_changes_the_key(world) -> None:
    with in_district(world.huiji):
        planted = SessionStore()
        planted["x"] = 1
        planted.save()
        key = planted.session_key
        planted.begin(world.wangfang.user, address="10.0.0.1", user_agent="x" * 900)
        assert planted.session_key != key
        assert "x" not in planted
        assert sessions.find(key) is None
        row = sessions.find(planted.session_key)
        assert row is not None
        assert row.user == world.wangfang.user
        assert (row.address, len(row.user_agent), row.user_epoch) == ("10.0.0.1", 300, 1)


def test_a_session_made_while_its_owner_is_locked_out_is_worth_nothing(world) -> None:
    """The race: the password was right, then the account was closed and opened, then the row was written."""
    with in_district(world.huiji):
        read_before = User.objects.get(pk=world.liqiang.user.pk)
        services.deactivate(user=world.liqiang.user, actor=world.zhangwei.user, reason="离职")
        services.reactivate(user=world.liqiang.user, actor=world.zhangwei.user, reason="误操作")
        assert sessions.find(SessionStore.for_user(read_before)) is None


def test_signing_in_costs_a_fixed_number_of_statements(world) -> None:
    client = Client(headers={"host": HOSTS["huiji"]})
    with CaptureQueriesContext(connection) as captured:
        assert client.post("/sign-in/", {"username": "liqiang", "password": PASSWORD}).status_code == 302
    ours = [sql for sql in statements(captured) if "SAVEPOINT" not in sql and "tenants_" not in sql]
    assert len(ours) <= 12, "\n".join(ours)


def test_the_list_of_sessions_costs_the_same_however_long_it_is(world, client_of) -> None:
    client = client_of("liqiang")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            client.get("/sessions/")
        counts.append(len([sql for sql in statements(captured) if "tenants_" not in sql]))
        with in_district(world.huiji):
            for _ in range(10):
                SessionStore.for_user(world.liqiang.user)
    assert counts[0] == counts[1]


def test_nobody_costs_no_query(world) -> None:
    client = Client(headers={"host": HOSTS["huiji"]})
    client.get("/sign-in/")
    with CaptureQueriesContext(connection) as captured:
        client.get("/sign-in/")
    assert not [sql for sql in statements(captured) if "identity_" in sql]
