"""What Keycloak costs a request: a signed-in page beside local sessions, a bearer beside PyJWT's bare verify."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from tests.benchmarks.measure import ROUNDS, Ratio, ratio
from tests.benchmarks.process import python

REQUESTS, CHECKS = 60, 1000


def rows(environment: Mapping[str, str]) -> list[Ratio]:
    own = {**environment, "VALKEY_URL": "", "DATABASE_POOL": "0", "KEYCLOAK_SECRET_BENCH": "of a benchmark"}
    with ExitStack() as stack:
        worker = python(stack, "tests.benchmarks.identity_worker", env=own)
        worker.read()
        taken: dict[str, list[float]] = {
            order: [] for order in ("page keycloak", "page local", "bearer ours", "bearer pyjwt")
        }
        for number in range(2 * ROUNDS):
            # Turn about: what the first leaves behind (memory to be collected, a warm cache) is the second's to bear.
            for order in sorted(taken, reverse=bool(number % 2)):
                count = REQUESTS if order.startswith("page") else CHECKS
                taken[order].append(worker.ask(f"{order} {count}"))
    return [
        ratio(
            "signed-in page: CPU with Keycloak sessions ÷ local sessions",
            n=REQUESTS,
            ours=[seconds * 1000 for seconds in taken["page keycloak"]],
            anchor=[seconds * 1000 for seconds in taken["page local"]],
            unit="ms",
            target=1.05,
        ),
        ratio(
            "bearer check, keys cached: CPU ÷ PyJWT's bare verify",
            n=CHECKS,
            ours=[seconds * 1_000_000 for seconds in taken["bearer ours"]],
            anchor=[seconds * 1_000_000 for seconds in taken["bearer pyjwt"]],
            unit="µs",
        ),
    ]
