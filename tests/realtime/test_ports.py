"""Two runs of the suite side by side never talk to one server: what chooses their ports."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests import ports

SOME = range(20_900, 20_930)


def test_a_held_port_goes_to_one_holder_and_to_the_server_it_is_for() -> None:
    with ExitStack() as stack, ThreadPoolExecutor(8) as threads:
        held = list(threads.map(lambda _: stack.enter_context(ports.hold(SOME)), range(8)))
        assert len(set(held)) == 8
        with socket.create_server(("127.0.0.1", held[0])) as server:  # sets SO_REUSEADDR
            with socket.create_connection(("127.0.0.1", held[0])):
                server.accept()[0].close()
            with ports.hold(range(held[0], held[0] + 30)) as another:
                assert another not in held


def test_a_port_somebody_listens_on_is_passed_over() -> None:
    with ExitStack() as stack, ThreadPoolExecutor(8) as threads:
        listening = list(threads.map(lambda _: stack.enter_context(ports.listening(SOME)), range(8)))
        taken = {listener.getsockname()[1] for listener in listening}
        assert len(taken) == 8
        first = min(taken)
        with pytest.raises(RuntimeError, match=f"no port is free from {first} to {first}"):
            stack.enter_context(ports.listening(range(first, first + 1)))
