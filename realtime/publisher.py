"""Telling hubs about a commit, as fast as it goes and without promise: what is lost here the sweep finds."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable

from realtime import layer
from realtime.layer import Nudge
from realtime.metrics import counters

log = logging.getLogger(__name__)

QUEUE_LIMIT = 10_000


class Publisher:
    """One a process. `publish` hands over and returns; an event loop does the rest.

    The loop is the hub's while one runs in this process, which then hears of the commit directly; otherwise that
    of a daemon thread, because a channel layer's connections belong to one loop (``async_to_sync`` makes a new
    one each time).
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew; in a forked child the parent's thread and loop do not exist."""
        self.name = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._queue: deque[Nudge] = deque()
        self._woken = False
        self._hub_loop: asyncio.AbstractEventLoop | None = None
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._take: Callable[[Nudge], None] | None = None
        # By the layer that carries them: one whose broker is slow or down holds up its own alone.
        self._outgoing: dict[str, deque[Nudge]] = {}
        self._sending: dict[str, asyncio.Task[None]] = {}

    def attach(self, loop: asyncio.AbstractEventLoop, take: Callable[[Nudge], None]) -> None:
        """Work on this loop from now on and give every nudge to `take` as well, there."""
        with self._lock:
            self._hub_loop, self._take = loop, take

    def detach(self) -> None:
        """The hub has stopped."""
        with self._lock:
            self._hub_loop = self._take = None
            self._sending = {}
            self._woken = False

    def publish(self, nudges: Iterable[Nudge]) -> None:
        """Queue the nudges, from any thread. Never waits, never raises; beyond the limit they are dropped."""
        try:
            with self._lock:
                for nudge in nudges:
                    if len(self._queue) < QUEUE_LIMIT:
                        self._queue.append(nudge)
                    else:
                        counters.nudges_dropped += 1
                if self._woken:
                    return
                self._woken = True
                loop = self._hub_loop or self._thread_loop()
            loop.call_soon_threadsafe(self._wake)
        except Exception:
            log.exception("live.publish_failed")

    def _thread_loop(self) -> asyncio.AbstractEventLoop:
        if self._own_loop is None:
            self._own_loop = asyncio.new_event_loop()
            threading.Thread(
                target=self._own_loop.run_forever, name="realtime-publisher", daemon=True
            ).start()
        return self._own_loop

    def _wake(self) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            nudges = _merged(self._queue)
            self._queue.clear()
            self._woken = False
            # A wake-up of the thread may be late, after a hub was attached: not its loop, not its business.
            take = self._take if loop is self._hub_loop else None
        counters.nudges += len(nudges)
        if take is not None:
            for nudge in nudges:
                take(nudge)
        for nudge in nudges:
            alias = layer.layer_of(layer.group_name(nudge.partition, nudge.topic))
            self._outgoing.setdefault(alias, deque(maxlen=QUEUE_LIMIT)).append(nudge)
        counters.nudges_waiting = sum(map(len, self._outgoing.values()))
        for alias, outgoing in self._outgoing.items():
            if outgoing and (alias not in self._sending or self._sending[alias].done()):
                self._sending[alias] = loop.create_task(self._send(outgoing))

    async def _send(self, outgoing: deque[Nudge]) -> None:
        while outgoing:
            try:
                await layer.send(outgoing.popleft(), self.name)
            except Exception as problem:  # noqa: BLE001  (a broker may fail in any way; the sweep makes it good)
                counters.nudges_dropped += 1 + len(outgoing)
                outgoing.clear()
                log.warning("live.layer_down", extra={"problem": repr(problem)})
            counters.nudges_waiting = sum(map(len, self._outgoing.values()))


def _merged(nudges: Iterable[Nudge]) -> list[Nudge]:
    """The same with one nudge a topic for gauges that were only touched: a thousand likes are one."""
    told: list[Nudge] = []
    touched: dict[tuple[str, str], frozenset[int | None]] = {}
    for nudge in nudges:
        if nudge.head:
            told.append(nudge)
        else:
            place = (nudge.partition, nudge.topic)
            touched[place] = touched.get(place, frozenset()) | nudge.touched
    return told + [Nudge(partition, topic, touched=keys) for (partition, topic), keys in touched.items()]


PROCESS = Publisher()
os.register_at_fork(after_in_child=PROCESS.reset)
publish = PROCESS.publish
