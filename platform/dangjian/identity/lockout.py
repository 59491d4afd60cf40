"""When a name is locked after wrong passwords.

Five wrong ones within 15 minutes lock the name for that address, so a colleague behind the same address and the
person on another one still get in; fifty within an hour, wherever from, lock the name everywhere, so that a guess
spread over many addresses is bounded too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from dangjian.identity.addresses import neighbourhood
from dangjian.identity.models import SignInFailure

NEAR_LIMIT, NEAR_WINDOW = 5, timedelta(minutes=15)
WIDE_LIMIT, WIDE_WINDOW = 50, timedelta(hours=1)
KEPT = WIDE_WINDOW


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an attempt may be made. `left`: how many wrong ones are still free at that address, 0 when locked."""

    locked_until: datetime | None
    left: int

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
            _full_until([at for at, _ in past], now),
        )
        if until is not None and until > now
    ]
    if locked:
        return Verdict(max(locked), 0)
    return Verdict(None, NEAR_LIMIT - sum(1 for at in near if at > now - NEAR_WINDOW))


def _locked_until(times: list[datetime], limit: int, window: timedelta) -> datetime | None:
    """The end of the lock set by the last run of `limit` attempts within `window`; as long as the window."""
    for last in range(len(times) - 1, limit - 2, -1):
        if times[last] - times[last - limit + 1] < window:
            return times[last] + window
    return None


def _full_until(times: list[datetime], now: datetime) -> datetime | None:
    """When there is room again among the `WIDE_LIMIT` of the last hour."""
    recent = [at for at in times if at > now - WIDE_WINDOW]
    return recent[-WIDE_LIMIT] + WIDE_WINDOW if len(recent) >= WIDE_LIMIT else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, counted from the moment it begins: twenty at once cannot each find the count still low."""

    row: SignInFailure
    verdict: Verdict

    def forgive(self) -> None:
        """Take it back: it was refused unheard."""
        self.row.delete()

    def succeeded(self) -> None:
        """Forget what was wrong before at this address."""
        SignInFailure.objects.filter(username=self.row.username, address=self.row.address).delete()


def attempt(*, username: str, address: str | None) -> Attempt:
    """Count a try on the (normalised) name and judge those before it. Call it outside a transaction."""
    where, now = neighbourhood(address), timezone.now()
    row = SignInFailure.objects.create(username=username, address=where, at=now)
    others = SignInFailure.objects.filter(username=username, at__gt=now - KEPT).exclude(pk=row.pk)
    return Attempt(row, judge(others.values_list("at", "address"), address=where, now=now))
