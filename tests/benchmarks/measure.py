"""What every benchmark needs: CPU time of other processes, medians with their spread, one table."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / "build" / "bench.json"
ROUNDS = 5


class NotMeasured(Exception):
    """Something is missing here; the message says what is needed. A figure is never guessed."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line of the table. `ours` and `anchor` are medians in `unit`; `target` None: printed, not judged.

    Without a `ratio` it was not measured, and `unit` says why.
    """

    name: str
    n: int
    ratio: float | None
    target: float | None
    met: bool | None
    ours: float | None
    anchor: float | None
    unit: str


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of the process so far, ended ones included.

    The kernel's own clock of that process: /proc shows the same sum in steps of 10 ms, as much as a thousand
    deliveries take.
    """
    return time.clock_gettime(~pid << 3 | 2)


def resident_bytes(pid: int) -> int:
    """Memory of the process that is in RAM."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def ratio(
    name: str,
    *,
    n: int,
    ours: Sequence[float],
    anchor: Sequence[float],
    unit: str,
    target: float | None = None,
    at_least: bool = False,
) -> Ratio:
    """The median of the pairs' ratios, so that a machine whose speed drifts changes both sides alike.

    `at_least` turns it round: anchor ÷ ours, to be no smaller than `target`.
    """
    pairs = [(a / o if at_least else o / a) for o, a in zip(ours, anchor, strict=True)]
    value = statistics.median(pairs)
    met = None if target is None else (value >= target if at_least else value <= target)
    return Ratio(name, n, value, target, met, statistics.median(ours), statistics.median(anchor), unit)


def count(name: str, *, n: int, worst: float, target: float, unit: str) -> Ratio:
    """A count that is not to exceed its target: it stands where a ratio would."""
    return Ratio(name, n, worst, target, worst <= target, worst, None, unit)


def not_measured(name: str, *, n: int, target: float | None, why: object) -> Ratio:
    return Ratio(name, n, None, target, None, None, None, f"not measured: {why}")


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3g} ({min(values):.3g}–{max(values):.3g})"


def report(rows: Sequence[Ratio]) -> None:
    """Print the table, name the machine, and keep the same rows as JSON."""
    print(
        f"\n{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release().partition('-')[0]},"
        f" Python {platform.python_version()}, {time.strftime('%F %R')}"
    )
    print(f"{'what':<62}{'n':>6}{'ratio':>9}{'target':>8}  {'met':<5}{'ours':>10}{'anchor':>10}  unit")
    for row in rows:
        met = {None: "–", True: "yes", False: "NO"}[row.met]
        figures = f"{_figure(row.ratio, '.3g'):>9}{_figure(row.target, 'g'):>8}  {met:<5}"
        print(
            f"{row.name:<62}{row.n:>6}{figures}{_figure(row.ours, '.4g'):>10}{_figure(row.anchor, '.4g'):>10}"
            f"  {row.unit}"
        )
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    rows_as_json = json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)
    RESULTS.write_text(rows_as_json, encoding="utf-8")


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
