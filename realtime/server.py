"""The socket server: Daphne with its handles given to the transport, and an end that says goodbye.

``python -m realtime.server`` serves the settings' ASGI application, pages included if it has any, on ``--host``
and ``--port`` (or HOST and PORT). With ``--shared`` several may be started on one port, and the kernel deals
connections out among them. ``--fd`` is a listening socket made by somebody else, who may hold it while this process
is replaced: nobody is refused meanwhile. Where NOTIFY_SOCKET names a socket, as systemd's ``Type=notify`` has it, it
is told ``READY=1`` and ``STOPPING=1``, so that the next process can be up before the last one is told to stop.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from daphne.server import Server  # first of all that touches Twisted: it installs the asyncio reactor

from realtime.listening import CannotListen, listening_socket

log = logging.getLogger(__name__)

HANDSHAKE_SECONDS = 15  # longer than a join waits for a thread, so that the client learns why
CLOSE_HANDSHAKE_SECONDS = 10  # a slow reader has yet to read what was sent before the close frame
COLLECT_SECONDS = 600
COLLECT_PATIENCE_SECONDS = 60
REQUESTS_SECONDS = 5.0  # given to HTTP requests under way when stopping


class LiveServer(Server):  # type: ignore[misc]
    """Daphne, whose sockets bring along in ``scope["extensions"]`` what makes a transport of theirs."""

    def __init__(
        self, application: Any, endpoints: Sequence[str], on_ready: Callable[[], None] | None
    ) -> None:
        from realtime.protocol import MAX_FRAME_BYTES

        super().__init__(
            application,
            endpoints=list(endpoints),
            signal_handlers=False,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
            websocket_max_message_size=MAX_FRAME_BYTES,
            websocket_max_frame_size=MAX_FRAME_BYTES,
            ready_callable=self._ready,
        )
        self.cannot_listen = ""
        self._on_ready = on_ready
        self._ports: list[Any] = []
        self._stopping: asyncio.Task[None] | None = None
        self._collecting: asyncio.Task[None] | None = None
        self._is_direct = False

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        from realtime.direct import DirectTransport
        from realtime.transport import EXTENSION

        if scope["type"] == "websocket" and self._is_direct:
            scope.setdefault("extensions", {})[EXTENSION] = partial(DirectTransport, protocol)
            # Until it is accepted, what a client sends would gather without bound.
            protocol.transport.pauseProducing()
        return super().create_application(protocol, scope)

    def _ready(self) -> None:
        from realtime import direct

        self.ws_factory.setProtocolOptions(
            versions=[13],  # autobahn speaks a draft of the RFC too
            failByDrop=False,  # would cut a socket that sends too large a frame without telling it 1009
            closeHandshakeTimeout=CLOSE_HANDSHAKE_SECONDS,
            allowNullOrigin=True,  # every call of this method sets it; the application refuses it with 403
        )
        problem = direct.problem()
        self._is_direct = not problem
        if problem:
            log.error("live.slow_path: %s: sockets are served over plain ASGI", problem)
        else:
            direct.take_over(self.ws_factory)
        loop = asyncio.get_event_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop_gently)
        # What is there now stays until the end. Full collections, a tenth of a second at ten thousand sockets,
        # would fall into broadcasts: `_collect_garbage` makes them.
        gc.set_threshold(50_000, 20, 1_000_000)
        gc.freeze()
        self._collecting = loop.create_task(_collect_garbage())
        if self._on_ready is not None:
            self._on_ready()
        _notify("READY=1")

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        super().listen_success(port)

    def listen_error(self, failure: Any) -> None:
        self.cannot_listen = failure.getErrorMessage()
        self.stop()

    def stop_gently(self) -> None:
        """Say so, take no more connections, send the sockets elsewhere, let requests finish, stop."""
        if self._stopping is None:
            self._stopping = asyncio.get_event_loop().create_task(self._stop())

    async def _stop(self) -> None:
        from realtime import hooks
        from realtime.asgi import application as live

        _notify("STOPPING=1")
        # Said by readiness first, so that nobody is sent here any more when the port closes.
        live.stopping = True
        await asyncio.sleep(hooks.lame_duck_seconds())
        for port in self._ports:
            port.stopListening()
        if live.hub is not None:
            await live.hub.drain()
        for _ in range(int(REQUESTS_SECONDS / 0.05)):
            if not self._requests_under_way():
                break
            await asyncio.sleep(0.05)
        if live.hub is not None:
            await live.hub.close()
        self.stop()

    def _requests_under_way(self) -> bool:
        return any(
            getattr(protocol, "application_type", "http") == "http"
            and not details["application_instance"].done()
            for protocol, details in self.connections.items()
            if "application_instance" in details
        )

    def kill_all_applications(self) -> None:
        # Daphne's own fails on a connection whose application has ended but whose client is still there.
        for details in self.connections.values():
            if "application_instance" in details:
                details["application_instance"].cancel()


def _notify(state: str) -> None:
    """Tell the service manager, by the protocol of sd_notify(3). One that does not listen is its own affair."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        try:
            manager.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
        except OSError as problem:
            log.warning("live.not_notified", extra={"problem": repr(problem)})


async def _collect_garbage() -> None:
    """Collect all of it now and then, if possible in a second without deliveries."""
    from realtime.metrics import counters

    while True:
        await asyncio.sleep(COLLECT_SECONDS)
        for _ in range(COLLECT_PATIENCE_SECONDS):
            before = counters.deliveries
            await asyncio.sleep(1)
            if counters.deliveries == before:
                break
        gc.collect()


def serve(application: Any, *, endpoints: Sequence[str], on_ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; needs the main thread.

    endpoints: Twisted's descriptions, such as ``fd:fileno=3`` for a `listening_socket`. on_ready: called once all
    listen.

    Raises:
        CannotListen: an endpoint is taken.
    """
    server = LiveServer(application, endpoints, on_ready)
    server.run()
    if server.cannot_listen:
        raise CannotListen(server.cannot_listen)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m realtime.server", description="Serves sockets, and pages."
    )
    parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument(
        "--fd", type=int, help="number of an inherited listening socket, instead of host and port"
    )
    parser.add_argument("--shared", action="store_true", help="let other processes listen on the same port")
    options = parser.parse_args(arguments)
    number = options.fd
    if number is None:
        try:
            number = listening_socket(options.host, options.port, shared=options.shared).detach()
        except CannotListen as problem:
            raise SystemExit(str(problem)) from None

    import django

    django.setup()
    from django.conf import settings
    from django.utils.module_loading import import_string

    try:
        serve(import_string(settings.ASGI_APPLICATION), endpoints=[f"fd:fileno={number}"])
    except CannotListen as problem:
        raise SystemExit(f"cannot listen on descriptor {number}: {problem}") from None


if __name__ == "__main__":
    main()
