"""任期与换届: when a committee's term ends, and what may be done when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from dangjian.rules.book import Book, Rule
from dangjian.rules.months import add_months, add_years
from dangjian.rules.problems import Problem

# organisation kind: (rule, kind of organisation within the rule)
KINDS: Final = {
    "village_branch": ("term.branch", "village"),
    "community_branch": ("term.branch", "community"),
    "branch": ("term.branch", None),
    "village_general_branch": ("term.general_branch", "village"),
    "community_general_branch": ("term.general_branch", "community"),
    "general_branch": ("term.general_branch", None),
    "committee": ("term.committee", None),
}
DUE: Final = ("remind", "overdue", "beyond_extension")
STATES: Final = ("not_begun", "running", "remind", "overdue", "beyond_extension")


@dataclass(frozen=True, slots=True)
class TermClock:
    """The dates of one term.

    ends_on: the last day, the anniversary of the election (see `months`). remind_from: from when the superior reminds.
    earliest, latest: the election may lie between them with the superior's approval.
    state: not_begun, before the election; running; remind, from `remind_from` to the last day; overdue, from the day
    after, when only an approved delay is in order; beyond_extension, after `latest`.
    rule, remind, shift: the rules behind the length, the reminder, the approval.
    """

    ends_on: date
    remind_from: date
    earliest: date
    latest: date
    state: str
    rule: Rule
    remind: Rule
    shift: Rule


def term_clock(book: Book, kind: str, *, elected_on: date, today: date) -> TermClock:
    """The term that began with an election, seen from `today`. kind: a key of `KINDS`.

    A term has the length that was the rule when it began: a changed rule holds from the next election on. Reminder
    and approval follow the rules of today. A day before the pack's first version is measured by the first.
    """
    identity, of_kind = KINDS[kind]
    rule = book.nearest(identity, on=elected_on, kind=of_kind)
    remind = book.nearest("term.remind", on=today)
    shift = book.nearest("term.shift", on=today)
    ends_on = add_years(elected_on, cast(int, rule.value))
    remind_from = max(elected_on, add_months(ends_on, -cast(int, remind.value)))
    earliest = max(elected_on, add_months(ends_on, -cast(int, shift.value)))
    latest = add_months(ends_on, cast(int, shift.value))
    state = _state(today, elected_on, remind_from, ends_on, latest)
    return TermClock(ends_on, remind_from, earliest, latest, state, rule, remind, shift)


def remarks(book: Book, kind: str, *, elected_on: date, on: date) -> list[Problem]:
    """That a term runs out within the reminder, or has run out; nothing while there is time."""
    clock = term_clock(book, kind, elected_on=elected_on, today=on)
    if clock.state not in DUE:
        return []
    code, rule = (
        ("term_running_out", clock.remind) if clock.state == "remind" else ("term_overdue", clock.rule)
    )
    return [Problem(code, rule, {"before": elected_on, "ends_on": clock.ends_on})]


def _state(today: date, elected_on: date, remind_from: date, ends_on: date, latest: date) -> str:
    if today < elected_on:
        return "not_begun"
    if today < remind_from:
        return "running"
    if today <= ends_on:
        return "remind"
    return "overdue" if today <= latest else "beyond_extension"
