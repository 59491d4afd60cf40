"""When a name is locked: a table a district officer can read, then the same through the front door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from dangjian.identity import lockout
from dangjian.identity.addresses import NOWHERE, client_address, neighbourhood
from dangjian.identity.models import KnownPlace, SignInFailure
from tenants.context import in_district

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
OFFICE, HOME = "203.0.113.7", "198.51.100.9"


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


@pytest.mark.parametrize(
    ("wrong_at_the_office", "asked_at", "locked_for_minutes", "left"),
    [
        ([], 0, None, 5),
        ([0], 1, None, 4),
        ([0, 1, 2, 3], 4, None, 1),
        ([0, 1, 2, 3, 4], 5, 14, 0),  # five within a quarter of an hour: locked for one, from the fifth on
        ([0, 1, 2, 3, 4], 18.9, 0.1, 0),
        ([0, 1, 2, 3, 4], 19, None, 5),  # and then all is forgotten
        ([0, 3, 6, 9, 12], 16, 11, 0),  # the first is too old to count, the lock it helped to set still holds
        ([0, 3, 6, 9, 15], 16, None, 1),  # five, but not within a quarter of an hour
        ([0, 16, 32, 48, 64], 65, None, 4),
        ([0, 1, 2, 3, 4, 20, 21], 22, None, 3),
    ],
)
def test_five_wrong_within_a_quarter_of_an_hour(
    wrong_at_the_office, asked_at, locked_for_minutes, left
) -> None:
    past = [(at(minute), OFFICE) for minute in wrong_at_the_office]
    verdict = lockout.judge(past, address=OFFICE, now=at(asked_at))
    until = None if locked_for_minutes is None else at(asked_at) + timedelta(minutes=locked_for_minutes)
    assert verdict == lockout.Verdict(until, left)
    assert lockout.judge(past, address=HOME, now=at(asked_at)) == lockout.Verdict(None, 5)


def test_fifty_within_an_hour_from_anywhere_lock_everywhere() -> None:
    spread = [(at(minute), f"10.0.0.{minute}") for minute in range(50)]
    assert lockout.judge(spread[:49], address=HOME, now=at(50)).locked_until is None
    verdict = lockout.judge(spread, address=HOME, now=at(50))
    assert verdict == lockout.Verdict(at(60), 0)  # until the first of them is an hour old
    assert lockout.judge(spread, address=HOME, now=at(60)).locked_until is None


@pytest.mark.parametrize(
    ("names", "tries_each", "every", "asked_at", "shut_for_minutes"),
    [
        (99, 1, 0.1, 10, None),
        (100, 1, 0.1, 10, 50),  # the hundredth name within the hour shuts it, until the first is an hour old
        (100, 1, 0.1, 60, None),
        (100, 5, 0.01, 10, 54),  # five tries of a name are one name, as old as the last of them
        (40, 5, 0.1, 20, None),  # an office of forty who all gave up after five tries
        (150, 1, 0.5, 75, 10),  # one more only when fewer than a hundred were tried within the last hour
    ],
)
def test_a_hundred_names_tried_in_vain_at_one_address(
    names, tries_each, every, asked_at, shut_for_minutes
) -> None:
    past = [
        (at((turn * names + number) * every), f"name{number}")
        for turn in range(tries_each)
        for number in range(names)
    ]
    until = lockout.judge_address(past, now=at(asked_at))
    if shut_for_minutes is None:
        assert until is None
    else:
        assert until is not None
        assert (until - at(asked_at)) / timedelta(minutes=1) == pytest.approx(shut_for_minutes)


def test_a_sprayed_office_lets_in_who_was_there_before_and_nobody_new(world) -> None:
    with in_district(world.huiji):
        lockout.attempt(username="liqiang", address=OFFICE).succeeded(world.liqiang.user)
        begun = [lockout.attempt(username=f"guess{number}", address=OFFICE) for number in range(120)]
        heard = [attempt.verdict.locked_until is None for attempt in begun]
        assert heard == [True] * 100 + [False] * 20
        assert [attempt.fills_address for attempt in begun].index(True) == 99
        newcomer = lockout.attempt(username="wangfang", address=OFFICE).verdict
        assert (newcomer.left, newcomer.by_address) == (0, True)
        assert lockout.attempt(username="liqiang", address=OFFICE).verdict.left == 5
        assert lockout.attempt(username="wangfang", address=HOME).verdict.left == 5


def test_an_office_of_many_that_mistypes_and_then_gets_in_is_never_shut(world) -> None:
    with in_district(world.huiji):
        for number in range(110):
            lockout.attempt(username=f"person{number}", address=OFFICE)
            lockout.attempt(username=f"person{number}", address=OFFICE)
            again = lockout.attempt(username=f"person{number}", address=OFFICE)
            assert again.verdict == lockout.Verdict(None, 3)
            again.succeeded(world.liqiang.user)
        assert not SignInFailure.objects.exists()


def test_what_is_told_is_never_nothing() -> None:
    assert lockout.Verdict(NOON, 0).seconds(NOON) == 1
    assert lockout.Verdict(at(15), 0).seconds(NOON) == 901
    assert lockout.Verdict(None, 3).seconds(NOON) == 0


def test_every_attempt_counts_from_its_beginning(world) -> None:
    """Of twenty sent at once none may find the count still low after the others have begun."""
    with in_district(world.huiji):
        begun = [lockout.attempt(username="liqiang", address=OFFICE) for _ in range(20)]
        assert [attempt.verdict.locked_until is None for attempt in begun] == [True] * 5 + [False] * 15
        assert lockout.attempt(username="wangfang", address=OFFICE).verdict.left == 5
        begun[0].succeeded(world.liqiang.user)
        assert not SignInFailure.objects.filter(username="liqiang").exists()


def test_what_no_longer_counts_is_removed(world) -> None:
    from dangjian.identity import tasks
    from dangjian.identity.models import Session
    from dangjian.identity.sessions import SessionStore

    with in_district(world.huiji):
        lockout.attempt(username="liqiang", address=OFFICE)
        SignInFailure.objects.update(at=timezone.now() - timedelta(minutes=61))
        lockout.attempt(username="liqiang", address=HOME)
        ended = SessionStore.for_user(world.liqiang.user)
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
        SessionStore.for_user(world.liqiang.user)
        for address, days in ((OFFICE, 181), (HOME, 179)):
            seen = timezone.now() - timedelta(days=days)
            KnownPlace.objects.create(user=world.liqiang.user, address=address, seen_at=seen)
        tasks.purge()
        assert [row.address for row in SignInFailure.objects.all()] == [HOME]
        assert Session.objects.count() == 1
        assert list(KnownPlace.objects.values_list("address", flat=True)) == [HOME]
        assert not Session.objects.filter(session_key=ended).exists()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "address"),
    [
        (0, "", "192.0.2.1", "192.0.2.1"),
        (0, "6.6.6.6", "192.0.2.1", "192.0.2.1"),  # a header nobody of ours has written
        (1, "6.6.6.6, 203.0.113.7", "10.0.0.1", "203.0.113.7"),
        (1, "203.0.113.7", "10.0.0.1", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.2", "10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.1", "203.0.113.7"),  # fewer hops than promised
        (1, "", "10.0.0.1", None),
        (1, "unknown", "10.0.0.1", None),
        (0, "", "", None),  # a unix socket
        (0, "", "::ffff:192.0.2.1", "192.0.2.1"),
        (0, "", "fe80::1%eth0", "fe80::1"),
        (1, "2001:DB8::00a", "10.0.0.1", "2001:db8::a"),
    ],
)
def test_the_address_is_the_one_our_own_proxies_saw(rf, settings, proxies, forwarded, peer, address) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == address


def test_an_ipv6_network_is_one_neighbour() -> None:
    assert neighbourhood("2001:db8:1:2:aaaa::1") == neighbourhood("2001:db8:1:2:bbbb::9") == "2001:db8:1:2::"
    assert neighbourhood("192.0.2.1") == "192.0.2.1"
    assert neighbourhood(None) == NOWHERE
