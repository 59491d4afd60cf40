"""The REST twin says what a socket would."""

from __future__ import annotations

from typing import Any

import pytest

from realtime import outbox, rest
from tests.realtime import house


def test_it_gives_the_events_a_socket_would_get(a: Any) -> None:
    house.query("INSERT INTO live_right VALUES (7, 1)")
    with outbox.atomic():
        for number in range(3):
            outbox.record(topic="room:1", kind="said", data=number)
        outbox.record(topic="mine:7", kind="reply.created", data={})
    answer = rest.events(person=7, topic="room:1", since=1)
    assert (answer["topic"], answer["seq"], answer["recovered"]) == ("room:1", 3, True)
    assert [(event["op"], event["topic"], event["seq"]) for event in answer["events"]] == [
        ("event", "room:1", 2),
        ("event", "room:1", 3),
    ]
    assert rest.events(person=7, topic="room:1")["events"] == []
    assert not rest.events(person=7, topic="room:1", since=1, epoch="another")["recovered"]
    (mine,) = rest.events(person=7, topic="mine", since=0)["events"]
    assert mine["topic"] == "mine"
    assert rest.events(person=8, topic="mine", since=0)["events"] == []


def test_it_gives_the_gauges_a_newcomer_would_get(a: Any) -> None:
    house.query("INSERT INTO live_right VALUES (7, 1) ON CONFLICT DO NOTHING")
    house.query("DELETE FROM live_value")
    assert [rest.events(person=7, topic=topic)["gauges"] for topic in ("room:1", "board", "mine")] == [
        None
    ] * 3
    house.query("INSERT INTO live_value VALUES (1, 5)")
    house.query("INSERT INTO live_value VALUES (2, 9, now() - interval '11 minutes')")
    assert rest.events(person=7, topic="room:1")["gauges"] == {"likes": 5}
    assert rest.events(person=7, topic="board")["gauges"] == {"rooms": {"1": {"likes": 5}}}
    assert rest.events(person=7, topic="mine")["gauges"] is None


@pytest.mark.parametrize("topic", ["room:1", "room:x", "room", "nowhere", "control", "mine:7", ""])
def test_what_a_join_would_refuse_is_not_found(a: Any, topic: str) -> None:
    with pytest.raises(rest.NotFound):
        rest.events(person=8, topic=topic, since=0)
