"""Frames, pace and the bounded way out, without a network."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

import pytest

from realtime import protocol
from realtime.protocol import Close, Frame, Pace
from realtime.transport import AsgiTransport


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (2, b"\x81\x02"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f" + (65536).to_bytes(8, "big")),
    ],
)
def test_a_frame_has_the_header_of_rfc_6455(length: int, header: bytes) -> None:
    frame = Frame(b"x" * length)
    assert frame.wire == header + b"x" * length
    assert frame.payload == b"x" * length


def test_the_pace_is_counted_over_any_second() -> None:
    pace = Pace()
    assert [pace.count(10 + number / 10) for number in range(10)] == list(range(1, 11))
    assert pace.count(11.45) == 6  # 10.5 … 10.9 and itself
    assert pace.count(20) == 1


def test_chinese_and_rare_characters_go_out_as_they_are() -> None:
    assert protocol.encode({"text": "吃了吗 𠮷"}) == '{"text":"吃了吗 𠮷"}'.encode()


class Server:
    """An ASGI server's `send`, which waits while `stuck`."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.ready = asyncio.Event()
        self.ready.set()

    async def __call__(self, message: dict[str, Any]) -> None:
        await self.ready.wait()
        self.sent.append(message)

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if "text" in message]


async def settle() -> None:
    for _ in range(1000):
        await asyncio.sleep(0)


def test_the_plain_asgi_way_keeps_order_and_closes_after_what_was_sent() -> None:
    async def story() -> None:
        server = Server()
        transport = AsgiTransport(server)
        for number in range(5):
            transport.write(Frame(str(number).encode()))
        await transport.drained()
        transport.write(Frame(b"5"))
        await settle()
        transport.close(Close.RESTART)
        transport.write(Frame(b"6"))
        await transport.finish()
        assert server.texts == list("012345")
        assert server.sent[-1] == {"type": "websocket.close", "code": 1012}

    asyncio.run(story())


def test_what_waits_is_bounded_gauges_go_first() -> None:
    async def story() -> None:
        server = Server()
        server.ready.clear()
        transport = AsgiTransport(server)
        owner = mock.Mock()
        transport.attach(owner)
        for number in range(1000):
            transport.write(Frame(b"%d" % number, gauge=number % 10 > 0))
        assert not transport.closed
        server.ready.set()
        await transport.drained()
        assert [text for text in server.texts if int(text) % 10 == 0] == [
            str(number) for number in range(0, 1000, 10)
        ]
        assert len(server.texts) < 400
        owner.recovered.assert_called_once_with()

    asyncio.run(story())


@pytest.mark.parametrize(("frames", "size"), [(258, 10), (12, 100_000)])
def test_too_much_waiting_closes_as_too_slow(frames: int, size: int) -> None:
    async def story() -> None:
        server = Server()
        server.ready.clear()
        transport = AsgiTransport(server)
        for _ in range(frames):
            transport.write(Frame(b"x" * size))
        assert transport.closed
        server.ready.set()
        await transport.finish()
        assert server.sent[-1] == {"type": "websocket.close", "code": 4408}

    asyncio.run(story())
