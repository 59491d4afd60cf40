"""What may go wrong around a hub: nudges, broker, readers, the server itself. Nothing is lost to a watcher."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from dangjian.local import valkey as embedded
from realtime import layer, publisher
from realtime.layer import Nudge
from realtime.publisher import Publisher
from realtime.testing import LiveClient
from tests.realtime.layers import over
from tests.realtime.serving import Server, Stage, handshake, narrow


def seqs(client: LiveClient, topic: str) -> list[int]:
    return [event["seq"] for event in client.seen.get(topic, [])]


def test_with_every_nudge_lost_watchers_are_whole_within_ten_seconds(
    start_server: Callable[..., Server], stage: Stage
) -> None:
    async def story() -> None:
        server = start_server(LIVE_LAYER="tests.realtime.layers.LosesEverything")
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join(stage.topic)
            await stage.say("one", "two")
            await stage.like()
            async with asyncio.timeout(10):
                await seven.until(
                    lambda: (
                        seqs(seven, stage.topic) == [1, 2] and seven.gauges.get(stage.topic) == {"likes": 1}
                    )
                )

    asyncio.run(story())


def test_a_broker_that_stops_is_missed_by_nobody_and_used_again_when_it_is_back(
    start_server: Callable[..., Server], stage: Stage, settings: Any, scratch: Path
) -> None:
    async def story() -> None:
        broker = embedded.start(scratch)
        settings.CHANNEL_LAYERS = over(broker.url)
        server = start_server(VALKEY_URL=broker.url)
        await stage.sign_in(7)
        try:
            async with server.client(7) as seven:
                await seven.join(stage.topic)
                await stage.say("one")
                await seven.expect("event", seq=1)
                broker.stop()
                before = time.monotonic()
                await stage.say("two")
                assert time.monotonic() - before < 1  # a writer does not wait for it
                await seven.join("board")  # nor does a joiner
                await seven.expect("event", seq=2)
                broker = embedded.start(scratch)
                sequence = 2
                async with asyncio.timeout(20):
                    while True:
                        sequence += 1
                        before = time.monotonic()
                        await stage.say(str(sequence))
                        await seven.expect("event", topic=stage.topic, seq=sequence)
                        if time.monotonic() - before < 0.3:
                            break  # faster than any sweep, repeatedly tried: nudges arrive
                assert seqs(seven, stage.topic) == list(range(1, sequence + 1))
        finally:
            broker.stop()

    asyncio.run(story())


def test_readers_that_never_read_are_closed_and_cost_no_memory(
    start_server: Callable[..., Server], stage: Stage, valkey: str, settings: Any
) -> None:
    settings.CHANNEL_LAYERS = over(valkey)

    async def story() -> None:
        server = start_server(VALKEY_URL=valkey)
        persons = range(10, 15)
        await stage.sign_in(8, *persons)
        async with server.client(8) as fine, AsyncExitStack() as stack:
            deaf = [
                await stack.enter_async_context(server.client(person, max_queue=1, sock=narrow(server.port)))
                for person in persons
                for _ in range(10)
            ]
            for client in (fine, *deaf):
                await client.join(stage.topic)
            await stage.say("warm")
            await fine.expect("event", seq=1)
            before = server.resident_kilobytes
            for last in range(11, 212, 10):
                await stage.say(*["x" * 40_000] * 10)
                await fine.expect("event", seq=last)
            # Of 8 MB said the ring holds one copy and reading them made another; fifty who wait for all of it would
            # be 400 MB more.
            assert server.resident_kilobytes - before < 60_000
            assert seqs(fine, stage.topic) == list(range(1, 212))
            # Each has megabytes to read before the close frame, and ten seconds to do it: a few stand for all.
            assert [await client.closed() for client in deaf[:4]] == [4408] * 4

    asyncio.run(story())


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame, masked with zeros."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(masked(9, b"x" * 125) * 500, id="pings"),
        pytest.param(masked(1, b"x" * 60_000), id="frames"),
        pytest.param(masked(1, b"{}") * 8_000, id="small frames"),
    ],
)
def test_a_client_that_floods_and_reads_nothing_costs_no_memory(
    start_server: Callable[..., Server], stage: Stage, flood: bytes
) -> None:
    async def story() -> None:
        server = start_server()
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join("board")
        before = server.resident_kilobytes
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(handshake(server.port, "s7"))
        try:
            async with asyncio.timeout(3):
                for _ in range(64 * 1024 * 1024 // len(flood)):
                    writer.write(flood)
                    await writer.drain()
        except (TimeoutError, ConnectionError):
            pass
        assert server.resident_kilobytes - before < 30_000
        writer.transport.abort()
        async with server.client(7) as seven:
            await seven.join("board")

    asyncio.run(story())


def test_a_server_told_to_stop_says_when_to_come_back(
    start_server: Callable[..., Server], stage: Stage
) -> None:
    async def story() -> None:
        server = start_server()
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join("board")
            stopped = asyncio.create_task(asyncio.to_thread(server.stop))
            frame = await seven.expect("drain")
            assert frame["retry_ms"] > 0
            with pytest.raises(ConnectionClosed):
                await seven.receive()
            assert seven.socket.close_code == 1012
            assert await stopped == 0

    asyncio.run(story())


def test_another_asgi_server_serves_the_same(start_server: Callable[..., Server], stage: Stage) -> None:
    """The plain ASGI transport, under granian."""

    async def story() -> None:
        server = start_server(plain_asgi=True)
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join(stage.topic)
            await stage.say(*map(str, range(200)))
            await seven.expect("event", seq=200)
            assert seqs(seven, stage.topic) == list(range(1, 201))
            await seven.socket.send("x" * 70_000)
            assert await seven.closed() == 1009
        async with server.client(9) as nobody:
            assert await nobody.closed() == 4401

    asyncio.run(story())


def test_publishing_never_waits_and_never_raises(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CHANNEL_LAYERS = over("redis://127.0.0.1:9")
    monkeypatch.setattr(publisher, "QUEUE_LIMIT", 100)
    one = Publisher()
    before = time.monotonic()
    for number in range(5000):
        one.publish([Nudge("p", "room:1", head=number + 1)])
    assert time.monotonic() - before < 2
    assert len(one._queue) <= 100


def test_touches_of_one_topic_are_one_nudge() -> None:
    def touched(topic: str, *keys: int | None) -> Nudge:
        return Nudge("p", topic, touched=frozenset(keys))

    event = Nudge("p", "room:1", head=3, frames=(b"{}",), touched=frozenset([None]))
    nudges = [touched("board", 1), event, touched("board", 2), touched("room:2", None), touched("board", 1)]
    assert publisher._merged(nudges) == [event, touched("board", 1, 2), touched("room:2", None)]


def test_large_events_travel_as_a_number_alone(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []

    class Layer:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            sent.append({"group": group, **message})

    monkeypatch.setattr(layer, "get_channel_layer", lambda alias: Layer())
    asyncio.run(layer.send(Nudge("huiji", "room:1", 2, (b"x" * 20_000, b"y" * 20_000)), "me"))
    asyncio.run(layer.send(Nudge("huiji", "room:1", 3, (b"x",)), "me"))
    # What earlier tests committed may still be on its way out through this layer.
    own = [one for one in sent if one["group"] == "live.huiji.room.1"]
    assert [(one["head"], one["frames"]) for one in own] == [(2, []), (3, [b"x"])]


def test_a_forked_child_starts_a_publisher_of_its_own() -> None:
    parent = publisher.PROCESS.name
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, publisher.PROCESS.name.encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 100).decode() not in {"", parent}
    os.close(reader)
    os.close(writer)
