"""The REST twin of a socket: the same events for clients that cannot hold one."""

from __future__ import annotations

from typing import Any

from realtime import outbox, topics


class NotFound(LookupError):
    """A join of that topic would be refused."""


def events(*, person: int, topic: str, since: int | None = None, epoch: str | None = None) -> dict[str, Any]:
    """``{topic, epoch, seq, recovered, events}`` for the person; `topic` as on the wire.

    seq is the number to ask from next time: the topic's last, or less when there are more than one answer holds.

    Raises:
        NotFound: no such topic, or the person may not watch it.
    """
    try:
        found = topics.parse(topic, person)
    except (topics.UnknownTopic, topics.Forbidden):
        raise NotFound(topic) from None
    if not found.admits(person):
        raise NotFound(topic)
    page = outbox.read(topic=found.key, since=since, epoch=epoch)
    return {
        "topic": topic,
        "epoch": page.epoch,
        "seq": page.seq,
        "recovered": page.recovered,
        "events": page.events,
    }
