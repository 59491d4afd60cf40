"""How many people look: one a person, over all processes, nothing of it in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from realtime import presence
from realtime.presence import Presence, Sighting
from tests.realtime import house
from tests.realtime.layers import over
from tests.realtime.serving import Server, Stage


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "PACE_SECONDS", 0.01)
    monkeypatch.setattr(presence, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(presence, "FORGET_SECONDS", 0.3)


class Processes:
    """Several that hear each other unless `deaf`."""

    def __init__(self, *names: str) -> None:
        self.here: dict[str, set[int]] = {name: set() for name in names}
        self.deaf: set[str] = set()
        self.told: list[Sighting] = []
        self.changes = 0
        self.all = {name: self._make(name) for name in names}

    def _make(self, name: str) -> Presence:
        async def tell(sighting: Sighting) -> None:
            self.told.append(sighting)
            for other, one in self.all.items():
                if other != name and not {name, other} & self.deaf:
                    one.hear(sighting)

        def changed(topic: str) -> None:
            self.changes += 1

        return Presence("p", name, here=lambda _: frozenset(self.here[name]), tell=tell, changed=changed)

    def enter(self, name: str, person: int) -> None:
        self.here[name].add(person)
        self.all[name].moved("post:1")

    def leave(self, name: str, person: int) -> None:
        self.here[name].discard(person)
        self.all[name].moved("post:1")

    async def until(self, **counts: int) -> None:
        async with asyncio.timeout(5):
            while {name: self.all[name].count("post:1") for name in counts} != counts:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


def story_of(processes: Processes, story: Callable[[], Any]) -> None:
    async def run() -> None:
        tasks = {name: asyncio.create_task(one.run()) for name, one in processes.all.items()}
        await story()
        for task in tasks.values():
            task.cancel()

    asyncio.run(run())


def test_a_person_in_two_processes_is_one_and_who_leaves_is_missed() -> None:
    both = Processes("a", "b")

    async def story() -> None:
        both.enter("a", 7)
        both.enter("b", 7)
        both.enter("b", 8)
        await both.until(a=2, b=2)
        both.leave("b", 8)
        await both.until(a=1, b=1)
        both.leave("a", 7)
        both.leave("b", 7)
        await both.until(a=0, b=0)

    story_of(both, story)


def test_who_comes_and_leaves_between_two_rounds_is_not_left_standing_in_the_count() -> None:
    """The count was read while the person was here; nothing is new to the others when it is next told."""
    one = Processes("a")

    async def story() -> None:
        one.enter("a", 7)
        await one.until(a=1)
        await asyncio.sleep(0.03)
        before = one.changes
        one.enter("a", 8)
        one.leave("a", 8)
        async with asyncio.timeout(5):
            while one.changes == before:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    story_of(one, story)


def test_a_process_that_begins_to_watch_hears_of_the_others_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "BEAT_SECONDS", 1000)
    both = Processes("a", "b")

    async def story() -> None:
        both.deaf.add("b")
        both.enter("a", 7)
        await both.until(a=1)
        both.deaf.clear()
        both.enter("b", 8)
        await both.until(a=2, b=2)

    story_of(both, story)


def test_a_process_that_falls_silent_is_forgotten_and_heard_again() -> None:
    both = Processes("a", "b")

    async def story() -> None:
        both.enter("a", 7)
        both.enter("b", 8)
        await both.until(a=2, b=2)
        both.deaf.add("b")
        await both.until(a=1, b=1)
        both.deaf.clear()
        await both.until(a=2, b=2)

    story_of(both, story)


def test_an_older_word_never_overwrites_a_newer_one() -> None:
    both = Processes("a", "b")
    one = both.all["a"]
    newer = Sighting("p", "post:1", "b", 5, frozenset({7, 8, 9}))
    one.hear(newer)
    one.hear(Sighting("p", "post:1", "b", 4, frozenset({7})))
    one.hear(newer)
    assert one.count("post:1") == 3
    assert both.changes == 1


def test_a_crowd_is_told_together() -> None:
    both = Processes("a", "b")

    async def story() -> None:
        for person in range(500):
            both.enter("a", person)
        await both.until(a=500, b=500)
        assert len(both.told) <= 3

    story_of(both, story)


def test_two_servers_agree_and_one_that_is_killed_is_forgotten(
    start_server: Callable[..., Server], stage: Stage, valkey: str, settings: Any
) -> None:
    settings.CHANNEL_LAYERS = over(valkey)

    async def story() -> None:
        one = start_server(altered="quick_presence", VALKEY_URL=valkey)
        two = start_server(altered="quick_presence", VALKEY_URL=valkey)
        await stage.sign_in(7, 8)
        stand = f"stand:{stage.room}"
        async with one.client(7) as seven, two.client(7) as phone, two.client(8) as eight:
            for client in (seven, phone, eight):
                await client.join(stand)
            for client in (seven, phone, eight):
                await client.until(lambda client=client: client.gauges.get(stand) == {"here": 2})
            await eight.send(op="leave", topic=stand)
            await seven.until(lambda: seven.gauges.get(stand) == {"here": 1})
            await eight.join(stand)
            await phone.until(lambda: phone.gauges.get(stand) == {"here": 2})
            await stage.like()
            both = {"likes": 1, "here": 2}
            await seven.until(lambda: seven.gauges.get(stand) == both)
            await phone.until(lambda: phone.gauges.get(stand) == both)
            one.process.kill()
            await asyncio.sleep(4)  # longer than the other remembers it; seven is still here by phone
            await phone.socket.ping()
            assert phone.gauges.get(stand) == both
            await phone.socket.close()
            await eight.until(lambda: eight.gauges.get(stand) == {"likes": 1, "here": 1})
        tables = await stage.do(house.query, "SELECT count(*) FROM realtime_event WHERE topic = %s", stand)
        assert tables == [(0,)]

    asyncio.run(story())
