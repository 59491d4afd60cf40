"""Events are numbered in the order in which they become visible, once, without holes, or not at all."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from realtime import outbox, publisher
from realtime.models import Event
from tenants.context import in_district
from tests.realtime import house


def logged(topic: str) -> list[tuple[int, str, Any]]:
    return list(Event.objects.filter(topic=topic).order_by("seq").values_list("seq", "kind", "data"))


@contextmanager
def statements() -> Iterator[list[str]]:
    """The first words of what is executed in the block, ``SET search_path`` left out."""
    words: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield words
    sent = [query["sql"].split("(")[0].split() for query in queries.captured_queries]
    words += [" ".join(word for word in sql[:3]) for sql in sent if sql[0] != "SET"]


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the publisher was given."""
    told: list[Any] = []
    monkeypatch.setattr(publisher, "publish", told.extend)
    return told


def test_events_of_a_transaction_are_numbered_together(a: Any, nudges: list[Any]) -> None:
    with outbox.atomic():
        outbox.record(topic="room:1", kind="said", data={"text": "早上好 𠮷"})
        outbox.record(topic="board", kind="opened", data={"room": 1})
        outbox.record(topic="room:1", kind="said", data={"text": "好"})
        assert logged("room:1") == []
    assert logged("room:1") == [(1, "said", {"text": "早上好 𠮷"}), (2, "said", {"text": "好"})]
    assert logged("board") == [(1, "opened", {"room": 1})]
    assert [(nudge.topic, nudge.head, len(nudge.frames)) for nudge in nudges] == [
        ("board", 1, 1),
        ("room:1", 2, 2),
    ]
    assert {nudge.partition for nudge in nudges} == {a.schema_name}


def test_the_frame_of_a_nudge_is_the_event_of_the_table(a: Any, nudges: list[Any]) -> None:
    with outbox.atomic():
        outbox.record(topic="mine:7", kind="reply.created", data={"id": 3})
    (event,) = outbox.read(topic="mine:7", since=0).events
    assert json.loads(nudges[0].frames[0]) == event
    assert event["topic"] == "mine"
    assert event["at"].endswith("+08:00")


def test_nothing_is_recorded_outside_a_transaction(a: Any) -> None:
    with pytest.raises(outbox.NotOpen):
        outbox.record(topic="room:1", kind="said", data={})
    with pytest.raises(outbox.NotOpen):
        outbox.touch(topic="room:1")


@pytest.mark.parametrize("data", [{"at": object()}, {"x": float("nan")}, {"text": "\ud800"}])
def test_what_is_no_json_is_refused_where_it_is_recorded(a: Any, data: Any) -> None:
    with outbox.atomic(), pytest.raises((TypeError, ValueError)):
        outbox.record(topic="room:1", kind="said", data=data)


def test_a_plain_transaction_around_it_is_refused(a: Any) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), outbox.atomic():
        pass


def test_a_transaction_stays_in_its_partition(a: Any, b: Any) -> None:
    with (
        pytest.raises(RuntimeError, match="was about to write"),
        outbox.atomic(),
        in_district(b),
        outbox.atomic(),
    ):
        pass


def test_a_rolled_back_transaction_tells_nothing(a: Any, nudges: list[Any]) -> None:
    with suppress(ZeroDivisionError), outbox.atomic():
        outbox.record(topic="room:1", kind="said", data={})
        raise ZeroDivisionError
    assert logged("room:1") == []
    assert nudges == []


@pytest.mark.parametrize("inner", [outbox.atomic, transaction.atomic])
def test_a_rolled_back_savepoint_takes_its_events_along(a: Any, nudges: list[Any], inner: Any) -> None:
    with outbox.atomic():
        outbox.record(topic="room:1", kind="first", data={})
        with suppress(ZeroDivisionError), inner():
            outbox.record(topic="room:1", kind="never", data={})
            outbox.touch(topic="room:2")
            raise ZeroDivisionError
        with inner():
            outbox.record(topic="room:1", kind="second", data={})
    assert [kind for _, kind, _ in logged("room:1")] == ["first", "second"]
    assert [nudge.topic for nudge in nudges] == ["room:1"]


def test_it_decorates(a: Any) -> None:
    @outbox.atomic()
    def say() -> None:
        outbox.record(topic="room:1", kind="said", data={})

    say()
    say()
    assert [seq for seq, _, _ in logged("room:1")] == [1, 2]


def test_a_touch_alone_writes_nothing_and_is_told_after_commit(a: Any, nudges: list[Any]) -> None:
    with statements() as sent, outbox.atomic():
        outbox.touch(topic="room:1")
        outbox.touch(topic="board", key=4)
        outbox.touch(topic="board", key=5)
    assert sent == ["BEGIN", "COMMIT"]
    assert [(nudge.topic, nudge.touched) for nudge in nudges] == [("board", {4, 5}), ("room:1", {None})]


def test_topics_are_locked_last_and_in_two_statements_whatever_is_told(a: Any) -> None:
    with statements() as sent, outbox.atomic():
        for room in range(20):
            outbox.record(topic=f"room:{room}", kind="said", data={})
            outbox.record(topic="board", kind="said", data={})
        house.query("INSERT INTO live_value (room, likes) VALUES (1, 0)")
    insert = "INSERT INTO {}".format
    tables = ["live_value", "realtime_topichead", "realtime_event"]
    assert sent == ["BEGIN", *map(insert, tables), "COMMIT"]


