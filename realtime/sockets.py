"""One socket: what its client asks, and how it gets from where it was to what is happening now."""

from __future__ import annotations

import asyncio
import logging
import time

from realtime import protocol, topics
from realtime.following import Following, TooLongAgo
from realtime.hooks import Viewer
from realtime.metrics import counters
from realtime.partition import Partition, Watched
from realtime.pool import Busy
from realtime.protocol import Close, Join, Leave, Pace, Refused
from realtime.topics import Topic
from realtime.transport import Transport
from realtime.wheel import Wheel

log = logging.getLogger(__name__)

REPLAY_FRAMES = 64  # written at once to somebody catching up, who then has to have taken them
CATCH_UP_SECONDS = 30.0


class Socket:
    """An open connection of one person; `topics` are those it was let into, by internal name."""

    __slots__ = ("_joining", "_pace", "_wheel", "partition", "topics", "transport", "viewer")

    def __init__(self, partition: Partition, viewer: Viewer, transport: Transport, wheel: Wheel) -> None:
        self.partition = partition
        self.viewer = viewer
        self.transport = transport
        self.topics: dict[str, Watched] = {}
        self._joining: dict[str, asyncio.Task[None]] = {}
        self._pace = Pace()
        self._wheel = wheel
        partition.add(self)
        wheel.add(transport)
        counters.sockets += 1
        transport.attach(self)

    def gone(self) -> None:
        """The connection has ended; call it once."""
        self.transport.end()
        for key in self.topics.keys() | self._joining.keys():
            self.leave(key)
        self.partition.remove(self)
        self._wheel.discard(self.transport)
        self.transport.owner = None
        counters.sockets -= 1

    def shifted(self) -> None:
        """The transport was paused, may be written again, or is closed."""
        for watched in self.topics.values():
            watched.audience.shifted(self.transport)

    def recovered(self) -> None:
        """Everything is sent after gauges were dropped: send the present ones."""
        for watched in self.topics.values():
            if watched.topic.kind.has_gauge and self.transport in watched.audience:
                self.partition.gauges.welcome(watched.gauge, self.transport)

    def receive(self, text: str | None) -> None:
        """Act on a frame of the client; None stands for a binary one. Never waits."""
        if not self.is_in_pace():
            return
        try:
            frame = protocol.parse(text)
            if isinstance(frame, Join):
                self._start_join(frame)
            elif isinstance(frame, Leave):
                self.leave(_parse(frame.topic, self.viewer.id).key)
            else:
                self.transport.write(protocol.PONG)
        except Refused as refusal:
            self.transport.write(protocol.error(refusal.code, refusal.topic))

    def is_in_pace(self) -> bool:
        """Count a frame, and answer one too many; pings and pongs of the WebSocket layer are frames too."""
        count = self._pace.count(time.monotonic())
        if count <= protocol.FRAMES_A_SECOND:
            return True
        counters.too_fast += 1
        if count >= protocol.FLOOD_A_SECOND:
            self.transport.close(Close.TOO_MANY)
        else:
            self.transport.write(protocol.error("too_fast", None))
        return False

    def leave(self, key: str) -> None:
        """Watch the topic no longer; nothing happens if it was not watched."""
        joining = self._joining.pop(key, None)
        if joining is not None:
            joining.cancel()
        watched = self.topics.pop(key, None)
        if watched is not None:
            watched.sockets.discard(self)
            watched.audience.discard(self.transport)
            watched.idle_since = time.monotonic()
            if watched.topic.kind.presence:
                self.partition.presence.moved(key)

    # --- joining

    def _start_join(self, frame: Join) -> None:
        topic = _parse(frame.topic, self.viewer.id)
        self.leave(topic.key)
        if len(self.topics.keys() | self._joining.keys()) >= protocol.TOPICS_A_SOCKET:
            raise Refused("too_many", frame.topic)
        # A task a join, so that a slow database holds up neither pings nor what else is asked.
        self._joining[topic.key] = self.partition.resources.spawn(self._join(topic, frame))

    async def _join(self, topic: Topic, frame: Join) -> None:
        try:
            permitted = await self._permitted(topic, frame.ticket)
            if permitted is None:
                counters.joins_refused += 1
                self.transport.write(protocol.error("forbidden", topic.wire))
                return
            watched, ticket = permitted
            counters.joins += 1
            await self._catch_up(watched, frame, ticket)
            watched.audience.add(self.transport)
            if topic.kind.has_gauge:
                self.partition.gauges.welcome(watched.gauge, self.transport)
        except TooLongAgo:
            self.transport.close(Close.RESTART)
        except TimeoutError:
            self.transport.close(Close.TOO_SLOW)
        except Busy:
            self.transport.close(Close.TRY_AGAIN)
        except Exception:
            log.exception("live.join_failed")
            self.transport.close(Close.TRY_AGAIN)
        finally:
            if self._joining.get(topic.key) is asyncio.current_task():
                del self._joining[topic.key]

    async def _permitted(self, topic: Topic, ticket: str | None) -> tuple[Watched, str] | None:
        """The topic with this socket among its watchers, and a ticket; None if the person may not watch it."""
        partition = self.partition
        while True:
            seen = partition.control.seq
            ticket = await partition.permits(topic, self.viewer, ticket)
            if ticket is None:
                return None
            watched = await partition.watch(topic)
            if partition.control.seq == seen:
                watched.sockets.add(self)
                self.topics[topic.key] = watched
                if topic.kind.presence:
                    partition.presence.moved(topic.key)
                return watched, ticket

    async def _catch_up(self, watched: Watched, frame: Join, ticket: str) -> None:
        """Write `joined` and what was missed. Returns the moment the socket has every event the topic has.

        Raises:
            TimeoutError: it does not take them.
            TooLongAgo: it took them so slowly that the log was pruned below it.
        """
        following = watched.log
        if frame.since is None:
            self._write_joined(watched, ticket, recovered=True)
            return
        try:
            position = await _position(following, frame.since, frame.epoch)
            frames = await following.reach(position)
        except TooLongAgo:
            counters.resumed_not += 1
            self._write_joined(watched, ticket, recovered=False)
            return
        self._write_joined(watched, ticket, recovered=True)
        if position < following.seq:
            counters.resumed_from_table += bool(frames)
            counters.resumed_from_ring += not frames
        while True:
            missed = (frames or following.after(position))[:REPLAY_FRAMES]
            for one in missed:
                self.transport.write(one)
            position += len(missed)
            if position == following.seq:
                return
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await self.transport.drained()
            frames = await following.reach(position)

    def _write_joined(self, watched: Watched, ticket: str, *, recovered: bool) -> None:
        topic, following = watched.topic, watched.log
        self.transport.write(
            protocol.joined(topic.wire, following.epoch, following.seq, recovered=recovered, ticket=ticket)
        )


async def _position(following: Following, since: int, epoch: str | None) -> int:
    """`since`, if it is a number of this run that has been given.

    Raises:
        TooLongAgo: it is not.
    """
    if epoch is not None and epoch != following.epoch:
        raise TooLongAgo
    if since > following.seq:
        # The page it comes from was rendered before this process heard of those events.
        await following.look()
        if since > following.seq:
            raise TooLongAgo
    return since


def _parse(name: str, person: int) -> Topic:
    try:
        return topics.parse(name, person)
    except topics.UnknownTopic:
        raise Refused("unknown_topic", name) from None
    except topics.Forbidden:
        raise Refused("forbidden", name) from None
