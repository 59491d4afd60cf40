"""A WebSocket client that sends whatever bytes it is told to: what RFC 6455 forbids included."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
PATIENCE_SECONDS = 30.0  # the first to come waits for the server to start


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = b"\x1a\x2b\x3c\x4d",
    masked_with: bytes | None = None,
    length_bytes: int | None = None,
    announced: int | None = None,
) -> bytes:
    """One frame of a client.

    reserved: the three reserved bits. mask: the key that is sent, None for no mask. masked_with: another key that the
    payload is masked with. length_bytes: 0, 2 or 8, whatever is fitting otherwise. announced: a length that is not
    the payload's.
    """
    length = len(payload) if announced is None else announced
    size = length_bytes if length_bytes is not None else 0 if length < 126 else 2 if length < 65536 else 8
    masked = 0x80 if mask is not None else 0
    head = bytes([fin << 7 | reserved << 4 | opcode, masked | {0: length, 2: 126, 8: 127}[size]])
    head += length.to_bytes(size, "big") if size else b""
    if mask is None:
        return head + payload
    key = masked_with or mask
    return head + mask + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


def closing(code: int, reason: bytes = b"") -> bytes:
    """A close frame with that code."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


@dataclass(frozen=True, slots=True)
class Heard:
    """One frame of the server."""

    opcode: int
    payload: bytes
    fin: bool = True

    @property
    def code(self) -> int:
        """Of a close frame; 1005 when it names none, as the RFC has it."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else 1005


class RawSocket:
    """An open socket to ``/ws/live/``; use it with ``async with``. `head` is the answer to the handshake."""

    def __init__(self, port: int, *, host: str = "a.localhost", cookie: str = "", request: str = "") -> None:
        """request: the whole handshake, with ``{host}`` and ``{cookie}`` in it, instead of a right one."""
        self.port, self.host, self.cookie = port, f"{host}:{port}", cookie
        self.request = request or upgrade()
        self.head = b""

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        text = self.request.format(host=self.host, cookie=self.cookie)
        self.writer.write(text.replace("\n", "\r\n").encode())
        async with asyncio.timeout(PATIENCE_SECONDS):
            self.head = await self.reader.readuntil(b"\r\n\r\n")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    async def send(self, *pieces: bytes) -> None:
        """Each piece as a write of its own; a server that has hung up is no error."""
        try:
            for piece in pieces:
                self.writer.write(piece)
                await self.writer.drain()
        except ConnectionError:
            pass

    async def hear(self) -> Heard | None:
        """The server's next frame; None when it has hung up.

        Raises:
            TimeoutError: it says nothing.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                first, second = await self.reader.readexactly(2)
                assert not second & 0x80, "a server masks nothing"
                assert not first & 0x70, "a server sets no reserved bit"
                length = second & 127
                if length > 125:
                    wide = await self.reader.readexactly(2 if length == 126 else 8)
                    length = int.from_bytes(wide, "big")
                return Heard(first & 15, await self.reader.readexactly(length), bool(first & 0x80))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def until_closed(self) -> int:
        """The code of the server's close frame, frames before it passed over; 1006 when it hangs up without."""
        while (heard := await self.hear()) is not None:
            if heard.opcode == CLOSE:
                return heard.code
        return 1006


def upgrade(
    *,
    method: str = "GET",
    http: str = "1.1",
    key: str = "AAAAAAAAAAAAAAAAAAAAAA==",
    version: str = "13",
    more: str = "",
) -> str:
    """A handshake; an empty value leaves its header out."""
    lines = [
        f"{method} /ws/live/ HTTP/{http}",
        "Host: {host}",
        "Origin: http://{host}",
        "Cookie: {cookie}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        *([f"Sec-WebSocket-Key: {key}"] if key else []),
        *([f"Sec-WebSocket-Version: {version}"] if version else []),
        *([more] if more else []),
    ]
    return "\n".join([*lines, "", ""])
