"""The register: a roster from file to rows beside a plain COPY, and counting as of a day beside counting today."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from tests.benchmarks.measure import ROUNDS, Ratio, ratio
from tests.benchmarks.process import python

PEOPLE, COUNTS = 3000, 40


def rows(environment: Mapping[str, str]) -> list[Ratio]:
    with ExitStack() as stack:
        worker = python(
            stack,
            "tests.benchmarks.register_worker",
            env={**environment, "VALKEY_URL": "", "DATABASE_POOL": "0"},
        )
        worker.read()
        taken: dict[str, list[float]] = {order: [] for order in ("import", "copy", "as_of", "now")}
        for _ in range(ROUNDS):
            for order in ("import", "copy"):
                taken[order].append(worker.ask(f"{order} {PEOPLE}") * 1000)
            for order in ("as_of", "now"):
                taken[order].append(worker.ask(f"{order} {COUNTS}") * 1000)
    return [
        ratio(
            "roster, from file to rows ÷ plain COPY of the same rows",
            n=PEOPLE,
            ours=taken["import"],
            anchor=taken["copy"],
            unit="ms",
            target=25,
        ),
        ratio(
            "members counted as of two years ago ÷ counted today",
            n=COUNTS,
            ours=taken["as_of"],
            anchor=taken["now"],
            unit="ms",
            target=1.5,
        ),
    ]
