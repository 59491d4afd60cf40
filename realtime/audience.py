"""Everybody who gets every frame of one topic, and the loop that gives it to them."""

from __future__ import annotations

from collections.abc import Callable, Collection

from realtime.metrics import counters
from realtime.protocol import Frame
from realtime.transport import Transport

Sender = Callable[[bytes], int]


class Audience:
    """Transports by the way they are written: those whose `sender` may be called now, and the others.

    The broadcast touches nothing but the senders: a look at the thousands of transports behind them would cost
    more in cache misses than the C loop has left to lose. So the two groups are kept up to date by events
    (`shifted`), not asked for.
    """

    __slots__ = ("_direct", "_others")

    def __init__(self) -> None:
        self._direct: dict[Sender, Transport] = {}
        self._others: set[Transport] = set()

    def __len__(self) -> int:
        return len(self._direct) + len(self._others)

    def __contains__(self, transport: Transport) -> bool:
        return transport in self._others or transport.sender in self._direct

    def add(self, transport: Transport) -> None:
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
            self.add(transport)

    def write(self, frame: Frame, *, but: Collection[Transport] = ()) -> None:
        """Give the frame to everybody, except those in `but`."""
        wire = frame.wire
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
        counters.deliveries += len(senders)
        for transport in [one for one in self._others if one not in but]:
            transport.write(frame)
            counters.deliveries += 1
        for send, sent in late:
            self._direct[send].write_rest([frame], sent)
