"""Sockets that listen, made apart from the server that takes them over: here nothing of Twisted is loaded."""

from __future__ import annotations

import socket

BACKLOG = 4096  # at the default of 50 five thousand connects took 76 s


class CannotListen(OSError):
    """An address is taken or not ours to take."""


def listening_socket(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A TCP socket that listens, with a backlog that stands a reconnect of everybody.

    shared: others may be made for the same port; the kernel deals connections out among them.

    Raises:
        CannotListen: the address is taken or not ours to take.
    """
    address = host.strip("[]")
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((address, port))
        made.listen(BACKLOG)
    except OSError as problem:
        made.close()
        raise CannotListen(f"cannot listen on {host}, port {port}: {problem.strerror}") from problem
    return made
