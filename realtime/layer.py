"""The way to the other processes: the channel layer. It may lose anything; the sweep makes it good."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from channels.layers import get_channel_layer

from realtime import hooks
from realtime.presence import Sighting

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0  # a broker that does not answer holds up no join longer than this
RETRY_SECONDS = 2.0
PULSE_SECONDS = 2.0  # a broker is asked so often to send us a message back
SILENT_SECONDS = 6.0  # and is down when none has come for so long
NUDGE, SIGHTING, PULSE = "live.nudge", "live.sighting", "live.pulse"
FRAMES_BYTES = 32 * 1024  # a nudge with more carries the number alone, and hubs read the table


@dataclass(frozen=True, slots=True)
class Nudge:
    """What a commit tells the hubs about one topic.

    head: the number of the topic's last event, 0 when none was written. frames: the new events, encoded, the last
    of them numbered `head`; empty when they were too large. touched: keys whose gauge changed, None for the
    topic's own. at: when it was committed, seconds since 1970 on the writer's clock.
    """

    partition: str
    topic: str
    head: int = 0
    frames: tuple[bytes, ...] = ()
    touched: frozenset[int | None] = frozenset()
    at: float = field(default_factory=time.time, compare=False)


def group_name(partition: str, topic: str) -> str:
    """The group of a topic; the partition stands in it, so equal ids in two partitions never meet."""
    return f"live.{partition}.{topic.replace(':', '.')}"


def layer_of(group: str) -> str:
    """The alias of the channel layer that carries the group: topics are spread over all there are, each on one."""
    aliases = hooks.layers()
    return aliases[crc32(group.encode()) % len(aliases)]


async def send(nudge: Nudge, sender: str) -> None:
    """Hand the nudge to every process that watches its topic.

    Raises:
        Exception: whatever the broker's client raises; TimeoutError when it does not answer.
    """
    group = group_name(nudge.partition, nudge.topic)
    layer = get_channel_layer(layer_of(group))
    if layer is None:
        return
    small = sum(map(len, nudge.frames)) <= FRAMES_BYTES
    message = {
        "type": NUDGE,
        "sender": sender,
        "partition": nudge.partition,
        "topic": nudge.topic,
        "head": nudge.head,
        "frames": list(nudge.frames) if small else [],
        "touched": list(nudge.touched),
        "at": nudge.at,
    }
    async with asyncio.timeout(PATIENCE_SECONDS):
        await layer.group_send(group, message)


async def tell(sighting: Sighting) -> None:
    """Hand it to every process that watches its topic. Raises as `send` does."""
    group = group_name(sighting.partition, sighting.topic)
    layer = get_channel_layer(layer_of(group))
    if layer is None:
        return
    message = {
        "type": SIGHTING,
        "sender": sighting.sender,
        "partition": sighting.partition,
        "topic": sighting.topic,
        "version": sighting.version,
        "persons": list(sighting.persons),
        "asks": sighting.asks,
    }
    async with asyncio.timeout(PATIENCE_SECONDS):
        await layer.group_send(group, message)


class Subscriptions:
    """The groups this process listens to: one subscription a topic, whatever the number of its sockets.

    Bound to the loop it is used on. Topics are spread over the channel layers of `hooks.layers`; one that fails
    takes nothing from the others.
    """

    def __init__(self, sender: str, take: Callable[[Nudge | Sighting], None]) -> None:
        self._brokers = {alias: _Broker(alias, sender, take) for alias in hooks.layers()}

    @property
    def is_down(self) -> bool:
        """Whether a broker is silent."""
        return any(broker.is_down for broker in self._brokers.values())

    async def want(self, partition: str, topic: str) -> None:
        """Listen to the topic. Returns after `PATIENCE_SECONDS` at the latest, subscribed or not."""
        group = group_name(partition, topic)
        broker = self._brokers[layer_of(group)]
        broker.wanted.add(group)
        await broker.align()

    async def drop(self, partition: str, topic: str) -> None:
        """Listen to the topic no longer."""
        group = group_name(partition, topic)
        broker = self._brokers[layer_of(group)]
        broker.wanted.discard(group)
        await broker.align()

    async def align(self) -> None:
        """Make what is held what is wanted, as far as the brokers answer."""
        await asyncio.gather(*(broker.align() for broker in self._brokers.values()))

    async def pulse(self) -> None:
        """Send a message to ourselves through each broker, and listen again where that was lost."""
        await asyncio.gather(*(broker.pulse() for broker in self._brokers.values()))

    async def close(self) -> None:
        """Listen to nothing any more."""
        for broker in self._brokers.values():
            await broker.close()


class _Broker:
    """The groups of one channel layer. When it fails it is left alone for `RETRY_SECONDS`; `align` makes up for it."""

    def __init__(self, alias: str, sender: str, take: Callable[[Nudge | Sighting], None]) -> None:
        self._sender = sender
        self._take = take
        self._layer: Any = get_channel_layer(alias)
        self._channel = ""
        self._pulse = f"live.pulse.{sender}"
        self._heard_at = time.monotonic()
        self.wanted: set[str] = {self._pulse}
        self._held: set[str] = set()
        self._lock = asyncio.Lock()
        self._down_until = 0.0
        self._receiver: asyncio.Task[None] | None = None

    @property
    def is_down(self) -> bool:
        return self._layer is not None and time.monotonic() > self._heard_at + SILENT_SECONDS

    async def pulse(self) -> None:
        await self.align()
        if self._layer is not None and time.monotonic() >= self._down_until:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._layer.group_send(self._pulse, {"type": PULSE})
            except Exception as problem:  # noqa: BLE001  (as in `align`)
                self._rest(problem)

    def _rest(self, problem: Exception) -> None:
        self._down_until = time.monotonic() + RETRY_SECONDS
        log.warning("live.layer_down", extra={"problem": repr(problem)})

    async def align(self) -> None:
        if self._layer is None or self.wanted == self._held:
            return
        async with self._lock:
            if time.monotonic() < self._down_until:
                return
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._align()
            except Exception as problem:  # noqa: BLE001  (a broker may fail in any way; the sweep makes it good)
                self._rest(problem)

    async def _align(self) -> None:
        if not self._channel:
            self._channel = await self._layer.new_channel("live")
            self._receiver = asyncio.create_task(self._receive())
        for group in self.wanted - self._held:
            await self._layer.group_add(group, self._channel)
            self._held.add(group)
        for group in self._held - self.wanted:
            await self._layer.group_discard(group, self._channel)
            self._held.discard(group)

    async def _receive(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except Exception as problem:  # noqa: BLE001  (as in `align`)
                log.warning("live.layer_down", extra={"problem": repr(problem)})
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._heard_at = time.monotonic()
            if message["type"] != PULSE and message["sender"] != self._sender:
                self._take(_read(message))

    async def close(self) -> None:
        if self._receiver is not None:
            self._receiver.cancel()
            await asyncio.wait([self._receiver])


def _read(message: dict[str, Any]) -> Nudge | Sighting:
    if message["type"] == SIGHTING:
        return Sighting(
            message["partition"],
            message["topic"],
            message["sender"],
            message["version"],
            frozenset(message["persons"]),
            message["asks"],
        )
    return Nudge(
        message["partition"],
        message["topic"],
        message["head"],
        tuple(message["frames"]),
        frozenset(message["touched"]),
        message["at"],
    )
