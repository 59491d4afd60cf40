"""Who sees a transfer, and which leg somebody may act for."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from dangjian.organizations import access
from dangjian.organizations.access import SECRETARIES, looks_after, standing
from dangjian.organizations.models import Member, OfficeKind, Organization, OrganizationKind
from dangjian.organizations.transfers import judgement
from dangjian.organizations.transfers.models import Transfer


def answers_for(reader: Member) -> tuple[str, ...]:
    """The tree paths below which the reader sees transfers: where they are secretary, and what an office covers."""
    own = standing(reader)
    led = [held.organization.path for held in own.posts if held.post in SECRETARIES]
    return tuple(sorted({*led, *own.paths_of(OfficeKind.OFFICER)}))


def visible(reader: Member) -> QuerySet[Transfer]:
    """The transfers out of or into what the reader answers for, and the reader's own."""
    seen = Q(member=reader)
    for path in answers_for(reader):
        seen |= Q(leaving__path__startswith=path) | Q(receiving__path__startswith=path)
    return Transfer.objects.filter(seen)


def may_act(actor: Member, transfer: Transfer, act: str) -> bool:
    """Whether the actor may do that for its leg; in which state it may be done is another question."""
    leg = transfer.leaving if judgement.ACTS[act].leg == judgement.LEAVING else transfer.receiving
    return bool(looks_after(actor, leg))


def may_print(reader: Member, transfer: Transfer) -> bool:
    """The letter: for either leg, not for the member, who is given it with its seal."""
    return bool(looks_after(reader, transfer.leaving) or looks_after(reader, transfer.receiving))


def may_propose_somebody(actor: Member) -> bool:
    own = standing(actor)
    return own.secretary_of is not None or own.is_officer


def proposable(actor: Member) -> QuerySet[Member]:
    """Whom the actor may propose: the own branch as its secretary, and the members an officer looks after."""
    seen = Q(pk__in=access.managed_members(actor).values("pk"))
    branch = standing(actor).secretary_of
    return Member.objects.filter(seen | Q(branch=branch) if branch else seen)


def receivers() -> QuerySet[Organization]:
    """The branches that can receive, in the tree's order: a secretary must be able to name any of the district's."""
    found: QuerySet[Organization] = Organization.objects.filter(
        kind=OrganizationKind.BRANCH, dissolved_on=None
    )
    return found.order_by("path")
