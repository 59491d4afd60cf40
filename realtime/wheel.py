"""Signs of life: every socket is looked at once a turn, a few at a time."""

from __future__ import annotations

import asyncio

from realtime.transport import Transport

TURN_SECONDS = 20.0  # silence of one to two turns is asked about, of another one ends the socket
SLOTS = 40


class Wheel:
    """Spreads the pings of all sockets over the turn: ten thousand at once would be a broadcast between two others.

    A socket whose client spoke within the last turn is not asked.
    """

    def __init__(self) -> None:
        self._slots: list[set[Transport]] = [set() for _ in range(SLOTS)]

    def add(self, transport: Transport) -> None:
        self._slot(transport).add(transport)

    def discard(self, transport: Transport) -> None:
        self._slot(transport).discard(transport)

    def _slot(self, transport: Transport) -> set[Transport]:
        # Where an object lies in memory is as good a chance as any, and needs not be remembered.
        return self._slots[hash(transport) % SLOTS]

    async def turn(self) -> None:
        """Turn for ever."""
        while True:
            for slot in self._slots:
                await asyncio.sleep(TURN_SECONDS / SLOTS)
                for transport in list(slot):
                    transport.ping()
