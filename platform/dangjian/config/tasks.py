"""Jobs of parts that know neither districts nor the queue."""

from __future__ import annotations

from realtime import outbox
from tenants.jobs import every


@every("realtime.prune", seconds=60)
def prune_live_events() -> None:
    outbox.prune()
