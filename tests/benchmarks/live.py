"""Live delivery at a district's size: ratios 1 to 8 of the product's quality table.

Server CPU alone is counted; load generators, writers, PostgreSQL and the broker are processes of their own. All sides
hold their sockets at the same time and speak in turn.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks import faults, parts, sides
from tests.benchmarks.measure import (
    ROUNDS,
    NotMeasured,
    Ratio,
    count,
    cpu_seconds,
    not_measured,
    ratio,
    resident_bytes,
    spread,
)
from tests.benchmarks.process import Process, open_files
from tests.benchmarks.sides import Bare, Nchan, Product, Side, Tutorial

LARGEST = 9500
ROLLING = 5000
TUTORIAL_SIZES = (1000, 5000)
IDLE_SECONDS = 20  # stock Daphne pings every 20 s
MISSED_EVENTS = 20  # what a reconnect storm has to be told
LIKES = 1000
LIKERS_WATCHERS = 200

# µs of CPU a delivery, measured with these very sources on two quiet cores (`docs/reference/benchmarks.md`).
RECORDED_C = {1000: 5.4, 9500: 7.5}
# A peer that is further from C than this was not at its best, and what stands beside it means nothing.
FURTHEST_FROM_C = {"Node ws": 1.36, "Bun": 1.3, "nginx + nchan": 1.6}
NOISE = 1.1


@dataclass(slots=True)
class Taken:
    """What the rounds of one side gave."""

    side: Side
    reader: Process
    sockets: int
    cpu: list[float] = field(default_factory=list)  # µs a delivery
    p50: list[float] = field(default_factory=list)  # ms from commit (or order) to the reader
    p99: list[float] = field(default_factory=list)
    writing: list[float] = field(default_factory=list)  # ms a transaction
    broken: list[dict[str, Any]] = field(default_factory=list)


def rows(environment: Mapping[str, str]) -> list[Ratio]:
    """All rows. Sizes are cut to what a process may hold open here."""
    size = int(os.environ.get("BENCH_SOCKETS", min(LARGEST, open_files() - 200)))
    try:
        parts.compiled(parts.HERE / "reader.c")
        parts.compiled(parts.PEERS / "sender.c")
    except NotMeasured as why:
        return [not_measured("live delivery: every row", n=size, target=None, why=why)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dj-bench-")))
        cookies = folder / "cookies"
        sides.sign_in(environment, size, cookies)
        bench = Bench(environment, folder, cookies)
        groups: dict[str, Callable[[], list[Ratio]]] = {
            "fan-out": lambda: bench.fan_out(sorted({min(1000, size), size})),
            "tutorial": lambda: bench.tutorial([n for n in TUTORIAL_SIZES if n <= size]),
            "held": lambda: bench.held(size),
            "likes": bench.likes,
            "rolling": lambda: faults.rolling(environment, folder, cookies, size=min(ROLLING, size)),
            "deaf": lambda: faults.deaf(environment, cookies),
        }
        found: list[Ratio] = []
        for name in os.environ.get("BENCH_ROWS", ",".join(groups)).split(","):
            try:
                found += groups[name]()
            except NotMeasured as why:
                found.append(not_measured(f"live delivery: {name}", n=size, target=None, why=why))
        return found


@dataclass(frozen=True, slots=True)
class Bench:
    environment: Mapping[str, str]
    folder: Path
    cookies: Path

    # --- ratios 1, 2 and 4

    def fan_out(self, sizes: Sequence[int]) -> list[Ratio]:
        """CPU a delivery and time to arrive, beside C and the fastest servers there are."""
        found: list[Ratio] = []
        with ExitStack() as stack:
            ours = Product(stack, self.environment, self.cookies)
            anchor = sides.sender(stack, ours.sample)
            others, missing = _others(stack, ours.sample)
            for size in sizes:
                with ExitStack() as open_:
                    taken = [_opened(open_, side, size) for side in (ours, anchor, *others)]
                    self._rounds(taken, events=max(10, 40_000 // size))
                found += _fan_out_rows(size, taken, missing)
        return found

    # --- ratio 3

    def tutorial(self, sizes: Sequence[int]) -> list[Ratio]:
        """The same beside the Channels tutorial's design, whose sockets may not survive it."""
        found = []
        for size in sizes:
            with ExitStack() as stack:
                ours = Product(stack, self.environment, self.cookies)
                anchor = Tutorial(stack, self.environment, ours.sample)
                taken = [_opened(stack, side, size) for side in (ours, anchor)]
                self._rounds(taken, events=max(4, 20_000 // size))
                _tell(size, taken)
                found.append(
                    ratio(
                        "Channels tutorial ÷ ours: CPU a delivery",
                        n=size,
                        ours=taken[0].cpu,
                        anchor=taken[1].cpu,
                        unit="µs",
                        target=20 if size < 5000 else 50,
                        at_least=True,
                    )
                )
        return found

    def _rounds(self, taken: Sequence[Taken], *, events: int) -> None:
        for _ in range(ROUNDS):
            for one in taken:
                self._round(one, events)

    def _round(self, one: Taken, events: int) -> None:
        """Each event once all have the last, and no sooner than a fast server needs.

        A server that is behind sends several at once, which is less work: that would not be the same for all.
        """
        gap = max(0.05, one.sockets * 20e-6)
        file = self.folder / "arrivals"
        head = one.side.head()
        delivered = 0
        took: list[float] = []
        before = cpu_seconds(one.side.pid)
        for seq in range(head + 1, head + 1 + events):
            next_at = time.monotonic() + gap
            one.reader.write(f"count {seq} 60 {file}")
            (said,) = one.side.publish(1, 0)
            seen = one.reader.read()
            delivered += seen["frames"]
            took += [(at - said) / 1e6 for _, _, at in struct.iter_unpack("=IIQ", file.read_bytes())]
            if seen["lost"] or seen["doubled"] or seen["closed"] or seen["frames"] != seen["open"]:
                one.broken.append(seen)
            if not seen["frames"]:
                raise NotMeasured(f"{one.side.name} delivered nothing: {seen}")
            one.writing += [seconds * 1000 for seconds in getattr(one.side, "writing", [])]
            time.sleep(max(0.0, next_at - time.monotonic()))
        one.cpu.append((cpu_seconds(one.side.pid) - before) / delivered * 1e6)
        took.sort()
        one.p50.append(took[len(took) // 2])
        one.p99.append(took[math.ceil(len(took) * 0.99) - 1])

    # --- ratios 5, 6 and 7

    def held(self, size: int) -> list[Ratio]:
        """What sockets cost that hear nothing, and all of them coming back at once."""
        with ExitStack() as stack:
            ours, bare = Product(stack, self.environment, self.cookies), Bare(stack)
            both = [(side, side.reader(stack, size)) for side in (ours, bare)]
            memory = []
            for side, reader in both:
                with ExitStack() as warm:
                    small = side.reader(warm, 100)
                    small.ask("open 60")
                    small.ask("drop")
                _await_quiet(side.pid)
                before, used = resident_bytes(side.pid), cpu_seconds(side.pid)
                opened = reader.ask(f"open {120 + size // 20}")
                used = cpu_seconds(side.pid) - used
                if opened["open"] != size:
                    raise NotMeasured(f"{side.name} opened {opened['open']} of {size} sockets: {opened}")
                print(
                    f"{side.name}: {size} sockets opened in {opened['seconds']:.1f} s,"
                    f" {used / size * 1e6:.0f} µs of CPU each"
                )
                _await_quiet(side.pid)
                memory.append((resident_bytes(side.pid) - before) / size / 1024)
            idle = self._idle([side for side, _ in both])
            found = [
                ratio(
                    "memory of a joined socket ÷ a bare Daphne socket",
                    n=size,
                    ours=memory[:1],
                    anchor=memory[1:],
                    unit="KB",
                    target=1.15,
                ),
                ratio(
                    "idle: CPU ÷ stock Daphne",
                    n=size,
                    ours=idle[0],
                    anchor=idle[1],
                    unit="ms/s",
                    target=0.5,
                ),
            ]
            return found + self._storm(ours, both, size)

    def _idle(self, servers: Sequence[Side]) -> list[list[float]]:
        """Milliseconds of CPU a second, of all at once."""
        taken: list[list[float]] = [[] for _ in servers]
        for _ in range(ROUNDS):
            before = [cpu_seconds(side.pid) for side in servers]
            time.sleep(IDLE_SECONDS)
            for kept, side, used in zip(taken, servers, before, strict=True):
                kept.append((cpu_seconds(side.pid) - used) / IDLE_SECONDS * 1000)
        return taken

    def _storm(self, ours: Product, both: Sequence[tuple[Side, Process]], size: int) -> list[Ratio]:
        taken: list[list[float]] = [[], []]
        refused = wrong = 0
        statements = []
        for _ in range(ROUNDS):
            for kept, (side, reader) in zip(taken, both, strict=True):
                reader.ask("drop")
                _await_quiet(side.pid)
                if side is ours:
                    ours.publish(MISSED_EVENTS, 0)
                    _await_quiet(side.pid)
                    before = self._statements()
                    back = reader.ask(f"resume {ours.head()} 120")
                    statements.append((self._statements() - before) / size * 100)
                    refused += size - back["open"]
                    wrong += back["lost"] + back["doubled"] + back["unrecovered"]
                    wrong += abs(back["frames"] - MISSED_EVENTS * size)
                else:
                    back = reader.ask("open 120")
                kept.append(back["seconds"])
        print(
            f"statements a reconnect, sessions and sweeps included: {statistics.median(statements) / 100:.3f}"
        )
        return [
            ratio(
                "reconnect storm with replay ÷ bare Daphne handshakes: time",
                n=size,
                ours=taken[0],
                anchor=taken[1],
                unit="s",
                target=1.5,
            ),
            count("reconnect storm: refused", n=size, worst=refused, target=0, unit="sockets"),
            count("reconnect storm: lost or doubled", n=size, worst=wrong, target=0, unit="events"),
            count(
                "reconnect storm: statements, % of the joins",
                n=size,
                worst=statistics.median(statements),
                target=1,
                unit="%",
            ),
        ]

    def _statements(self) -> int:
        """What the database has done so far: outside transactions each statement counts as one."""
        url = self.environment["DATABASE_URL"].replace("postgres://", "postgresql://", 1)
        time.sleep(2.5)  # sessions report about once a second
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
        assert row is not None
        return int(row[0])

    # --- ratio 8

    def likes(self) -> list[Ratio]:
        """A thousand likes within a second, seen by somebody who looks at the post."""
        frames, wrong = [], 0
        with ExitStack() as stack:
            ours = Product(stack, self.environment, self.cookies)
            for _ in range(ROUNDS):
                post = ours.publisher.ask('{"do": "post"}')["id"]
                ours.topic = f"post:{post}"
                with ExitStack() as open_:
                    watchers = ours.reader(open_, LIKERS_WATCHERS)
                    watchers.ask("open 60")
                    time.sleep(1)
                    watchers.ask("gauges")
                    order = {"do": "like", "post": post, "likes": LIKES}
                    done = ours.publisher.ask(json.dumps(order))
                    time.sleep(1.5)
                    seen = watchers.ask("gauges")
                    right = seen["alike"] and seen["last"]["data"]["likes"] == done["likes"] == LIKES
                    wrong += not right
                    print(
                        f"{LIKES} likes in {done['seconds']:.2f} s: at most {seen['most']} frames a watcher"
                    )
                    frames.append(seen["most"])
        return [
            count("likes in a second: frames a watcher", n=LIKES, worst=max(frames), target=6, unit="frames"),
            count("likes in a second: wrong last counts", n=LIKES, worst=wrong, target=0, unit="counts"),
        ]


def _others(stack: ExitStack, sample: Mapping[str, Any]) -> tuple[list[Side], dict[str, str]]:
    """The peers that can be had here, and what the others need."""
    makers: dict[str, Callable[[ExitStack, Mapping[str, Any]], Side]] = {
        "Node ws": sides.node,
        "Bun": sides.bun,
        "nginx + nchan": Nchan,
    }
    there, missing = [], {}
    for name, make in makers.items():
        try:
            there.append(make(stack, sample))
        except NotMeasured as why:
            missing[name] = str(why)
    return there, missing


def _opened(stack: ExitStack, side: Side, size: int) -> Taken:
    reader = side.reader(stack, size)
    opened = reader.ask(f"open {60 + size // 20}")
    if opened["open"] != size:
        print(f"{side.name} opened {opened['open']} of {size} sockets: {opened}")
    if opened["open"] < size * 0.95:
        raise NotMeasured(f"{side.name} opened {opened['open']} of {size} sockets")
    # One that nobody measures: buffers grow and code is compiled at the first.
    reader.write(f"count {side.head() + 1} 60 -")
    side.publish(1, 0)
    reader.read()
    return Taken(side, reader, size)


def _await_quiet(pid: int) -> None:
    """Wait until the process has done what it was at: less than a tenth of a second of CPU in a second."""
    for _ in range(60):
        before = cpu_seconds(pid)
        time.sleep(1)
        if cpu_seconds(pid) - before < 0.1:
            return


def _tell(size: int, taken: Sequence[Taken]) -> None:
    for one in taken:
        written = f", a transaction {spread(one.writing)} ms" if one.writing else ""
        print(
            f"{one.side.name}, {size} sockets: {spread(one.cpu)} µs a delivery,"
            f" p50 {spread(one.p50)} ms, p99 {spread(one.p99)} ms{written}"
        )
        for seen in one.broken:
            print(f"  not whole: {seen}")


def _fan_out_rows(size: int, taken: Sequence[Taken], missing: Mapping[str, str]) -> list[Ratio]:
    ours, anchor, *others = taken
    _tell(size, taken)
    found = [
        ratio("fan-out ÷ C: CPU a delivery", n=size, ours=ours.cpu, anchor=anchor.cpu, unit="µs", target=1.2),
        ratio("fan-out ÷ C: p99, pings on", n=size, ours=ours.p99, anchor=anchor.p99, unit="ms", target=1.25),
    ]
    for peer in others:
        furthest = FURTHEST_FROM_C[peer.side.name] * NOISE
        own = ratio(
            f"valid: {peer.side.name} ÷ C",
            n=size,
            ours=peer.cpu,
            anchor=anchor.cpu,
            unit="µs",
            target=furthest,
        )
        found.append(own)
        if not own.met:
            print(
                f"THIS RUN IS INVALID: {peer.side.name} took {own.ratio:.2f} times C, more than the {furthest:.2f}"
                " it is known for; run it again on a quieter machine."
            )
    _compare_with_record(size, anchor)
    if others:
        best = min(others, key=lambda one: statistics.median(one.cpu))
        name = f"fan-out ÷ the best of Node, Bun, nchan ({best.side.name})"
        found.append(ratio(name, n=size, ours=ours.cpu, anchor=best.cpu, unit="µs", target=1.0))
    found += [not_measured(f"fan-out ÷ {name}", n=size, target=1.0, why=why) for name, why in missing.items()]
    broken = sum(one["lost"] + one["doubled"] + one["closed"] for one in ours.broken)
    found.append(count("fan-out: lost, doubled, closed", n=size, worst=broken, target=0, unit=""))
    return found


def _compare_with_record(size: int, anchor: Taken) -> None:
    recorded = RECORDED_C.get(size)
    if recorded and statistics.median(anchor.cpu) > 1.5 * recorded:
        print(
            f"C took {spread(anchor.cpu)} µs a delivery, {recorded} when it was recorded: this machine is slower,"
            " or busy with something else. Ratios beside it may still hold; look at the spread."
        )
