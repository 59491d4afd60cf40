"""Lists of transfers as far as their reader's right goes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from dangjian.organizations import queries
from dangjian.organizations.models import Member, Organization
from dangjian.organizations.transfers import access, judgement
from dangjian.organizations.transfers.models import Transfer

_OPEN: Final = Q(state=judgement.PROPOSED)
_REMEMBERED: Final = timedelta(days=183)
FILTERS: Final = ("open", "late", judgement.ACCEPTED, judgement.RETURNED, judgement.WITHDRAWN)


def condition(name: str, today: date) -> Q:
    """Of one of `FILTERS`: open, late (open beyond a deadline), or a state."""
    if name == "open":
        return _OPEN
    if name == "late":
        return _OPEN & (Q(answer_by__lt=today) | Q(valid_until__lt=today))
    return Q(state=name)


def listed(
    reader: Member,
    *,
    within: Organization | None = None,
    direction: str = "",
    text: str = "",
) -> QuerySet[Transfer]:
    """What the reader answers for, without the reader's own as a member.

    within: only out of or into that organisation and those below; direction: ``out`` of it or ``in``.
    """
    paths = (within.path,) if within is not None else access.answers_for(reader)
    seen = Q(pk__in=())
    for path in paths:
        if direction != "in":
            seen |= Q(leaving__path__startswith=path)
        if direction != "out":
            seen |= Q(receiving__path__startswith=path)
    found = access.visible(reader).filter(seen)
    if text.strip():
        found = found.filter(member__in=queries.named(Member.ever.all(), text))
    return found.select_related("member__user", "leaving", "receiving")


def counts(found: QuerySet[Transfer], today: date) -> dict[str, int]:
    """How many there are under each filter, in one query."""
    wanted: dict[str, Any] = {name: Count("pk", filter=condition(name, today)) for name in FILTERS}
    return found.order_by().aggregate(all=Count("pk"), **wanted)


def latest_of(member: Member) -> Transfer | None:
    """The member's newest transfer that is open or half a year old at most, for 我的."""
    recent = Q(created_at__gte=timezone.now() - _REMEMBERED)
    return (
        Transfer.objects.select_related("leaving", "receiving")
        .filter(_OPEN | recent, member=member)
        .order_by("-created_at", "-id")
        .first()
    )
