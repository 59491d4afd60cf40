"""The broadcast: gathered in bursts, in order, over real socket pairs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from realtime import audience
from realtime.audience import Audience
from realtime.protocol import Close, Frame
from realtime.transport import Transport


class Pair(Transport):
    """A transport over a socket pair; what its kernel buffer does not take is kept in `rest`."""

    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self.ours, self.theirs = socket.socketpair()
        stack.callback(self.ours.close)
        stack.callback(self.theirs.close)
        for one in (self.ours, self.theirs):
            one.setblocking(False)
        self.sender = self.ours.send
        self.pieces = b""
        self.rest: list[Frame] = []

    def write_rest(self, frames: list[Frame], sent: int) -> None:
        whole = b"".join(frame.wire for frame in frames)
        self.pieces += whole[sent:]
        self.paused = True

    def _send(self, frame: Frame) -> None:
        raise AssertionError("written beside the audience")

    def _close(self, code: Close) -> None:
        pass

    async def finish(self) -> None:
        pass

    def read(self) -> bytes:
        """What one read of the other end brings; nothing when nothing came."""
        try:
            return self.theirs.recv(1_000_000)
        except BlockingIOError:
            return b""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def frames(*texts: str) -> list[Frame]:
    return [Frame(text.encode()) for text in texts]


def wires(*texts: str) -> bytes:
    return b"".join(frame.wire for frame in frames(*texts))


def test_a_single_event_is_not_delayed_and_a_burst_is_one_write(stack: ExitStack) -> None:
    async def story() -> None:
        one, watchers = Pair(stack), Audience()
        watchers.add(one)
        watchers.send(frames("a"))
        assert one.read() == wires("a")
        for text in "bcdef":
            watchers.send(frames(text))
        assert one.read() == b""
        await asyncio.sleep(audience.GATHER_SECONDS * 2)
        assert one.read() == wires(*"bcdef")
        await asyncio.sleep(audience.GATHER_SECONDS * 2)
        watchers.send(frames("g"))
        assert one.read() == wires("g")

    asyncio.run(story())


def test_who_comes_in_the_middle_of_a_burst_gets_nothing_twice(stack: ExitStack) -> None:
    async def story() -> None:
        one, newcomer, watchers = Pair(stack), Pair(stack), Audience()
        watchers.add(one)
        watchers.send(frames("a"))
        watchers.send(frames("b"))
        watchers.add(newcomer)  # who has been given a and b
        watchers.send(frames("c"))
        watchers.flush()
        assert one.read() == wires("a", "b", "c")
        assert newcomer.read() == wires("c")

    asyncio.run(story())


def test_a_large_burst_is_not_held_back_and_goes_in_pieces(stack: ExitStack) -> None:
    async def story() -> None:
        one, watchers = Pair(stack), Audience()
        watchers.add(one)
        watchers.send(frames("a"))
        texts = [letter * 30_000 for letter in "bcdef"]
        watchers.send(frames(*texts))
        assert one.read() + one.read() == wires("a", *texts)

    asyncio.run(story())


def test_what_the_kernel_does_not_take_is_the_transports_business(stack: ExitStack) -> None:
    async def story() -> None:
        slow, fast, watchers = Pair(stack), Pair(stack), Audience()
        watchers.add(slow)
        watchers.add(fast)
        received = b""
        texts = [letter * 60_000 for letter in "abcdefghijkl"]
        for text in texts:
            if not slow.paused:
                watchers.write(Frame(text.encode()))
                received += fast.read()
        assert slow.paused
        got = b""
        while piece := slow.read():
            got += piece
        assert got + slow.pieces == received
        watchers.shifted(slow)
        assert len(watchers) == 2
        assert slow in watchers

    asyncio.run(story())


def test_a_closed_one_is_written_no_more(stack: ExitStack) -> None:
    async def story() -> None:
        one, other, watchers = Pair(stack), Pair(stack), Audience()
        watchers.add(one)
        watchers.add(other)
        one.close(Close.RESTART)
        watchers.shifted(one)
        watchers.write(Frame(b"a"), but={other})
        watchers.write(Frame(b"b"))
        assert one.read() == b""
        assert other.read() == wires("b")
        assert len(watchers) == 1

    asyncio.run(story())
