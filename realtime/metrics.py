"""What this process has done and holds, as plain numbers an exporter may read at any time."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """`sockets` and `topics` are what is held now; the rest only grows."""

    sockets: int = 0
    topics: int = 0
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

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


counters = Counters()
