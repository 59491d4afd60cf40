"""What an officer is told of the accounts, from the figures of a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dangjian.identity import roster
from dangjian.identity.models import AccountsRun

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def run(**fields: Any) -> AccountsRun:
    given = {"began_at": NOW - timedelta(minutes=2), "seen_at": NOW, "began_with": 0, "done": 4000}
    return AccountsRun(**{**given, **fields})


@pytest.mark.parametrize(
    ("done", "last", "expected"),
    [
        (0, None, "waiting"),
        (11_200, None, "whole"),
        (11_200, run(ended_at=NOW), "whole"),
        (4000, run(), "working"),
        (4000, run(seen_at=NOW - roster.SILENT + timedelta(seconds=1)), "working"),
        (4000, run(seen_at=NOW - roster.SILENT), "waiting"),  # killed: the next one goes on
        (11_199, run(ended_at=NOW), "waiting"),  # somebody has come into the roster since
        (11_199, run(ended_at=NOW, taken=["zhaomin"]), "stopped"),
        (4000, run(ended_at=NOW, fault="unreachable"), "stopped"),
    ],
)
def test_the_state_is_told_from_the_roster_and_the_last_run(
    done: int, last: AccountsRun | None, expected: str
) -> None:
    assert roster.state(roster.Progress(done, 11_200), last, NOW) == expected


@pytest.mark.parametrize(
    ("done", "last", "expected"),
    [
        (4000, run(), 4),  # 2,000 a minute, 7,200 to go
        (11_199, run(done=11_199), 1),
        (4000, run(began_with=4000), None),
        (4000, run(began_at=NOW, seen_at=NOW), None),
        (6000, run(began_with=4000, done=6000), 6),  # only what this run gave tells its pace
    ],
)
def test_minutes_left_are_at_the_pace_of_this_run(done: int, last: AccountsRun, expected: int | None) -> None:
    assert roster.minutes_left(roster.Progress(done, 11_200), last) == expected
