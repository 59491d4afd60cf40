"""The hub of one process: every socket, every topic they watch, one subscription and one encoding a topic.

Everything here and in `partition`, `sockets`, `following` and `gauges` runs on one event loop. Database work goes
to bounded thread pools, and what is decided after such an ``await`` is decided on the state of that moment.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from realtime import hooks, layer, protocol, publisher
from realtime.batches import Batches
from realtime.hooks import Viewer
from realtime.layer import Nudge, Subscriptions
from realtime.partition import Partition
from realtime.pool import Busy
from realtime.presence import Sighting
from realtime.protocol import Close
from realtime.resources import Resources, repeat
from realtime.sockets import Socket
from realtime.transport import Transport
from realtime.wheel import Wheel

DRAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Admission:
    """Where a handshake leads and who makes it; `seen` is the last word of control that this knows of."""

    partition: Partition
    viewer: Viewer | None
    seen: int


class Draining(Exception):
    """The process is stopping: come back in a moment, to another."""


class TooManySockets(Exception):
    """The person has ten already."""


class Hub:
    """One a process, on the loop that runs it."""

    def __init__(self) -> None:
        self.draining = False
        self._partitions: dict[str, Partition] = {}
        self._resources = Resources(Subscriptions(publisher.PROCESS.name, self.take))
        self._wheel = Wheel()
        self._identifications: Batches[hooks.Scope, tuple[str, Viewer | None] | None] = Batches(
            lambda scopes: self._resources.joins.call(_identify, scopes)
        )
        self._resources.spawn(self._wheel.turn())
        self._resources.spawn(repeat(layer.PULSE_SECONDS, self._resources.subscriptions.pulse))
        publisher.PROCESS.attach(asyncio.get_running_loop(), self.take)

    @property
    def is_deaf(self) -> bool:
        """Whether a broker does not answer, so that only the sweep tells of other processes' commits."""
        return self._resources.subscriptions.is_down

    async def admit(self, scope: hooks.Scope) -> Admission | None:
        """Where the handshake leads and who makes it: None for a host that names no open partition.

        Raises:
            Draining: the process is stopping.
            Busy: no database thread came free.
        """
        if self.draining:
            raise Draining
        seen = {key: partition.control.seq for key, partition in self._partitions.items()}
        while True:
            found = await self._identifications.ask(scope)
            if found is None:
                return None
            key, viewer = found
            partition = await self._partition(key)
            if seen.get(key) == partition.control.seq:
                return Admission(partition, viewer, partition.control.seq)
            seen[key] = partition.control.seq

    def add(self, admission: Admission, viewer: Viewer, transport: Transport) -> Socket:
        """The accepted socket, taken in as it was admitted.

        Raises:
            Draining: the process is stopping.
            TooManySockets: the person has ten.
            Busy: something ended since it was admitted; let it ask again.
        """
        if self.draining:
            raise Draining
        partition = admission.partition
        if partition.closed or partition.control.seq != admission.seen:
            raise Busy
        open_already = sum(not socket.transport.closed for socket in partition.people.get(viewer.id, ()))
        if open_already >= protocol.SOCKETS_A_PERSON:
            raise TooManySockets
        return Socket(partition, viewer, transport, self._wheel)

    def take(self, nudge: Nudge | Sighting) -> None:
        """Hear of a commit, here or in another process, or of who is where in another."""
        partition = self._partitions.get(nudge.partition)
        if partition is not None:
            partition.take(nudge)

    async def drain(self) -> None:
        """Send everybody elsewhere, spread in time; returns when they are gone, or after `DRAIN_SECONDS`."""
        self.draining = True
        sockets = [socket for partition in self._partitions.values() for socket in partition.sockets]
        latest_ms = 1000 + 2 * len(sockets)
        for number, socket in enumerate(sockets):
            socket.transport.write(protocol.drain(random.randint(200, latest_ms)))  # noqa: S311
            socket.transport.close(Close.RESTART)
            if number % 200 == 0:
                await asyncio.sleep(0)
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline and any(each.sockets for each in self._partitions.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Stop everything."""
        publisher.PROCESS.detach()
        for partition in list(self._partitions.values()):
            partition.close()
        await self._resources.close()

    async def _partition(self, key: str) -> Partition:
        partition = self._partitions.get(key)
        if partition is None:
            partition = self._partitions[key] = Partition(key, self._resources, on_close=self._forget)
        partition.idle_since = time.monotonic()
        await asyncio.shield(partition.opened)
        return partition

    def _forget(self, partition: Partition) -> None:
        if self._partitions.get(partition.key) is partition:
            del self._partitions[partition.key]


def _identify(scopes: list[hooks.Scope]) -> list[tuple[str, Viewer | None] | None]:
    site = hooks.site()
    keys = [site.partition(scope) for scope in scopes]
    found: list[tuple[str, Viewer | None] | None] = [None] * len(scopes)
    for key in {key for key in keys if key is not None}:
        places = [place for place, one in enumerate(keys) if one == key]
        viewers = site.run(key, site.authenticate, [scopes[place] for place in places])
        for place, viewer in zip(places, viewers, strict=True):
            found[place] = (key, viewer)
    return found
