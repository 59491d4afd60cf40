"""The fast way out: Daphne's sockets, written past Twisted.

Twisted's `transport.write` never sends at once: it buffers and asks the reactor, two `epoll_ctl` a frame, five times
the cost of the `send` itself. So frames go to the socket directly for as long as the kernel takes them; what it
does not take goes to Twisted's transport, which says when it is through, and until then frames wait in ours.

This module alone knows what Daphne, autobahn and Twisted are made of. `problem` tries these parts at start-up; if
one has moved the server says so and serves over plain ASGI.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Any, cast

from daphne.server import Server  # isort: skip  (first: it installs the asyncio reactor)
from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.websocket.protocol import TrafficStats
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import tcp

from realtime import protocol
from realtime.metrics import counters
from realtime.protocol import Close, Frame
from realtime.transport import Owner, Transport

FLOOD_SECONDS = 1  # between the close frame and the cut for one who floods
PING = Frame(b"", opcode=protocol.PING_OPCODE)
_PONG_START = b"\x8a\x80"  # of a masked frame without payload, six bytes in all: the answer to PING
_traffic: Any = cast(Any, TrafficStats)()  # nobody reads it; one for all saves a kilobyte a socket


class DirectTransport(Transport):
    """Writes to the socket itself while Twisted's transport has nothing to send, which keeps the order.

    While it is paused nothing is read either: a client that sends pings and takes no pongs must not fill the
    memory. What is sent to it still counts, so it ends as too slow. Under TLS everything goes through Twisted.
    """

    __slots__ = ("_asked", "_protocol", "_tcp")

    listens = True

    def __init__(self, connection: LiveProtocol) -> None:
        super().__init__()
        self._protocol = connection
        self._tcp = connection.transport
        self._asked = False
        if getattr(self._tcp, "disconnected", False):
            self.end()  # lost while it was being admitted
            return
        connection.live = self
        self._tcp.unregisterProducer()  # the HTTP channel of the handshake is still registered
        self._tcp.registerProducer(self, True)
        if type(self._tcp) is tcp.Server and not self._tcp.TLS:
            self.sender = self._tcp.socket.send
            if self._tcp._tempDataLen or self._tcp.dataBuffer:  # the answer to the handshake
                self._wait_for_twisted()
        self._tcp.resumeProducing()  # paused by the server until here

    def attach(self, owner: Owner) -> None:
        super().attach(owner)
        self._protocol.leave_daphne()

    def _send(self, frame: Frame) -> None:
        if self.sender is None:
            self._tcp.write(frame.wire)
            return
        try:
            sent = self.sender(frame.wire)
        except OSError:
            sent = 0
        if sent != len(frame.wire):
            self._hand_over(frame.wire[sent:])

    def write_rest(self, frames: list[Frame], sent: int) -> None:
        for frame in frames:
            size = len(frame.wire)
            if sent >= size:
                sent -= size
            elif self.paused or self.closed:
                self.write(frame)
            else:
                self._hand_over(frame.wire[sent:])
                sent = 0

    def _hand_over(self, rest: bytes) -> None:
        """The kernel took no more than what is before `rest`, or the connection is lost, which Twisted finds."""
        self._tcp.write(rest)
        self._wait_for_twisted()
        self._tcp.pauseProducing()

    def _wait_for_twisted(self) -> None:
        self._tcp.producerPaused = True  # so that Twisted calls `resumeProducing` when all is sent
        self._pause()

    def _close(self, code: Close) -> None:
        # Not `sendClose`: it refuses the codes below 3000 that servers may use.
        self._protocol.sendCloseFrame(code=int(code))
        if code is Close.TOO_MANY:
            # Its flood is not even read any more, so neither is its answer.
            self._tcp.pauseProducing()
            asyncio.get_running_loop().call_later(FLOOD_SECONDS, self._tcp.abortConnection)

    async def finish(self) -> None:
        pass  # autobahn sees to the rest of the handshake

    # --- what the client sends

    def ping(self) -> None:
        if self.heard:
            self._asked = self.heard = False
        elif self._asked:
            counters.silent += 1
            self._tcp.abortConnection()
        else:
            self._asked = True
            self.write(PING)

    def take_message(self, payload: bytes, is_binary: bool) -> None:
        # Until the closing handshake ends the client may go on; nobody listens any more.
        if self.owner is not None and not self.closed:
            self.owner.receive(None if is_binary else payload.decode())

    def take_ping(self, payload: bytes) -> None:
        if self._counts():
            self.write(Frame(payload, opcode=protocol.PONG_OPCODE))

    def take_pong(self) -> None:
        self._counts()

    def _counts(self) -> bool:
        return not self.closed and (self.owner is None or self.owner.is_in_pace())

    # --- the three calls of Twisted's IPushProducer

    def pauseProducing(self) -> None:  # noqa: N802
        self._pause()
        self._tcp.pauseProducing()

    def resumeProducing(self) -> None:  # noqa: N802
        self._tcp.resumeProducing()
        self._resume()

    def stopProducing(self) -> None:  # noqa: N802
        self.end()


class LiveProtocol(WebSocketProtocol):  # type: ignore[misc]
    """Daphne's WebSocket connection, which hands everything to its transport once it has one (`live`)."""

    live: DirectTransport | None = None

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        live = self.live
        if live is not None:
            live.heard = True
            if (
                len(data) == 6
                and data.startswith(_PONG_START)
                and not self.data
                and self.current_frame is None
            ):
                live.take_pong()  # without the 50 µs that autobahn needs to come to the same
                return
        super().dataReceived(data)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        if self.live is None:
            super().onMessage(payload, isBinary)
        else:
            self.live.take_message(payload, isBinary)

    def onPing(self, payload: bytes) -> None:  # noqa: N802
        if self.live is None:
            super().onPing(payload)
        else:
            self.live.take_ping(payload)

    def onPong(self, payload: bytes) -> None:  # noqa: N802
        if self.live is not None:
            self.live.take_pong()

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:  # noqa: N802
        # Ours, the answer to the client's, or autobahn's own about a broken frame: nothing may follow it.
        if self.live is not None:
            self.live.end()
        super().sendCloseFrame(*args, **kwargs)

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: N802, N803
        live, self.live = self.live, None  # nothing is to wait for the garbage collector
        if live is not None:
            live.end()
            if live.owner is not None:
                live.owner.gone()
                return
        super().onClose(wasClean, code, reason)

    def leave_daphne(self) -> None:
        """Let go of what only the handshake needed, and of Daphne, which would look at each connection every
        second."""
        del self.server.connections[self]
        kept = vars(self).copy()
        for name in _ONLY_OF_HANDSHAKES:
            kept.pop(name, None)
        kept["trafficStats"] = _traffic
        for name, value in list(kept.items()):
            if getattr(LiveProtocol, name, self) is value:
                del kept[name]
        self.__dict__ = dict(kept)  # a dictionary never shrinks


