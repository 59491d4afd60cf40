"""The fast way out: what it is made of, and that nobody can tell it from the plain one but by its speed."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from daphne.server import Server as Daphne
from twisted.internet import abstract

from realtime import direct
from realtime.testing import LiveClient
from tests.realtime.serving import Server, Stage, handshake, narrow, self_signed


def test_every_part_it_touches_is_where_it_was() -> None:
    problem = direct.problem()
    assert not problem, (
        f"{problem}. Daphne, autobahn or Twisted has moved something that realtime/direct.py writes past: adapt that "
        "module to the new versions, or live with plain ASGI at five times the cost a delivery."
    )


@pytest.mark.parametrize(
    ("owner", "name", "sentence"),
    [
        (Daphne, "create_application", "daphne.server.Server.create_application is gone"),
        (direct.WebSocketServerProtocol, "sendCloseFrame", "WebSocketServerProtocol.sendCloseFrame is gone"),
        (abstract.FileDescriptor, "doWrite", "Twisted's transport has changed"),
    ],
)
def test_a_part_that_moved_is_named(
    owner: type, name: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in owner.__mro__:
        if name in vars(one):
            monkeypatch.delattr(one, name)
    assert sentence in direct.problem()


def test_a_twisted_that_sends_at_once_or_resumes_nobody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = abstract.FileDescriptor
    with monkeypatch.context() as patch:
        patch.setattr(connection, "write", lambda self, data: self.writeSomeData(data))
        assert "_tempDataLen" in direct.problem()
    monkeypatch.setattr(
        connection, "doWrite", lambda self: self.writeSomeData(b"".join(self._tempDataBuffer))
    )
    assert "resumes" in direct.problem()


def test_a_slow_reader_gets_every_event_whole_and_in_order(
    start_server: Callable[..., Server], stage: Stage
) -> None:
    """The kernel takes parts of frames; the rest goes through Twisted, later frames wait, then it is direct again."""

    async def story() -> None:
        server = start_server()
        await stage.sign_in(7, 8)
        async with (
            server.client(7, max_queue=1, sock=narrow(server.port)) as slow,
            server.client(8) as fast,
        ):
            for client in (slow, fast):
                await client.join(stage.topic)
            said = [letter * 30_000 for letter in "abcdefghijklmnopqrstuvwxyz"]
            for start in range(0, len(said), 4):
                await stage.say(*said[start : start + 4])
                await slow.receive()
            await stage.say("end")
            for client in (slow, fast):
                await client.until(
                    lambda client=client: len(client.seen.get(stage.topic, [])) == len(said) + 1
                )
                events = client.seen[stage.topic]
                assert [event["seq"] for event in events] == list(range(1, len(said) + 2))
                assert [event["data"]["text"] for event in events] == [*said, "end"]

    asyncio.run(story())


def test_under_tls_everything_goes_through_twisted(
    start_server: Callable[..., Server], stage: Stage, scratch: Path
) -> None:
    async def story() -> None:
        certificate = self_signed(scratch, "a.localhost")
        server = start_server(certificate=certificate)
        context = ssl.create_default_context(cafile=str(certificate))
        await stage.sign_in(7)
        async with LiveClient("a.localhost", server.port, cookie="session=s7", ssl=context) as seven:
            await seven.join(stage.topic)
            await stage.say(*["x" * 20_000] * 20)
            await seven.expect("event", seq=20)
            await seven.send(op="ping")
            await seven.expect("pong")
            await seven.socket.ping()

    asyncio.run(story())


def test_where_a_part_has_moved_the_server_says_so_and_serves(
    start_server: Callable[..., Server], stage: Stage, scratch: Path
) -> None:
    async def story() -> None:
        log = scratch / "log"
        server = start_server(altered="without_direct", log=log)
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join(stage.topic)
            await stage.say(*map(str, range(50)))
            await seven.expect("event", seq=50)
            await seven.socket.send("x" * 70_000)
            assert await seven.closed() == 1009
        words = log.read_text(encoding="utf-8")
        assert "live.slow_path" in words
        assert "somewhere.Part is gone" in words

    asyncio.run(story())


def test_who_gives_no_sign_of_life_is_cut_and_who_answers_pings_is_not(
    start_server: Callable[..., Server], stage: Stage
) -> None:
    async def story() -> None:
        server = start_server(altered="quick_wheel")
        await stage.sign_in(7)
        async with server.client(7) as alive:
            await alive.join("board")
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(handshake(server.port, "s7"))
            await reader.readuntil(b"\r\n\r\n")
            async with asyncio.timeout(20):
                assert await reader.readexactly(2) == b"\x89\x00"
                with pytest.raises(ConnectionResetError):
                    await reader.read()
            writer.close()
            await alive.send(op="ping")
            await alive.expect("pong")

    asyncio.run(story())


def test_a_connection_lost_while_it_is_admitted_leaves_nothing(
    start_server: Callable[..., Server], stage: Stage, scratch: Path
) -> None:
    """The database answers only after the server has given the handshake up."""

    async def story() -> None:
        log = scratch / "log"
        server = start_server(altered="quick_handshake", LIVE_SLOW_SECONDS="3", log=log)
        await stage.sign_in(7)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(handshake(server.port, "s7"))
        async with asyncio.timeout(60):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
        await asyncio.sleep(4)
        await server.until("ok")
        assert "Exception" not in log.read_text(encoding="utf-8")

    asyncio.run(story())
