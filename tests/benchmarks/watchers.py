"""A load generator of its own process: N sockets that only receive.

``python -m tests.benchmarks.watchers HOST PORT N PATH [--host NAME --cookies FILE --join TOPIC]`` prints ``ready``
when every socket is open (and joined), then counts text frames that contain ``"n":`` for each line
``{"expected": K, "seconds": S}`` on its standard input, and answers with ``{"frames": …, "closed": …}``.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import sys


class Watcher(asyncio.Protocol):
    """The smallest WebSocket client: it never sends after the handshake and its join."""

    def __init__(self, options: argparse.Namespace, opened: asyncio.Future[None], total: list[int]) -> None:
        self.options, self.opened, self.total = options, opened, total
        self.buffer = b""
        self.upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        options = self.options
        lines = [
            f"GET {options.path} HTTP/1.1",
            f"Host: {options.host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Origin: http://{options.host}",
        ]
        if options.cookie:
            lines.append(f"Cookie: {options.cookie}")
        self.transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.upgraded:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self.opened.set_exception(ConnectionError(head.decode(errors="replace")[:300]))
                return
            self.upgraded, self.buffer = True, rest
            if self.options.join:
                self.transport.write(_masked(json.dumps({"op": "join", "topic": self.options.join}).encode()))
            else:
                self.opened.set_result(None)
        self._frames()

    def _frames(self) -> None:
        buffer, at = self.buffer, 0
        while len(buffer) - at >= 2:
            size, start = buffer[at + 1] & 127, at + 2
            if size == 126:
                size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if len(buffer) < start + size:
                break
            if buffer[at] & 15 == 1:
                payload = buffer[start : start + size]
                if b'"n":' in payload:
                    self.total[0] += 1
                elif b'"joined"' in payload and not self.opened.done():
                    self.opened.set_result(None)
                elif b'"error"' in payload and not self.opened.done():
                    self.opened.set_exception(ConnectionError(payload.decode()))
            elif buffer[at] & 15 == 8 and not self.opened.done():
                code = int.from_bytes(buffer[start : start + 2], "big")
                self.opened.set_exception(ConnectionError(f"closed with {code} before it had joined"))
            at = start + size
        self.buffer = buffer[at:]

    def connection_lost(self, error: Exception | None) -> None:
        self.total[1] += 1
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed before it was open"))


def _masked(payload: bytes) -> bytes:
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("sockets", type=int)
    parser.add_argument("path")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--cookies", help="file with one Cookie header a line, dealt out in turn", default="")
    parser.add_argument("--join", default="")
    options = parser.parse_args()
    cookies = [""]
    if options.cookies:
        with open(options.cookies, encoding="utf-8") as file:
            cookies = file.read().split("\n")
    loop = asyncio.get_running_loop()
    total = [0, 0]
    gate = asyncio.Semaphore(50)

    async def one(number: int) -> None:
        async with gate:
            own = argparse.Namespace(**{**vars(options), "cookie": cookies[number % len(cookies)]})
            opened: asyncio.Future[None] = loop.create_future()
            await loop.create_connection(lambda: Watcher(own, opened, total), options.address, options.port)
            await opened

    await asyncio.gather(*map(one, range(options.sockets)))
    print("ready", flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        until = loop.time() + order["seconds"]
        while total[0] < order["expected"] and loop.time() < until:
            await asyncio.sleep(0.02)
        print(json.dumps({"frames": total[0], "closed": total[1]}), flush=True)
        total[0] = 0


if __name__ == "__main__":
    asyncio.run(main())
