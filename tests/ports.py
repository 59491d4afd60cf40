"""Ports that stay taken from the moment they are chosen.

A port that is looked for first and bound seconds later is chosen twice when two runs of the suite stand side by side,
and both then talk to one server. So it is bound here and kept: handed to the server as it is (`listening`), or held for
a server that binds by itself (`hold`). No range is used in both ways.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# Below 32768, where outgoing connections take theirs.
LOCAL: Final = range(20_000, 20_900)
REALTIME: Final = range(21_000, 21_100)
BROWSER: Final = range(26_010, 26_090)


@contextmanager
def listening(ports: range, backlog: int = 1024) -> Iterator[socket.socket]:
    """A socket that listens on loopback, on the first of `ports` where nobody does, to be passed on by its number."""
    listener = _first(ports, lambda port: _listen(port, backlog))
    with listener:
        yield listener


@contextmanager
def hold(ports: range) -> Iterator[int]:
    """A port that nobody else is given, and that a server may bind which sets SO_REUSEADDR as servers do."""
    with _first(ports, _bind) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield int(held.getsockname()[1])


def _listen(port: int, backlog: int) -> socket.socket:
    listener = socket.socket()
    try:
        # Of two that bind it at the same moment the second fails to listen.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def _bind(port: int) -> socket.socket:
    held = socket.socket()
    try:
        # SO_REUSEADDR comes later: with it on both sides two holders that do not listen could share the port.
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        raise
    return held


def _first(ports: range, take: Callable[[int], socket.socket]) -> socket.socket:
    for port in ports:
        try:
            return take(port)
        except OSError:
            continue
    raise RuntimeError(f"no port is free from {ports.start} to {ports.stop - 1}")
