"""What may be done to a transfer, by which side, and how long it may take. Knows no model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dangjian.rules.book import Book, Rule
from dangjian.rules.months import add_months

PROPOSED: Final = "proposed"
ACCEPTED: Final = "accepted"
RETURNED: Final = "returned"
WITHDRAWN: Final = "withdrawn"
LEAVING: Final = "leaving"
RECEIVING: Final = "receiving"

WAITING: Final = "waiting"
LATE: Final = "late"
LAPSED: Final = "lapsed"
SETTLED: Final = "settled"


@dataclass(frozen=True, slots=True)
class Act:
    """A transition: from a state to a state, done by one leg."""

    leg: str
    before: str | None
    after: str
    needs_reason: bool


ACTS: Final = {
    "propose": Act(LEAVING, None, PROPOSED, True),
    "accept": Act(RECEIVING, PROPOSED, ACCEPTED, False),
    "return": Act(RECEIVING, PROPOSED, RETURNED, True),
    "withdraw": Act(LEAVING, PROPOSED, WITHDRAWN, True),
}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The last days: of the receiving side's answer, and on which the letter is good. rules: where they come from."""

    answer_by: date
    valid_until: date
    rules: tuple[Rule, Rule]


def deadlines(book: Book, proposed_on: date) -> Deadlines:
    """Counted from the day of the letter, by the rules of that day.

    Raises:
        NoRule: none is known.
    """
    answer = book.nearest("transfer.answer", on=proposed_on)
    letter = book.nearest("transfer.letter", on=proposed_on)
    days, months = answer.value, letter.value
    assert isinstance(days, int) and isinstance(months, int)  # noqa: S101, PT018  (the units say so)
    return Deadlines(proposed_on + timedelta(days=days), add_months(proposed_on, months), (answer, letter))


def clock(state: str, *, answer_by: date, valid_until: date, today: date) -> str:
    """How a transfer stands with its days; the last day itself is still in time."""
    if state != PROPOSED:
        return SETTLED
    if today > valid_until:
        return LAPSED
    return LATE if today > answer_by else WAITING
