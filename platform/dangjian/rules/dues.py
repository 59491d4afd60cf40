"""党费: what a member owes for a month.

The rate of the bracket a base falls in applies to the whole base, not to the part above the bracket below. Amounts
are rounded to the fen, half a fen upward (ROUND_HALF_UP); the sources say nothing of rounding, so that is the rule of
everyday accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, cast

from dangjian.rules.book import Book, Rule
from dangjian.rules.values import Bracket, Span

FEN: Final = Decimal("0.01")
# Those whose dues follow from a base; the others owe a fixed amount or one within a span.
BY_BASE: Final = ("wage", "retired")
KINDS: Final = (*BY_BASE, "farmer", "student", "unemployed", "relief")


@dataclass(frozen=True, slots=True)
class Dues:
    """What is owed for a month, in yuan.

    least, most: the same where the rule leaves no choice (`due`). rate: of the base, 0.005 to 0.02; None where the
    amount does not depend on one.
    """

    least: Decimal
    most: Decimal
    rate: Decimal | None
    rule: Rule

    @property
    def due(self) -> Decimal | None:
        return self.least if self.least == self.most else None


def dues(book: Book, kind: str, *, on: date, monthly_base: Decimal | None = None) -> Dues:
    """What a member of `kind` (one of `KINDS`) owes for the month of `on`.

    monthly_base: the month's wage after tax, or the whole pension, in yuan; not used for kinds without a base.

    Raises:
        ValueError: a kind with a base has none, or a negative one.
        NoRule: no rule is in force on that day.
    """
    rule = book.rule(f"dues.{kind}", on=on)
    value = rule.value
    if isinstance(value, Span):
        return Dues(value.least, value.most, None, rule)
    if isinstance(value, Decimal):
        return Dues(value, value, None, rule)
    if monthly_base is None or monthly_base < 0:
        raise ValueError("a base of 0 or more is needed")
    rate = _rate(cast(tuple[Bracket, ...], value), monthly_base)
    due = (monthly_base * rate).quantize(FEN, ROUND_HALF_UP)
    return Dues(due, due, rate, rule)


def _rate(brackets: tuple[Bracket, ...], base: Decimal) -> Decimal:
    return next(each.rate for each in brackets if each.up_to is None or base <= each.up_to)
