"""The feed page, cached and uncached, beside the same view on single-schema Django."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.benchmarks.measure import ROUNDS, Ratio, ratio, spread
from tests.benchmarks.process import python, run

SINGLE_SCHEMA = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.single_schema"}


def rows(environment: Mapping[str, str]) -> list[Ratio]:
    plain_url = _second_database(environment["DATABASE_URL"])
    run({**environment, **SINGLE_SCHEMA, "DATABASE_URL": plain_url}, "tests.benchmarks.prepare")
    with ExitStack() as stack:
        env = {**environment, "VALKEY_URL": "", "DATABASE_POOL": "0"}
        plain = {**env, **SINGLE_SCHEMA, "DATABASE_URL": plain_url}
        sides = [python(stack, "tests.benchmarks.feed_worker", env=own) for own in (env, plain)]
        for side in sides:
            side.read()
        found = []
        for cached in (True, False):
            taken: list[list[dict[str, float]]] = [[], []]
            for _ in range(ROUNDS):
                for kept, side in zip(taken, sides, strict=True):
                    order = {"cached": cached, "requests": 60 if cached else 30}
                    kept.append(side.ask(json.dumps(order)))
            ours, anchor = ([row["cpu"] * 1000 for row in side] for side in taken)
            word = "cached" if cached else "uncached"
            found.append(
                ratio(
                    f"feed page, {word}: CPU ÷ single-schema Django",
                    n=20,
                    ours=ours,
                    anchor=anchor,
                    unit="ms",
                    target=1.15,
                )
            )
            for name, measured in zip(("district", "single schema"), taken, strict=True):
                rate = spread([1 / row["seconds"] for row in measured])
                print(f"feed, {word}, {name}: {rate} requests/s, {measured[0]['statements']:.0f} statements")
        return found


def _second_database(database_url: str) -> str:
    """A second, empty database on the same server: the URL of it."""
    with psycopg.connect(
        database_url.replace("postgres://", "postgresql://", 1), autocommit=True
    ) as connection:
        connection.execute("CREATE DATABASE bench_plain TEMPLATE template0")
    return urlunsplit(urlsplit(database_url)._replace(path="/bench_plain"))
