"""How the register stood on a day: the tree, who was where, what somebody was. docs/explanation/history.md.

A day belongs to a period when ``since <= day < until``; no `since` means as far back as is known, no `until` means
still.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Protocol

from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from dangjian.organizations.elections.models import Election, ElectionState
from dangjian.organizations.groups.models import GroupMembership, PartyGroup
from dangjian.organizations.models import (
    Member,
    Membership,
    MemberStatus,
    Organization,
    OrganizationPeriod,
    PostHeld,
)

FIRST_DAY: Final = date.min


def on(day: date | OuterRef, prefix: str = "") -> Q:
    """The periods that hold `day` (of a query around this one: an ``OuterRef``); `prefix` leads to them
    (``memberships__``)."""
    began = Q(**{f"{prefix}since__lte": day}) | Q(**{f"{prefix}since": None})
    lasts = Q(**{f"{prefix}until__gt": day}) | Q(**{f"{prefix}until": None})
    return began & lasts


# --- the tree --------------------------------------------------------------------------------------------------------


class Dated(Protocol):
    """A period of an organisation, as far as the tree goes."""

    organization_id: int
    parent_id: int | None
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Node:
    """An organisation on a day. path: treebeard's of today, by which rights are told. units: one a line.
    elected_on: the last approved election by that day."""

    id: int
    parent: int | None
    name: str
    short_name: str
    kind: str
    sector: str
    units: str
    path: str
    elected_on: date | None = None

    def __str__(self) -> str:
        return self.short_name or self.name


@dataclass(frozen=True)
class Tree:
    """The organisations of a day, each below the one it belonged to then. Roots are those whose parent is not among
    them."""

    nodes: Mapping[int, Node]
    below: Mapping[int | None, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        below: dict[int | None, list[int]] = defaultdict(list)
        for node in self.nodes.values():
            below[node.parent if node.parent in self.nodes else None].append(node.id)
        object.__setattr__(self, "below", below)

    def children(self, pk: int | None) -> list[Node]:
        """Those directly below `pk`; below None the roots."""
        return [self.nodes[child] for child in self.below.get(pk, ())]

    def walk(self, pk: int | None = None, depth: int = 1) -> Iterator[tuple[Node, int]]:
        """Everything below `pk` (None: everything), parents before children, each with its depth from there."""
        for child in self.below.get(pk, ()):
            yield self.nodes[child], depth
            yield from self.walk(child, depth + 1)

    def subtree(self, pk: int) -> set[int]:
        """`pk` and everything below it."""
        return {pk} | {node.id for node, _ in self.walk(pk)}

    def above(self, pk: int) -> list[Node]:
        """The organisations above `pk`, the root first."""
        found: list[Node] = []
        parent = self.nodes[pk].parent
        while parent is not None and parent in self.nodes:
            found.insert(0, self.nodes[parent])
            parent = self.nodes[parent].parent
        return found

    def rolled_up(self, counts: Mapping[int, int]) -> dict[int, int]:
        """For each organisation the sum of `counts` over it and everything below it."""
        sums = {pk: counts.get(pk, 0) for pk in self.nodes}
        for node, _ in reversed(list(self.walk())):
            if node.parent in sums:
                sums[node.parent] += sums[node.id]
        return sums


def tree(day: date) -> Tree:
    """The tree of `day`, in one query; siblings as they stand today."""
    return Tree({node.id: node for node, *_ in nodes(day)})


def nodes(day: date, *, only: Q | None = None, **more: Any) -> list[tuple[Any, ...]]:
    """The organisations of `day` in the order of today's tree, each with what `more` asks for in SQL
    (``OuterRef("organization")`` is its id), in one query. only: a condition on their periods."""
    elections = Election.objects.filter(
        organization=OuterRef("organization"), state=ElectionState.APPROVED, held_on__lte=day
    )
    rows = (
        OrganizationPeriod.objects.filter(on(day), only or Q())
        .annotate(elected_on=Subquery(elections.order_by("-held_on").values("held_on")[:1]), **more)
        .order_by("organization__path", "organization_id")
        .values_list(*_NODE, *more)
    )
    return [(Node(*row[: len(_NODE)]), *row[len(_NODE) :]) for row in rows]


_NODE: Final = (
    "organization_id",
    "parent_id",
    "name",
    "short_name",
    "kind",
    "sector",
    "units",
    "organization__path",
    "elected_on",
)


def circle(periods: Iterable[Dated]) -> date | None:
    """The first day on which some organisation stands below itself; None when there is no such day."""
    rows = list(periods)
    days = {row.since or FIRST_DAY for row in rows}
    for day in sorted(days):
        above = {
            row.organization_id: row.parent_id
            for row in rows
            if (row.since or FIRST_DAY) <= day and (row.until is None or day < row.until)
        }
        if _circular(above):
            return day
    return None


def _circular(above: Mapping[int, int | None]) -> bool:
    sound: set[int | None] = {None}
    for start in above:
        way: set[int | None] = set()
        step: int | None = start
        while step not in sound:
            if step in way:
                return True
            way.add(step)
            step = above.get(step) if step is not None else None
        sound |= way
    return False


# --- people ----------------------------------------------------------------------------------------------------------


def counts(day: date, branches: Collection[int] | None = None) -> dict[int, int]:
    """Members of each branch on `day`, in one pass over the memberships."""
    rows: QuerySet[Any] = Membership.objects.filter(on(day))
    if branches is not None:
        rows = rows.filter(branch__in=branches)
    return dict(rows.values_list("branch").annotate(Count("id")).order_by())


def status(member: Member, day: date) -> str:
    """Full or probationary on `day`. Without a date of conversion somebody who is full today counts as full."""
    return _status(member.status, member.converted_on, day)


def _status(today: str, converted_on: date | None, day: date) -> str:
    if converted_on is None:
        return today
    return str(MemberStatus.FULL if converted_on <= day else MemberStatus.PROBATIONARY)


def status_on(day: date, prefix: str = "") -> Case:
    """`status` in SQL; `prefix` leads to the member."""
    return Case(
        When(**{f"{prefix}converted_on": None}, then=F(f"{prefix}status")),
        When(**{f"{prefix}converted_on__lte": day}, then=Value(MemberStatus.FULL)),
        default=Value(MemberStatus.PROBATIONARY),
    )


def posts(day: date) -> QuerySet[PostHeld]:
    """The posts held on `day`."""
    found: QuerySet[PostHeld] = PostHeld.ever.filter(on(day))
    return found


def disagreements() -> list[str]:
    """Where the periods and the columns of today say different things; empty when all is well."""
    found = []
    last: dict[Any, tuple[Any, ...]] = {}
    for member, *told in Membership.objects.order_by(F("until").asc(nulls_last=True)).values_list(
        "member", "branch", "until", "ended"
    ):
        last[member] = tuple(told)
    for pk, *columns in Member.ever.values_list("pk", "branch", "left_on", "left_kind"):
        if last.get(pk) != tuple(columns):
            found.append(f"member {pk} is {columns}, the last membership says {last.get(pk)}")
    holds = Q(posts_held__isnull=False, posts_held__until=None) | Q(offices__isnull=False)
    gone = Member.ever.filter(left_on__isnull=False).filter(holds | Q(user__is_active=True))
    found += [f"member {pk} has left and can still act" for pk in gone.values_list("pk", flat=True)]
    found += _groups_adrift()
    paths = dict(Organization.objects.values_list("path", "pk"))
    open_periods = {row.organization_id: row for row in OrganizationPeriod.objects.filter(until=None)}
    for row in Organization.objects.all():
        period = open_periods.get(row.pk)
        if (period is None) != (row.dissolved_on is not None):
            found.append(f"organisation {row.pk}: dissolved {row.dissolved_on}, open period {period}")
        elif period is not None:
            says = (
                period.parent_id,
                period.name,
                period.short_name,
                period.kind,
                period.sector,
                period.units,
            )
            if says != (
                paths.get(row.parent_path),
                row.name,
                row.short_name,
                row.kind,
                row.sector,
                row.units,
            ):
                found.append(f"organisation {row.pk}: the open period says {says}")
    return found


def _groups_adrift() -> list[str]:
    """Places in a group outside the member's time in its branch, or outside the group's own."""
    forever = Value(date.max)
    rows = GroupMembership.objects.annotate(last=Coalesce("until", forever))
    in_branch = Membership.objects.annotate(last=Coalesce("until", forever)).filter(
        Q(since=None) | Q(since__lte=OuterRef("since")),
        member=OuterRef("member"),
        branch=OuterRef("group__branch"),
        last__gte=OuterRef("last"),
    )
    lost = rows.exclude(Exists(in_branch))
    found = [f"place {row.pk} in group {row.group_id} outside the branch" for row in lost]
    standing = PartyGroup.objects.annotate(
        first=Min("periods__since"), last=Max(Coalesce("periods__until", forever))
    )
    spans = {group.pk: (group.first, group.last, group.dissolved_on) for group in standing}
    for row in rows:
        first, last, _dissolved = spans[row.group_id]
        if row.since < first or row.last > last:
            found.append(f"place {row.pk} outside group {row.group_id}: {row.since} to {row.last}")
    for pk, (_first, last, dissolved) in spans.items():
        if (dissolved or date.max) != last:
            found.append(f"group {pk} dissolved {dissolved}, its last period ends {last}")
    return found
