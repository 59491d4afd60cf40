"""Values are read one after another and sent seldom; the last one is always sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from realtime import gauges, protocol, topics
from realtime.audience import Audience
from realtime.gauges import Gauge, Gauges, Wanted
from realtime.protocol import Close, Frame
from realtime.topics import Topic, TopicKind
from realtime.transport import Transport
from tests.realtime.serving import eventually

Read = Callable[[dict[Topic, Wanted]], Awaitable[dict[Topic, Any]]]


class Wire(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.frames: list[bytes] = []

    def _send(self, frame: Frame) -> None:
        self.frames.append(frame.payload)

    def _close(self, code: Close) -> None:
        pass

    async def finish(self) -> None:
        pass

    @property
    def values(self) -> list[int]:
        return [int(frame.rpartition(b":")[2].rstrip(b"}")) for frame in self.frames]


@pytest.fixture
def gauge() -> Gauge:
    kind = TopicKind(name="room", may_join=lambda person, ident: True, gauges=lambda idents: {})
    return Gauge(Topic(kind, 1), Audience())


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(gauges, "RETRY_SECONDS", 0.01)


def test_an_older_value_never_overtakes_a_newer_one(gauge: Gauge) -> None:
    """The first read takes long and saw little; what is touched meanwhile is read after it, not beside it."""

    async def story() -> None:
        value, reading, most = 0, 0, 0

        async def read(wanted: dict[Topic, Wanted]) -> dict[Topic, Any]:
            nonlocal reading, most
            reading += 1
            most = max(most, reading)
            seen = value
            await asyncio.sleep(0.02)
            reading -= 1
            return {gauge.topic: {"likes": seen}}

        wire = Wire()
        gauge.audience.add(wire)
        all_ = Gauges(read)
        for _ in range(50):
            value += 1
            all_.touch(gauge, [None])
            await asyncio.sleep(0.002)
        await eventually(lambda: wire.values[-1:] == [50])
        assert wire.values == sorted(set(wire.values))
        assert len(wire.values) < 20
        assert most == 1

    asyncio.run(story())


def test_a_read_that_fails_is_made_good_for_newcomers_and_by_the_sweep(gauge: Gauge) -> None:
    async def story() -> None:
        windows: list[int] = []
        broken = True

        async def read(wanted: dict[Topic, Wanted]) -> dict[Topic, Any]:
            windows.append(wanted[gauge.topic].window)
            if broken:
                raise OSError("no database")
            return {gauge.topic: {"likes": 1}}

        wire, newcomer = Wire(), Wire()
        gauge.audience.add(wire)
        gauge.audience.add(newcomer)
        all_ = Gauges(read)
        all_.touch(gauge, [None])
        all_.welcome(gauge, newcomer)
        await eventually(lambda: len(windows) >= 3)
        broken = False
        await eventually(lambda: bool(newcomer.frames))
        assert newcomer.values == wire.values == [1]
        all_._swept -= 100  # the last sweep that succeeded was so long ago
        await asyncio.sleep(0.05)
        all_.sweep([gauge])
        await asyncio.sleep(0.05)
        assert windows[-1] == gauges.SWEEP_SECONDS + 100
        all_.sweep([gauge])
        await asyncio.sleep(0.05)
        assert windows[-1] == gauges.SWEEP_SECONDS
        assert wire.values == [1]

    asyncio.run(story())


def test_a_newcomer_is_sent_a_value_once_and_one_read_after_it_came(gauge: Gauge) -> None:
    """The value changes while a read is under way, and that read comes to its end after the newcomer came."""

    async def story() -> None:
        value = 1

        async def read(wanted: dict[Topic, Wanted]) -> dict[Topic, Any]:
            seen = value
            await asyncio.sleep(0.02)
            return {gauge.topic: {"likes": seen}}

        wire, newcomer = Wire(), Wire()
        gauge.audience.add(wire)
        all_ = Gauges(read)
        all_.touch(gauge, [None])
        await asyncio.sleep(0.01)
        value = 2
        gauge.audience.add(newcomer)
        all_.welcome(gauge, newcomer)
        await eventually(lambda: bool(newcomer.frames))
        all_.touch(gauge, [None])
        await asyncio.sleep(0.1)
        assert newcomer.values == [2]
        assert wire.values == [1, 2]

    asyncio.run(story())


def test_a_newcomer_to_a_group_is_sent_each_key_once() -> None:
    async def story() -> None:
        kind = TopicKind(
            name="board", may_join=lambda *_: True, bare=True, gauges=lambda _: {}, gauge_group="rooms"
        )
        board = Gauge(Topic(kind, None), Audience())

        async def read(wanted: dict[Topic, Wanted]) -> dict[Topic, Any]:
            return {board.topic: {1: {"likes": 5}, 2: {"likes": 6}}}

        wire, newcomer = Wire(), Wire()
        board.audience.add(wire)
        board.audience.add(newcomer)
        all_ = Gauges(read)
        all_.welcome(board, newcomer)
        await eventually(lambda: bool(newcomer.frames))
        await asyncio.sleep(0.05)
        expected = protocol.gauge("board", {"rooms": {"1": {"likes": 5}, "2": {"likes": 6}}}).payload
        assert newcomer.frames == [expected]
        assert wire.frames == [expected]

    asyncio.run(story())


def test_kinds_are_read_together_and_groups_by_key() -> None:
    asked: list[tuple[str, Any]] = []

    def counts(name: str) -> Callable[[Any], dict[int, Any]]:
        def read(idents: Any) -> dict[int, Any]:
            asked.append((name, sorted(idents)))
            return {ident: {"likes": ident} for ident in idents if ident != 404}

        return read

    def touched(idents: Any, seconds: int) -> dict[topics.Ident, list[int]]:
        asked.append(("touched", (list(idents), seconds)))
        return {ident: [9] for ident in idents}

    room = TopicKind(name="room", may_join=lambda *_: True, gauges=counts("room"))
    board = TopicKind(
        name="board",
        may_join=lambda *_: True,
        bare=True,
        gauges=counts("board"),
        gauge_group="rooms",
        touched=touched,
    )
    one, gone, wide, narrow = Topic(room, 1), Topic(room, 404), Topic(board, None), Topic(board, 5)
    found = gauges.read({one: Wanted(), gone: Wanted(), wide: Wanted({2}), narrow: Wanted({3}, window=15)})
    assert found == {
        one: {"likes": 1},
        wide: {2: {"likes": 2}},
        narrow: {3: {"likes": 3}, 9: {"likes": 9}},
    }
    assert asked == [("room", [1, 404]), ("touched", ([5], 15)), ("board", [2, 3, 9])]
