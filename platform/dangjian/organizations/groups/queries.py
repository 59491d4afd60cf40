"""The groups of a branch, and of all branches, as they were on a day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from dangjian.organizations import timeline
from dangjian.organizations.groups.models import GroupMembership, GroupPeriod
from dangjian.organizations.groups.services import version_of
from dangjian.organizations.models import Membership, MemberStatus, Organization
from dangjian.rules.founding import GroupComposition


@dataclass(frozen=True, slots=True)
class Person:
    """A member as they were on the day. order: in the branch's list, by pinyin."""

    id: int
    name: str
    status: str
    order: int


@dataclass(frozen=True, slots=True)
class Group:
    """since: the day it was formed. leader: among `members`; None: nobody."""

    id: int
    name: str
    since: date
    leader: Person | None
    members: tuple[Person, ...]

    @property
    def full(self) -> int:
        """How many full members."""
        return sum(person.status == MemberStatus.FULL for person in self.members)

    @property
    def probationary(self) -> int:
        return len(self.members) - self.full

    @property
    def composition(self) -> GroupComposition:
        return GroupComposition(self.name, self.full, len(self.members), self.leader is not None)


@dataclass(frozen=True, slots=True)
class Division:
    """A branch in its groups. rest: who is in none. version: today's, to be named by an act."""

    groups: tuple[Group, ...]
    rest: tuple[Person, ...]
    version: int

    @property
    def members(self) -> int:
        return len(self.rest) + sum(len(group.members) for group in self.groups)


def division(branch: Organization, *, day: date) -> Division:
    """The branch on `day`. Three queries."""
    place = GroupMembership.objects.filter(timeline.on(day), member=OuterRef("member"), group__branch=branch)
    rows = (
        Membership.objects.filter(timeline.on(day), branch=branch)
        .annotate(
            status_then=timeline.status_on(day, "member__"),
            group=Subquery(place.values("group")),
            leads=Subquery(place.values("leads")),
        )
        .order_by("member__pinyin", "member")
        .values_list("group", "leads", "member", "member__name", "status_then")
    )
    inside: dict[int | None, list[Person]] = defaultdict(list)
    leaders: dict[int, Person] = {}
    for order, (group, leads, pk, name, status) in enumerate(rows):
        person = Person(pk, name, status, order)
        inside[group].append(person)
        if leads:
            leaders[group] = person
    periods = (
        GroupPeriod.objects.filter(timeline.on(day), group__branch=branch)
        .annotate(formed=Subquery(_formed().values("since")))
        .order_by("formed", "group")
    )
    groups = tuple(
        Group(pk, name, formed, leaders.get(pk), tuple(inside[pk]))
        for pk, name, formed in periods.values_list("group", "name", "formed")
    )
    return Division(groups, tuple(inside[None]), version_of(branch))


@dataclass(frozen=True, slots=True)
class Part:
    """A group as the tree shows it. leader: the name; None: nobody."""

    id: int
    name: str
    full: int
    members: int
    leader: str | None

    @property
    def composition(self) -> GroupComposition:
        return GroupComposition(self.name, self.full, self.members, self.leader is not None)


def parts(day: date) -> ArraySubquery:
    """For `timeline.nodes`: the groups of an organisation on `day`, in the order they were formed in, as `Part` takes
    them."""
    places = GroupMembership.objects.filter(timeline.on(day), group=OuterRef("group")).order_by()
    full = places.annotate(status_then=timeline.status_on(day, "member__")).filter(
        status_then=MemberStatus.FULL
    )
    told = JSONObject(
        id="group",
        name="name",
        full=_number_of(full),
        members=_number_of(places),
        leader=Subquery(places.filter(leads=True).values("member__name")),
    )
    periods = GroupPeriod.objects.filter(timeline.on(day), group__branch=OuterRef("organization"))
    return ArraySubquery(periods.order_by("group").values_list(told))


def _number_of(places: QuerySet[GroupMembership]) -> Coalesce:
    return Coalesce(Subquery(places.values("group").annotate(number=Count("pk")).values("number")), 0)


def _formed() -> QuerySet[GroupPeriod]:
    return GroupPeriod.objects.filter(group=OuterRef("group"), act="form")
