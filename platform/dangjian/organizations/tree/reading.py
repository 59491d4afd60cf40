"""The tree of a day as an outline: who is where, who leads it, what the rules would have looked after."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from dangjian.organizations import access, timeline
from dangjian.organizations.elections import terms
from dangjian.organizations.groups.queries import Part, parts
from dangjian.organizations.models import (
    Member,
    Membership,
    MemberStatus,
    OfficeKind,
    OrganizationKind,
    Post,
)
from dangjian.organizations.timeline import Node
from dangjian.rules import founding
from dangjian.rules.book import Book
from dangjian.rules.founding import group_remarks
from dangjian.rules.problems import Problem

# Those whose holders make a committee; a secretary and a deputy alone are none.
_OF_COMMITTEE: Final = frozenset(Post) - {Post.SECRETARY, Post.DEPUTY_SECRETARY}

WARNINGS: Final = {
    "below_founding": _("正式党员太少"),
    "above_size": _("人数太多"),
    "joint_units": _("联合单位太多"),
    "committee_due": _("应设支委会"),
    "committee_size": _("支委会人数"),
    "committee_not_due": _("一般不设支委会"),
    "no_secretary": _("没有书记"),
    "group_without_leader": _("党小组缺组长"),
    "group_too_small": _("党小组人太少"),
    "group_without_full": _("党小组缺正式党员"),
    "term_running_out": _("快要届满"),
    "term_overdue": _("已经届满"),
}


@dataclass(slots=True)
class Entry:
    """An organisation in the outline.

    members: in it and everything below it; full, probationary: its own alone. groups: what a branch is divided into.
    warned: how many organisations in it and below it have something in `problems`.
    """

    node: Node
    above: tuple[Node, ...]
    members: int
    full: int
    probationary: int
    secretary: str
    problems: tuple[Problem, ...]
    groups: Sequence[Part] = ()
    warned: int = 0
    below: list[Entry] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return str(OrganizationKind(self.node.kind).label)

    @property
    def warnings(self) -> list[str]:
        return [str(WARNINGS[problem.code]) for problem in self.problems]

    @property
    def opens(self) -> bool:
        """Whether the outline shows what is below it at once: the top, so that the first screen is an overview."""
        return not self.above


@dataclass(frozen=True, slots=True)
class Outline:
    """roots: the highest organisations of the reader's care; each has those below it."""

    day: date
    roots: tuple[Entry, ...]
    entries: dict[int, Entry]

    def with_warning(self, code: str = "") -> Iterator[Entry]:
        """Those the rules have something to say of (of that kind alone, if one is named), in the tree's order."""
        for entry in self.entries.values():
            if any(not code or problem.code == code for problem in entry.problems):
                yield entry

    def warned(self) -> Counter[str]:
        """How many organisations each warning is about; under "" how many have any."""
        found: Counter[str] = Counter()
        for entry in self.entries.values():
            found.update({problem.code for problem in entry.problems})
            found[""] += bool(entry.problems)
        return found


def outline(officer: Member, *, day: date, book: Book) -> Outline:
    """What was below the officer's care on `day`, by today's rights. Three queries and the officer's standing."""
    covered = access.standing(officer).paths_of(OfficeKind.OFFICER)
    found = [
        (node, [Part(**part) for part in told])
        for node, told in timeline.nodes(day, groups=parts(day))
        if covered and node.path.startswith(covered)
    ]
    tree = timeline.Tree({node.id: node for node, _groups in found})
    groups = {node.id: told for node, told in found}
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    rows = (
        Membership.objects.filter(timeline.on(day))
        .annotate(status_then=timeline.status_on(day, "member__"))
        .values_list("branch", "status_then")
        .annotate(Count("id"))
        .order_by()
    )
    for branch, status, number in rows:
        counts[branch][status] += number
    held: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for organization, post, name in timeline.posts(day).values_list("organization", "post", "member__name"):
        held[organization].append((post, name))
    sums = tree.rolled_up({pk: counted.total() for pk, counted in counts.items()})

    entries: dict[int, Entry] = {}
    roots: list[Entry] = []
    for node, _depth in tree.walk():
        above = entries.get(node.parent) if node.parent is not None else None
        own = counts[node.id]
        entry = Entry(
            node,
            (*above.above, above.node) if above else (),
            sums[node.id],
            own[MemberStatus.FULL],
            own[MemberStatus.PROBATIONARY],
            next((name for post, name in held[node.id] if post == Post.SECRETARY), ""),
            (
                *_remarks(book, node, own, held[node.id], day),
                *(each for part in groups[node.id] for each in group_remarks(book, part.composition, on=day)),
                *terms.remarks(book, node, day),
            ),
            groups[node.id],
        )
        entries[node.id] = entry
        (above.below if above else roots).append(entry)
    for entry in reversed(entries.values()):
        entry.warned = bool(entry.problems) + sum(child.warned for child in entry.below)
    return Outline(day, tuple(roots), entries)


def _remarks(
    book: Book, node: Node, own: Counter[str], held: list[tuple[str, str]], day: date
) -> list[Problem]:
    if node.kind != OrganizationKind.BRANCH:
        return []
    holders = {name for _post, name in held}
    composition = founding.Composition(
        full_members=own[MemberStatus.FULL],
        members=own.total(),
        committee=len(holders) if any(post in _OF_COMMITTEE for post, _name in held) else 0,
        has_secretary=any(post == Post.SECRETARY for post, _name in held),
        units=max(1, len(node.units.splitlines())),
    )
    return founding.remarks(book, composition, on=day)
