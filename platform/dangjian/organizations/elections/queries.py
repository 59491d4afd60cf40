"""The terms of what a reader answers for on a day, and the elections on record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import JSONObject

from dangjian.organizations import timeline
from dangjian.organizations.elections import access, judgement, terms
from dangjian.organizations.elections.models import Election, ElectionCandidate, ElectionState
from dangjian.organizations.elections.terms import Term
from dangjian.organizations.models import (
    Member,
    Membership,
    MemberStatus,
    Organization,
    OrganizationKind,
    Post,
)
from dangjian.organizations.timeline import Node
from dangjian.rules import elections as rules
from dangjian.rules.book import Book
from dangjian.rules.problems import Problem

# What presses most comes first.
_URGENCY = {state: rank for rank, state in enumerate(("beyond_extension", "overdue", "remind"))}


@dataclass(frozen=True, slots=True)
class Row:
    """An organisation's term with who leads it. committee: (post, name), the secretary first. last: id of the election
    the term counts from. open: id and state of the record that is not settled."""

    term: Term
    above: Node | None
    committee: tuple[tuple[str, str], ...]
    last: int | None
    open: tuple[int, str] | None

    @property
    def node(self) -> Node:
        return self.term.node


def rows(reader: Member, *, day: date, book: Book) -> list[Row]:
    """Every organisation whose term the reader sees, the most pressing first; who led it on `day`. One query, and the
    reader's standing."""
    here = OuterRef("organization")
    held = timeline.posts(day).filter(organization=here).order_by("since", "id")
    approved = Election.objects.filter(organization=here, state=ElectionState.APPROVED, held_on__lte=day)
    waiting = Election.objects.filter(organization=here, state__in=judgement.OPEN)
    found = timeline.nodes(
        day,
        held=ArraySubquery(held.values(told=JSONObject(post=F("post"), name=F("member__name")))),
        last=Subquery(approved.order_by("-held_on").values("pk")[:1]),
        waiting=Subquery(waiting.values(told=JSONObject(pk=F("pk"), state=F("state")))[:1]),
    )
    nodes = {node.id: node for node, *_ in found}
    made = []
    for node, committee, last, open_one in found:
        term = terms.term(book, node, day) if access.sees(reader, node.path) else None
        if term is None:
            continue
        led = sorted(
            ((each["post"], each["name"]) for each in committee), key=lambda each: Post.values.index(each[0])
        )
        above = nodes.get(node.parent) if node.parent is not None else None
        waits = (open_one["pk"], open_one["state"]) if open_one else None
        made.append(Row(term, above, tuple(led), last, waits))
    return sorted(made, key=_urgency)


def _urgency(row: Row) -> tuple[Any, ...]:
    clock = row.term.clock
    rank = _URGENCY.get(row.term.state, len(_URGENCY))
    return (rank, clock is None, clock.ends_on if clock else date.max, row.node.path)


def counts(found: Sequence[Row]) -> Counter[str]:
    """How many there are in each state; under "" all, under "waiting" those with a submitted election."""
    counted = Counter(row.term.state for row in found)
    counted[""] = len(found)
    counted["waiting"] = sum(row.open is not None and row.open[1] == ElectionState.SUBMITTED for row in found)
    return counted


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reader has to know about terms. own: those they lead, to be prepared or overdue. below: how many of those
    they answer for as a superior run out, are overdue, wait for an approval."""

    own: tuple[Term, ...]
    running_out: int
    overdue: int
    waiting: int

    def __bool__(self) -> bool:
        return bool(self.own or self.running_out or self.overdue or self.waiting)


def notice(reader: Member, *, day: date, book: Book) -> Notice | None:
    """None when there is nothing to say. One query for who leads or answers for anything, else none."""
    below, single = access.seen_paths(reader)
    if not (below or single):
        return None
    waiting = Election.objects.filter(organization=OuterRef("organization"), state=ElectionState.SUBMITTED)
    own, counted = [], Counter[str]()
    seen = timeline.nodes(day, only=access.seen(reader), waiting=Subquery(waiting.values("pk")[:1]))
    for node, waits in seen:
        term = terms.term(book, node, day)
        if term is None:
            continue
        if node.path in single and term.is_due:
            own.append(term)
        if any(node.path.startswith(path) and node.path != path for path in below):
            counted[term.state] += 1
            counted["waiting"] += waits is not None
    found = Notice(
        tuple(own), counted["remind"], counted["overdue"] + counted["beyond_extension"], counted["waiting"]
    )
    return found or None


def elections(reader: Member) -> Any:
    """The elections the reader sees, with everything a page or an answer shows of one."""
    return (
        access.visible(reader)
        .select_related("organization", "shift_by")
        .prefetch_related(
            Prefetch("candidates", candidates()),
            "steps__by",
        )
    )


def candidates() -> Any:
    """As the minutes list them: by votes."""
    return ElectionCandidate.objects.select_related("member").order_by("-votes", "id")


def before(election: Election) -> date | None:
    """The day of the election whose term this one ends; None: none is on record."""
    return (
        Election.objects.filter(
            organization=election.organization_id, state=ElectionState.APPROVED, held_on__lt=election.held_on
        )
        .exclude(pk=election.pk)
        .order_by("-held_on")
        .values_list("held_on", flat=True)
        .first()
    )


def full_members(organization: Organization, day: date) -> int | None:
    """Full members of a branch on `day`; None where the register cannot say who elects: above a branch it may be
    delegates."""
    if organization.kind != OrganizationKind.BRANCH:
        return None
    counted: dict[str, int] = (
        Membership.objects.filter(timeline.on(day), branch=organization)
        .annotate(then=timeline.status_on(day, "member__"))
        .aggregate(full=Count("pk", filter=Q(then=MemberStatus.FULL)))
    )
    return counted["full"]


def objections(election: Election, stood: Sequence[ElectionCandidate], book: Book) -> list[Problem]:
    """Everything the rules say of an election, with its members as they were on its day. Two queries."""
    return [
        *timing(election, book),
        *rules.judge(book, told(election, stood, book)),
    ]


def timing(election: Election, book: Book) -> list[Problem]:
    kind = judgement.term_kind(election.organization.kind, election.organization.sector)
    if kind is None:
        return []
    return rules.timing(
        book,
        kind,
        before=before(election),
        held_on=election.held_on,
        approved=election.shift_by_id is not None,
    )


def told(election: Election, stood: Sequence[ElectionCandidate], book: Book) -> rules.Election:
    """The record as the rules judge it."""
    day = election.held_on
    return rules.Election(
        held_on=day,
        committee=election.committee,
        seats=election.seats,
        eligible=election.eligible,
        present=election.present,
        issued=election.issued,
        returned=election.returned,
        valid=election.valid,
        invalid=election.invalid,
        full_members=full_members(election.organization, day),
        candidates=tuple(
            rules.Candidate(
                each.member.name,
                each.votes,
                bool(each.post),
                rules.has_vote(book, status=timeline.status(each.member, day), on=day),
            )
            for each in stood
        ),
    )
