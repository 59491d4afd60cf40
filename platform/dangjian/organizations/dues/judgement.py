"""Months, amounts, and what a member owes by what is known of them. Knows no model; the figures stand in the rules.

A month is a `date`, its first day. Money is a `Decimal` in yuan with two places; what follows from a rate is rounded
half a fen upward (`rules.dues`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from dangjian.rules.book import Book, Rule
from dangjian.rules.dues import BY_BASE, FEN, dues
from dangjian.rules.months import add_months

MONTHS_BACK: Final = 36
MOST: Final = Decimal("99999.99")
NOTHING: Final = Decimal("0.00")
REDUCED: Final = "reduced"
EXEMPT: Final = "exempt"
_MONTH: Final = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])\Z")
_AMOUNT: Final = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?\Z")


@dataclass(frozen=True, slots=True)
class Basis:
    """What a member's dues follow from in a month.

    kind: one of `rules.dues.KINDS`, empty where nobody said. base: the month's income, for kinds that have one. agreed:
    the amount agreed within a span, or what it is reduced to. relief: "", reduced or exempt.
    """

    kind: str = ""
    base: Decimal | None = None
    agreed: Decimal | None = None
    relief: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """amount: None where the kind or the base is missing. rate: of the whole base, where it follows from one."""

    amount: Decimal | None
    rate: Decimal | None = None
    rule: Rule | None = None


def owed(book: Book, basis: Basis, month: date) -> Owed:
    """What is owed for the month.

    Raises:
        NoRule: no rule is known for that month.
    """
    if basis.relief == EXEMPT:
        return Owed(NOTHING)
    if not basis.kind or (basis.kind in BY_BASE and basis.base is None):
        return Owed(basis.agreed) if basis.relief == REDUCED and basis.agreed is not None else Owed(None)
    found = dues(book, basis.kind, on=month, monthly_base=basis.base)
    if basis.relief == REDUCED and basis.agreed is not None:
        return Owed(min(basis.agreed, found.most), None, found.rule)
    amount = found.due
    if amount is None:
        amount = min(max(basis.agreed if basis.agreed is not None else found.least, found.least), found.most)
    return Owed(amount.quantize(FEN), found.rate, found.rule)


def amount_of(text: str) -> Decimal | None:
    """An amount as people type it (12.5, １２．５０, 1,200); None for nothing.

    Raises:
        ValueError: it is no amount with at most two places, or too large.
    """
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace("¥", "").strip()
    if not plain:
        return None
    if not _AMOUNT.match(plain) or Decimal(plain) > MOST:
        raise ValueError(text)
    return Decimal(plain).quantize(FEN)


def month_of(text: str) -> date:
    """The first day of a month written as 2026-11.

    Raises:
        ValueError: it is none.
    """
    found = _MONTH.match(text)
    if not found:
        raise ValueError(text)
    return date(int(found[1]), int(found[2]), 1)


def next_month(month: date) -> date:
    return add_months(month, 1)


def open_months(today: date) -> tuple[date, date]:
    """The first and the last month a sheet may be about."""
    this = today.replace(day=1)
    return add_months(this, -MONTHS_BACK), this


def year_months(year: int, today: date) -> list[date]:
    """The months of the year that have begun and may have a sheet."""
    first, last = open_months(today)
    return [month for number in range(1, 13) if first <= (month := date(year, number, 1)) <= last]


def is_overdue(book: Book, month: date, today: date) -> bool:
    """Whether what is missing of a month is missing longer than the rule allows for making it up."""
    within = book.nearest("dues.arrears", on=month).value
    assert isinstance(within, int)  # noqa: S101  (the unit says so)
    return today > add_months(next_month(month), within)
