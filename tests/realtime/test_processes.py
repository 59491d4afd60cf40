"""Several processes: on one port, replaced one after the other, over several brokers or none."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from dangjian.local import valkey as embedded
from realtime import layer, outbox
from realtime.listening import listening_socket
from realtime.testing import LiveClient
from tests import ports
from tests.realtime import house
from tests.realtime.layers import over
from tests.realtime.serving import Server, Stage, eventually, start

PEOPLE = range(100, 140)


@pytest.fixture
def listeners() -> Iterator[list[socket.socket]]:
    """Two sockets that listen on one port."""
    with ports.hold(ports.LOCAL) as port, contextlib.ExitStack() as stack:
        yield [stack.enter_context(listening_socket("127.0.0.1", port, shared=True)) for _ in range(2)]


async def sign_in(stage: Stage) -> None:
    people = list(PEOPLE)
    await stage.do(
        house.query,
        "INSERT INTO live_session SELECT 's' || one, one, 1 FROM unnest(%s::bigint[]) one",
        people,
    )
    await stage.do(
        house.query, "INSERT INTO live_right SELECT one, %s FROM unnest(%s::bigint[]) one", stage.room, people
    )


class Watcher:
    """A person who comes back after every interruption, as live.js does."""

    def __init__(self, client: LiveClient, topic: str, stop: asyncio.Event) -> None:
        self.client, self.topic, self.stop = client, topic, stop
        self.comebacks = 0

    @property
    def seen(self) -> list[int]:
        return [event["seq"] for event in self.client.seen.get(self.topic, [])]

    async def watch(self, last: Callable[[], int]) -> None:
        await self.client.__aenter__()
        await self.client.join(self.topic)
        while not (self.stop.is_set() and self.seen[-1:] == [last()]):
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self.client.receive()
            except ConnectionClosed:
                await self._come_back()
        await self.client.socket.close()

    async def _come_back(self) -> None:
        self.comebacks += 1
        while True:
            with contextlib.suppress(ConnectionClosed, OSError, InvalidHandshake, TimeoutError):
                self.client = await self.client.resumed()
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["told to stop", "killed"])
def test_a_rolling_restart_loses_and_doubles_nothing(
    how: signal.Signals,
    listeners: list[socket.socket],
    stage: Stage,
    valkey: str,
    settings: Any,
    live_schemas: list[str],
) -> None:
    settings.CHANNEL_LAYERS = over(valkey)
    environment = {"LIVE_DATABASE": settings.DATABASES["default"]["NAME"], "VALKEY_URL": valkey}

    async def story() -> None:
        await sign_in(stage)
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(start(listener=one, **environment)) for one in listeners]
            stop = asyncio.Event()
            said = 0
            watchers = [Watcher(servers[0].client(person), stage.topic, stop) for person in PEOPLE]
            async with asyncio.timeout(180):
                tasks = [asyncio.create_task(watcher.watch(lambda: said)) for watcher in watchers]
                await eventually(lambda: all(one.client.position for one in watchers), seconds=60)

                async def talk(times: int) -> None:
                    nonlocal said
                    for _ in range(times):
                        await stage.say(str(said + 1))
                        said += 1
                        await asyncio.sleep(0.05)

                await talk(5)
                for server, listener in zip(servers, listeners, strict=True):
                    server.process.send_signal(how)
                    await talk(10)
                    await asyncio.to_thread(server.process.wait, 30)
                    stack.enter_context(start(listener=listener, **environment))
                    await talk(10)
                stop.set()
                await asyncio.gather(*tasks)
            assert all(watcher.seen == list(range(1, said + 1)) for watcher in watchers)
            # Both had some: the kernel dealt them out, and each was gone once.
            assert sum(watcher.comebacks for watcher in watchers) >= len(watchers)

    asyncio.run(story())


def test_a_server_told_to_stop_says_so_before_it_takes_no_more(
    start_server: Callable[..., Server], stage: Stage
) -> None:
    async def story(manager: socket.socket) -> None:
        manager.bind("")  # Linux makes up a name
        manager.settimeout(30)
        name = manager.getsockname()[1:].decode()
        server = start_server(LIVE_LAME_DUCK="3", NOTIFY_SOCKET=f"@{name}")
        assert await asyncio.to_thread(manager.recv, 100) == b"READY=1"
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join("board")
            await server.until("ok")
            server.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(manager.recv, 100) == b"STOPPING=1"
            await server.until("stopping")
            async with server.client(7) as late:  # sent here by a balancer that has not noticed yet
                await late.join("board")
                assert (await late.expect("drain"))["retry_ms"] > 0
                assert await late.closed() == 1012
            assert await asyncio.to_thread(server.process.wait, 20) == 0

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        asyncio.run(story(manager))


def test_without_a_broker_it_works_on_the_sweep_and_says_so(
    start_server: Callable[..., Server], stage: Stage, settings: Any
) -> None:
    nowhere = "redis://127.0.0.1:9"
    settings.CHANNEL_LAYERS = over(nowhere)

    async def story() -> None:
        server = start_server(VALKEY_URL=nowhere)
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join(stage.topic)
            await stage.say("one")
            await stage.like()
            await seven.expect("event", seq=1)
            await seven.until(lambda: seven.gauges.get(stage.topic) == {"likes": 1})
            await server.until("sweeping")

    asyncio.run(story())


def test_topics_are_spread_over_brokers_and_the_loss_of_one_is_healed_by_the_sweep(
    start_server: Callable[..., Server], stage: Stage, settings: Any, scratch: Path
) -> None:
    async def story() -> None:
        folders = [scratch / "one", scratch / "two"]
        for folder in folders:
            folder.mkdir()
        brokers = [embedded.start(folder) for folder in folders]
        urls = [broker.url for broker in brokers]
        settings.CHANNEL_LAYERS = over(*urls)
        settings.REALTIME = settings.REALTIME | {"layers": list(settings.CHANNEL_LAYERS)}
        try:
            server = start_server(LIVE_BROKERS=",".join(urls))
            await stage.sign_in(7)
            rooms = {stage.room + 100_000 * number for number in range(1, 9)}
            await stage.do(house.query, "INSERT INTO live_right SELECT 7, unnest(%s::bigint[])", list(rooms))
            key = stage.partitions[0].schema_name
            by_broker: dict[str, list[str]] = {"default": [], "broker2": []}
            for room in rooms:
                by_broker[layer.layer_of(layer.group_name(key, f"room:{room}"))].append(f"room:{room}")
            assert all(by_broker.values())
            async with server.client(7) as seven:
                topics = [topics[0] for topics in by_broker.values()]
                for topic in topics:
                    await seven.join(topic)
                    await stage.say("one", topic=topic)
                    await seven.expect("event", topic=topic, seq=1)
                brokers[1].stop()
                for topic in topics:
                    await stage.say("two", topic=topic)
                    await seven.expect("event", topic=topic, seq=2)  # of the second by the sweep
                brokers[1] = embedded.start(folders[1])
                async with asyncio.timeout(10):
                    await stage.say("three", topic=topics[1])
                    await seven.expect("event", topic=topics[1], seq=3)
                await server.until("ok")
        finally:
            for broker in brokers:
                broker.stop()

    asyncio.run(story())


def test_ten_thousand_events_with_equal_ids_in_two_partitions_never_meet(
    start_server: Callable[..., Server], stage: Stage, valkey: str, settings: Any
) -> None:
    """Two districts, two processes, the same persons, rooms and numbers: 0 foreign frames of 10,000."""
    settings.CHANNEL_LAYERS = over(valkey)

    async def story() -> None:
        here, there = stage.partitions
        servers = [start_server(VALKEY_URL=valkey) for _ in range(2)]
        for district in (here, there):
            await stage.sign_in(7, district=district)
        async with contextlib.AsyncExitStack() as stack:
            watchers = [
                (mark, await stack.enter_async_context(server.client(7, host=host)))
                for server in servers
                for host, mark in (("a.localhost", "here"), ("b.localhost", "there"))
            ]
            for _, client in watchers:
                await client.join(stage.topic)
                await client.join("board")

            async def read(mark: str, client: LiveClient) -> None:
                await client.until(
                    lambda: all(len(client.seen.get(topic, [])) >= 2500 for topic in (stage.topic, "board"))
                )
                for events in client.seen.values():
                    assert {event["data"]["text"] for event in events} == {mark}
                    assert [event["seq"] for event in events] == list(
                        range(events[0]["seq"], events[0]["seq"] + len(events))
                    )

            reading = [asyncio.create_task(read(mark, client)) for mark, client in watchers]
            for _ in range(50):
                for topic in (stage.topic, "board"):
                    await stage.say(*["here"] * 50, topic=topic, district=here)
                    await stage.say(*["there"] * 50, topic=topic, district=there)
            await asyncio.gather(*reading)
            await stage.control(outbox.end_person, person=7)  # in the first alone
            assert await watchers[0][1].closed() == 4401
            await watchers[1][1].send(op="ping")
            await watchers[1][1].expect("pong")

    asyncio.run(story())