# Attributes autobahn gives each connection and that are the same on all of them: read from the class instead.
# fmt: off
_FALSE = (
    "_isMessageCompressed", "closedByMe", "droppedByMe", "failedByMe", "inside_message", "triggered",
    "wasClean", "wasCloseHandshakeTimeout", "wasMaxFramePayloadSizeExceeded",
    "wasMaxMessagePayloadSizeExceeded", "wasOpenHandshakeTimeout", "wasServerConnectionDropTimeout",
    "wasServingFlashSocketPolicyFile",
)
_NONE = (
    "_perMessageCompress", "autoPingPending", "autoPingPendingCall", "autoPingPendingSent",
    "autoPingTimeoutCall", "closeHandshakeTimeoutCall", "current_frame", "frame_data", "localCloseCode",
    "localCloseReason", "message_data", "openHandshakeTimeoutCall", "remoteCloseCode", "remoteCloseReason",
    "trackedTimings", "wasNotCleanReason", "websocket_protocol_in_use",
)
_ONLY_OF_HANDSHAKES = (
    "_raw_query_string", "_transport_details", "_wskey", "application_deferred", "application_queue",
    "clean_headers", "handshake_deferred", "http_headers", "http_request_data", "http_request_host",
    "http_request_params", "http_request_path", "http_request_uri", "http_response_data", "is_open",
    "protocol_to_accept", "request", "root_path", "send_queue", "server_addr", "websocket_extensions",
    "websocket_extensions_in_use", "websocket_origin", "websocket_protocols",
)
# fmt: on
_SAME_EVERYWHERE = dict.fromkeys(_FALSE, False) | dict.fromkeys(_NONE) | {"data": b"", "send_queue": deque()}


