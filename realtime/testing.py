"""A socket client for tests: joins, waits for what must come, resumes where it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
PATIENCE_SECONDS = 10.0
OPENING_SECONDS = 60.0  # a server just started on a busy machine may still be importing


class LiveClient:
    """One socket to ``ws://host:port/ws/live/``, connected to loopback whatever the host is called.

    Use it with ``async with``. `seen` has, by topic, the events received on it and on the sockets it was resumed
    from; `gauges` the last values of each; `position` the epoch and number to resume with.
    """

    def __init__(
        self, host: str, port: int, *, cookie: str = "", origin: str | None = None, **options: Any
    ) -> None:
        """origin: None sends the page's own; an empty one sends none. options: for `websockets`."""
        self.host, self.port, self.cookie = host, port, cookie
        self.scheme = "wss" if "ssl" in options else "ws"
        self.origin = f"{self.scheme.replace('ws', 'http')}://{host}:{port}" if origin is None else origin
        self.options = options
        self.seen: dict[str, list[Frame]] = {}
        self.gauges: dict[str, Any] = {}
        self.position: dict[str, tuple[str, int]] = {}
        self.tickets: dict[str, str] = {}
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        headers = {"Origin": self.origin, "Cookie": self.cookie}
        where: dict[str, Any] = {} if "sock" in self.options else {"host": "127.0.0.1"}
        self._socket = await connect(
            f"{self.scheme}://{self.host}:{self.port}/ws/live/",
            **where,
            additional_headers={name: value for name, value in headers.items() if value},
            proxy=None,
            **{"open_timeout": OPENING_SECONDS, **self.options},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    @property
    def socket(self) -> ClientConnection:
        if self._socket is None:
            raise RuntimeError("not connected: use `async with`")
        return self._socket

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def receive(self) -> Frame:
        """The next frame, whatever it is.

        Raises:
            TimeoutError: none comes.
            ConnectionClosed: the socket was closed; `closed` gives the code instead.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame: Frame = json.loads(await self.socket.recv())
        topic = frame.get("topic", "")
        if frame["op"] == "joined":
            start = (
                frame["seq"]
                if topic not in self.position or not frame["recovered"]
                else self.position[topic][1]
            )
            self.position[topic] = (frame["epoch"], start)
            self.tickets[topic] = frame["ticket"]
        elif frame["op"] == "event":
            self.seen.setdefault(topic, []).append(frame)
            self.position[topic] = (self.position[topic][0], frame["seq"])
        elif frame["op"] == "gauge":
            self.gauges[topic] = frame["data"]
        return frame

    async def until(self, true: Callable[[], bool]) -> None:
        """Take in frames until it is true."""
        while not true():
            await self.receive()

    async def expect(self, op: str, accept: Callable[[Frame], bool] = lambda _: True, **values: Any) -> Frame:
        """The next frame of that kind with those values; others on the way are taken in and passed over."""
        while True:
            frame = await self.receive()
            if frame["op"] == op and values.items() <= frame.items() and accept(frame):
                return frame

    async def join(
        self, topic: str, *, since: int | None = None, epoch: str | None = None, ticket: str | None = None
    ) -> Frame:
        """Join and return `joined`."""
        if since is not None:
            self.position[topic] = (epoch or "", since)
        given = {"since": since, "epoch": epoch, "ticket": ticket}
        await self.send(
            op="join", topic=topic, **{name: value for name, value in given.items() if value is not None}
        )
        return await self.expect("joined", topic=topic)

    async def resumed(self) -> LiveClient:
        """A new client for the same person, joined to the same topics where this one was."""
        other = LiveClient(self.host, self.port, cookie=self.cookie, origin=self.origin, **self.options)
        other.seen = self.seen
        await other.__aenter__()
        for topic, (epoch, seq) in self.position.items():
            await other.join(topic, since=seq, epoch=epoch, ticket=self.tickets.get(topic))
        return other

    async def closed(self) -> int:
        """The code the server closes with; frames before it are passed over."""
        try:
            while True:
                await self.receive()
        except ConnectionClosed:
            return self.socket.close_code or 1006
