"""Accounts for the roster: everybody who has one here gets one in the district's realm, without a password.

The roster leads and the realm follows. An account is ours if it carries the number of ours in its attribute
``roster``; one that merely has the same name belongs to somebody else and is told of, never taken over. Names, e-mail
addresses and telephones link nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet

from dangjian.identity.keycloak import Refused, Unreachable, realm
from dangjian.identity.keycloak.accounts import own, representation
from dangjian.identity.keycloak.admin import Admin
from dangjian.identity.models import User
from dangjian.identity.provisioning import provisioner
from tenants.context import current_district
from tenants.jobs import every
from tenants.models import District

log = structlog.get_logger(__name__)

# One transaction at Keycloak each: 11,200 accounts are 28 of them.
CHUNK: Final = 400


@dataclass(frozen=True, slots=True)
class Progress:
    """done: accounts that have theirs in the realm, of `total`. taken: names that somebody else has there."""

    done: int
    total: int
    taken: tuple[str, ...] = ()


def without_account(district: District) -> QuerySet[User]:
    """Those who have none in the district's realm as far as we know."""
    return User.objects.filter(~Q(issuer=district.issuer) | Q(subject=""))


def give_accounts(
    district: District, admin: Admin, *, tell: Callable[[Progress], None] = lambda progress: None
) -> Progress:
    """Give everybody an account who has none, in chunks; `tell` hears of each. Run it inside the district.

    Ended anywhere it goes on from there when run again: what Keycloak has already is recognised.

    Raises:
        Unreachable, Refused: Keycloak could not be asked or said no; what was done until then stays.
    """
    total = User.objects.count()
    taken: list[str] = []
    last = ""
    while chunk := list(without_account(district).filter(username__gt=last).order_by("username")[:CHUNK]):
        last = chunk[-1].username
        taken += _give(district, admin, chunk)
        tell(Progress(total - without_account(district).count(), total, tuple(taken)))
    progress = Progress(total - without_account(district).count(), total, tuple(taken))
    log.info("accounts.given", done=progress.done, total=total, taken=len(taken))
    return progress


@every("identity.give_accounts", seconds=60)
def give_accounts_soon() -> None:
    """Whoever has come into the roster gets an account within a minute, or when Keycloak is back."""
    district = current_district()
    if settings.IDENTITY != "keycloak" or not without_account(district).exists():
        return
    try:
        give_accounts(district, provisioner(district))
    except (Unreachable, Refused, ImproperlyConfigured) as problem:
        log.warning("accounts.not_given", reason=str(problem))


def _give(district: District, admin: Admin, users: Sequence[User]) -> list[str]:
    """Returns the names that somebody else has."""
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
    return taken


def _keep(district: District, subjects: dict[int, str]) -> None:
    rows = [User(pk=pk, issuer=district.issuer, subject=subject) for pk, subject in subjects.items()]
    User.objects.bulk_update(rows, ["issuer", "subject"])
