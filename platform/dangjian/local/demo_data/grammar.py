"""Texts from templates: ``{slot}`` is a word of that list, ``{n:3-9}`` a number, and words may hold slots again."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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

    `months` and `sectors` empty mean any; `hours` are from and up to. `monthly`: happens on a branch's fixed day.
    `crowd`: draws many opinions. `open`: something others may join.
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
    open: bool = False

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
    """What may be said below any post, and the words of the slots; texts/talk.toml says what each is for."""

    general: Sequence[str]
    joining: Sequence[str]
    pictured: Sequence[str]
    updates: Sequence[str]
    stance: Sequence[str]
    reason: Sequence[str]
    offer: Sequence[str]
    opinion_join: Sequence[str]
    thanks: Sequence[str]
    joining_questions: Sequence[Sequence[str]]
    picture_questions: Sequence[Sequence[str]]
    answers: Mapping[str, Mapping[str, Sequence[str]]]
    slots: Mapping[str, Sequence[str]]
    sights: Mapping[str, Sequence[str]]

    def answers_to(self, remark: str, *, by_author: bool) -> Sequence[str]:
        """What may be answered to a remark, by the sense its words give away."""
        sense = next((sense for sense, sign in _SENSES if sign.search(remark)), "remark")
        return self.answers[sense]["by_author" if by_author else "by_others"]


_SENSES = (
    ("question", re.compile("？$")),
    (
        "offer",
        re.compile(
            "叫上我|叫我|我也去|我来|一定去|我可以|我有一|算我|报名|送过来|送过去|我去|我认养|我先|我休息|也能出|借"
        ),
    ),
    (
        "advice",
        re.compile(
            "建议|能不能|下次|要不要|最好|吧。|别|应该|希望|想请教|再加|记得说|注意时间|注意安全|麻烦|缺|要紧"
        ),
    ),
    ("thanks", re.compile("谢|辛苦|佩服|真好|赞|支持|学习|漂亮|不容易|好。|真|夸|高兴|放心|心里")),
)


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
    return Phrases(**read("talk"))


def _topics(name: str) -> Iterator[Topic]:
    """Each story of a topic as a topic of its own, with what the topic says for all of its stories."""
    for topic in read(name)["topic"]:
        common = topic.pop("common", {})
        stories = topic.pop("story", [{}])
        remarks, questions = common.pop("remarks", []), common.pop("questions", [])
        for story in stories:
            said = {"questions": [], **topic, **common, **story}
            said["remarks"] = [*said["remarks"], *remarks]
            said["questions"] = [*said["questions"], *questions]
            yield Topic(**{**said, "weight": topic.get("weight", 1) / len(stories)})


def read(name: str) -> dict[str, Any]:
    """The data in texts/`name`.toml."""
    text = files(__package__).joinpath(f"texts/{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
