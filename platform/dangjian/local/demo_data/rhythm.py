"""When things happen: the working day, week and year of people in China. All times are Asia/Shanghai."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
WAKES, SLEEPS = 6 * 60 + 20, 22 * 60 + 40  # minutes of the day

# Weight of each hour of the day from 6 to 22, for what is posted at work, after work, and on free days.
_OFFICE = (0.2, 0.8, 3, 9, 10, 6, 1.5, 1, 3, 8, 9, 6, 2.5, 1.5, 1.2, 0.8, 0.3)
_EVENING = (2.5, 5, 3, 1.5, 1.5, 2, 3.5, 2, 1.2, 1.2, 2, 4, 7, 9, 9, 6, 2)
_FREE = (1.5, 2.5, 4, 6, 6.5, 5, 3, 2, 3, 5, 6, 5, 4, 4, 3.5, 2.5, 1)

# Days off that follow the moon; the others are the same every year.
_MOVING_SPRING = (
    "2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 2029-02-13 2030-02-03 2031-01-23 2032-02-11"
)
_MOVING_OTHERS = """
2024-06-10 2025-05-31 2026-06-19 2027-06-09 2028-05-28 2029-06-16 2030-06-05
2024-09-17 2025-10-06 2026-09-25 2027-09-15 2028-10-03 2029-09-22 2030-09-12
"""
_MOVING = frozenset(
    {date.fromisoformat(day) for day in _MOVING_OTHERS.split()}
    | {
        date.fromisoformat(day) + timedelta(days=offset)
        for day in _MOVING_SPRING.split()
        for offset in range(-1, 7)
    }
)


@cache
def is_day_off(day: date) -> bool:
    """Whether it is a weekend or a public holiday."""
    fixed = (
        (day.month, day.day) in {(1, 1), (4, 4), (4, 5), (4, 6)}
        or (day.month == 5 and day.day <= 5)
        or (day.month == 10 and day.day <= 7)
    )
    return day.weekday() >= 5 or fixed or day in _MOVING


def working_day(day: date) -> date:
    """`day`, or the first working day before it."""
    while is_day_off(day):
        day -= timedelta(days=1)
    return day


def moment_of(rng: Random, day: date, *, at_work: bool) -> datetime:
    """A time on that day at which such a thing is posted, with seconds."""
    weights = _FREE if is_day_off(day) else _OFFICE if at_work else _EVENING
    hour = rng.choices(range(6, 23), weights)[0]
    minute = rng.randrange(20, 60) if hour == 6 else rng.randrange(0, 40 if hour == 22 else 60)
    return datetime.combine(day, time(hour, minute, rng.randrange(60)), SHANGHAI)


def awake_before(moment: datetime, minutes: float) -> datetime:
    """The time so many waking minutes before `moment`: nights do not count."""
    day = moment.date()
    left = min(SLEEPS, moment.hour * 60 + moment.minute) - WAKES
    while left < minutes:
        minutes -= max(0, left)
        left = SLEEPS - WAKES
        day -= timedelta(days=1)
    seconds = round((WAKES + left - minutes) * 60)
    return datetime.combine(day, time(0), SHANGHAI) + timedelta(seconds=seconds)


def awake(moment: datetime, rng: Random) -> datetime:
    """`moment`, or if people sleep then, a time in the morning after."""
    minute = moment.hour * 60 + moment.minute
    if WAKES <= minute <= SLEEPS:
        return moment
    day = moment.date() + timedelta(days=minute > SLEEPS)
    late = min(300.0, rng.gammavariate(2.2, 45))
    return datetime.combine(day, time(0), SHANGHAI) + timedelta(
        minutes=WAKES + late, seconds=rng.randrange(60)
    )
