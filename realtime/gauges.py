"""Gauges of one partition: read after commit, at most four frames a second a topic, the last value always."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from realtime import protocol
from realtime.audience import Audience
from realtime.protocol import Frame
from realtime.topics import GaugeReader, Topic, TopicKind
from realtime.transport import Transport

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.25
NEWCOMER_SECONDS = 600  # who was away longer loads afresh (live.js does)
SWEEP_SECONDS = 15  # how far a sweep looks back beyond the last one; longer than a writing transaction lives
RETRY_SECONDS = 1.0
REMEMBERED_KEYS = 2000


@dataclass(slots=True)
class Wanted:
    """What to read for a topic: these keys (None: its own gauge) and what changed within the last `window` s."""

    keys: set[int] = field(default_factory=set)
    window: int = 0


@dataclass(eq=False, slots=True)
class Gauge:
    """The last values of one topic that its audience was sent. here: how many people are on it, where that is told."""

    topic: Topic
    audience: Audience
    here: Callable[[], int] | None = None
    own: Any = None
    by_key: dict[int, Any] = field(default_factory=dict)


class Gauges:
    """Reads are made one after another, so an older value never overtakes a newer one."""

    def __init__(self, read: Callable[[dict[Topic, Wanted]], Awaitable[dict[Topic, Any]]]) -> None:
        self._read = read
        self._wanted: dict[Gauge, Wanted] = defaultdict(Wanted)
        self._newcomers: dict[Gauge, set[Transport]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._sweep_asked = self._swept = time.monotonic()

    def touch(self, gauge: Gauge, keys: Iterable[int | None]) -> None:
        """Values of these keys changed; send them."""
        self._wanted[gauge].keys.update(key for key in keys if key is not None)
        self._start()

    def welcome(self, gauge: Gauge, newcomer: Transport) -> None:
        """Send the newcomer the present values, whether they changed or not."""
        self._newcomers[gauge].add(newcomer)
        self._wanted[gauge].window = NEWCOMER_SECONDS
        self._start()

    def sweep(self, gauges: Iterable[Gauge]) -> None:
        """Look whether any value changed without a word."""
        self._sweep_asked = time.monotonic()
        window = SWEEP_SECONDS + int(self._sweep_asked - self._swept)
        for gauge in gauges:
            wanted = self._wanted[gauge]
            wanted.window = max(wanted.window, window)
        self._start()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _start(self) -> None:
        if self._wanted and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._wanted:
            wanted, self._wanted = self._wanted, defaultdict(Wanted)
            newcomers, self._newcomers = self._newcomers, defaultdict(set)
            sweep_asked = self._sweep_asked
            try:
                values = await self._read({gauge.topic: want for gauge, want in wanted.items()})
            except Exception:
                log.exception("live.gauges_failed")
                for gauge, waiting in newcomers.items():
                    for newcomer in waiting:
                        self.welcome(gauge, newcomer)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._swept = sweep_asked
                for gauge in wanted:
                    if gauge.topic in values:
                        # Who came meanwhile is given values read since then, and those once.
                        later = self._newcomers.get(gauge, set())
                        _deliver(gauge, values[gauge.topic], newcomers.get(gauge, set()) - later, later)
            await asyncio.sleep(INTERVAL_SECONDS)


def _deliver(gauge: Gauge, value: Any, newcomers: set[Transport], later: set[Transport]) -> None:
    """Send `newcomers` the value, those in `later` nothing, and everybody else what of it has changed."""
    group, wire = gauge.topic.kind.gauge_group, gauge.topic.wire
    everyone: Frame | None = None
    if group:
        changed = {key: data for key, data in value.items() if gauge.by_key.get(key) != data}
        gauge.by_key.update(changed)
        while len(gauge.by_key) > REMEMBERED_KEYS:
            del gauge.by_key[next(iter(gauge.by_key))]
        if changed:
            everyone = protocol.gauge(wire, _grouped(group, changed))
        for_newcomers = protocol.gauge(wire, _grouped(group, value)) if value else None
    else:
        if gauge.here is not None:
            value = {**value, "here": gauge.here()}
        for_newcomers = protocol.gauge(wire, value)
        if value != gauge.own:
            gauge.own, everyone = value, for_newcomers
    if everyone is not None:
        gauge.audience.write(everyone, but=newcomers | later)
    if for_newcomers is not None:
        for newcomer in newcomers:
            if newcomer in gauge.audience:
                newcomer.write(for_newcomers)


def _grouped(group: str, values: dict[int, Any]) -> Any:
    return {group: {str(key): data for key, data in values.items()}}


def read(wanted: dict[Topic, Wanted]) -> dict[Topic, Any]:
    """The present values, one query a kind (two for grouped ones): an object a topic, or one a key of it.

    Runs in a thread, inside the partition.
    """
    values: dict[Topic, Any] = {}
    by_kind: dict[str, dict[Topic, Wanted]] = defaultdict(dict)
    for topic, want in wanted.items():
        by_kind[topic.kind.name][topic] = want
    for topics in by_kind.values():
        kind = next(iter(topics)).kind
        if kind.gauges is None:
            found: dict[Topic, Any] = {}
        elif kind.gauge_group:
            found = _read_groups(kind, kind.gauges, topics)
        else:
            by_ident = {topic.ident: topic for topic in topics if topic.ident is not None}
            found = {by_ident[ident]: value for ident, value in kind.gauges(list(by_ident)).items()}
        # Who is here is told even where there is no value beside it.
        values |= {topic: {} for topic in topics if kind.presence} | found
    return values


def _read_groups(
    kind: TopicKind, present: GaugeReader, topics: dict[Topic, Wanted]
) -> dict[Topic, dict[int, Any]]:
    keys = {topic: set(want.keys) for topic, want in topics.items()}
    if kind.touched is not None:
        for window in {want.window for want in topics.values() if want.window}:
            of_window = {topic.ident: topic for topic, want in topics.items() if want.window == window}
            for ident, touched in kind.touched(list(of_window), window).items():
                keys[of_window[ident]].update(touched)
    wanted = set().union(*keys.values())
    found = present(wanted) if wanted else {}
    return {
        topic: {key: found[key] for key in sorted(those) if key in found} for topic, those in keys.items()
    }
