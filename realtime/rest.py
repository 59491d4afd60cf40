"""The REST twin of a socket: the same events and the present gauges for clients that cannot hold one."""

from __future__ import annotations

from typing import Any

from realtime import gauges, outbox, topics
from realtime.topics import Topic


class NotFound(LookupError):
    """A join of that topic would be refused."""


def events(*, person: int, topic: str, since: int | None = None, epoch: str | None = None) -> dict[str, Any]:
    """``{topic, epoch, seq, recovered, events, gauges}`` for the person; `topic` as on the wire.

    seq is the number to ask from next time: the topic's last, or less when there are more than one answer holds.
    gauges is what a socket that joins now would be sent, None where that is nothing; read after the events, so never
    older than what they tell.

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
        "gauges": _gauges(found),
    }


def _gauges(topic: Topic) -> Any:
    value = gauges.read({topic: gauges.Wanted(window=gauges.NEWCOMER_SECONDS)}).get(topic)
    if not value:
        return None
    group = topic.kind.gauge_group
    return {group: {str(key): data for key, data in value.items()}} if group else value
