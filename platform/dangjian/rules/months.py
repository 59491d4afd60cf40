"""Arithmetic of months, as the Civil Code counts periods (article 202).

A period of months or years ends on the day of the last month that has the same number; where that month has no such
day, on its last. So a month from 31 January ends on 28 or 29 February, a year from 29 February on 28 February. The
last day belongs to the period: what must be done within a month may be done on it, and what needs a whole year may be
done on it.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date

MONTHS_A_YEAR = 12


def add_months(day: date, months: int) -> date:
    """The day `months` later (negative: earlier); the first or last day a `date` can name where there is none."""
    number = day.year * MONTHS_A_YEAR + day.month - 1 + months
    year, month = divmod(number, MONTHS_A_YEAR)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_years(day: date, years: int) -> date:
    return add_months(day, years * MONTHS_A_YEAR)
