"""When a name, or an address, is locked after wrong passwords.

Five wrong ones within 15 minutes lock the name for that address, so a colleague behind the same address and the
person on another one still get in; fifty within an hour, wherever from, lock the name everywhere, so that a guess
spread over many addresses is bounded too.

A hundred names tried in vain within an hour at one address shut the address to everybody who has not signed in from
there before. So a guess at many names from one place is bounded, and an office behind one address is not: a name that
gets in counts no more, a person counts once however often they mistype, and who was there before is never shut out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from dangjian.identity.addresses import neighbourhood
from dangjian.identity.models import KnownPlace, SignInFailure, User

NEAR_LIMIT, NEAR_WINDOW = 5, timedelta(minutes=15)
WIDE_LIMIT, WIDE_WINDOW = 50, timedelta(hours=1)
ADDRESS_LIMIT, ADDRESS_WINDOW = 100, timedelta(hours=1)
KEPT = max(WIDE_WINDOW, ADDRESS_WINDOW)
PLACES_KEPT = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an attempt may be made.

    left: how many wrong ones are still free for the name at that address, 0 when locked. by_address: what is locked is
    the address, not the name.
    """

    locked_until: datetime | None
    left: int
    by_address: bool = False

    def seconds(self, now: datetime) -> int:
        """How long the lock still holds, at least one second."""
        if self.locked_until is None:
            return 0
        return max(1, int((self.locked_until - now).total_seconds()) + 1)


def judge(failures: Iterable[tuple[datetime, str]], *, address: str, now: datetime) -> Verdict:
    """What the past attempts on one name, (when, neighbourhood) each, mean for one more from `address`."""
    past = sorted(failures)
    near = [at for at, where in past if where == address]
    locked = [
        until
        for until in (
            _locked_until(near, NEAR_LIMIT, NEAR_WINDOW),
            _full_until([at for at, _ in past], now, WIDE_LIMIT, WIDE_WINDOW),
        )
        if until is not None and until > now
    ]
    if locked:
        return Verdict(max(locked), 0)
    return Verdict(None, NEAR_LIMIT - sum(1 for at in near if at > now - NEAR_WINDOW))


def judge_address(failures: Iterable[tuple[datetime, str]], *, now: datetime) -> datetime | None:
    """Until when the past attempts at one address, (when, name) each, shut it to newcomers; None: they do not."""
    last = {name: at for at, name in sorted(failures)}
    return _full_until(sorted(last.values()), now, ADDRESS_LIMIT, ADDRESS_WINDOW)


def _locked_until(times: list[datetime], limit: int, window: timedelta) -> datetime | None:
    """The end of the lock set by the last run of `limit` attempts within `window`; as long as the window."""
    for last in range(len(times) - 1, limit - 2, -1):
        if times[last] - times[last - limit + 1] < window:
            return times[last] + window
    return None


def _full_until(times: list[datetime], now: datetime, limit: int, window: timedelta) -> datetime | None:
    """When there is room again among the `limit` of the last `window`; None: there is."""
    recent = [at for at in times if at > now - window]
    return recent[-limit] + window if len(recent) >= limit else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, counted from the moment it begins: twenty at once cannot each find the count still low.

    fills_address: should it fail, its name is the one that shuts the address.
    """

    row: SignInFailure
    verdict: Verdict
    fills_address: bool

    def forgive(self) -> None:
        """Take it back: it was refused unheard, or was no guess."""
        self.row.delete()

    def succeeded(self, user: User) -> None:
        """Forget what was wrong before at this address, and remember that the person is at home there."""
        SignInFailure.objects.filter(username=self.row.username, address=self.row.address).delete()
        place = KnownPlace(user=user, address=self.row.address, seen_at=timezone.now())
        KnownPlace.objects.bulk_create(
            [place], update_conflicts=True, unique_fields=["user", "address"], update_fields=["seen_at"]
        )


def attempt(*, username: str, address: str | None) -> Attempt:
    """Count a try on the (normalised) name and judge those before it. Call it outside a transaction."""
    where, now = neighbourhood(address), timezone.now()
    row = SignInFailure.objects.create(username=username, address=where, at=now)
    others = SignInFailure.objects.filter(Q(username=username) | Q(address=where), at__gt=now - KEPT)
    past = list(others.exclude(pk=row.pk).values_list("at", "address", "username"))
    verdict = judge([(at, there) for at, there, name in past if name == username], address=where, now=now)
    here = [(at, name) for at, there, name in past if there == where]
    shut_until = judge_address(here, now=now)
    if verdict.locked_until is None and shut_until is not None and not _is_at_home(username, where):
        verdict = Verdict(shut_until, 0, by_address=True)
    fills = shut_until is None and judge_address([*here, (now, username)], now=now) is not None
    return Attempt(row, verdict, fills)


def _is_at_home(username: str, address: str) -> bool:
    return KnownPlace.objects.filter(user__username=username, address=address).exists()
