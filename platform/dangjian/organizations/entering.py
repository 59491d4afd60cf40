"""Entering one person in the register: account, member and first membership, within the caller's transaction."""

from __future__ import annotations

from dataclasses import asdict

from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, refused
from dangjian.audit.services import record
from dangjian.identity import services as identity
from dangjian.identity.models import User
from dangjian.organizations import particulars, sealing
from dangjian.organizations.models import Member, Organization
from dangjian.organizations.particulars import Particulars
from dangjian.organizations.pinyin import spell
from dangjian.organizations.services import signed


def enter(*, by: Member, branch: Organization, wanted: Particulars, reason: str) -> Member:
    """Somebody new in `branch`, whose account has no password yet; the identity server is told of it.

    Raises:
        Problem: 422, what is said of the person cannot be so, or another member has that identity number.
    """
    faults = particulars.faults(wanted, today=timezone.localdate())
    known = sealing.indexes(wanted.id_number)
    if known and Member.objects.filter(id_number_index__in=known).exists():
        detail = _("另一位党员已经登记了这个身份证号。一个人只能登记一次，请核实。")
        faults.append(FieldError("/id_number", "taken", detail))
    if faults:
        raise refused(*faults)
    spelling = spell(wanted.name)
    user = User(username=_free_username(spelling.full), name=wanted.name, must_change_password=True)
    user.set_unusable_password()
    user.save()
    member = Member(
        user=user, branch=branch, pinyin=spelling.full, initials=spelling.initials, **asdict(wanted)
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
