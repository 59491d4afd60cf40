"""The way to the other processes: the channel layer. It may lose anything; the sweep makes it good."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from channels.layers import get_channel_layer

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0  # a broker that does not answer holds up no join longer than this
RETRY_SECONDS = 2.0
FRAMES_BYTES = 32 * 1024  # a nudge with more carries the number alone, and hubs read the table


@dataclass(frozen=True, slots=True)
class Nudge:
    """What a commit tells the hubs about one topic.

    head: the number of the topic's last event, 0 when none was written. frames: the new events, encoded, the last
    of them numbered `head`; empty when they were too large. touched: keys whose gauge changed, None for the
    topic's own.
    """

    partition: str
    topic: str
    head: int = 0
    frames: tuple[bytes, ...] = ()
    touched: frozenset[int | None] = frozenset()


def group_name(partition: str, topic: str) -> str:
    """The group of a topic; the partition stands in it, so equal ids in two partitions never meet."""
    return f"live.{partition}.{topic.replace(':', '.')}"


async def send(nudge: Nudge, sender: str) -> None:
    """Hand the nudge to every process that watches its topic.

    Raises:
        Exception: whatever the broker's client raises; TimeoutError when it does not answer.
    """
    layer = get_channel_layer()
    if layer is None:
        return
    small = sum(map(len, nudge.frames)) <= FRAMES_BYTES
    message = {
        "type": "live.nudge",
        "sender": sender,
        "partition": nudge.partition,
        "topic": nudge.topic,
        "head": nudge.head,
        "frames": list(nudge.frames) if small else [],
        "touched": list(nudge.touched),
    }
    async with asyncio.timeout(PATIENCE_SECONDS):
        await layer.group_send(group_name(nudge.partition, nudge.topic), message)


class Subscriptions:
    """The groups this process listens to: one subscription a topic, whatever the number of its sockets.

    Bound to the loop it is used on. A broker that fails is left alone for `RETRY_SECONDS`; `align` makes up for it.
    """

    def __init__(self, sender: str, take: Callable[[Nudge], None]) -> None:
        self._sender = sender
        self._take = take
        self._layer: Any = get_channel_layer()
        self._channel = ""
        self._wanted: set[str] = set()
        self._held: set[str] = set()
        self._lock = asyncio.Lock()
        self._down_until = 0.0
        self._receiver: asyncio.Task[None] | None = None

    async def want(self, partition: str, topic: str) -> None:
        """Listen to the topic. Returns after `PATIENCE_SECONDS` at the latest, subscribed or not."""
        self._wanted.add(group_name(partition, topic))
        await self.align()

    async def drop(self, partition: str, topic: str) -> None:
        """Listen to the topic no longer."""
        self._wanted.discard(group_name(partition, topic))
        await self.align()

    async def align(self) -> None:
        """Make what is held what is wanted, as far as the broker answers."""
        if self._layer is None or self._wanted == self._held:
            return
        async with self._lock:
            if time.monotonic() < self._down_until:
                return
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._align()
            except Exception as problem:  # noqa: BLE001  (a broker may fail in any way; the sweep makes it good)
                self._down_until = time.monotonic() + RETRY_SECONDS
                log.warning("live.layer_down", extra={"problem": repr(problem)})

    async def _align(self) -> None:
        if not self._channel:
            self._channel = await self._layer.new_channel("live")
            self._receiver = asyncio.create_task(self._receive())
        for group in self._wanted - self._held:
            await self._layer.group_add(group, self._channel)
            self._held.add(group)
        for group in self._held - self._wanted:
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
            if message["sender"] != self._sender:
                self._take(
                    Nudge(
                        message["partition"],
                        message["topic"],
                        message["head"],
                        tuple(message["frames"]),
                        frozenset(message["touched"]),
                    )
                )

    async def close(self) -> None:
        """Listen to nothing any more."""
        if self._receiver is not None:
            self._receiver.cancel()
            await asyncio.wait([self._receiver])
