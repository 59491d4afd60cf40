"""选举: whether enough are present, whether there are enough candidates, who has a vote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil
from typing import cast

from dangjian.rules.book import Book, Rule


@dataclass(frozen=True, slots=True)
class Threshold:
    """Whether a count reaches what is asked. needed: the smallest whole number that does."""

    met: bool
    needed: int
    rule: Rule


def quorum(book: Book, *, eligible: int, present: int, on: date) -> Threshold:
    """到会: of `eligible` people with a vote, `present` have come to the election. Nobody eligible is no quorum."""
    rule = book.nearest("election.quorum", on=on)
    needed = max(1, ceil(cast(Fraction, rule.value) * eligible))
    return Threshold(present >= needed, needed, rule)


def margin(book: Book, *, seats: int, candidates: int, on: date) -> Threshold:
    """差额: `candidates` stand for `seats` of a committee. Part of a person counts as one."""
    rule = book.nearest("election.margin", on=on)
    needed = seats + ceil(cast(Fraction, rule.value) * seats)
    return Threshold(candidates >= needed, needed, rule)


def has_vote(book: Book, *, status: str, on: date) -> bool:
    """表决权: whether a member of this standing votes and may be elected.

    status: ``full``, ``probationary``, ``disciplinary_probation`` (留党察看).
    """
    return status not in cast(tuple[str, ...], book.nearest("election.no_vote", on=on).value)