def take_over(factory: WebSocketFactory) -> None:
    """Have the factory make `LiveProtocol` connections, its options set on the class instead of each of them.

    Copying them is more than half of what a handshake costs: autobahn formats the list for a log nobody keeps.
    """
    for name in WebSocketServerProtocol.CONFIG_ATTRS:
        value = getattr(factory, name)
        setattr(LiveProtocol, name, staticmethod(value) if callable(value) else value)
    LiveProtocol.CONFIG_ATTRS = []
    for name, value in _SAME_EVERYWHERE.items():
        setattr(LiveProtocol, name, value)
    factory.protocol = LiveProtocol


class _Reactor:
    """As much of one as a connection without a network needs."""

    def addReader(self, reader: object) -> None: ...  # noqa: N802
    def addWriter(self, writer: object) -> None: ...  # noqa: N802
    def removeReader(self, reader: object) -> None: ...  # noqa: N802
    def removeWriter(self, writer: object) -> None: ...  # noqa: N802


class _Producer:
    resumed = False

    def resumeProducing(self) -> None:  # noqa: N802
        self.resumed = True


def problem() -> str:
    """What of Daphne, autobahn and Twisted is not where this module touches it; empty when everything is."""
    missing = [
        f"{owner.__module__}.{owner.__name__}.{name}"
        for owner, names in {
            WebSocketServerProtocol: (
                "CONFIG_ATTRS", "STATE_OPEN", "dataReceived", "onClose", "onMessage", "onPing", "onPong",
                "sendCloseFrame",
            ),
            WebSocketProtocol: ("onClose", "onConnect", "onMessage", "check_timeouts"),
            WebSocketFactory: ("protocol", "buildProtocol", "setProtocolOptions"),
            Server: ("create_application", "protocol_disconnected", "application_checker", "timeout_checker"),
            tcp.Server: ("abortConnection", "pauseProducing", "registerProducer", "resumeProducing", "write", "TLS"),
        }.items()
        for name in names
        if not hasattr(owner, name)
    ]  # fmt: skip
    if missing:
        return f"{', '.join(missing)} is gone"
    return _problem_of_twisted()


def _problem_of_twisted() -> str:
    """A connection without a reactor is written past and through Twisted; the order must hold and its end be told."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        new: Any = tcp.Connection
        connection = new(ours, protocol=None, reactor=_Reactor())
        connection.connected = 1
        producer = _Producer()
        try:
            connection.registerProducer(producer, True)
            connection.socket.send(b"first ")
            connection.write(b"second")
            if not connection._tempDataLen:
                return "Twisted's transport.write no longer counts what it holds in _tempDataLen"
            connection.producerPaused = True
            connection.doWrite()
            if connection._tempDataLen or connection.dataBuffer or not producer.resumed:
                return "Twisted's transport no longer resumes a paused producer when everything is sent"
        except AttributeError as error:
            return f"Twisted's transport has changed: {error}"
        return "" if theirs.recv(100) == b"first second" else "Twisted's transport no longer writes in order"
