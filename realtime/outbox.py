"""Writing events: collected during a transaction, numbered as its last act, told to the hubs after commit.

    with outbox.atomic():
        comment = Comment.objects.create(...)
        outbox.record(topic=f"post:{post.pk}", kind="comment.created", data=as_json(comment))
        outbox.touch(topic=f"post:{post.pk}")

The number is given under the topic's row lock, which is then held until commit, so numbers become visible in
their order. All topics of a transaction are locked in one sorted statement after every other write: writers that
cross cannot deadlock.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import connections, transaction

from realtime import hooks, protocol, publisher, topics
from realtime.layer import Nudge
from realtime.models import Epoch, Event

KEPT_EVENTS: Final = 300
KEPT_MINUTES: Final = 10


class NotOpen(RuntimeError):
    """An event was recorded outside `atomic()`: it could be lost or tell of a write that never was."""


@dataclass(eq=False, slots=True)
class _Entry:
    """Something told in a batch. Registered with the connection as a callback that does nothing, so that Django
    forgets it by itself when the savepoint it was told in is rolled back."""

    batch: _Batch
    topic: str
    kind: str = ""  # empty: a gauge was touched
    data: Any = None
    key: int | None = None

    def __call__(self) -> None:
        pass


@dataclass(eq=False, slots=True)
class _Batch:
    partition: str
    database: str

    def add(self, entry: _Entry) -> None:
        transaction.on_commit(entry, using=self.database)

    def flush(self) -> None:
        """Number and insert what survived. The last statements of the transaction."""
        events: dict[str, list[_Entry]] = defaultdict(list)
        touched: dict[str, set[int | None]] = defaultdict(set)
        for _, callback, *_ in connections[self.database].run_on_commit:
            if isinstance(callback, _Entry) and callback.batch is self:
                if callback.kind:
                    events[callback.topic].append(callback)
                else:
                    touched[callback.topic].add(callback.key)
        numbered = self._number(events) if events else {}
        nudges = [
            Nudge(
                self.partition,
                topic,
                *numbered.get(topic, (0, ())),
                touched=frozenset(touched.get(topic, ())),
            )
            for topic in sorted(events.keys() | touched.keys())
        ]
        if nudges:
            transaction.on_commit(partial(publisher.publish, nudges), using=self.database, robust=True)

    def _number(self, events: dict[str, list[_Entry]]) -> dict[str, tuple[int, tuple[bytes, ...]]]:
        """Insert the events; for each topic its new head and the frames."""
        ordered = sorted(events)
        numbered: dict[str, tuple[int, tuple[bytes, ...]]] = {}
        rows: list[Any] = []
        with connections[self.database].cursor() as cursor:
            cursor.execute(
                # Rows are locked in the order of the list, the same in every writer.
                "INSERT INTO realtime_topichead AS head (topic, seq, updated_at) VALUES "  # noqa: S608  (placeholders)
                + ",".join(["(%s, %s, clock_timestamp())"] * len(ordered))
                + " ON CONFLICT (topic) DO UPDATE"
                " SET seq = head.seq + excluded.seq, updated_at = clock_timestamp()"
                " RETURNING topic, seq, updated_at",
                [value for topic in ordered for value in (topic, len(events[topic]))],
            )
            for topic, head, at in cursor.fetchall():
                frames = []
                first = head - len(events[topic]) + 1
                for seq, entry in enumerate(events[topic], first):
                    frame = protocol.event(topics.wire_name(topic), seq, entry.kind, at, entry.data)
                    frames.append(protocol.encode(frame))
                    rows += (topic, seq, entry.kind, protocol.encode(entry.data).decode(), at)
                numbered[topic] = (head, tuple(frames))
            cursor.execute(
                "INSERT INTO realtime_event (topic, seq, kind, data, created_at) VALUES "  # noqa: S608  (placeholders)
                + ",".join(["(%s, %s, %s, %s::jsonb, %s)"] * (len(rows) // 5)),
                rows,
            )
        return numbered


_open: ContextVar[_Batch | None] = ContextVar("realtime_outbox", default=None)


@contextmanager
def atomic() -> Iterator[None]:
    """A transaction of the current partition whose events are numbered and inserted as its last statements.

    Also a decorator: ``@outbox.atomic()``. Inside another it is a savepoint; an exception that leaves it takes
    its events along. It must not stand inside a plain ``transaction.atomic()``, which would write after the
    topics are locked: there Django raises RuntimeError.
    """
    site = hooks.site()
    outer = _open.get()
    if outer is not None:
        if outer.partition != site.current():
            raise RuntimeError(f"a transaction of {outer.partition} was about to write in {site.current()}")
        with transaction.atomic(using=outer.database):
            yield
        return
    batch = _Batch(site.current(), site.database())
    token = _open.set(batch)
    try:
        with transaction.atomic(using=batch.database, durable=True):
            yield
            batch.flush()
    finally:
        _open.reset(token)


def _batch() -> _Batch:
    batch = _open.get()
    if batch is None:
        raise NotOpen("events are recorded inside `with outbox.atomic():`")
    return batch


def record(*, topic: str, kind: str, data: Any) -> None:
    """Tell an event of `topic` (internal name: ``me:7``) to everyone who may join it.

    data: JSON values, as the REST API shows the thing but without what differs from reader to reader.

    Raises:
        NotOpen: no `atomic()` is open.
        TypeError, ValueError: `data` is not JSON.
    """
    protocol.encode(data)
    batch = _batch()
    batch.add(_Entry(batch, topic, kind, data))


def touch(*, topic: str, key: int | None = None) -> None:
    """Say that a gauge of `topic` changed: its own, or the one of `key` where the kind groups gauges.

    The value is read after commit by the kind's `gauges`.
    """
    batch = _batch()
    batch.add(_Entry(batch, topic, key=key))


def close_topic(*, topic: str, code: protocol.LeftCode) -> None:
    """Make everyone leave: the thing is ``gone``, or everyone's right is (``forbidden``)."""
    record(topic=topics.CONTROL, kind="topic.closed", data={"topic": topic, "code": code})


