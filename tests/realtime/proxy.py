"""A TCP proxy between a browser and the server that behaves as badly as networks do."""

from __future__ import annotations

import asyncio
from typing import Self


class Proxy:
    """Passes bytes on; every fault can be switched on while connections are open."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.delay = 0.0  # seconds each piece is held back
        self.refuses_sockets = False  # as a firewall that knows no WebSocket
        self._silent = False
        self._server: asyncio.Server | None = None
        self._connections: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        for port in range(21050, 21100):
            try:
                self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
            except OSError:
                continue
            self.port = port
            return self
        raise RuntimeError("no port is free")

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection on both sides, in the middle of whatever it carries."""
        self._silent = False
        for pair in self._connections:
            for writer in pair:
                writer.transport.abort()

    def fall_silent(self) -> None:
        """Swallow everything on the connections there are, and say nothing: as when a phone leaves its cell."""
        self._silent = True

    def half_close(self) -> None:
        """Tell the server that the browser is done, and swallow what it still says."""
        for browser, server in self._connections:
            browser.transport.pause_reading()
            if server.can_write_eof():
                server.write_eof()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._silent = False
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if self.refuses_sockets and b"upgrade: websocket" in head.lower():
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                writer.close()
                return
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return
        to_writer.write(head)
        pair = (writer, to_writer)
        self._connections.add(pair)
        ways = [
            asyncio.create_task(self._pass(reader, to_writer)),
            asyncio.create_task(self._pass(to_reader, writer)),
        ]
        self._tasks.update(ways)
        await asyncio.wait(ways)
        self._tasks.difference_update(ways)
        self._connections.discard(pair)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(4096):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if not self._silent:
                    writer.write(piece)
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