steps = st.recursive(
    st.integers(1, 3),  # record on that topic
    lambda inner: st.tuples(st.booleans(), st.lists(inner, max_size=4)),  # a block that ends well or not
    max_leaves=12,
)


@given(plan=st.lists(steps, max_size=6))
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_survives_is_what_the_database_kept(a: Any, plan: list[Any]) -> None:
    """Whatever is nested and rolled back: the events are those whose rows stand, in the order they were told."""
    house.query("TRUNCATE realtime_event, realtime_topichead, live_value")
    numbers = iter(range(1000))

    def run(step: Any) -> None:
        if isinstance(step, int):
            number = next(numbers)
            house.query("INSERT INTO live_value (room, likes) VALUES (%s, 0)", number)
            outbox.record(topic=f"room:{step}", kind="said", data=number)
            return
        well, inner = step
        try:
            with outbox.atomic():
                for one in inner:
                    run(one)
                if not well:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    for step in plan:
        with outbox.atomic():
            run(step)
    kept = [room for (room,) in house.query("SELECT room FROM live_value ORDER BY room")]
    events = [log for topic in ("room:1", "room:2", "room:3") for log in [logged(topic)]]
    assert sorted(data for log in events for _, _, data in log) == kept
    for log in events:
        assert [seq for seq, _, _ in log] == list(range(1, len(log) + 1))
        assert [data for _, _, data in log] == sorted(data for _, _, data in log)


def test_writers_with_crossing_topics_never_deadlock(a: Any) -> None:
    """32 writers, each telling several topics in an order of its own: no error, no hole, no number early."""
    rooms = [f"room:{number}" for number in range(8)]
    errors: list[BaseException] = []
    holes: list[str] = []
    done = threading.Event()

    def write(number: int) -> None:
        shuffled = random.Random(number)
        try:
            with in_district(a):
                for _ in range(6):
                    with outbox.atomic():
                        for room in shuffled.sample(rooms, 4):
                            outbox.record(topic=room, kind="said", data={"writer": number})
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    def watch() -> None:
        """Reads as a hub does: what it has seen must never grow a number below."""
        seen = dict.fromkeys(rooms, 0)
        with in_district(a):
            while not done.is_set():
                for room in rooms:
                    page = outbox.read(topic=room, since=seen[room])
                    if [event["seq"] for event in page.events] != list(range(seen[room] + 1, page.seq + 1)):
                        holes.append(room)
                    seen[room] = page.seq
        connection.close()

    watcher = threading.Thread(target=watch)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(32)]
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    watcher.join()
    assert errors == []
    assert holes == []
    numbers = [[seq for seq, _, _ in logged(room)] for room in rooms]
    assert sum(map(len, numbers)) == 32 * 6 * 4
    assert all(found == list(range(1, len(found) + 1)) for found in numbers)


def test_reading_is_whole_or_not_at_all(a: Any) -> None:
    with outbox.atomic():
        for number in range(5):
            outbox.record(topic="room:1", kind="said", data=number)
    epoch = outbox.heads(["room:1"])[0]["epoch"]

    def seqs(page: outbox.Page) -> list[int]:
        return [event["seq"] for event in page.events]

    assert seqs(outbox.read(topic="room:1", since=3, epoch=epoch)) == [4, 5]
    assert outbox.read(topic="room:1", since=5, epoch=epoch).recovered
    assert outbox.read(topic="room:1", since=None) == outbox.Page(epoch, 5, recovered=True)
    limited = outbox.read(topic="room:1", since=0, limit=2)
    assert (seqs(limited), limited.seq, limited.recovered) == ([1, 2], 2, True)
    for since, of in [(6, epoch), (3, "another")]:
        page = outbox.read(topic="room:1", since=since, epoch=of)
        assert (page.recovered, page.events, page.seq) == (False, [], 5)


def test_heads_name_every_topic_asked_for_in_one_query(a: Any) -> None:
    with outbox.atomic():
        outbox.record(topic="mine:7", kind="said", data={})
    outbox.heads([])  # makes the epoch
    with statements() as sent:
        heads = outbox.heads(["mine:7", "room:9"])
    assert len(sent) == 1
    assert [(head["topic"], head["seq"]) for head in heads] == [("mine", 1), ("room:9", 0)]


def test_a_new_epoch_breaks_with_the_old_numbers(a: Any, b: Any) -> None:
    (before,) = outbox.heads(["board"])
    assert outbox.heads(["board"]) == [before]
    with in_district(b):
        (elsewhere,) = outbox.heads(["board"])
    renewed = outbox.renew_epoch()
    assert len({before["epoch"], elsewhere["epoch"], renewed}) == 3
    assert outbox.heads(["board"])[0]["epoch"] == renewed
    assert not outbox.read(topic="board", since=0, epoch=before["epoch"]).recovered


def test_pruning_keeps_three_hundred_events_and_ten_minutes(a: Any) -> None:
    with outbox.atomic():
        for number in range(310):
            outbox.record(topic="room:1", kind="said", data=number)
        outbox.record(topic="room:2", kind="said", data=0)
    assert outbox.prune() == 0  # young
    house.query("UPDATE realtime_event SET created_at = now() - interval '11 minutes'")
    assert outbox.prune() == 10
    assert outbox.read(topic="room:1", since=10).recovered
    assert not outbox.read(topic="room:1", since=9).recovered
    assert outbox.read(topic="room:2", since=0).recovered
