"""Who sees elections and terms, and whose they may record."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from dangjian.organizations import access
from dangjian.organizations.access import standing
from dangjian.organizations.elections import judgement
from dangjian.organizations.elections.models import Election
from dangjian.organizations.models import Member, OfficeKind, Organization, OrganizationKind


def seen_paths(reader: Member) -> tuple[tuple[str, ...], frozenset[str]]:
    """Where the reader sees terms: below which paths everything, and which single organisations beside."""
    own = standing(reader)
    return own.superior_paths, frozenset(organization.path for organization in own.led)


def sees(reader: Member, path: str) -> bool:
    """Whether the terms and elections of the organisation at `path` are the reader's to see."""
    below, single = seen_paths(reader)
    return path in single or path.startswith(below)


def sees_anything(reader: Member) -> bool:
    below, single = seen_paths(reader)
    return bool(below or single)


def seen(reader: Member) -> Q:
    """The same in SQL, of rows that have an `organization`."""
    below, single = seen_paths(reader)
    condition = Q(organization__path__in=single)
    for path in below:
        condition |= Q(organization__path__startswith=path)
    return condition


def visible(reader: Member) -> QuerySet[Election]:
    """The elections of what the reader leads or answers for as a superior."""
    return Election.objects.filter(seen(reader))


def recordable(actor: Member) -> QuerySet[Organization]:
    """The organisations with a term whose elections the actor may record, in the tree's order."""
    own = standing(actor)
    seen = Q(pk__in=[organization.pk for organization in own.led])
    for path in own.paths_of(OfficeKind.OFFICER):
        seen |= Q(path__startswith=path)
    found: QuerySet[Organization] = Organization.objects.filter(seen, dissolved_on=None)
    return found.exclude(kind=OrganizationKind.DISTRICT).order_by("path")


def may_act(actor: Member, election: Election, act: str) -> bool:
    """Whether the actor may do that for its side; in which state it may be done is another question."""
    if judgement.ACTS[act].side == judgement.SUPERIOR:
        return bool(access.may_answer_elections(actor, election.organization))
    return bool(access.may_record_elections(actor, election.organization))
