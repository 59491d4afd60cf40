"""Live delivery while processes are replaced under it, and beside readers that do not read."""

from __future__ import annotations

import json
import math
import struct
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import NotMeasured, Ratio, count, resident_bytes
from tests.benchmarks.process import Process, free_port
from tests.benchmarks.sides import Product, Several, Told

RESTARTS = 3
EVENTS_A_SECOND = 10
RECONNECT_SECONDS = 15
PATIENCE_SECONDS = 180

DEAF = 50
BESIDE = 50  # who read
EVENTS = 300_000
EVENTS_A_TRANSACTION = 100
TRANSACTIONS_A_SECOND = 20
CLOSE_SECONDS = 8  # less than the server waits for the answer to its close frame
GROWTH_MB = 16


def rolling(environment: Mapping[str, str], folder: Path, cookies: Path, *, size: int) -> list[Ratio]:
    """Two processes replaced one after the other, while events are told and everybody comes back by himself."""
    lost = doubled = missing = 0
    p95: list[float] = []
    with ExitStack() as stack:
        ours = Several(stack, environment, cookies, processes=2)
        reader = _opened(stack, ours, size)
        reader.ask("roam")
        for _ in range(RESTARTS):
            away: list[float] = []
            with _talking(ours) as told:
                for place in range(len(ours)):
                    ours.replace(place)
                    # Some of those who were sent away wait for the process just started: all are back once it serves.
                    _settle(reader, told[-1], folder / "away", away)
            seen = _settle(reader, told[-1], folder / "away", away)
            lost += seen["lost"] + seen["unrecovered"]
            doubled += seen["doubled"]
            missing += size - seen["open"]
            if len(away) < size:
                raise NotMeasured(f"{len(away)} reconnects of {size} sockets: not everybody was sent away")
            away.sort()
            p95.append(away[math.ceil(len(away) * 0.95) - 1])
            print(
                f"rolling restart, {size} sockets: {len(away)} reconnects, p50 {away[len(away) // 2]:.1f} s,"
                f" p95 {p95[-1]:.1f} s, longest {away[-1]:.1f} s; {len(told) - 1} events meanwhile"
            )
    return [
        count("rolling restart: events lost", n=size, worst=lost, target=0, unit="events"),
        count("rolling restart: events doubled", n=size, worst=doubled, target=0, unit="events"),
        count("rolling restart: not back", n=size, worst=missing, target=0, unit="sockets"),
        count("rolling restart: p95 reconnect", n=size, worst=max(p95), target=RECONNECT_SECONDS, unit="s"),
    ]


@contextmanager
def _talking(side: Told) -> Iterator[list[int]]:
    """Events are told all the time; their numbers so far, after the one before."""
    told = [side.head()]
    enough = threading.Event()

    def talk() -> None:
        while not enough.is_set():
            side.publish(EVENTS_A_SECOND, 1 / EVENTS_A_SECOND)
            told.extend(range(told[-1] + 1, told[-1] + 1 + EVENTS_A_SECOND))

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield told
    finally:
        enough.set()
        thread.join()


def _opened(stack: ExitStack, side: Product | Several, size: int) -> Process:
    reader = side.reader(stack, size)
    opened = reader.ask(f"open {120 + size // 20}")
    if opened["open"] != size:
        raise NotMeasured(f"{opened['open']} of {size} sockets opened: {opened}")
    return reader


def _settle(reader: Process, seq: int, file: Path, away: list[float]) -> dict[str, Any]:
    """Wait until all are back and have that event; `away` is given how long each was gone, in seconds."""
    seen: dict[str, Any] = reader.ask(f"settle {seq} {PATIENCE_SECONDS} {file}")
    away += [seconds for (seconds,) in struct.iter_unpack("=d", file.read_bytes())]
    return seen


def deaf(environment: Mapping[str, str], cookies: Path) -> list[Ratio]:
    """Fifty sockets that never read, and come again as soon as they are closed, beside fifty that do read."""
    metrics = free_port()
    growth, closed, told_so, left = 0.0, 0, 0, EVENTS // EVENTS_A_TRANSACTION
    with ExitStack() as stack:
        ours = Product(stack, {**environment, "METRICS_PORT": str(metrics)}, cookies)
        beside, silent = _opened(stack, ours, BESIDE), ours.reader(stack, DEAF)
        _tell(ours, TRANSACTIONS_A_SECOND)  # fills the ring, which is not growth
        begun = ours.head()
        whole = beside.ask(f"count {begun} 60 -")
        before = resident_bytes(ours.pid)
        silent.ask("open 60")
        silent.ask("deaf")
        while left:
            some = min(left, TRANSACTIONS_A_SECOND)
            _tell(ours, some)
            left -= some
            growth = max(growth, (resident_bytes(ours.pid) - before) / 1e6)
            if _too_slow(metrics) == closed + DEAF or not left:
                heard = silent.ask(f"hear {CLOSE_SECONDS}")
                closed = _too_slow(metrics)
                told_so += heard["slow"]
                if left:
                    silent.ask("open 60")
                    silent.ask("deaf")
        seen = beside.ask(f"count {ours.head()} 120 -")
    print(
        f"{DEAF} deaf readers, {EVENTS} events: closed {closed} times, told so {told_so} times;"
        f" the process grew by {growth:.1f} MB at most; {BESIDE} beside them got {seen['frames']} frames"
    )
    if not closed:
        raise NotMeasured("nobody was closed: the kernel held all that was sent")
    missed = (
        BESIDE * EVENTS - seen["frames"] + seen["lost"] + seen["doubled"] + whole["closed"] + seen["closed"]
    )
    return [
        count("deaf readers: growth of the process", n=DEAF, worst=growth, target=GROWTH_MB, unit="MB"),
        count("deaf readers: closed without 4408", n=DEAF, worst=closed - told_so, target=0, unit="sockets"),
        count("deaf readers: missed by those beside them", n=BESIDE, worst=missed, target=0, unit="events"),
    ]


def _tell(side: Product, transactions: int) -> None:
    order = {
        "do": "say",
        "events": transactions,
        "gap": 1 / TRANSACTIONS_A_SECOND,
        "of": EVENTS_A_TRANSACTION,
    }
    side.publisher.ask(json.dumps(order))


def _too_slow(port: int) -> int:
    """How many sockets the process has closed as too slow."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("dangjian_live_too_slow_total "):
                return int(float(line.partition(" ")[2]))
    raise RuntimeError("the process tells no dangjian_live_too_slow_total")
