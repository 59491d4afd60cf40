"""Accounts for the roster: everybody who has one here gets one in the district's realm, without a password.

The roster leads and the realm follows. An account is ours if it carries the number of ours in its attribute
``roster``; one that merely has the same name belongs to somebody else and is told of, never taken over. Names, e-mail
addresses and telephones link nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet
from django.utils import timezone

from dangjian.identity.keycloak import Refused, Unreachable, realm
from dangjian.identity.keycloak.accounts import own, representation
from dangjian.identity.keycloak.admin import LONG_SECONDS, Admin
from dangjian.identity.models import AccountsRun, User
from dangjian.identity.provisioning import provisioner
from tenants.context import current_district
from tenants.jobs import defer, every
from tenants.models import District

log = structlog.get_logger(__name__)

# One transaction at Keycloak each. It looks again at everybody it has in hand before it asks for the next name: of 400
# in one each took 7 ms, of 50 not 2.
CHUNK: Final = 50
# Names that somebody else has which a run keeps: those are mended before further ones are shown.
TAKEN_KEPT: Final = 100
# A run that gave no sign for so long was killed: as long as one chunk may take.
SILENT: Final = timedelta(seconds=LONG_SECONDS)
_ONLY: Final = 1  # the row of the run

Tell = Callable[["Progress"], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """done: accounts that have theirs in the realm, of `total`. taken: names that somebody else has there."""

    done: int
    total: int
    taken: tuple[str, ...] = ()


def without_account(district: District) -> QuerySet[User]:
    """Those who have none in the district's realm as far as we know, and need one: a closed account gets its own there
    when it is opened again."""
    return User.objects.filter(~Q(issuer=district.issuer) | Q(subject=""), is_active=True)


def _all(district: District) -> int:
    """How many have an account in the realm, or need one."""
    return User.objects.filter(Q(is_active=True) | (Q(issuer=district.issuer) & ~Q(subject=""))).count()


def progress_now(district: District, run: AccountsRun | None) -> Progress:
    """How many have theirs at this moment, and what the last run had to say of the others."""
    total = _all(district)
    done = total - without_account(district).count()
    return Progress(done, total, tuple(run.taken) if run else ())


def state(progress: Progress, run: AccountsRun | None, now: datetime) -> str:
    """whole: everybody has theirs. working: a run is at it. stopped: the last one ended early, or could not give some
    theirs. waiting: the next one has not begun."""
    if progress.done >= progress.total:
        return "whole"
    if run is None:
        return "waiting"
    if run.ended_at is None:
        return "working" if now - run.seen_at < SILENT else "waiting"
    return "stopped" if run.fault or run.taken else "waiting"


def minutes_left(progress: Progress, run: AccountsRun) -> int | None:
    """At the pace of `run` until now; None while it has none."""
    given, took = run.done - run.began_with, run.seen_at - run.began_at
    if given <= 0 or not took:
        return None
    return ceil((progress.total - progress.done) * took.total_seconds() / given / 60)


def last_run() -> AccountsRun | None:
    return AccountsRun.objects.filter(pk=_ONLY).first()


def give_accounts(district: District, admin: Admin, *, tell: Tell = lambda progress: None) -> Progress:
    """Give everybody an account who has none, in chunks; `tell` hears of each, and `AccountsRun` keeps it.

    Run it inside the district. Ended anywhere it goes on from there when run again: what Keycloak has already is
    recognised.

    Raises:
        Unreachable, Refused: Keycloak could not be asked or said no; what was done until then stays.
    """
    total = _all(district)
    progress = Progress(total - without_account(district).count(), total)
    _begin(progress)
    last = ""
    try:
        while chunk := list(without_account(district).filter(username__gt=last).order_by("username")[:CHUNK]):
            last = chunk[-1].username
            given, taken = _give(district, admin, chunk)
            progress = Progress(progress.done + given, total, progress.taken + taken)
            _note(progress)
            tell(progress)
    except (Unreachable, Refused) as problem:
        _note_fault(problem)
        raise
    AccountsRun.objects.filter(pk=_ONLY).update(ended_at=timezone.now())
    log.info("accounts.given", done=progress.done, total=total, taken=len(progress.taken))
    return progress


@every("identity.give_accounts", seconds=60)
def give_accounts_soon() -> None:
    """Whoever has come into the roster gets an account within a minute, or when Keycloak is back."""
    district = current_district()
    if settings.IDENTITY != "keycloak" or not without_account(district).exists():
        return
    try:
        give_accounts(district, provisioner(district))
    except (Unreachable, Refused) as problem:
        log.warning("accounts.not_given", reason=str(problem))
    except ImproperlyConfigured as problem:
        _note_fault(problem)
        log.warning("accounts.not_given", reason=str(problem))


def continue_soon() -> None:
    """Have the open district's job run now rather than within the minute; one that waits already is enough."""
    defer(give_accounts_soon, current_district(), once=True)


def _begin(progress: Progress) -> None:
    now = timezone.now()
    fresh: dict[str, Any] = {
        "began_at": now,
        "seen_at": now,
        "ended_at": None,
        "began_with": progress.done,
        "done": progress.done,
        "taken": [],
        "fault": "",
        "reason": "",
    }
    AccountsRun.objects.update_or_create(pk=_ONLY, defaults=fresh)


def _note(progress: Progress) -> None:
    AccountsRun.objects.filter(pk=_ONLY).update(
        seen_at=timezone.now(),
        done=progress.done,
        taken=list(progress.taken[:TAKEN_KEPT]),
    )


def _note_fault(problem: Exception) -> None:
    now = timezone.now()
    ended = {"ended_at": now, "fault": _fault(problem), "reason": str(problem)[:300]}
    if not AccountsRun.objects.filter(pk=_ONLY).update(**ended):
        AccountsRun.objects.create(pk=_ONLY, began_at=now, seen_at=now, began_with=0, done=0, **ended)


def _fault(problem: Exception) -> str:
    if isinstance(problem, Unreachable):
        return "unreachable"
    return "refused" if isinstance(problem, Refused) else "unset"


def _give(district: District, admin: Admin, users: Sequence[User]) -> tuple[int, tuple[str, ...]]:
    """Returns how many of `users` have theirs now, and the names that somebody else has."""
    by_name = {user.username: user for user in users}
    role = {"clientRoles": {realm.SIGN_IN_CLIENT: [realm.MEMBER_ROLE]}}
    answer = admin.import_users([representation(user) | role for user in users])
    subjects: dict[int, str] = {}
    taken = []
    for result in answer["results"]:
        user = by_name[result["resourceName"]]
        # One that was there already is ours where a former run was ended between Keycloak's word and our note of it.
        subject = result["id"] if result["action"] == "ADDED" else own(admin, user)
        if subject:
            subjects[user.pk] = subject
        else:
            taken.append(user.username)
            log.warning("account.name_taken", user=user.pk)
    _keep(district, subjects)
    return len(subjects), tuple(taken)


def _keep(district: District, subjects: dict[int, str]) -> None:
    rows = [User(pk=pk, issuer=district.issuer, subject=subject) for pk, subject in subjects.items()]
    User.objects.bulk_update(rows, ["issuer", "subject"])
