"""The live topic of an organisation: what those who answer for it wait for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from django.db.models import Q

from dangjian.organizations.access import SECRETARIES, standing
from dangjian.organizations.models import Member, Office, OfficeKind, Organization, PostHeld
from realtime import outbox
from realtime.topics import Ident, TopicKind, register

KIND: Final = "organization"


def register_all() -> None:
    register(
        TopicKind(
            name=KIND,
            may_join=lambda person, ident: bool(_who_answer_for([person], ident)),
            who_may_join=_who_answer_for,
        )
    )


def of(organization: Organization) -> str:
    """The internal name of an organisation's topic."""
    return f"{KIND}:{organization.pk}"


def tell(kind: str, data: Mapping[str, Any], *organizations: Organization) -> None:
    """Record one event for whoever answers for one of these organisations, or for one above it.

    Each of the topics gets it once. data: ids and states alone; the page asks for the rest with its reader's right.
    """
    paths = {path for organization in organizations for path in organization.path_prefixes()}
    for pk in Organization.objects.filter(path__in=paths).order_by("path").values_list("pk", flat=True):
        outbox.record(topic=f"{KIND}:{pk}", kind=kind, data=dict(data))


def ask_again(organization: Organization) -> None:
    """Have it asked anew who may follow the organisation and those below: it has moved, or is no more."""
    path = Organization.objects.filter(pk=organization.pk).values_list("path", flat=True).get()
    for pk in (
        Organization.objects.filter(path__startswith=path).order_by("path").values_list("pk", flat=True)
    ):
        outbox.recheck(topic=f"{KIND}:{pk}")


def followed(member: Member) -> list[str]:
    """The topics a page about everything `member` answers for listens to: where their posts and offices stand.

    What happens below is told there too.
    """
    own = standing(member)
    held = [post.organization for post in own.posts if post.post in SECRETARIES]
    held += [office.organization for office in own.offices if office.kind == OfficeKind.OFFICER]
    return sorted({of(organization) for organization in held})


def _who_answer_for(persons: Collection[int], ident: Ident) -> set[int]:
    """Those of `persons` who are secretary or deputy secretary of that organisation, or officer over it."""
    if ident is None:
        return set()
    found = Organization.objects.filter(pk=ident, dissolved_on=None).first()
    if found is None:
        return set()
    above = Organization.objects.filter(path__in=found.path_prefixes()).values("pk")
    posts = PostHeld.objects.filter(organization=found, post__in=SECRETARIES)
    offices = Office.objects.filter(kind=OfficeKind.OFFICER, organization__in=above)
    members = Member.objects.filter(
        Q(pk__in=posts.values("member")) | Q(pk__in=offices.values("member")), user__in=persons
    )
    return set(members.values_list("user_id", flat=True))
