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

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line of the table. `ours` and `anchor` are medians in `unit`; `target` None: printed, not judged."""

    name: str
    n: int
    ratio: float
    target: float | None
    met: bool | None
    ours: float
    anchor: float
    unit: str


def cpu_seconds(pid: int) -> float:
    """User and system time that the process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


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


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3g} ({min(values):.3g}–{max(values):.3g})"


def report(rows: Sequence[Ratio], target_file: Path) -> None:
    """Print the table, name the machine, and keep the same rows as JSON."""
    print(
        f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {time.strftime('%F %R')}"
    )
    print(f"{'what':<58}{'n':>7}{'ratio':>9}{'target':>9}  {'met':<5}{'ours':>11}{'anchor':>11}  unit")
    for row in rows:
        target = "" if row.target is None else f"{row.target:g}"
        met = {None: "", True: "yes", False: "NO"}[row.met]
        print(
            f"{row.name:<58}{row.n:>7}{row.ratio:>9.2f}{target:>9}  {met:<5}"
            f"{row.ours:>11.4g}{row.anchor:>11.4g}  {row.unit}"
        )
    target_file.parent.mkdir(parents=True, exist_ok=True)
    target_file.write_text(
        json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False), encoding="utf-8"
    )
