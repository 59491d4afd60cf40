"""Texts from templates: ``{slot}`` is a word of that list, ``{n:3-9}`` a number, and words may hold slots again."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

_SLOT = re.compile(r"\{(\w+)(?::(\d+)-(\d+))?\}")

Words = Mapping[str, str | Sequence[str]]


def expand(template: str, words: Words, rng: Random) -> str:
    """`template` with every slot filled.

    Raises:
        KeyError: a slot that `words` does not know.
    """

    def fill(match: re.Match[str]) -> str:
        slot, low, high = match.groups()
        if low:
            return str(rng.randint(int(low), int(high)))
        known = words[slot]
        return known if isinstance(known, str) else rng.choice(known)

    while "{" in template:
        template = _SLOT.sub(fill, template)
    return template


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of event: how it is told and what people say below it.

    `months` and `sectors` empty mean any; `hours` are from and up to. `monthly`: happens on a branch's fixed day. `crowd`: draws many opinions.
    """

    name: str
    scenes: Sequence[str]
    lead: Sequence[str]
    body: Sequence[str]
    detail: Sequence[str]
    end: Sequence[str]
    short: Sequence[str]
    remarks: Sequence[str]
    questions: Sequence[Sequence[str]]
    weight: float = 1
    months: Sequence[int] = ()
    sectors: Sequence[str] = ()
    hours: Sequence[int] = (0, 24)
    monthly: bool = False
    crowd: bool = False

    def suits(self, at: datetime, sector: str) -> bool:
        return (
            (not self.months or at.month in self.months)
            and (not self.sectors or sector in self.sectors)
            and self.hours[0] <= at.hour < self.hours[1]
        )

    def tell(self, words: Words, rng: Random) -> str:
        """A post on the topic: one line, a few sentences, or several paragraphs."""
        kind = rng.random()
        if kind < 0.14:
            parts = [rng.choice(self.short)]
        elif kind < 0.55:
            parts = [rng.choice(self.lead), rng.choice(self.body)]
        elif kind < 0.9:
            parts = [rng.choice(self.lead), rng.choice(self.body), rng.choice(self.detail)]
        else:
            body = rng.sample(self.body, min(2, len(self.body)))
            detail = rng.sample(self.detail, min(2, len(self.detail)))
            parts = [rng.choice(self.lead) + "".join(body) + "\n\n" + "".join(detail)]
        if kind >= 0.14 and rng.random() < 0.5:
            parts.append(rng.choice(self.end))
        return expand("".join(parts), words, rng)


@dataclass(frozen=True, slots=True)
class Phrases:
    """What may be said below any post, and the words of the slots."""

    general: Sequence[str]
    stance: Sequence[str]
    reason: Sequence[str]
    offer: Sequence[str]
    opinion_join: Sequence[str]
    answers: Sequence[str]
    by_author: Sequence[str]
    thanks: Sequence[str]
    questions: Sequence[Sequence[str]]
    slots: Mapping[str, Sequence[str]]
    sights: Mapping[str, Sequence[str]] = field(default_factory=dict)


@cache
def news() -> tuple[Topic, ...]:
    """The topics of 支部动态."""
    return tuple(_topics("news"))


@cache
def snapshots() -> tuple[Topic, ...]:
    """The topics of 随手拍."""
    return tuple(_topics("snapshots"))


@cache
def phrases() -> Phrases:
    """What stands in talk.toml."""
    return Phrases(**_read("talk"))


def _topics(name: str) -> Iterator[Topic]:
    """Each story of a topic as a topic of its own, with what the topic says for all of its stories."""
    for topic in _read(name)["topic"]:
        common = topic.pop("common", {})
        stories = topic.pop("story", [{}])
        remarks, questions = common.pop("remarks", []), common.pop("questions", [])
        for story in stories:
            said = {"questions": [], **topic, **common, **story}
            said["remarks"] = [*said["remarks"], *remarks]
            said["questions"] = [*said["questions"], *questions]
            yield Topic(**{**said, "weight": topic.get("weight", 1) / len(stories)})


def _read(name: str) -> dict[str, Any]:
    text = files(__package__).joinpath(f"texts/{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
