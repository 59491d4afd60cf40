"""The hub of one process: every socket, every topic they watch, one subscription and one encoding a topic.

Everything here runs on one event loop. Database work goes to bounded thread pools; what is decided after such an
``await`` is decided on the state of that moment. Rights that end are events of the internal topic ``control``:
who is being let in while one passes by is asked again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from realtime import gauges, hooks, outbox, protocol, publisher, topics
from realtime.following import Following, TooLongAgo
from realtime.gauges import Gauge, Gauges
from realtime.hooks import Viewer
from realtime.layer import Nudge, Subscriptions
from realtime.metrics import counters
from realtime.outbox import Page
from realtime.pool import Busy, Pool
from realtime.protocol import Close, Frame, Join, Leave, Pace, Refused
from realtime.topics import CONTROL, Topic
from realtime.transport import Transport

log = logging.getLogger(__name__)
T = TypeVar("T")

SWEEP_SECONDS = 2.0
SESSION_CHECK_SECONDS = 30.0
IDLE_SECONDS = 30.0  # a topic nobody watches is kept so long for those who come back
RETRY_SECONDS = 1.0
REPLAY_FRAMES = 64  # written at once to somebody catching up, who then has to have taken them
CATCH_UP_SECONDS = 30.0
JOIN_THREADS = 8
CHORE_THREADS = 4
DRAIN_SECONDS = 5.0


@dataclass(eq=False, slots=True)
class Watched:
    """A topic somebody in this process watches. `live` is who gets its events; `sockets` also who catches up."""

    topic: Topic
    log: Following
    gauge: Gauge
    opened: asyncio.Task[None]
    sockets: set[Socket] = field(default_factory=set)
    idle_since: float = field(default_factory=time.monotonic)

    @property
    def live(self) -> set[Transport]:
        return self.gauge.watchers


@dataclass(eq=False, slots=True)
class Partition:
    """One partition while it has sockets here."""

    key: str
    control: Following
    gauges: Gauges
    opened: asyncio.Task[None]
    chores: list[asyncio.Task[None]] = field(default_factory=list)
    sockets: set[Socket] = field(default_factory=set)
    people: dict[int, set[Socket]] = field(default_factory=lambda: defaultdict(set))
    watched: dict[str, Watched] = field(default_factory=dict)
    idle_since: float = field(default_factory=time.monotonic)


@dataclass(eq=False, slots=True)
class Socket:
    """One open connection of one person."""

    partition: Partition
    viewer: Viewer
    transport: Transport
    topics: dict[str, Watched] = field(default_factory=dict)
    joining: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)


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
        self._loop = asyncio.get_running_loop()
        self._partitions: dict[str, Partition] = {}
        self._joins = Pool(JOIN_THREADS, "realtime-join")
        self._chores = Pool(CHORE_THREADS, "realtime-chore")
        self._subscriptions = Subscriptions(publisher.PROCESS.name, self.take)
        self._tasks: set[asyncio.Task[Any]] = set()
        publisher.PROCESS.attach(self._loop, self.take)

    # --- sockets come and go

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
            found = await self._joins.call(_identify, scope)
            if found is None:
                return None
            key, viewer = found
            partition = await self._partition(key)
            if seen.get(key) == partition.control.seq:
                return Admission(partition, viewer, partition.control.seq)
            seen[key] = partition.control.seq

    def add(self, admission: Admission, viewer: Viewer, transport: Transport) -> Socket:
        """Take the accepted socket in, as it was admitted.

        Raises:
            TooManySockets: the person has ten.
            Busy: somebody's session ended since; ask again.
        """
        partition = admission.partition
        if partition.control.seq != admission.seen or self._partitions.get(partition.key) is not partition:
            raise Busy
        own = partition.people[viewer.id]
        if sum(not socket.transport.closed for socket in own) >= protocol.SOCKETS_A_PERSON:
            raise TooManySockets
        socket = Socket(partition, viewer, transport)
        transport.on_recovered = lambda: self._refresh_gauges(socket)
        own.add(socket)
        partition.sockets.add(socket)
        counters.sockets += 1
        return socket

    def remove(self, socket: Socket) -> None:
        """Forget a socket that is closed."""
        socket.transport.gone()
        for task in socket.joining.values():
            task.cancel()
        for key in list(socket.topics):
            self._leave(socket, key)
        partition = socket.partition
        partition.sockets.discard(socket)
        own = partition.people[socket.viewer.id]
        own.discard(socket)
        if not own:
            del partition.people[socket.viewer.id]
        partition.idle_since = time.monotonic()
        counters.sockets -= 1

    def receive(self, socket: Socket, text: str | None) -> None:
        """Act on a frame of the client; None stands for a binary one. Never waits."""
        count = socket.pace.count(self._loop.time())
        if count > protocol.FRAMES_A_SECOND:
            counters.too_fast += 1
            if count >= protocol.FLOOD_A_SECOND:
                socket.transport.close(Close.TOO_MANY)
            else:
                socket.transport.write(protocol.error("too_fast", None))
            return
        try:
            frame = protocol.parse(text)
            if isinstance(frame, Join):
                self._start_join(socket, frame)
            elif isinstance(frame, Leave):
                self._leave_named(socket, frame.topic)
            else:
                socket.transport.write(protocol.PONG)
        except Refused as refusal:
            socket.transport.write(protocol.error(refusal.code, refusal.topic))

    # --- joining and leaving

    def _start_join(self, socket: Socket, frame: Join) -> None:
        topic = _parse(frame.topic, socket.viewer.id)
        self._forget_topic(socket, topic.key)
        if len(socket.topics.keys() | socket.joining.keys()) >= protocol.TOPICS_A_SOCKET:
            raise Refused("too_many", frame.topic)
        socket.joining[topic.key] = self._spawn(self._join(socket, topic, frame))

    async def _join(self, socket: Socket, topic: Topic, frame: Join) -> None:
        try:
            watched = await self._permitted(socket, topic)
            if watched is None:
                counters.joins_refused += 1
                socket.transport.write(protocol.error("forbidden", topic.wire))
                return
            counters.joins += 1
            await self._catch_up(socket, watched, frame)
            watched.live.add(socket.transport)
            if topic.kind.gauges is not None:
                socket.partition.gauges.welcome(watched.gauge, socket.transport)
        except TooLongAgo:
            socket.transport.close(Close.RESTART)
        except TimeoutError:
            socket.transport.close(Close.TOO_SLOW)
        except Busy:
            socket.transport.close(Close.TRY_AGAIN)
        except Exception:
            log.exception("live.join_failed")
            socket.transport.close(Close.TRY_AGAIN)
        finally:
            if socket.joining.get(topic.key) is asyncio.current_task():
                del socket.joining[topic.key]

    async def _permitted(self, socket: Socket, topic: Topic) -> Watched | None:
        """The topic with the socket among its watchers, or None if the person may not watch it."""
        partition = socket.partition
        while True:
            seen = partition.control.seq
            if not await self._joins.run(partition.key, topic.admits, socket.viewer.id):
                return None
            watched = await self._watch(partition, topic)
            if partition.control.seq == seen:
                watched.sockets.add(socket)
                socket.topics[topic.key] = watched
                return watched

    async def _catch_up(self, socket: Socket, watched: Watched, frame: Join) -> None:
        """Write `joined` and what the socket missed. Returns the moment it has every event the topic has.

        Raises:
            TimeoutError: it does not take them.
            TooLongAgo: it took them so slowly that the log was pruned below it.
        """
        following, transport = watched.log, socket.transport
        try:
            position = await self._position(following, frame)
            frames = await following.reach(position)
        except TooLongAgo:
            counters.resumed_not += 1
            transport.write(protocol.joined(watched.topic.wire, following.epoch, following.seq, False))
            return
        transport.write(protocol.joined(watched.topic.wire, following.epoch, following.seq, True))
        if position < following.seq:
            counters.resumed_from_table += bool(frames)
            counters.resumed_from_ring += not frames
        while True:
            missed = (frames or following.after(position))[:REPLAY_FRAMES]
            for one in missed:
                transport.write(one)
            position += len(missed)
            if position == following.seq:
                return
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await transport.drained()
            frames = await following.reach(position)

    async def _position(self, following: Following, frame: Join) -> int:
        """The number up to which the client has everything.

        Raises:
            TooLongAgo: it speaks of another run of numbers.
        """
        if frame.since is None:
            return following.seq
        if frame.epoch is not None and frame.epoch != following.epoch:
            raise TooLongAgo
        if frame.since > following.seq:
            # The page it comes from was rendered before this process heard of those events.
            await following.look()
            if frame.since > following.seq:
                raise TooLongAgo
        return frame.since

    def _leave_named(self, socket: Socket, name: str) -> None:
        try:
            key = topics.parse(name, socket.viewer.id).key
        except (topics.UnknownTopic, topics.Forbidden):
            return
        self._forget_topic(socket, key)

    def _forget_topic(self, socket: Socket, key: str) -> None:
        joining = socket.joining.pop(key, None)
        if joining is not None:
            joining.cancel()
        self._leave(socket, key)

    def _leave(self, socket: Socket, key: str) -> None:
        watched = socket.topics.pop(key, None)
        if watched is not None:
            watched.sockets.discard(socket)
            watched.live.discard(socket.transport)
            watched.idle_since = time.monotonic()

    def _dismiss(self, watched: Watched, sockets: list[Socket], code: protocol.LeftCode) -> None:
        frame = protocol.left(watched.topic.wire, code)
        for socket in sockets:
            self._forget_topic(socket, watched.topic.key)
            socket.transport.write(frame)

    def _refresh_gauges(self, socket: Socket) -> None:
        for watched in socket.topics.values():
            if watched.topic.kind.gauges is not None and socket.transport in watched.live:
                socket.partition.gauges.welcome(watched.gauge, socket.transport)

    # --- partitions and topics, opened when first needed

    async def _partition(self, key: str) -> Partition:
        partition = self._partitions.get(key)
        if partition is None:
            partition = self._open_partition(key)
        partition.idle_since = time.monotonic()
        await asyncio.shield(partition.opened)
        return partition

    def _open_partition(self, key: str) -> Partition:
        async def open_() -> None:
            try:
                await self._subscriptions.want(key, CONTROL)
                epoch, seqs = await self._chores.run(key, outbox.positions, [CONTROL])
            except BaseException:
                self._close_partition(partition)
                raise
            partition.control.open(epoch, seqs.get(CONTROL, 0))
            partition.chores = [
                self._spawn(self._every(SWEEP_SECONDS, self._sweep, partition)),
                self._spawn(self._every(SESSION_CHECK_SECONDS, self._check_sessions, partition)),
            ]

        partition = Partition(
            key,
            control=self._follow(
                key,
                CONTROL,
                deliver=lambda frames: self._obey(partition, frames),
                lost=lambda: self._ask_all_again(partition),
            ),
            gauges=Gauges(lambda wanted: self._chores.run(key, gauges.read, wanted)),
            opened=self._spawn(open_()),
        )
        self._partitions[key] = partition
        return partition

    def _close_partition(self, partition: Partition) -> None:
        if self._partitions.get(partition.key) is partition:
            del self._partitions[partition.key]
        for watched in list(partition.watched.values()):
            self._unwatch(partition, watched)
        partition.control.close()
        partition.gauges.close()
        for chore in partition.chores:
            chore.cancel()
        self._spawn(self._subscriptions.drop(partition.key, CONTROL))

    async def _watch(self, partition: Partition, topic: Topic) -> Watched:
        watched = partition.watched.get(topic.key)
        if watched is None:
            watched = self._open_topic(partition, topic)
        watched.idle_since = time.monotonic()
        await asyncio.shield(watched.opened)
        return watched

    def _open_topic(self, partition: Partition, topic: Topic) -> Watched:
        async def open_() -> None:
            try:
                await self._subscriptions.want(partition.key, topic.key)
                epoch, seqs = await self._joins.run(partition.key, outbox.positions, [topic.key])
            except BaseException:
                self._unwatch(partition, watched)
                raise
            watched.log.open(epoch, seqs.get(topic.key, 0))

        watched = Watched(
            topic,
            log=self._follow(
                partition.key,
                topic.key,
                deliver=lambda frames: _deliver(watched, frames),
                lost=lambda: _close_all(watched.sockets, Close.RESTART),
            ),
            gauge=Gauge(topic, set()),
            opened=self._spawn(open_()),
        )
        partition.watched[topic.key] = watched
        counters.topics += 1
        return watched

    def _unwatch(self, partition: Partition, watched: Watched) -> None:
        if partition.watched.get(watched.topic.key) is watched:
            del partition.watched[watched.topic.key]
            counters.topics -= 1
            watched.log.close()
            self._spawn(self._subscriptions.drop(partition.key, watched.topic.key))

    def _follow(
        self,
        partition: str,
        topic: str,
        *,
        deliver: Callable[[list[Frame]], None],
        lost: Callable[[], None],
    ) -> Following:
        def read(since: int) -> Awaitable[Page]:
            return self._chores.run(partition, partial(outbox.read, topic=topic, since=since))

        return Following(read=read, deliver=deliver, lost=lost)

    # --- what other processes say, and what the tables say

    def take(self, nudge: Nudge) -> None:
        """Hear of a commit; in order or not, twice or not, for a topic watched here or not."""
        partition = self._partitions.get(nudge.partition)
        if partition is None:
            return
        if nudge.topic == CONTROL:
            partition.control.take(nudge.head, nudge.frames)
            return
        watched = partition.watched.get(nudge.topic)
        if watched is None:
            return
        if nudge.head:
            watched.log.take(nudge.head, nudge.frames)
        if nudge.touched and watched.topic.kind.gauges is not None:
            partition.gauges.touch(watched.gauge, nudge.touched)

    async def _sweep(self, partition: Partition) -> None:
        """Find what no nudge told: one query for every topic watched, one or two a kind of gauges."""
        keys = [CONTROL, *partition.watched]
        epoch, seqs = await self._chores.run(partition.key, outbox.positions, keys)
        if epoch != partition.control.epoch:
            _close_all(partition.sockets, Close.RESTART)
            self._close_partition(partition)
            return
        partition.control.hear(seqs.get(CONTROL, 0))
        idle = time.monotonic() - IDLE_SECONDS
        for watched in list(partition.watched.values()):
            watched.log.hear(seqs.get(watched.topic.key, 0))
            if not watched.sockets and watched.idle_since < idle:
                self._unwatch(partition, watched)
        partition.gauges.sweep(
            watched.gauge
            for watched in partition.watched.values()
            if watched.live and watched.topic.kind.gauges
        )
        await self._subscriptions.align()
        if not partition.sockets and partition.idle_since < idle:
            self._close_partition(partition)

    async def _check_sessions(self, partition: Partition) -> None:
        viewers = {socket.viewer for socket in partition.sockets}
        if not viewers:
            return
        valid = await self._chores.run(partition.key, hooks.site().still_valid, viewers)
        ended = viewers - valid
        _close_all((socket for socket in partition.sockets if socket.viewer in ended), Close.SIGNED_OUT)

    # --- rights and sessions that end

    def _obey(self, partition: Partition, frames: list[Frame]) -> None:
        for frame in frames:
            event = json.loads(frame.payload)
            self._obey_one(partition, event["kind"], event["data"])

    def _obey_one(self, partition: Partition, kind: str, data: dict[str, Any]) -> None:
        if kind == "topic.closed":
            watched = partition.watched.get(data["topic"])
            if watched:
                self._dismiss(watched, list(watched.sockets), data["code"])
        elif kind == "topic.recheck":
            watched = partition.watched.get(data["topic"])
            if watched:
                self._ask_again(partition, {watched.topic: {socket.viewer.id for socket in watched.sockets}})
        elif kind == "person.recheck":
            own = partition.people.get(data["person"], ())
            joined = {watched.topic for socket in own for watched in socket.topics.values()}
            self._ask_again(partition, {topic: {data["person"]} for topic in joined})
        elif kind == "person.ended":
            _close_all(partition.people.get(data["person"], ()), Close.SIGNED_OUT)
        elif kind == "session.ended":
            keys = set(data["keys"])
            _close_all(
                (socket for socket in partition.sockets if socket.viewer.session in keys), Close.SIGNED_OUT
            )
        elif kind == "partition.ended":
            _close_all(partition.sockets, Close.GOING_AWAY)

    def _ask_all_again(self, partition: Partition) -> None:
        """Words of control were lost: they may have been about anyone."""
        self._spawn(self._check_sessions(partition))
        watched = partition.watched.values()
        self._ask_again(
            partition, {one.topic: {socket.viewer.id for socket in one.sockets} for one in watched}
        )

    def _ask_again(self, partition: Partition, asked: dict[Topic, set[int]]) -> None:
        self._spawn(self._dismiss_denied(partition, asked))

    async def _dismiss_denied(self, partition: Partition, asked: dict[Topic, set[int]]) -> None:
        denied: dict[Topic, set[int]] | None = None
        while denied is None:
            try:
                denied = await self._chores.run(partition.key, _denied, asked)
            except Exception:
                log.exception("live.recheck_failed")
                await asyncio.sleep(RETRY_SECONDS)
        for topic, persons in denied.items():
            watched = partition.watched.get(topic.key)
            if watched:
                refused = [socket for socket in watched.sockets if socket.viewer.id in persons]
                self._dismiss(watched, refused, "forbidden")

    # --- the end

    async def drain(self) -> None:
        """Send everybody elsewhere, spread in time; returns when they are gone, or after `DRAIN_SECONDS`."""
        self.draining = True
        sockets = [socket for partition in self._partitions.values() for socket in partition.sockets]
        spread = 1000 + 2 * len(sockets)
        for number, socket in enumerate(sockets):
            socket.transport.write(protocol.drain(random.randint(200, spread)))  # noqa: S311
            socket.transport.close(Close.RESTART)
            if number % 200 == 0:
                await asyncio.sleep(0)
        for _ in range(int(DRAIN_SECONDS / 0.05)):
            if not any(partition.sockets for partition in self._partitions.values()):
                return
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Stop every task."""
        publisher.PROCESS.detach()
        for partition in list(self._partitions.values()):
            self._close_partition(partition)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._subscriptions.close()
        self._joins.close()
        self._chores.close()

    async def _every(
        self, seconds: float, work: Callable[[Partition], Awaitable[None]], partition: Partition
    ) -> None:
        while True:
            await asyncio.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311  (so that processes do not march)
            try:
                await work(partition)
            except Exception:
                log.exception("live.chore_failed", extra={"partition": partition.key})

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _parse(name: str, person: int) -> Topic:
    try:
        return topics.parse(name, person)
    except topics.UnknownTopic:
        raise Refused("unknown_topic", name) from None
    except topics.Forbidden:
        raise Refused("forbidden", name) from None


def _identify(scope: hooks.Scope) -> tuple[str, Viewer | None] | None:
    site = hooks.site()
    key = site.partition(scope)
    return None if key is None else (key, site.run(key, site.authenticate, scope))


def _denied(asked: dict[Topic, set[int]]) -> dict[Topic, set[int]]:
    return {topic: persons - topic.admitted(persons) for topic, persons in asked.items()}


def _deliver(watched: Watched, frames: list[Frame]) -> None:
    for frame in frames:
        for transport in watched.live:
            transport.write(frame)
    counters.deliveries += len(frames) * len(watched.live)


def _close_all(sockets: Iterable[Socket], code: Close) -> None:
    for socket in list(sockets):
        socket.transport.close(code)
