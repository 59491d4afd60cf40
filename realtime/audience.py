"""Everybody who gets every frame of one topic, and the loop that gives it to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection

from realtime.metrics import counters, publish_to_write
from realtime.protocol import Frame
from realtime.transport import Transport

Sender = Callable[[bytes], int]

GATHER_SECONDS = 0.03  # what a burst of events waits for its next; the first after a pause waits for nothing
PIECE_BYTES = 64 * 1024  # of one write; a burst of more is written at once, in several


class Audience:
    """Transports by the way they are written: those whose `sender` may be called now, and the others.

    The broadcast touches nothing but the senders: a look at the thousands of transports behind them would cost
    more in cache misses than the C loop has left to lose. So the two groups are kept up to date by events
    (`shifted`), not asked for.
    """

    __slots__ = ("_direct", "_gathered", "_others", "_quiet_from", "_timer")

    def __init__(self) -> None:
        self._direct: dict[Sender, Transport] = {}
        self._others: set[Transport] = set()
        self._gathered: list[Frame] = []
        self._timer: asyncio.TimerHandle | None = None
        self._quiet_from = 0.0

    def __len__(self) -> int:
        return len(self._direct) + len(self._others)

    def __contains__(self, transport: Transport) -> bool:
        return transport in self._others or transport.sender in self._direct

    def add(self, transport: Transport) -> None:
        """Take in who has every frame given to `send` so far."""
        self.flush()  # what is still gathered it has already
        self._place(transport)

    def _place(self, transport: Transport) -> None:
        if transport.is_direct and transport.sender is not None:
            self._direct[transport.sender] = transport
        elif not transport.closed:
            self._others.add(transport)

    def discard(self, transport: Transport) -> None:
        self._others.discard(transport)
        if transport.sender is not None:
            self._direct.pop(transport.sender, None)

    def shifted(self, transport: Transport) -> None:
        """The transport was paused, resumed or closed."""
        if transport in self:
            self.discard(transport)
            self._place(transport)

    def send(self, frames: list[Frame]) -> None:
        """Give events to everybody: at once after a pause, else soon and together with those that follow.

        A write costs the same whether it carries one frame or ten, so a burst is spared most of its cost.
        """
        self._gathered += frames
        loop = asyncio.get_running_loop()
        if sum(len(frame.wire) for frame in self._gathered) > PIECE_BYTES or loop.time() >= self._quiet_from:
            self.flush()
        elif self._timer is None:
            self._timer = loop.call_at(self._quiet_from, self.flush)

    def flush(self) -> None:
        """Write what is gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        frames, self._gathered = self._gathered, []
        if not frames:
            return
        piece: list[Frame] = []
        size = 0
        for frame in frames:
            if piece and size + len(frame.wire) > PIECE_BYTES:
                self._write(piece)
                piece, size = [], 0
            piece.append(frame)
            size += len(frame.wire)
        self._write(piece)
        now = time.time()
        for frame in frames:
            if frame.at is not None:
                publish_to_write.observe(max(0.0, now - frame.at))
        # From the end of the write: the more a write takes, the more is written with the next.
        self._quiet_from = asyncio.get_running_loop().time() + GATHER_SECONDS

    def write(self, frame: Frame, *, but: Collection[Transport] = ()) -> None:
        """Give the frame to everybody now, except those in `but`; not in order with `send`."""
        self._write([frame], but)

    def _write(self, frames: list[Frame], but: Collection[Transport] = ()) -> None:
        wire = frames[0].wire if len(frames) == 1 else b"".join([frame.wire for frame in frames])
        size = len(wire)
        senders = self._direct
        if but:
            senders = {sender: one for sender, one in senders.items() if one not in but}
        late: list[tuple[Sender, int]] = []
        for send in senders:
            try:
                sent = send(wire)
            except OSError:
                sent = 0
            if sent != size:
                late.append((send, sent))
        others = [one for one in self._others if one not in but]
        counters.deliveries += (len(senders) + len(others)) * len(frames)
        for transport in others:
            for frame in frames:
                transport.write(frame)
        for send, sent in late:
            self._direct[send].write_rest(frames, sent)
