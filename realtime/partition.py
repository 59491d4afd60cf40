"""One partition in one process: the topics watched there, kept whole by sweeps, and the rights that end.

Ends of rights and sessions are events of the internal topic ``control``. Whoever is being let in while one passes
by is asked again, so `control.seq` is read before a permission query and compared after it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from realtime import gauges, hooks, layer, outbox, protocol, publisher
from realtime.audience import Audience
from realtime.batches import Batches
from realtime.following import Following, TooLongAgo
from realtime.gauges import Gauge, Gauges
from realtime.hooks import Viewer
from realtime.layer import Nudge
from realtime.metrics import counters
from realtime.presence import Presence, Sighting
from realtime.protocol import Close, Frame
from realtime.resources import Resources, repeat
from realtime.tickets import Grounds, Rights
from realtime.topics import CONTROL, Topic

if TYPE_CHECKING:
    from realtime.sockets import Socket

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
SESSION_CHECK_SECONDS = 30.0
IDLE_SECONDS = 30.0  # what nobody watches is kept so long for those who come back
RETRY_SECONDS = 1.0


@dataclass(eq=False, slots=True)
class Watched:
    """A topic somebody here watches: `sockets` are let in, those of them that have caught up are its `audience`."""

    topic: Topic
    log: Following
    gauge: Gauge
    opened: asyncio.Task[None]
    sockets: set[Socket] = field(default_factory=set)
    idle_since: float = field(default_factory=time.monotonic)

    @property
    def audience(self) -> Audience:
        return self.gauge.audience


class Partition:
    """Opened with the first socket that asks for it, closed some time after the last has gone.

    `opened` ends when its control topic is followed; `on_close` is called once.
    """

    def __init__(self, key: str, resources: Resources, on_close: Callable[[Partition], None]) -> None:
        self.key = key
        self.resources = resources
        self.sockets: set[Socket] = set()
        self.people: dict[int, set[Socket]] = defaultdict(set)
        self.idle_since = time.monotonic()
        self.closed = False
        self.control = self._follow(CONTROL, deliver=self._obey, lost=self._ask_everybody_again)
        self.gauges = Gauges(lambda wanted: resources.chores.run(key, gauges.read, wanted))
        self.presence = Presence(
            key, publisher.PROCESS.name, here=self._here, tell=layer.tell, changed=self._presence_changed
        )
        self._rights = Rights(0)
        self._permissions: Batches[tuple[Topic, int], bool] = Batches(
            lambda asked: resources.joins.run(key, _permitted, asked)
        )
        self._positions: Batches[str, tuple[str, int]] = Batches(
            lambda keys: resources.joins.run(key, _positions, keys)
        )
        self._watched: dict[str, Watched] = {}
        self._on_close = on_close
        self._tasks: list[asyncio.Task[None]] = []
        self.opened = resources.spawn(self._open())

    async def _open(self) -> None:
        try:
            await self.resources.subscriptions.want(self.key, CONTROL)
            epoch, seqs = await self.resources.chores.run(self.key, outbox.positions, [CONTROL])
        except BaseException:
            self.close()
            raise
        self._rights = Rights(seqs.get(CONTROL, 0))
        self.control.open(epoch, seqs.get(CONTROL, 0))
        self._spawn(repeat(SWEEP_SECONDS, self._sweep))
        self._spawn(repeat(SESSION_CHECK_SECONDS, self._check_sessions))
        self._spawn(self.presence.run())

    def close(self) -> None:
        """Follow nothing any more; sockets that are still here are somebody else's to close."""
        if self.closed:
            return
        self.closed = True
        for watched in list(self._watched.values()):
            self._unwatch(watched)
        self.control.close()
        self.gauges.close()
        for task in self._tasks:
            task.cancel()
        self.resources.spawn(self.resources.subscriptions.drop(self.key, CONTROL))
        self._on_close(self)

    # --- sockets

    def add(self, socket: Socket) -> None:
        self.sockets.add(socket)
        self.people[socket.viewer.id].add(socket)

    def remove(self, socket: Socket) -> None:
        self.sockets.discard(socket)
        own = self.people[socket.viewer.id]
        own.discard(socket)
        if not own:
            del self.people[socket.viewer.id]
        self.idle_since = time.monotonic()

    def close_sockets(self, code: Close) -> None:
        _close(self.sockets, code)

    # --- topics

    async def watch(self, topic: Topic) -> Watched:
        """The topic, followed; opened by the first who asks."""
        watched = self._watched.get(topic.key)
        if watched is None:
            watched = self._start_watching(topic)
        watched.idle_since = time.monotonic()
        await asyncio.shield(watched.opened)
        return watched

    def _start_watching(self, topic: Topic) -> Watched:
        async def open_() -> None:
            try:
                # In this order: what commits after the number was read is heard of.
                await self.resources.subscriptions.want(self.key, topic.key)
                epoch, seq = await self._positions.ask(topic.key)
            except BaseException:
                self._unwatch(watched)
                raise
            watched.log.open(epoch, seq)

        audience = Audience()
        watched = Watched(
            topic,
            log=self._follow(
                topic.key,
                deliver=audience.send,
                lost=lambda: _close(watched.sockets, Close.RESTART),
            ),
            gauge=Gauge(
                topic, audience, here=partial(self.presence.count, topic.key) if topic.kind.presence else None
            ),
            opened=self.resources.spawn(open_()),
        )
        self._watched[topic.key] = watched
        counters.topics += 1
        return watched

    def _unwatch(self, watched: Watched) -> None:
        if self._watched.get(watched.topic.key) is watched:
            del self._watched[watched.topic.key]
            counters.topics -= 1
            watched.log.close()
            self.presence.forget(watched.topic.key)
            self.resources.spawn(self.resources.subscriptions.drop(self.key, watched.topic.key))

    def _follow(
        self, topic: str, *, deliver: Callable[[list[Frame]], None], lost: Callable[[], None]
    ) -> Following:
        return Following(
            read=lambda since: self.resources.chores.run(
                self.key, partial(outbox.read, topic=topic, since=since)
            ),
            deliver=deliver,
            lost=lost,
        )

    # --- who is here

    def _here(self, topic: str) -> frozenset[int]:
        watched = self._watched.get(topic)
        sockets = watched.sockets if watched is not None else ()
        return frozenset(socket.viewer.id for socket in sockets if not socket.transport.closed)

    def _presence_changed(self, topic: str) -> None:
        watched = self._watched.get(topic)
        if watched is not None and watched.audience:
            self.gauges.touch(watched.gauge, [None])

    # --- permissions

    async def permits(self, topic: Topic, viewer: Viewer, ticket: str | None) -> str | None:
        """A ticket for the person who may join: the one brought, if it still holds, or one for the permission that
        is looked up. None: the person may not."""
        if ticket is not None and await self._redeems(topic, viewer, ticket):
            counters.tickets_taken += 1
            return ticket
        grounds = Grounds(self.key, self.control.epoch, topic.key, viewer)
        seq = self.control.seq  # before the query: a word that passes by meanwhile voids what it found
        return grounds.issue(seq) if await self._permissions.ask((topic, viewer.id)) else None

    async def _redeems(self, topic: Topic, viewer: Viewer, ticket: str) -> bool:
        seq = Grounds(self.key, self.control.epoch, topic.key, viewer).redeem(ticket)
        if seq is None or seq > self.control.seq:
            return False
        if seq < self._rights.known_from and not await self._remember_words(seq):
            return False
        return self._rights.stand_since(seq, topic.key, viewer.id)

    async def _remember_words(self, after: int) -> bool:
        """Learn the words of control after that number, from before this process followed them: they are read once
        for all who bring tickets from then. Returns False when they are kept no longer, or are too many."""
        try:
            frames = await self.control.reach(after) or self.control.after(after)
        except TooLongAgo:
            return False
        words = [self._note(frame) for frame in frames]
        if words and words[-1]["seq"] >= self._rights.known_from:
            self._rights.known_from = min(after, self._rights.known_from)
        return self._rights.known_from <= after

    # --- what other processes say, and what the tables say

    def take(self, nudge: Nudge | Sighting) -> None:
        """Hear of a commit, or of who is where; in order or not, twice or not, of a topic watched here or not."""
        if isinstance(nudge, Sighting):
            if nudge.topic in self._watched:
                self.presence.hear(nudge)
            return
        if nudge.topic == CONTROL:
            self.control.take(nudge.head, nudge.frames)
            return
        watched = self._watched.get(nudge.topic)
        if watched is None:
            return
        if nudge.head:
            watched.log.take(nudge.head, nudge.frames, nudge.at)
        if nudge.touched and watched.audience and watched.topic.kind.has_gauge:
            self.gauges.touch(watched.gauge, nudge.touched)

    async def _sweep(self) -> None:
        """Find what no nudge told: one query for all logs, one or two a kind of gauges."""
        keys = [CONTROL, *self._watched]
        epoch, seqs = await self.resources.chores.run(self.key, outbox.positions, keys)
        if epoch != self.control.epoch:
            self.close_sockets(Close.RESTART)
            self.close()
            return
        self.control.hear(seqs.get(CONTROL, 0))
        idle = time.monotonic() - IDLE_SECONDS
        for watched in list(self._watched.values()):
            watched.log.hear(seqs.get(watched.topic.key, 0))
            if not watched.sockets and watched.idle_since < idle:
                self._unwatch(watched)
        self.gauges.sweep(
            watched.gauge
            for watched in self._watched.values()
            if watched.audience and watched.topic.kind.has_gauge
        )
        await self.resources.subscriptions.align()
        if not self.sockets and self.idle_since < idle:
            self.close()

    # --- rights and sessions that end

    async def _check_sessions(self) -> None:
        viewers = {socket.viewer for socket in self.sockets}
        if viewers:
            valid = await self.resources.chores.run(self.key, hooks.site().still_valid, viewers)
            ended = viewers - valid
            _close((socket for socket in self.sockets if socket.viewer in ended), Close.SIGNED_OUT)

    def _obey(self, frames: list[Frame]) -> None:
        for frame in frames:
            event = self._note(frame)
            self._obey_one(event["kind"], event["data"])

    def _note(self, frame: Frame) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(frame.payload)
        self._rights.note(event["seq"], event["data"])
        return event

    def _obey_one(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "topic.closed":
            watched = self._watched.get(data["topic"])
            if watched:
                _dismiss(watched, list(watched.sockets), data["code"])
        elif kind == "topic.recheck":
            watched = self._watched.get(data["topic"])
            if watched:
                self._ask_again({watched.topic: {socket.viewer.id for socket in watched.sockets}})
        elif kind == "person.recheck":
            person = data["person"]
            theirs = {
                watched.topic for socket in self.people.get(person, ()) for watched in socket.topics.values()
            }
            self._ask_again({topic: {person} for topic in theirs})
        elif kind == "person.ended":
            _close(self.people.get(data["person"], ()), Close.SIGNED_OUT)
        elif kind == "session.ended":
            keys = set(data["keys"])
            _close((socket for socket in self.sockets if socket.viewer.session in keys), Close.SIGNED_OUT)
        elif kind == "partition.ended":
            self.close_sockets(Close.GOING_AWAY)

    def _ask_everybody_again(self) -> None:
        """Words of control are gone unheard; they may have been about anyone."""
        self._rights = Rights(self.control.seq)
        self._spawn(self._check_sessions())
        watched = self._watched.values()
        self._ask_again({one.topic: {socket.viewer.id for socket in one.sockets} for one in watched})

    def _ask_again(self, asked: dict[Topic, set[int]]) -> None:
        self._spawn(self._dismiss_denied(asked))

    async def _dismiss_denied(self, asked: dict[Topic, set[int]]) -> None:
        denied: dict[Topic, set[int]] | None = None
        while denied is None:
            try:
                denied = await self.resources.chores.run(self.key, _denied, asked)
            except Exception:
                log.exception("live.recheck_failed")
                await asyncio.sleep(RETRY_SECONDS)
        for topic, persons in denied.items():
            watched = self._watched.get(topic.key)
            if watched:
                refused = [socket for socket in watched.sockets if socket.viewer.id in persons]
                _dismiss(watched, refused, "forbidden")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(self.resources.spawn(work))


def _dismiss(watched: Watched, sockets: list[Socket], code: protocol.LeftCode) -> None:
    frame = protocol.left(watched.topic.wire, code)
    for socket in sockets:
        socket.leave(watched.topic.key)
        socket.transport.write(frame)


def _close(sockets: Iterable[Socket], code: Close) -> None:
    for socket in list(sockets):
        socket.transport.close(code)


def _positions(keys: list[str]) -> list[tuple[str, int]]:
    epoch, seqs = outbox.positions(keys)
    return [(epoch, seqs.get(key, 0)) for key in keys]


def _permitted(asked: list[tuple[Topic, int]]) -> list[bool]:
    """One query a topic, however many ask."""
    persons: dict[Topic, set[int]] = defaultdict(set)
    for topic, person in asked:
        persons[topic].add(person)
    admitted = {topic: topic.admitted(those) for topic, those in persons.items()}
    return [person in admitted[topic] for topic, person in asked]


def _denied(asked: dict[Topic, set[int]]) -> dict[Topic, set[int]]:
    return {topic: persons - topic.admitted(persons) for topic, persons in asked.items()}
