"""Who is here: how many people look at a topic, in all processes together. Told among them, stored nowhere.

Each process tells the others which persons it has on a topic, when that changes and every ten seconds; a person in two
tabs, or with a phone in another process, is one person. A process that falls silent is forgotten after half a minute,
so a crash or a lost broker makes the number too small or too large for no longer than that.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

PACE_SECONDS = 1.0  # changes are told together
BEAT_SECONDS = 10.0
FORGET_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one process says about one topic; of two from the same process the one with the larger `version` holds.

    asks: the process has only begun to watch, and would like to hear from the others.
    """

    partition: str
    topic: str
    sender: str
    version: int
    persons: frozenset[int]
    asks: bool = False


@dataclass(slots=True)
class _Heard:
    version: int
    persons: frozenset[int]
    at: float


class Presence:
    """Of one partition in one process.

    here: the persons this process has on a topic. tell: hands a sighting to the other processes. changed: called
    when the number of a topic may have changed.
    """

    def __init__(
        self,
        partition: str,
        sender: str,
        *,
        here: Callable[[str], frozenset[int]],
        tell: Callable[[Sighting], Awaitable[None]],
        changed: Callable[[str], None],
    ) -> None:
        self._partition = partition
        self._sender = sender
        self._here = here
        self._tell = tell
        self._changed = changed
        self._version = time.time_ns()
        self._told: dict[str, frozenset[int]] = {}
        self._heard: dict[str, dict[str, _Heard]] = defaultdict(dict)
        self._due: dict[str, bool] = {}  # topic → whether to ask

    def count(self, topic: str) -> int:
        """How many people look at the topic now, as far as is known here."""
        return len(self._here(topic).union(*(heard.persons for heard in self._heard[topic].values())))

    def moved(self, topic: str) -> None:
        """Somebody came to the topic here, or left it."""
        self._due.setdefault(topic, topic not in self._told)

    def hear(self, sighting: Sighting) -> None:
        """Take in what another process says; an older word never overwrites a newer one."""
        heard = self._heard[sighting.topic].get(sighting.sender)
        if heard is not None and heard.version >= sighting.version:
            return
        self._heard[sighting.topic][sighting.sender] = _Heard(
            sighting.version, sighting.persons, time.monotonic()
        )
        if sighting.asks and sighting.topic in self._told:
            self._due.setdefault(sighting.topic, False)
        if heard is None or heard.persons != sighting.persons:
            self._changed(sighting.topic)

    def forget(self, topic: str) -> None:
        """The topic is watched here no longer."""
        self._told.pop(topic, None)
        self._heard.pop(topic, None)
        self._due.pop(topic, None)

    async def run(self) -> None:
        """Tell what has changed, and now and then what has not, for ever."""
        beat_at = 0.0
        while True:
            await asyncio.sleep(PACE_SECONDS)
            now = time.monotonic()
            self._forget_silent(now - FORGET_SECONDS)
            due, self._due = self._due, {}
            for topic in due:
                # Also where nothing is new to the others: who came and left since the last round was counted here.
                self._changed(topic)
            if now >= beat_at:
                beat_at = now + BEAT_SECONDS
                due = {topic: False for topic, persons in self._told.items() if persons} | due
            for topic, asks in due.items():
                persons = self._told[topic] = self._here(topic)
                self._version += 1
                try:
                    await self._tell(
                        Sighting(self._partition, topic, self._sender, self._version, persons, asks)
                    )
                except Exception as problem:  # noqa: BLE001  (a broker may fail in any way; the next beat says it again)
                    log.warning("live.layer_down", extra={"problem": repr(problem)})

    def _forget_silent(self, before: float) -> None:
        for topic, senders in list(self._heard.items()):
            for sender in [sender for sender, heard in senders.items() if heard.at < before]:
                del senders[sender]
                self._changed(topic)
