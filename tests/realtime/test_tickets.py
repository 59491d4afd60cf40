"""Who comes back with a ticket costs no permission query; a right that ended ends its tickets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from realtime import hub, outbox, partition, tickets
from realtime.batches import Batches
from realtime.hooks import Viewer
from realtime.tickets import Grounds
from tests.realtime import house
from tests.realtime.serving import Stage, eventually
from tests.realtime.test_hub import enter, running, send

GROUNDS = Grounds("huiji", "e1", "post:1", Viewer(7, "s7", 1))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many persons each permission query asked about."""
    sizes: list[int] = []
    permitted = partition._permitted

    def counting(questions: Any) -> list[bool]:
        sizes.append(len(questions))
        return permitted(questions)

    monkeypatch.setattr(partition, "_permitted", counting)
    return sizes


def test_a_ticket_holds_for_what_it_was_issued_for_alone() -> None:
    ticket = GROUNDS.issue(17)
    assert GROUNDS.redeem(ticket) == 17
    others = [
        Grounds("luoyang", "e1", "post:1", Viewer(7, "s7", 1)),
        Grounds("huiji", "e2", "post:1", Viewer(7, "s7", 1)),
        Grounds("huiji", "e1", "post:2", Viewer(7, "s7", 1)),
        Grounds("huiji", "e1", "post:1", Viewer(8, "s7", 1)),
        Grounds("huiji", "e1", "post:1", Viewer(7, "s7", 2)),
    ]
    assert [other.redeem(ticket) for other in others] == [None] * len(others)
    assert Grounds("huiji", "e1", "post:1", Viewer(7, "of another device", 1)).redeem(ticket) == 17


@pytest.mark.parametrize(
    "ticket", ["", "~", "17", "17.1~x", "x.y~z", "17.99999999999~", "18.1~" + "A" * 43, "\0~\0"]
)
def test_what_is_no_ticket_is_none(ticket: str) -> None:
    assert GROUNDS.redeem(ticket) is None


def test_a_number_put_into_a_ticket_voids_it() -> None:
    note, _, signature = GROUNDS.issue(17).partition("~")
    assert GROUNDS.redeem(f"{note.replace('17', '18', 1)}~{signature}") is None


@pytest.mark.parametrize(
    ("age", "seq"), [(-3600, None), (-10, 17), (0, 17), (8 * 3600 - 60, 17), (8 * 3600 + 60, None)]
)
def test_a_ticket_ages_and_is_not_of_the_future(
    age: float, seq: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(tickets.time, "time", lambda: now - age)
    ticket = GROUNDS.issue(17)
    monkeypatch.setattr(tickets.time, "time", lambda: now)
    assert GROUNDS.redeem(ticket) == seq


async def get_ticket(stage: Stage, person: int) -> tuple[str, str]:
    async with running() as one:
        socket, wire = await enter(one, person)
        send(socket, op="join", topic=stage.topic)
        joined = await wire.expect("joined")
        return joined["ticket"], joined["epoch"]


def test_with_a_ticket_no_permission_is_asked_for_in_another_process_either(
    stage: Stage, asked: list[int]
) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        ticket, epoch = await get_ticket(stage, 7)
        await stage.say("one")
        asked.clear()
        async with running() as other:
            socket, wire = await enter(other, 7)
            send(socket, op="join", topic=stage.topic, since=0, epoch=epoch, ticket=ticket)
            joined = await wire.expect("joined")
            assert joined["ticket"] == ticket
            await wire.expect("event", seq=1)
        assert asked == []

    asyncio.run(story())


@pytest.mark.parametrize(
    ("word", "voids"),
    [
        (lambda stage: (outbox.recheck, {"topic": stage.topic}), True),
        (lambda stage: (outbox.recheck, {"person": 7}), True),
        (lambda stage: (outbox.close_topic, {"topic": stage.topic, "code": "gone"}), True),
        (lambda stage: (outbox.end_person, {"person": 7}), True),
        (lambda stage: (outbox.recheck, {"topic": "board"}), False),
        (lambda stage: (outbox.recheck, {"person": 8}), False),
        (lambda stage: (outbox.end_sessions, {"keys": ["s8"]}), False),
    ],
)
@pytest.mark.parametrize("heard", [True, False], ids=["heard", "read from the log"])
def test_a_word_about_the_topic_or_the_person_voids_it(
    word: Callable[[Stage], tuple[Any, dict[str, Any]]],
    voids: bool,
    heard: bool,
    stage: Stage,
    asked: list[int],
) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8)
        ticket, _ = await get_ticket(stage, 7)
        act, arguments = word(stage)
        if not heard:
            await stage.control(act, **arguments)
        async with running() as other:
            watcher, _ = await enter(other, 8)
            if heard:
                seen = watcher.partition.control.seq
                await stage.control(act, **arguments)
                await eventually(lambda: watcher.partition.control.seq > seen)
            await stage.do(house.query, "DELETE FROM live_right WHERE person = 7")
            asked.clear()
            socket, wire = await enter(other, 7)
            send(socket, op="join", topic=stage.topic, ticket=ticket)
            await wire.expect("error" if voids else "joined")
        assert bool(asked) is voids

    asyncio.run(story())


