"""The way out of the process for one socket: bounded, and never waited for by the one who writes.

`DaphneTransport` is the only code that knows Daphne's, autobahn's and Twisted's objects; `AsgiTransport` serves
under any other ASGI server.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from realtime.metrics import counters
from realtime.protocol import Close, Frame

EXTENSION = "realtime.daphne"  # scope["extensions"][EXTENSION] is Daphne's protocol object
WAITING_FRAMES = 256
WAITING_BYTES = 1024 * 1024
CLOSE_PATIENCE_SECONDS = 5
FLOOD_SECONDS = 1  # between the close frame and the cut for one who floods

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Transport(ABC):
    """Frames leave in the order written. While the network does not take them they wait here: at most 256 or
    1 MB; beyond that waiting gauges go first, then the socket is closed as too slow.
    """

    __slots__ = (
        "_bytes",
        "_drained",
        "_lost_gauges",
        "_paused",
        "_waiting",
        "closed",
        "on_control",
        "on_recovered",
    )

    def __init__(self) -> None:
        self.closed = False
        # Asked at each ping and pong of the WebSocket layer: whether they are not too many.
        self.on_control: Callable[[], bool] | None = None
        # Called when everything is sent after gauges were dropped.
        self.on_recovered: Callable[[], None] | None = None
        self._lost_gauges = False
        self._paused = False
        # None while nothing waits: an empty deque is 600 bytes, which most sockets never need.
        self._waiting: deque[Frame] | None = None
        self._bytes = 0
        self._drained: asyncio.Future[None] | None = None

    def write(self, frame: Frame) -> None:
        """Send the frame or queue it; nothing happens on a closed socket."""
        if self.closed:
            return
        if self._paused or self._waiting:
            self._hold(frame)
        else:
            self._send(frame)

    def close(self, code: Close) -> None:
        """Close with that code; frames still waiting are dropped."""
        if self.closed:
            return
        self.gone()
        self._close(code)

    def gone(self) -> None:
        """Note that nothing can be sent any more."""
        self.closed = True
        self._waiting = None
        self._release()

    async def drained(self) -> None:
        """Return when nothing waits here any more, or the socket is closed."""
        if self._paused and not self.closed:
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)

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
        self._bytes += len(frame.wire)
        if self._full():
            self._waiting = deque(held for held in self._waiting if not held.gauge)
            self._bytes = sum(len(held.wire) for held in self._waiting)
            self._lost_gauges = True
            if self._full():
                counters.too_slow += 1
                self.close(Close.TOO_SLOW)

    def _full(self) -> bool:
        return len(self._waiting or ()) > WAITING_FRAMES or self._bytes > WAITING_BYTES

    def _resume(self) -> None:
        self._paused = False
        while self._waiting and not self._paused:
            frame = self._waiting.popleft()
            self._bytes -= len(frame.wire)
            self._send(frame)
        if not self._paused:
            self._waiting = None
            self._release()
            if self._lost_gauges and self.on_recovered is not None:
                self._lost_gauges = False
                self.on_recovered()

    def _release(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None


class DaphneTransport(Transport):
    """Writes prepared frames to Twisted's transport and is told by it when to pause (over 64 KB unsent).

    While it is paused nothing is read either: a client that sends pings and takes no pongs must not fill the
    memory. What is sent to it still counts, so it ends as too slow.
    """

    __slots__ = ("_protocol", "_tcp")

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self._protocol = protocol
        self._tcp = protocol.transport
        self._tcp.unregisterProducer()  # the HTTP channel of the handshake is still registered
        self._tcp.registerProducer(self, True)
        self._tcp.resumeProducing()  # paused by the server until here
        protocol.onPing = self._ping
        protocol.onPong = self._pong

    def _send(self, frame: Frame) -> None:
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._tcp.write(frame.wire)

    def _close(self, code: Close) -> None:
        # Not `sendClose`: it refuses the codes below 3000 that servers may use.
        self._protocol.sendCloseFrame(code=int(code))
        # Until the closing handshake ends Daphne would go on queueing frames that nobody takes.
        self._protocol.onMessage = _ignore
        if code is Close.TOO_MANY:
            # Its flood is not even read any more, so neither is its answer.
            self._tcp.pauseProducing()
            asyncio.get_running_loop().call_later(FLOOD_SECONDS, self._tcp.abortConnection)

    def _ping(self, payload: bytes) -> None:
        if not self.closed and (self.on_control is None or self.on_control()):
            self._protocol.sendPong(payload)

    def _pong(self, payload: bytes) -> None:
        if not self.closed and self.on_control is not None:
            self.on_control()

    async def finish(self) -> None:
        pass  # autobahn sees to the rest of the handshake

    # The three calls of Twisted's IPushProducer.

    def pauseProducing(self) -> None:  # noqa: N802
        self._paused = True
        self._tcp.pauseProducing()

    def resumeProducing(self) -> None:  # noqa: N802
        self._tcp.resumeProducing()
        self._resume()

    def stopProducing(self) -> None:  # noqa: N802
        self.gone()


def _ignore(payload: bytes, is_binary: bool) -> None:
    pass


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
        self._paused = True
        self._writer = asyncio.get_running_loop().create_task(self._write(frame))

    async def _write(self, frame: Frame) -> None:
        try:
            await self._asgi_send({"type": "websocket.send", "text": frame.payload.decode()})
        except Exception:  # noqa: BLE001  (servers differ in what they raise on a socket that is gone)
            self.gone()
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
    protocol = scope.get("extensions", {}).get(EXTENSION)
    return AsgiTransport(send) if protocol is None else DaphneTransport(protocol)
