"""What this process has done and holds, as plain numbers an exporter may read at any time."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import asdict, dataclass, field

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


@dataclass(slots=True)
class Counters:
    """The first group is what is held now; the rest only grows. `docs/reference/metrics.md` explains each."""

    sockets: int = 0
    topics: int = 0
    frames_waiting: int = 0  # for slow readers, in all transports
    nudges_waiting: int = 0  # for the broker

    joins: int = 0
    joins_refused: int = 0
    tickets_taken: int = 0  # joins that cost no permission query
    busy: int = 0  # turned away because every database thread was taken
    deliveries: int = 0
    nudges: int = 0
    nudges_dropped: int = 0
    swept_events: int = 0  # found by the sweep or in a gap: their nudge was lost or late
    resumed_from_ring: int = 0
    resumed_from_table: int = 0
    resumed_not: int = 0
    gauges_dropped: int = 0  # a slow reader's, made good when it has read the rest
    too_slow: int = 0
    too_fast: int = 0
    silent: int = 0  # cut because they answered no ping

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


HELD_NOW = frozenset({"sockets", "topics", "frames_waiting", "nudges_waiting"})


@dataclass(slots=True)
class Histogram:
    """Observations by the first of LATENCY_BUCKETS they do not exceed; the last count is of those beyond all."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BUCKETS) + 1))
    total: float = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(LATENCY_BUCKETS, value)] += 1
        self.total += value


counters = Counters()
# From a writer's commit to the end of the write to every watcher here, once an event and process, in seconds.
publish_to_write = Histogram()
