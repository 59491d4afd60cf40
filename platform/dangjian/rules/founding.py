"""支部设置: what a branch of this size should look like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

from dangjian.rules.book import Book
from dangjian.rules.problems import Problem
from dangjian.rules.values import Span


@dataclass(frozen=True, slots=True)
class Composition:
    """A branch as it stands on a day.

    members: full and probationary. committee: members of the branch committee, secretary included; 0: none.
    units: how many units it covers; more than one makes it a joint branch.
    """

    full_members: int
    members: int
    committee: int = 0
    has_secretary: bool = True
    units: int = 1


def remarks(book: Book, branch: Composition, *, on: date) -> list[Problem]:
    """What to look after; nothing here is forbidden, so nothing is stopped by it. In the order of the rules."""

    def number(identity: str) -> int:
        return cast(int, book.nearest(identity, on=on).value)

    found: list[Problem] = []

    def remark(code: str, identity: str, **values: object) -> None:
        found.append(Problem(code, book.nearest(identity, on=on), values))

    least, most = number("founding.full_members"), number("founding.size")
    if branch.full_members < least and branch.units == 1:
        remark("below_founding", "founding.full_members", given=branch.full_members, needed=least)
    if branch.members > most:
        remark("above_size", "founding.size", given=branch.members, most=most)
    if branch.units > number("founding.joint_units"):
        remark("joint_units", "founding.joint_units", given=branch.units, most=number("founding.joint_units"))
    due, size = (
        number("founding.committee_due"),
        cast(Span, book.nearest("founding.committee_size", on=on).value),
    )
    limit = number("founding.committee_most")
    if branch.full_members >= due and not branch.committee:
        remark("committee_due", "founding.committee_due", given=branch.full_members, needed=due)
    without = cast(Span, book.nearest("founding.without_committee", on=on).value)
    if branch.full_members < due and branch.committee > without.most:
        remark("committee_not_due", "founding.without_committee", needed=due)
    elif branch.full_members >= due and branch.committee and not size.least <= branch.committee <= limit:
        remark(
            "committee_size", "founding.committee_size",
            given=branch.committee, least=size.least, most=size.most, limit=limit,
        )  # fmt: skip
    if not branch.has_secretary:
        remark("no_secretary", "founding.without_committee")
    return found


@dataclass(frozen=True, slots=True)
class GroupComposition:
    """A Party group as it stands on a day. members: full and probationary."""

    name: str
    full_members: int
    members: int
    has_leader: bool


def group_remarks(book: Book, group: GroupComposition, *, on: date) -> list[Problem]:
    """What to look after in a group; nothing is stopped by it."""
    size, leader = book.nearest("founding.group_members", on=on), book.nearest("founding.group_leader", on=on)
    least, told = cast(int, size.value), {"group": group.name}
    found = []
    if not group.has_leader:
        found.append(Problem("group_without_leader", leader, told))
    if group.members < least:
        found.append(Problem("group_too_small", size, told | {"given": group.members, "needed": least}))
    elif not group.full_members:
        found.append(Problem("group_without_full", size, told))
    return found
