"""The way out of the process for one socket: bounded, and never waited for by the one who writes.

`AsgiTransport` serves under any ASGI server; `realtime.direct` has the one that Daphne's sockets get.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from realtime.metrics import counters
from realtime.protocol import Close, Frame

EXTENSION = "realtime.transport"  # scope["extensions"][EXTENSION]() makes the server's own transport
WAITING_FRAMES = 256
WAITING_BYTES = 1024 * 1024
CLOSE_PATIENCE_SECONDS = 5

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Owner(Protocol):
    """Whose transport it is: told what happens to it."""

    def is_in_pace(self) -> bool:
        """Count a frame of the client, pings and pongs included; False when it is one too many."""

    def receive(self, text: str | None) -> None:
        """A frame of the client came; None stands for a binary one."""

    def shifted(self) -> None:
        """The transport was paused, may be written again, or is closed."""

    def recovered(self) -> None:
        """Everything is sent after gauges were dropped."""

    def gone(self) -> None:
        """The connection has ended."""


class Transport(ABC):
    """Frames leave in the order written. While the network does not take them they wait here: at most 256 or
    1 MB; beyond that waiting gauges go first, then the socket is closed as too slow.

    sender: the socket's own `send`, bound, where frames may be given to it directly while nothing is `paused`.
    listens: the server hands the client's frames to `owner` itself; nobody needs to await them.
    """

    __slots__ = (
        "_bytes",
        "_drained",
        "_lost_gauges",
        "_waiting",
        "closed",
        "heard",
        "owner",
        "paused",
        "sender",
    )

    listens = False

    def __init__(self) -> None:
        self.owner: Owner | None = None
        self.sender: Callable[[bytes], int] | None = None
        self.closed = False
        self.paused = False
        self.heard = True  # from the client, since the wheel of pings last passed by
        self._lost_gauges = False
        # None while nothing waits: an empty deque is 600 bytes, which most sockets never need.
        self._waiting: deque[Frame] | None = None
        self._bytes = 0
        self._drained: asyncio.Future[None] | None = None

    def attach(self, owner: Owner) -> None:
        """From now on `owner` is told what happens."""
        self.owner = owner

    @property
    def is_direct(self) -> bool:
        """Whether `sender` may be called now."""
        return self.sender is not None and not self.paused and not self.closed

    def write(self, frame: Frame) -> None:
        """Send the frame or queue it; nothing happens on a closed socket."""
        if self.closed:
            return
        if self.paused or self._waiting:
            self._hold(frame)
        else:
            self._send(frame)

    def write_rest(self, frames: list[Frame], sent: int) -> None:
        """Go on after `sender` was called with all `frames` in one piece and took `sent` bytes of it."""
        raise NotImplementedError

    def close(self, code: Close) -> None:
        """Close with that code; frames still waiting are dropped."""
        if self.closed:
            return
        self.end()
        self._close(code)

    def end(self) -> None:
        """Note that nothing can be sent any more."""
        if self.closed:
            return
        self.closed = True
        counters.frames_waiting -= len(self._waiting or ())
        self._waiting = None
        self._release()
        if self.owner is not None:
            self.owner.shifted()

    async def drained(self) -> None:
        """Return when nothing waits here any more, or the socket is closed."""
        if self.paused and not self.closed:
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)

    def ping(self) -> None:  # noqa: B027  (other servers ping by themselves)
        """Ask the client for a sign of life, or cut it when the last question went unanswered."""

    @abstractmethod
    async def finish(self) -> None:
        """Complete what `close` began; the listening coroutine's last act."""

    @abstractmethod
    def _send(self, frame: Frame) -> None:
        """Give the frame to the network; may call `_pause`."""

    @abstractmethod
    def _close(self, code: Close) -> None:
        """Start the closing handshake."""

    def _hold(self, frame: Frame) -> None:
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(frame)
        counters.frames_waiting += 1
        self._bytes += len(frame.wire)
        if self._full():
            kept = deque(held for held in self._waiting if not held.gauge)
            counters.gauges_dropped += len(self._waiting) - len(kept)
            counters.frames_waiting -= len(self._waiting) - len(kept)
            self._waiting = kept
            self._bytes = sum(len(held.wire) for held in self._waiting)
            self._lost_gauges = True
            if self._full():
                counters.too_slow += 1
                self.close(Close.TOO_SLOW)

    def _full(self) -> bool:
        return len(self._waiting or ()) > WAITING_FRAMES or self._bytes > WAITING_BYTES

    def _pause(self) -> None:
        if not self.paused:
            self.paused = True
            if self.owner is not None:
                self.owner.shifted()

    def _resume(self) -> None:
        """The network takes frames again: send what waited."""
        self.paused = False
        while self._waiting and not self.paused:
            frame = self._waiting.popleft()
            counters.frames_waiting -= 1
            self._bytes -= len(frame.wire)
            self._send(frame)
        if self.paused:
            return
        self._waiting = None
        self._release()
        if self.owner is not None:
            self.owner.shifted()
            if self._lost_gauges:
                self._lost_gauges = False
                self.owner.recovered()

    def _release(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None


class AsgiTransport(Transport):
    """Awaits the server's `send`, in a task while there is something to send.

    Made in the coroutine that listens on the socket; closing cancels it, because a server may keep a close frame
    back until nobody listens any more (granian does). It then calls `finish`.
    """

    __slots__ = ("_asgi_send", "_code", "_listener", "_writer")

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._asgi_send = send
        self._code: Close | None = None
        self._listener = asyncio.current_task()
        self._writer: asyncio.Task[None] | None = None

    def _send(self, frame: Frame) -> None:
        self.paused = True
        self._writer = asyncio.get_running_loop().create_task(self._write(frame))

    async def _write(self, frame: Frame) -> None:
        try:
            await self._asgi_send({"type": "websocket.send", "text": frame.payload.decode()})
        except Exception:  # noqa: BLE001  (servers differ in what they raise on a socket that is gone)
            self.end()
        else:
            if not self.closed:
                self._resume()

    def _close(self, code: Close) -> None:
        self._code = code
        if self._listener is not None and self._listener is not asyncio.current_task():
            self._listener.cancel()

    async def finish(self) -> None:
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=CLOSE_PATIENCE_SECONDS)
            self._writer.cancel()
        if self._code is not None:
            await self._asgi_send({"type": "websocket.close", "code": int(self._code)})


def transport_for(scope: dict[str, Any], send: Send) -> Transport:
    """The best transport for an accepted socket."""
    make: Callable[[], Transport] | None = scope.get("extensions", {}).get(EXTENSION)
    return AsgiTransport(send) if make is None else make()
