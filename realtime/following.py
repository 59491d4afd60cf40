"""Following one topic's log: what came as nudges, put in order, with the table behind it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice

from realtime.metrics import counters
from realtime.outbox import KEPT_EVENTS, Page
from realtime.protocol import Frame, encode

log = logging.getLogger(__name__)

OUT_OF_ORDER_SECONDS = 0.05  # two writers' nudges may cross; their predecessor is usually just behind


class TooLongAgo(Exception):
    """The log no longer holds everything after that number."""


class Following:
    """A topic's events up to `seq`, delivered once each and in order, the last 300 of them kept at hand.

    read: a page of the table after a number. deliver: called on the loop with frames that follow each other.
    lost: called when events are gone that were never delivered.
    """

    def __init__(
        self,
        *,
        read: Callable[[int], Awaitable[Page]],
        deliver: Callable[[list[Frame]], None],
        lost: Callable[[], None],
    ) -> None:
        self.seq = 0
        self.epoch = ""
        self._read = read
        self._deliver = deliver
        self._lost = lost
        self._open = False
        self._ring: deque[Frame] = deque()
        self._early: dict[int, Frame] = {}
        self._heard = 0
        self._fetching: asyncio.Task[None] | None = None
        self._reaching = asyncio.Lock()

    def open(self, epoch: str, seq: int) -> None:
        """Begin after event `seq`. Nudges taken before, from a subscription made before `seq` was read, count."""
        self.epoch, self.seq, self._open = epoch, seq, True
        self._advance()
        self._fetch_missing()

    def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()

    # --- forward: events as they come

    def take(self, head: int, payloads: tuple[bytes, ...], at: float | None = None) -> None:
        """A nudge: the last event is `head`, and these encoded events, committed `at`, end with it (none: read the
        table)."""
        for seq, payload in enumerate(payloads, head - len(payloads) + 1):
            if seq > self.seq and len(self._early) < KEPT_EVENTS:
                self._early[seq] = Frame(payload, at=at)
        self._heard = max(self._heard, head)
        if self._open:
            self._advance()
            self._fetch_missing(OUT_OF_ORDER_SECONDS if self._early else 0)

    def hear(self, head: int) -> None:
        """The table's word that `head` is the last event."""
        self.take(head, ())

    def _advance(self) -> None:
        ready: list[Frame] = []
        while frame := self._early.pop(self.seq + len(ready) + 1, None):
            ready.append(frame)
        self._append(ready)
        if self._early:
            self._early = {seq: frame for seq, frame in self._early.items() if seq > self.seq}

    def _append(self, frames: list[Frame]) -> None:
        if frames:
            self.seq += len(frames)
            self._ring.extend(frames)
            while len(self._ring) > KEPT_EVENTS:
                self._ring.popleft()
            self._deliver(frames)

    def _fetch_missing(self, delay: float = 0) -> None:
        if self._heard > self.seq and (self._fetching is None or self._fetching.done()):
            self._fetching = asyncio.get_running_loop().create_task(self._fetch(delay))

    async def _fetch(self, delay: float) -> None:
        await asyncio.sleep(delay)
        try:
            while self._heard > self.seq:
                if not await self.look():
                    self._heard = self.seq
        except Exception:
            log.exception("live.fetch_failed")  # the next nudge or sweep tries again

    async def look(self) -> bool:
        """Read the table for what comes next. Returns whether it held anything."""
        page = await self._read(self.seq)
        if not page.recovered:
            self._skip_to(page.seq)
            return False
        found = [Frame(encode(event)) for event in page.events if event["seq"] > self.seq]
        counters.swept_events += len(found)
        self._append(found)
        self._advance()
        return bool(page.events)

    def _skip_to(self, seq: int) -> None:
        self.seq = max(self.seq, seq)
        self._ring.clear()
        self._lost()

    # --- backward: events somebody missed

    @property
    def base(self) -> int:
        """Events after this number are at hand."""
        return self.seq - len(self._ring)

    def after(self, seq: int) -> list[Frame]:
        """The events after `seq`, which must not be before `base`."""
        return list(islice(self._ring, seq - self.base, None))

    async def reach(self, seq: int) -> list[Frame]:
        """Make the events after `seq` available: all at hand then (returns []), or the next ones from the table.

        Readers that reach for the same past at once cost one query.

        Raises:
            TooLongAgo: they are kept no longer.
        """
        async with self._reaching:
            if seq >= self.base:
                return []
            page = await self._read(seq)
            if not page.recovered:
                raise TooLongAgo
            older = [Frame(encode(event)) for event in page.events if event["seq"] <= self.base]
            if page.seq < self.base or len(older) + len(self._ring) > KEPT_EVENTS:
                return older
            self._ring.extendleft(reversed(older))
            return []
