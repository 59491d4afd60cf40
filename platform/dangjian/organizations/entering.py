"""Entering one person in the register: account, member and first membership, within the caller's transaction."""

from __future__ import annotations

from django.utils import timezone

from dangjian.api.problems import refused
from dangjian.audit.services import record
from dangjian.identity import services as identity
from dangjian.identity.models import User
from dangjian.organizations import particulars
from dangjian.organizations.models import Member, Organization
from dangjian.organizations.particulars import Particulars
from dangjian.organizations.pinyin import spell
from dangjian.organizations.services import number_fault, signed


def enter(*, by: Member, branch: Organization, wanted: Particulars, reason: str) -> Member:
    """Somebody new in `branch`, whose account has no password yet; the identity server is told of it.

    Raises:
        Problem: 422, what is said of the person cannot be so, or somebody has that identity number who is a member, or
            was one.
    """
    faults = particulars.faults(wanted, today=timezone.localdate())
    if (taken := number_fault(wanted.id_number)) is not None:
        faults.append(taken)
    if faults:
        raise refused(*faults)
    spelling = spell(wanted.name)
    user = User(username=_free_username(spelling.full), name=wanted.name, must_change_password=True)
    user.set_unusable_password()
    user.save()
    member = Member(
        user=user, branch=branch, pinyin=spelling.full, initials=spelling.initials, **wanted._asdict()
    )
    signed(member, by=by, reason=reason).save()
    record(
        action="member.enter", actor=by.user, object_kind="user", object_id=user.pk, object_name=member.name,
        reason=reason, detail={"organization": branch.pk, "organization_name": str(branch)},
    )  # fmt: skip
    identity.entered()
    return member


def _free_username(spelling: str) -> str:
    """The spelling, with the first number that is free: a name to sign in with."""
    root = spelling or "member"
    taken = set(User.objects.filter(username__startswith=root).values_list("username", flat=True))
    number = 1
    while (name := root if number == 1 else f"{root}{number}") in taken:
        number += 1
    return name