def test_with_the_words_pruned_the_permission_is_asked_for(stage: Stage, asked: list[int]) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        ticket, _ = await get_ticket(stage, 7)
        await stage.control(outbox.recheck, person=8)
        await stage.control(outbox.recheck, person=9)
        await stage.do(house.query, "DELETE FROM realtime_event WHERE topic = 'control'")
        asked.clear()
        async with running() as other:
            socket, wire = await enter(other, 7)
            send(socket, op="join", topic=stage.topic, ticket=ticket)
            await wire.expect("joined")
        assert asked == [1]

    asyncio.run(story())


def test_a_right_that_is_being_asked_about_gives_no_ticket_that_outlives_the_answer(
    stage: Stage, asked: list[int]
) -> None:
    """The ticket names the last word before the permission was looked up, not the one before it was written."""

    async def story() -> None:
        await stage.sign_in(7)
        async with running() as one:
            socket, wire = await enter(one, 7)
            send(socket, op="join", topic=stage.topic)
            ticket = (await wire.expect("joined"))["ticket"]
            await stage.do(house.query, "DELETE FROM live_right WHERE person = 7")
            await stage.control(outbox.recheck, topic=stage.topic)
            await wire.expect("left", code="forbidden")
            send(socket, op="join", topic=stage.topic, ticket=ticket)
            await wire.expect("error", code="forbidden", topic=stage.topic)

    asyncio.run(story())


def test_a_storm_of_newcomers_costs_few_queries(
    stage: Stage, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        persons = range(100, 400)
        await stage.sign_in(7)
        people = list(persons)
        await stage.do(
            house.query,
            "INSERT INTO live_session SELECT 's' || one, one, 1 FROM unnest(%s::bigint[]) one",
            people,
        )
        await stage.do(
            house.query,
            "INSERT INTO live_right SELECT one, %s FROM unnest(%s::bigint[]) one",
            stage.room,
            people,
        )
        identified = []
        identify = hub._identify
        monkeypatch.setattr(
            hub, "_identify", lambda scopes: identified.append(len(scopes)) or identify(scopes)
        )
        async with running() as one:
            entered = await asyncio.gather(*(enter(one, person) for person in persons))
            for socket, _ in entered:
                send(socket, op="join", topic=stage.topic)
                send(socket, op="join", topic="mine")
            for _, wire in entered:
                await wire.expect("joined", topic=stage.topic)
                await wire.expect("joined", topic="mine")
        assert sum(identified) >= 300
        assert len(identified) <= 5
        assert sum(asked) == 600
        assert len(asked) <= 6

    asyncio.run(story())


def test_what_answering_raises_each_who_asked_is_told() -> None:
    async def story() -> None:
        sizes: list[int] = []

        async def answer(questions: list[int]) -> list[int]:
            sizes.append(len(questions))
            await asyncio.sleep(0)
            if 3 in questions:
                raise LookupError("three")
            return [question * 2 for question in questions]

        batches = Batches(answer)
        answers = await asyncio.gather(*map(batches.ask, [1, 2]))
        assert answers == [2, 4]
        failed = await asyncio.gather(*map(batches.ask, [3, 4]), return_exceptions=True)
        assert [type(each) for each in failed] == [LookupError] * 2
        assert await batches.ask(5) == 10
        assert sizes == [2, 2, 1]

    asyncio.run(story())
