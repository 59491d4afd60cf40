"""The hub of one process on a loop of the test, its sockets without a network, its log in PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from realtime import outbox, partition, pool, protocol, publisher, resources
from realtime.hooks import Viewer
from realtime.hub import Admission, Hub, TooManySockets
from realtime.layer import Nudge
from realtime.pool import Busy
from realtime.protocol import Close, Frame
from realtime.sockets import Socket
from realtime.transport import Transport
from tests.realtime import house
from tests.realtime.serving import Stage, eventually


class Wire(Transport):
    """A network that takes everything at once, or nothing while `stuck`."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[dict[str, Any]] = []
        self.code = 0
        self.news = asyncio.Event()

    def _send(self, frame: Frame) -> None:
        self.frames.append(json.loads(frame.payload))
        self.news.set()

    def _close(self, code: Close) -> None:
        self.code = int(code)
        self.news.set()

    async def finish(self) -> None:
        pass

    def stick(self) -> None:
        self.paused = True

    def unstick(self) -> None:
        self._resume()

    async def until(self, true: Callable[[], bool], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                await self.news.wait()
                self.news.clear()

    async def expect(self, op: str, **values: Any) -> dict[str, Any]:
        """The first frame of that kind with those values that ever came or comes."""
        wanted = {"op": op, **values}

        def found() -> list[dict[str, Any]]:
            return [frame for frame in self.frames if wanted.items() <= frame.items()]

        await self.until(lambda: bool(found()))
        return found()[0]

    def events(self, topic: str) -> list[int]:
        return [frame["seq"] for frame in self.frames if frame["op"] == "event" and frame["topic"] == topic]


@asynccontextmanager
async def running() -> AsyncIterator[Hub]:
    hub = Hub()
    try:
        yield hub
    finally:
        await hub.close()


async def enter(hub: Hub, person: int, host: str = "a.localhost") -> tuple[Socket, Wire]:
    scope = {"headers": [(b"host", host.encode()), (b"cookie", f"session=s{person}".encode())]}
    admission = await hub.admit(scope)
    assert admission is not None
    assert admission.viewer is not None
    wire = Wire()
    return hub.add(admission, admission.viewer, wire), wire


def send(socket: Socket, **frame: Any) -> None:
    socket.receive(json.dumps(frame))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps and session checks follow closely."""
    monkeypatch.setattr(partition, "SWEEP_SECONDS", 0.2)
    monkeypatch.setattr(partition, "SESSION_CHECK_SECONDS", 0.2)


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    """Every nudge is lost."""
    monkeypatch.setattr(publisher, "publish", lambda nudges: None)


def test_a_commit_in_the_same_process_is_heard_directly(stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            send(socket, op="join", topic=stage.topic)
            await wire.expect("joined")
            await stage.say("one")
            await wire.expect("event", seq=1)

    asyncio.run(story())


def test_without_any_nudge_watchers_are_whole(stage: Stage, deaf: None) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8, 9)
        async with running() as hub:
            seven, wire = await enter(hub, 7)
            eight, wire_of_eight = await enter(hub, 8)
            nine, wire_of_nine = await enter(hub, 9)
            for socket in (seven, eight, nine):
                send(socket, op="join", topic=stage.topic)
                send(socket, op="join", topic="board")
            for one in (wire, wire_of_eight, wire_of_nine):
                await one.expect("joined", topic=stage.topic)
                await one.expect("joined", topic="board")
            await stage.say("one", "two")
            await wire.expect("event", topic=stage.topic, seq=2)
            await stage.like(told=False)
            await wire.expect("gauge", topic=stage.topic, data={"likes": 1})
            await wire.until(
                lambda: any(str(stage.room) in frame["data"]["rooms"] for frame in gauges(wire, "board"))
            )
            await stage.do(house.query, "DELETE FROM live_right WHERE person = 7")
            await stage.control(outbox.recheck, person=7)
            await wire.expect("left", topic=stage.topic, code="forbidden")
            await stage.control(outbox.end_person, person=8)
            await wire_of_eight.until(lambda: wire_of_eight.code == 4401)
            await stage.do(house.query, "DELETE FROM live_session WHERE person = 9")  # and no word about it
            await wire_of_nine.until(lambda: wire_of_nine.code == 4401)

    def gauges(wire: Wire, topic: str) -> list[dict[str, Any]]:
        return [frame for frame in wire.frames if frame["op"] == "gauge" and frame["topic"] == topic]

    asyncio.run(story())


def test_nudges_may_come_twice_out_of_order_without_frames_or_not_at_all(stage: Stage, deaf: None) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        key = stage.partitions[0].schema_name
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            send(socket, op="join", topic=stage.topic)
            await wire.expect("joined")
            await stage.say(*map(str, range(6)))
            page = await stage.do(lambda: outbox.read(topic=stage.topic, since=0))
            frames = [protocol.encode(event) for event in page.events]
            hub.take(Nudge(key, stage.topic, 3, (frames[2],)))
            hub.take(Nudge(key, stage.topic, 2, tuple(frames[:2])))
            hub.take(Nudge(key, stage.topic, 2, tuple(frames[:2])))
            assert wire.events(stage.topic) == [1, 2, 3]
            hub.take(Nudge(key, stage.topic, 5, (frames[4],)))
            hub.take(Nudge(key, stage.topic, 6))
            await wire.expect("event", seq=6)
            hub.take(Nudge(key, stage.topic, 4, (frames[3],)))
            assert wire.events(stage.topic) == [1, 2, 3, 4, 5, 6]

    asyncio.run(story())


def test_a_page_ahead_of_this_process_is_not_told_to_load_afresh(stage: Stage, deaf: None) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8)
        async with running() as hub:
            seven, wire = await enter(hub, 7)
            send(seven, op="join", topic=stage.topic)
            await wire.expect("joined")
            await stage.say("one", "two")
            eight, wire_of_eight = await enter(hub, 8)
            send(eight, op="join", topic=stage.topic, since=2)
            assert (await wire_of_eight.expect("joined"))["recovered"]

    asyncio.run(story())


def test_many_that_resume_at_once_cost_one_query(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        persons = range(20, 50)
        await stage.sign_in(*persons)
        await stage.say(*map(str, range(40)))
        reads = []
        read = outbox.read
        monkeypatch.setattr(outbox, "read", lambda **asked: reads.append(asked) or read(**asked))
        async with running() as hub:
            entered = [await enter(hub, person) for person in persons]
            for socket, _ in entered:
                send(socket, op="join", topic=stage.topic, since=10)
            for _, wire in entered:
                await wire.expect("event", seq=40)
                assert wire.events(stage.topic) == list(range(11, 41))
        assert len(reads) == 1

    asyncio.run(story())


def test_a_right_that_ends_while_being_asked_for_is_asked_again(stage: Stage) -> None:
    """The permission query answers yes, then the right ends and its word passes, then the socket would be in."""

    async def story() -> None:
        await stage.sign_in(7)
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            watch = socket.partition.watch
            raced = []

            async def watch_late(topic: Any) -> Any:
                watched = await watch(topic)
                if not raced:
                    raced.append(True)
                    await stage.do(house.query, "DELETE FROM live_right")
                    seen = socket.partition.control.seq
                    await stage.control(outbox.recheck, person=7)
                    await eventually(lambda: socket.partition.control.seq > seen)
                return watched

            socket.partition.watch = watch_late  # type: ignore[method-assign]
            send(socket, op="join", topic=stage.topic)
            await wire.expect("error", code="forbidden", topic=stage.topic)
            assert not [frame for frame in wire.frames if frame["op"] == "joined"]

    asyncio.run(story())


def test_a_session_that_ends_during_the_handshake_is_asked_for_again(stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with running() as hub:
            socket, _ = await enter(hub, 7)
            seen = socket.partition.control.seq
            admission = Admission(socket.partition, socket.viewer, seen)
            await stage.control(outbox.end_person, person=7)
            await eventually(lambda: socket.partition.control.seq > seen)
            with pytest.raises(Busy):
                hub.add(admission, Viewer(7, "s7", 1), Wire())

    asyncio.run(story())


def test_the_hundred_and_first_topic_is_too_many(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "FRAMES_A_SECOND", 1000)
    monkeypatch.setattr(protocol, "FLOOD_A_SECOND", 1000)

    async def story() -> None:
        await stage.sign_in(7)
        rooms = [10_000 + number for number in range(101)]
        await stage.do(house.query, "INSERT INTO live_right SELECT 7, unnest(%s)", rooms)
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            for room in rooms:
                send(socket, op="join", topic=f"room:{room}")
            await wire.until(lambda: sum(frame["op"] == "joined" for frame in wire.frames) == 100)
            await wire.expect("error", code="too_many", topic=f"room:{rooms[100]}")
            send(socket, op="leave", topic=f"room:{rooms[0]}")
            send(socket, op="join", topic=f"room:{rooms[100]}")
            await wire.expect("joined", topic=f"room:{rooms[100]}")

    asyncio.run(story())


def test_a_reader_that_takes_nothing_loses_gauges_first_and_then_the_socket(stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            send(socket, op="join", topic=stage.topic)
            await wire.expect("joined")
            wire.stick()
            for number in range(300):
                wire.write(protocol.gauge(stage.topic, {"likes": number}))
            assert not wire.closed
            wire.frames.clear()
            await stage.like()
            wire.unstick()
            await wire.expect("gauge", data={"likes": 1})
            wire.stick()
            await stage.say(*map(str, range(300)))
            await wire.until(lambda: wire.code == 4408)
            wire.unstick()
            assert wire.events(stage.topic) == []

    asyncio.run(story())


def test_somebody_slow_catches_up_in_pieces(stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        await stage.say(*map(str, range(700)))
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            wire.stick()
            send(socket, op="join", topic=stage.topic, since=0)
            while wire.events(stage.topic) != list(range(1, 701)):
                await asyncio.sleep(0.001)
                wire.unstick()
                wire.stick()
                assert not wire.closed

    asyncio.run(story())


def test_a_new_epoch_sends_everybody_back_to_load_afresh(stage: Stage, quick: None) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            send(socket, op="join", topic=stage.topic)
            joined = await wire.expect("joined")
            await stage.do(outbox.renew_epoch)
            await wire.until(lambda: wire.code == 1012)
            socket, wire = await enter(hub, 7)
            send(socket, op="join", topic=stage.topic, since=0, epoch=joined["epoch"])
            again = await wire.expect("joined")
            assert not again["recovered"]
            assert again["epoch"] != joined["epoch"]

    asyncio.run(story())


def test_the_eleventh_socket_is_too_many_and_closed_ones_do_not_count(stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with running() as hub:
            wires = [(await enter(hub, 7))[1] for _ in range(10)]
            with pytest.raises(TooManySockets):
                await enter(hub, 7)
            wires[0].close(Close.TOO_SLOW)
            await enter(hub, 7)

    asyncio.run(story())


def test_what_nobody_watches_is_forgotten(stage: Stage, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "IDLE_SECONDS", 0)

    async def story() -> None:
        await stage.sign_in(7)
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            send(socket, op="join", topic=stage.topic)
            await wire.expect("joined")
            socket.gone()
            await eventually(lambda: not hub._partitions)
            (broker,) = hub._resources.subscriptions._brokers.values()
            assert broker.wanted == {broker._pulse}
            socket, wire = await enter(hub, 7)
            send(socket, op="join", topic=stage.topic)
            await wire.expect("joined")

    asyncio.run(story())


def test_a_slow_database_turns_joins_away_and_no_socket_hangs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            monkeypatch.setattr(pool, "PATIENCE_SECONDS", 0.1)
            joins = socket.partition.resources.joins
            blocked = [joins.call(time.sleep, 0.5) for _ in range(resources.JOIN_THREADS)]
            waiting = [asyncio.create_task(one) for one in blocked]
            await asyncio.sleep(0)
            send(socket, op="join", topic=stage.topic)
            send(socket, op="ping")
            await wire.expect("pong")
            await wire.until(lambda: wire.code == 1013)
            await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(story())


def test_draining_says_when_to_come_back(stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with running() as hub:
            socket, wire = await enter(hub, 7)
            draining = asyncio.create_task(hub.drain())
            frame = await wire.expect("drain")
            assert 200 <= frame["retry_ms"] <= 5000
            await wire.until(lambda: wire.code == 1012)
            socket.gone()
            await draining

    asyncio.run(story())