def recheck(*, topic: str | None = None, person: int | None = None) -> None:
    """Ask again who may watch `topic`, or what `person` may watch, and make the others leave."""
    if (topic is None) == (person is None):
        raise TypeError("recheck takes a topic or a person")
    if topic is not None:
        record(topic=topics.CONTROL, kind="topic.recheck", data={"topic": topic})
    else:
        record(topic=topics.CONTROL, kind="person.recheck", data={"person": person})


def end_person(*, person: int) -> None:
    """Close every socket of the person."""
    record(topic=topics.CONTROL, kind="person.ended", data={"person": person})


def end_sessions(*, keys: Iterable[str]) -> None:
    """Close the sockets that were opened with these sessions."""
    record(topic=topics.CONTROL, kind="session.ended", data={"keys": list(keys)})


def end_partition() -> None:
    """Close every socket of the current partition."""
    record(topic=topics.CONTROL, kind="partition.ended", data={})


# --- reading -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """Events of a topic after a number.

    seq: the number reached: the topic's last, or that of the last event here where a limit cut them short.
    recovered: whether everything in between is here; if not, nothing is.
    events: as on the wire.
    """

    epoch: str
    seq: int
    recovered: bool
    events: list[dict[str, Any]] = field(default_factory=list)


def positions(keys: Collection[str]) -> tuple[str, dict[str, int]]:
    """The current epoch, and the last number of each of these topics that has one. One query."""
    with connections[hooks.site().database()].cursor() as cursor:
        cursor.execute(
            "SELECT epoch.value, head.topic, head.seq FROM realtime_epoch AS epoch"
            " LEFT JOIN realtime_topichead AS head ON head.topic = ANY(%s)",
            [list(keys)],
        )
        rows = cursor.fetchall()
    if not rows:
        _make_epoch()
        return positions(keys)
    return rows[0][0], {topic: seq for _, topic, seq in rows if topic is not None}


def heads(keys: Collection[str]) -> list[dict[str, Any]]:
    """What a page hands its reader beside the content of these topics: ``[{topic, epoch, seq}]``.

    Call it *before* the rows are read: an event that comes in between is then applied twice, never missed.
    """
    epoch, seqs = positions(keys)
    return [{"topic": topics.wire_name(key), "epoch": epoch, "seq": seqs.get(key, 0)} for key in keys]


def read(*, topic: str, since: int | None, epoch: str | None = None, limit: int = 500) -> Page:
    """The events of `topic` after number `since` of `epoch` (None: the current one); none without `since`."""
    current, seqs = positions([topic])
    head = seqs.get(topic, 0)
    if since is None:
        return Page(current, head, recovered=True)
    if since > head or (epoch is not None and epoch != current):
        return Page(current, head, recovered=False)
    rows: list[tuple[int, str, datetime, Any]] = list(
        Event.objects.using(hooks.site().database())
        .filter(topic=topic, seq__gt=since, seq__lte=head)
        .order_by("seq")
        .values_list("seq", "kind", "created_at", "data")[:limit]
    )
    if not rows:
        return Page(current, head, recovered=since == head)
    if rows[0][0] != since + 1:
        return Page(current, head, recovered=False)
    wire = topics.wire_name(topic)
    return Page(
        current,
        rows[-1][0],
        recovered=True,
        events=[protocol.event(wire, seq, kind, at, data) for seq, kind, at, data in rows],
    )


# --- keeping -------------------------------------------------------------------------------------------------------


def prune() -> int:
    """Delete what no reader is promised any more: beyond the last 300 events and older than 10 minutes.

    Returns how many went.
    """
    with connections[hooks.site().database()].cursor() as cursor:
        cursor.execute(
            "DELETE FROM realtime_event AS event USING realtime_topichead AS head"
            " WHERE head.seq > %s AND event.topic = head.topic AND event.seq <= head.seq - %s"
            " AND event.created_at < now() - make_interval(mins => %s)",
            [KEPT_EVENTS, KEPT_EVENTS, KEPT_MINUTES],
        )
        return int(cursor.rowcount)


def renew_epoch() -> str:
    """Start a new run of numbers, after a restore: who held old ones is told to load afresh. Returns its name."""
    value = _epoch_name()
    Epoch.objects.using(hooks.site().database()).update_or_create(id=1, defaults={"value": value})
    return value


def _make_epoch() -> None:
    Epoch.objects.using(hooks.site().database()).bulk_create(
        [Epoch(id=1, value=_epoch_name())], ignore_conflicts=True
    )


def _epoch_name() -> str:
    return f"e{secrets.token_hex(6)}"
