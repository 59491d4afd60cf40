"""A line to a server that can go down without the server."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: no orderly end


@dataclass(slots=True)
class Line:
    """calls: how often somebody has connected, cut off or not."""

    port: int
    target: int
    calls: int = 0
    is_down: bool = False
    _open: list[socket.socket] = field(default_factory=list)

    def down(self) -> None:
        """Cut everything that is open, and whoever calls from now on."""
        self.is_down = True
        while self._open:
            _cut(self._open.pop())

    def up(self) -> None:
        self.is_down = False

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):  # closed: the line is over
            while True:
                caller, _ = listener.accept()
                self.calls += 1
                if self.is_down:
                    _cut(caller)
                    continue
                server = socket.create_connection(("127.0.0.1", self.target))
                self._open += [caller, server]
                for ends in ((caller, server), (server, caller)):
                    threading.Thread(target=_pass, args=ends, daemon=True).start()


@contextmanager
def line_to(target: int) -> Iterator[Line]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        line = Line(listener.getsockname()[1], target)
        threading.Thread(target=line.serve, args=[listener], daemon=True).start()
        try:
            yield line
        finally:
            line.down()
            listener.shutdown(socket.SHUT_RDWR)


def _pass(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


def _cut(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)
    end.close()
