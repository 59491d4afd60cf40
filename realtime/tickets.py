"""Join tickets: signed notes that a permission was found, so that who comes back need not be looked up again.

A ticket speaks of one topic, person and session epoch in one partition, and of the last word of control known when
the permission was looked up. Whoever takes it compares that with the words since (`Rights`): a right that has ended
meanwhile, in whatever process, ends the ticket too. So it is worth what a socket is that stayed open all the time;
after eight hours the permission is looked up again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

from realtime.hooks import Viewer

GOOD_SECONDS = 8 * 3600
_CLOCKS_DIFFER_SECONDS = 30
_signer = Signer(salt="realtime.tickets", sep="~")


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a ticket is about; it holds for nothing else."""

    partition: str
    epoch: str  # of the log: in another one numbers begin anew
    topic: str
    viewer: Viewer

    def issue(self, seq: int) -> str:
        """A ticket for a permission that was looked up after word of control `seq` and before any other."""
        note = f"{seq}.{int(time.time())}"
        return f"{note}~{_signer.signature(self._all(note))}"

    def redeem(self, ticket: str) -> int | None:
        """The `seq` it was issued with; None if it is not good for this, or not any more."""
        note, _, signature = ticket.partition("~")
        try:
            _signer.unsign(f"{self._all(note)}~{signature}")
            seq, at = map(int, note.split("."))
        except (BadSignature, ValueError):
            return None
        age = time.time() - at
        return seq if -_CLOCKS_DIFFER_SECONDS <= age <= GOOD_SECONDS else None

    def _all(self, note: str) -> str:
        who = self.viewer
        return "|".join((self.partition, self.epoch, self.topic, str(who.id), str(who.epoch), note))


class Rights:
    """When the rights to each topic, and of each person, were last put in question.

    Knows every word of control after number `known_from`, given in any order.
    """

    REMEMBERED = 10_000

    def __init__(self, known_from: int) -> None:
        self.known_from = known_from
        self._topics: dict[str, int] = {}
        self._persons: dict[int, int] = {}
        self._last = known_from

    def note(self, seq: int, data: dict[str, object]) -> None:
        """Take in a word of control."""
        self._last = max(self._last, seq)
        topic, person = data.get("topic"), data.get("person")
        if isinstance(topic, str):
            self._topics[topic] = max(seq, self._topics.get(topic, 0))
        if isinstance(person, int):
            self._persons[person] = max(seq, self._persons.get(person, 0))
        if len(self._topics) + len(self._persons) > self.REMEMBERED:
            self._topics.clear()
            self._persons.clear()
            self.known_from = self._last

    def stand_since(self, seq: int, topic: str, person: int) -> bool:
        """Whether nothing after `seq`, which must not be before `known_from`, questioned that person there."""
        return self._topics.get(topic, 0) <= seq and self._persons.get(person, 0) <= seq
