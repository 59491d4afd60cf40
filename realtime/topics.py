"""The kinds of topics there are, and who may join them.

Upper floors register theirs from `AppConfig.ready()`. A topic has one audience: whoever may join it may see every
event of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

Ident = int | None
Json = Any
GaugeReader = Callable[[Collection[int]], Mapping[int, Json]]

CONTROL = "control"  # internal: ends of rights and sessions, followed by every hub; nobody can join it
_IDENT = re.compile(r"[1-9][0-9]{0,18}\Z")
_LARGEST = 2**63 - 1


class UnknownTopic(LookupError):
    """No kind of topic has that name."""


class Forbidden(Exception):
    """The topic cannot be joined: its id is missing or unreadable, or the person may not."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TopicKind:
    """One kind of topic, ``name`` or ``name:<id>`` on the wire.

    may_join: whether the person may see every event of the topic with that id; runs inside the partition.
    who_may_join: the same for many persons in one query; asked when a topic's rights change under its watchers.
    bare: the name without an id is a topic too (`may_join` gets None for the id).
    personal: the wire name never has an id, and each person has a topic of their own: ``me`` is ``me:<person>``.
    gauges: the present values of those ids, one JSON object each; read after commit. Without `gauge_group` the
        ids are topics' ids and the object is the gauge; with it they are the keys given to `outbox.touch`, and a
        gauge is ``{gauge_group: {"<key>": object}}``.
    touched: with `gauge_group`: which keys of these topics changed within the last so many seconds, so that lost
        nudges are made good and newcomers brought up to date.
    presence: the gauge has ``here`` as well: the number of people on the topic, in all processes together. Not
        with `gauge_group`.
    """

    name: str
    may_join: Callable[[int, Ident], bool]
    who_may_join: Callable[[Collection[int], Ident], Collection[int]] | None = None
    bare: bool = False
    personal: bool = False
    gauges: GaugeReader | None = None
    gauge_group: str = ""
    touched: Callable[[Collection[Ident], int], Mapping[Ident, Collection[int]]] | None = None
    presence: bool = False

    @property
    def has_gauge(self) -> bool:
        return self.gauges is not None or self.presence


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the log knows it; `key` is the internal name (``me:7``), `wire` what clients call it (``me``)."""

    kind: TopicKind
    ident: Ident

    @property
    def key(self) -> str:
        return self.kind.name if self.ident is None else f"{self.kind.name}:{self.ident}"

    @property
    def wire(self) -> str:
        return self.kind.name if self.kind.personal else self.key

    def admits(self, person: int) -> bool:
        """Whether the person may join; runs inside the partition."""
        return self.kind.may_join(person, self.ident)

    def admitted(self, persons: Collection[int]) -> set[int]:
        """Those of `persons` who may join; runs inside the partition."""
        if self.kind.who_may_join is not None:
            return set(self.kind.who_may_join(persons, self.ident))
        return {person for person in persons if self.admits(person)}


_kinds: dict[str, TopicKind] = {}


def register(kind: TopicKind) -> None:
    """Make a kind of topic known; call it from `AppConfig.ready()`."""
    if kind.name == CONTROL:
        raise ValueError(f"{CONTROL!r} is realtime's own")
    _kinds[kind.name] = kind


def parse(name: str, person: int) -> Topic:
    """The topic a client of `person` means by `name`.

    Raises:
        UnknownTopic: no such kind.
        Forbidden: the kind exists, the id is missing or cannot be one.
    """
    kind_name, separator, ident = name.partition(":")
    kind = _kinds.get(kind_name)
    if kind is None:
        raise UnknownTopic(name)
    if kind.personal and not separator:
        return Topic(kind, person)
    if kind.bare and not separator:
        return Topic(kind, None)
    if kind.personal or not _IDENT.match(ident) or int(ident) > _LARGEST:
        raise Forbidden(name)
    return Topic(kind, int(ident))


def wire_name(key: str) -> str:
    """What clients call the topic with that internal key."""
    kind = _kinds.get(key.partition(":")[0])
    return kind.name if kind is not None and kind.personal else key
