"""Days from Monday to Friday. Public holidays, and the weekends that are worked in exchange for them, are not known:
they are announced each year by the State Council and follow no rule."""

from __future__ import annotations

from datetime import date

_WEEK = 7
_WORKED = 5


def weekdays(first: date, last: date) -> int:
    """How many days from `first` to `last`, both included, are Monday to Friday; 0 where `last` comes first."""
    days = days_in(first, last)
    weeks, rest = divmod(days, _WEEK)
    return weeks * _WORKED + sum((first.weekday() + each) % _WEEK < _WORKED for each in range(rest))


def days_in(first: date, last: date) -> int:
    """How many days of the calendar, both included; 0 where `last` comes first."""
    return max((last - first).days + 1, 0)
