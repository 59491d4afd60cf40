"""The WebSocket application: one coroutine a socket that only listens; the hub writes.

A plain ASGI application: Channels' consumer class costs 5 KB a socket and a thread hop a message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from realtime import hooks, protocol
from realtime.hub import Admission, Draining, Hub, TooManySockets
from realtime.pool import Busy
from realtime.protocol import Close
from realtime.sockets import Socket
from realtime.transport import Send, transport_for

log = logging.getLogger(__name__)

State = Literal["idle", "ok", "sweeping", "stopping"]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class LiveApplication:
    """Serves ``/ws/live/`` on every host of the house; holds the process's hub, made with the first socket."""

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self.stopping = False

    @property
    def state(self) -> State:
        """How this process stands, for its readiness: ``idle`` (no socket has come yet), ``ok``, ``sweeping`` (no
        broker: what other processes commit comes up to three seconds late) or ``stopping``."""
        if self.stopping:
            return "stopping"
        if self.hub is None:
            return "idle"
        return "sweeping" if self.hub.is_deaf else "ok"

    async def __call__(self, scope: hooks.Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        if scope["path"] != protocol.PATH or not _from_own_page(scope):
            await _refuse(send)
            return
        if self.hub is None:
            self.hub = Hub()
        socket = await self._enter(self.hub, scope, send)
        if socket is None or socket.transport.listens:
            return
        try:
            while not socket.transport.closed and (message := await receive())["type"] == "websocket.receive":
                if _too_big(message):
                    socket.transport.close(Close.TOO_BIG)
                else:
                    socket.receive(message.get("text"))
        except asyncio.CancelledError:
            if not socket.transport.closed:
                raise
        finally:
            socket.gone()
            await socket.transport.finish()

    async def _enter(self, hub: Hub, scope: hooks.Scope, send: Send) -> Socket | None:
        """Answer the handshake; the socket if it stays open.

        What the client is to learn is said by a close code after accepting: a close before it reaches a browser
        as 1006.
        """
        admission: Admission | None = None
        code = Close.SIGNED_OUT
        try:
            admission = await hub.admit(scope)
            if admission is None:
                await _refuse(send)
                return None
        except Exception as problem:  # noqa: BLE001  (logged there; the client is to come back)
            code = _code(problem)
        await send({"type": "websocket.accept"})
        transport = transport_for(scope, send)
        if transport.closed:
            return None
        if admission is not None and admission.viewer is not None:
            try:
                return hub.add(admission, admission.viewer, transport)
            except (Draining, Busy, TooManySockets) as problem:
                code = _code(problem)
        transport.close(code)
        await transport.finish()
        return None


def _code(problem: Exception) -> Close:
    if isinstance(problem, Draining):
        return Close.RESTART
    if isinstance(problem, TooManySockets):
        return Close.TOO_MANY
    if not isinstance(problem, Busy):
        log.error("live.admission_failed", exc_info=problem)
    return Close.TRY_AGAIN


async def _refuse(send: Send) -> None:
    await send({"type": "websocket.close"})


def _from_own_page(scope: hooks.Scope) -> bool:
    """Whether the page that opens the socket came from exactly this scheme, host and port.

    No wildcard: ``.example.cn`` would let one district's page speak to a sibling's sockets.
    """
    headers = scope["headers"]
    origins = [value for name, value in headers if name == b"origin"]
    hosts = [value for name, value in headers if name == b"host"]
    scheme = b"http://" if hooks.insecure_origins() else b"https://"
    return len(hosts) == 1 and origins == [scheme + hosts[0]]


def _too_big(message: dict[str, Any]) -> bool:
    """Our own server has closed by then; others let more through."""
    content = message.get("text") or message.get("bytes") or ""
    if len(content) * 4 <= protocol.MAX_FRAME_BYTES:
        return False
    return len(content.encode() if isinstance(content, str) else content) > protocol.MAX_FRAME_BYTES


application = LiveApplication()
