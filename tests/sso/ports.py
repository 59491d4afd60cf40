"""Ports for servers of the tests."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """A free port below the range that outgoing connections use."""
    while True:
        port = random.randint(20_000, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
