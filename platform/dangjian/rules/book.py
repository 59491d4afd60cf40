"""The rules in force: the national pack, and what a district tightens.

A `Rule` is one rule as it stood in one stretch of time. A `Book` holds all of them for one district and answers
which one holds on a day. Books are loaded once in each process; a changed pack is taken up by a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final, TypedDict

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dangjian.rules import reading, values
from dangjian.rules.reading import PackRefused, day
from dangjian.rules.values import Value

NATIONAL_PACK: Final = Path(__file__).parent / "packs" / "national.yaml"
OTHER: Final = "other"


class Cited(TypedDict):
    """How an answer names the rule behind it. confidence: quoted, to_be_confirmed or local_custom."""

    id: str
    article: str
    confidence: str


class NoRule(LookupError):
    """There is no such rule, or it is not in force on that day."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages of the product."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if get_language() == "en" else self.zh


@dataclass(frozen=True, slots=True)
class Source:
    """The document a rule stands in. note: what a reader must know about its text, if anything."""

    title: Words
    note: Words | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in one stretch of time.

    value: see `values`; of a rule that differs by kind of organisation, the value for the kind asked for.
    by_kind: those values by kind, empty where there is one for all.
    tighter: the direction that asks more (`values.loosened`).
    article: its number, or words where there is more to say.
    starts, ends: the first and the last day in force; None: still.
    national: of a rule that a district tightened, the national one.
    note: how it is counted, where a reader must know that.
    """

    id: str
    title: Words
    unit: str
    value: Value
    by_kind: dict[str, Value]
    usual: bool
    bound: str
    tighter: str
    source: Source
    article: int | Words
    article_to_confirm: bool
    confidence: str
    starts: date
    ends: date | None
    national: Rule | None = None
    note: Words | None = None

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]

    @property
    def numbered(self) -> str:
        """The article in the reader's language: 第 21 条."""
        return _("第 %(n)s 条") % {"n": self.article} if isinstance(self.article, int) else str(self.article)

    @property
    def cited(self) -> str:
        """Document and article, in the reader's language; of a local rule, what its pack names."""
        if self.confidence == "local_custom":
            return self.numbered
        return _("《%(title)s》%(article)s") % {"title": self.source.title, "article": self.numbered}

    def said(self) -> str:
        """The value in the reader's language."""
        return values.said(self.value, self.unit, bound=self.bound, usual=self.usual)

    def as_json(self) -> Cited:
        return {"id": self.id, "article": self.cited, "confidence": self.confidence}

    def holds(self, on: date) -> bool:
        return self.starts <= on and (self.ends is None or on <= self.ends)

    def overlaps(self, other: Rule) -> bool:
        return (self.ends is None or other.starts <= self.ends) and (
            other.ends is None or self.starts <= other.ends
        )

    def of_kind(self, kind: str | None) -> Rule:
        """The rule with the value for a kind of organisation."""
        if not self.by_kind:
            return self
        value = self.by_kind.get(kind or OTHER, self.by_kind[OTHER])
        return replace(self, value=value, national=self.national and self.national.of_kind(kind))

    def stretch(self) -> str:
        """``2018-10-28 – 2024-12-31``, for who keeps packs."""
        return f"{self.starts} – {self.ends or 'open'}"


class Book:
    """Every rule of one district (or, without one, of the country)."""

    def __init__(self, national: Iterable[Rule], local: Iterable[Rule] = ()) -> None:
        self._national = _by_id(national)
        self._local = _by_id(local)

    def rule(self, identity: str, *, on: date, kind: str | None = None) -> Rule:
        """The rule in force on a day, as the district has it.

        kind: the kind of organisation, where the rule differs by it (``village``, ``community``).

        Raises:
            NoRule: no such rule, or none in force on that day.
        """
        national = next((each for each in self._versions(identity) if each.holds(on)), None)
        if national is None:
            raise NoRule(f"{identity} is not in force on {on}")
        return self._tightened(national, on).of_kind(kind)

    def nearest(self, identity: str, *, on: date, kind: str | None = None) -> Rule:
        """The same; for a day before the rule's first version, the first: what the pack knows comes closest."""
        return self.rule(identity, on=max(on, self._versions(identity)[0].starts), kind=kind)

    def find(self, identity: str, *, on: date) -> Rule | None:
        """The rule in force on a day; None before its first version and after its last."""
        return (
            self.rule(identity, on=on) if any(each.holds(on) for each in self._versions(identity)) else None
        )

    def in_force(self, on: date) -> list[Rule]:
        """Every rule in force on a day, in the order of the pack."""
        found: list[Rule] = []
        for versions in self._national.values():
            found += [self._tightened(each, on).of_kind(None) for each in versions if each.holds(on)]
        return found

    def _versions(self, identity: str) -> list[Rule]:
        if identity not in self._national:
            raise NoRule(f"there is no rule {identity}")
        return self._national[identity]

    def _tightened(self, national: Rule, on: date) -> Rule:
        local = next((each for each in self._local.get(national.id, []) if each.holds(on)), None)
        return replace(local, national=national) if local else national


def book(district: str = "") -> Book:
    """The rules of a district, by its schema's name; without one, those of the country.

    Raises:
        PackRefused: the national pack or the district's cannot be used.
    """
    folder = settings.RULES_DIR
    path = Path(folder) / f"{district}.yaml" if folder and district else None
    return _loaded(path if path and path.exists() else None)


def rule(identity: str, *, on: date, kind: str | None = None) -> Rule:
    """The national rule in force on a day; `Book.rule` says more."""
    return book().rule(identity, on=on, kind=kind)


@cache
def _loaded(path: Path | None) -> Book:
    return Book(_national(), load_local(path, _national()) if path else ())


@cache
def _national() -> list[Rule]:
    return load_national(NATIONAL_PACK)


def faults() -> list[str]:
    """What is wrong with the national pack and with every file in the districts' folder; empty: nothing."""
    try:
        national = _national()
    except PackRefused as refused:
        return refused.problems
    found: list[str] = []
    folder = Path(settings.RULES_DIR) if settings.RULES_DIR else None
    if folder is not None and not folder.is_dir():
        return [f"{folder}: RULES_DIR is no folder"]
    for path in sorted(folder.glob("*.y*ml")) if folder else []:
        if path.suffix != ".yaml":
            found.append(f"{path.name}: nobody reads it; a district's file is named <schema>.yaml")
            continue
        try:
            load_local(path, national)
        except PackRefused as refused:
            found += refused.problems
    return found


def forget() -> None:
    """Read the districts' packs again when they are asked for next; the national one comes with the program."""
    _loaded.cache_clear()


def load_national(path: Path) -> list[Rule]:
    """The rules of a national pack.

    Raises:
        PackRefused: naming every fault.
    """
    pack = reading.read(path, "national")
    sources = {
        name: Source(Words(each["zh"], each["en"]), Words(**each["note"]) if "note" in each else None)
        for name, each in pack["sources"].items()
    }
    problems: list[str] = []
    rules: list[Rule] = []
    for entry in pack["rules"]:
        try:
            rules.append(_national_rule(entry, sources))
        except ValueError as error:
            problems.append(f"{path.name}: {entry['id']}: {error}")
    problems += [f"{path.name}: {problem}" for problem in _faults_of_stretches(rules)]
    for one, other in combinations(rules, 2):
        if one.id == other.id and (one.unit, one.tighter) != (other.unit, other.tighter):
            problems.append(f"{path.name}: {one.id}: two versions differ in unit or tighter")
    if problems:
        raise PackRefused(problems)
    return rules


def load_local(path: Path, national: list[Rule]) -> list[Rule]:
    """What a district tightens, each measured against every national version it would stand in for.

    Raises:
        PackRefused: naming every fault; a looser value is one.
    """
    pack = reading.read(path, "district")
    problems: list[str] = []
    if pack["district"] != path.stem:
        problems.append(f"the file of {pack['district']} must be named {pack['district']}.yaml")
    rules: list[Rule] = []
    for entry in pack["rules"]:
        versions = [each for each in national if each.id == entry["id"]]
        found, faults = _local_rule(entry, versions)
        problems += [f"{entry['id']}: {fault}" for fault in faults]
        if found is not None:
            rules.append(found)
    problems += _faults_of_stretches(rules)
    if problems:
        raise PackRefused([f"{path.name}: {problem}" for problem in problems])
    return rules


def _national_rule(entry: dict[str, Any], sources: dict[str, Source]) -> Rule:
    if entry["source"] not in sources:
        raise ValueError(f"the source {entry['source']} is not among the pack's sources")
    value, by_kind = _values(entry, entry["unit"])
    return Rule(
        id=entry["id"],
        title=Words(**entry["title"]),
        unit=entry["unit"],
        value=value,
        by_kind=by_kind,
        usual=entry.get("usual", False),
        bound=entry.get("bound") or _bound_of(entry),
        tighter=entry["tighter"],
        source=sources[entry["source"]],
        article=entry["article"] if isinstance(entry["article"], int) else _words(entry["article"]),
        article_to_confirm=entry.get("article_to_confirm", False),
        confidence=entry["confidence"],
        starts=day(entry["from"]),
        ends=day(entry["to"]) if "to" in entry else None,
        note=Words(**entry["note"]) if "note" in entry else None,
    )


def _local_rule(entry: dict[str, Any], versions: list[Rule]) -> tuple[Rule | None, list[str]]:
    if not versions:
        return None, ["there is no such national rule to tighten"]
    pattern = versions[0]
    forms = [entry["value"]] if "value" in entry else list(entry["by_kind"].values())
    faults = [
        f"{fault}; its unit is {pattern.unit}"
        for each in forms
        for fault in reading.misfits(each, pattern.unit)
    ]
    if faults:
        return None, faults
    try:
        value, by_kind = _values(entry, pattern.unit)
    except ValueError as error:
        return None, [str(error)]
    document = _words(entry["document"])
    local = replace(
        pattern,
        value=value,
        by_kind=by_kind,
        usual=False,
        source=Source(document),
        article=document,
        article_to_confirm=False,
        confidence="local_custom",
        starts=day(entry["from"]),
        ends=day(entry["to"]) if "to" in entry else None,
    )
    over = [each for each in versions if each.overlaps(local)]
    if not over:
        return None, [f"no national version is in force in {local.stretch()}"]
    return local, [fault for each in _of_each_value(over) for fault in _looser(local, each)]


def _of_each_value(versions: list[Rule]) -> list[Rule]:
    """The newest version of each value: an article that was only numbered anew is not named twice."""
    later = [(each.value, each.by_kind) for each in versions]
    return [each for n, each in enumerate(versions) if later[n] not in later[n + 1 :]]


def _looser(local: Rule, national: Rule) -> Iterator[str]:
    """One sentence for each kind of organisation for which the district asks less than the country."""
    kinds: list[str | None] = [*sorted({*local.by_kind, *national.by_kind})]
    for kind in kinds or [None]:
        new, old = local.of_kind(kind).value, national.of_kind(kind).value
        if values.loosened(new, old, national.tighter):
            said = {
                "higher": "a district may raise it, not lower it",
                "lower": "a district may lower it, not raise it",
                "inside": "a district may narrow it, not widen it",
                "fixed": "a district may not change it",
            }[national.tighter]
            of_kind = f" for {kind}" if kind else ""
            yield (
                f"{_plain(new)} would loosen the national {_plain(old)}{of_kind} ({national.cited}): {said}"
            )


def _faults_of_stretches(rules: list[Rule]) -> Iterator[str]:
    for each in rules:
        if each.ends is not None and each.ends < each.starts:
            yield f"{each.id}: ends on {each.ends}, before it begins on {each.starts}"
    for one, other in combinations(rules, 2):
        if one.id == other.id and one.overlaps(other):
            yield f"{one.id}: two versions overlap: {one.stretch()} and {other.stretch()}"


def _values(entry: dict[str, Any], unit: str) -> tuple[Value, dict[str, Value]]:
    if "by_kind" in entry:
        by_kind = {kind: values.parsed(raw, unit) for kind, raw in entry["by_kind"].items()}
        return by_kind[OTHER], by_kind
    return values.parsed(entry["value"], unit), {}


def _bound_of(entry: dict[str, Any]) -> str:
    """How a number is meant, where the pack does not say: what may rise is a least, what may fall a most."""
    if entry["unit"] in {"frequency", "rate_of_base"} or isinstance(entry.get("value"), dict):
        return ""
    return {"higher": "at_least", "lower": "at_most"}.get(entry["tighter"], "")


def _by_id(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for each in rules:
        found.setdefault(each.id, []).append(each)
    for versions in found.values():
        versions.sort(key=lambda each: each.starts)
    return found


def _words(raw: str | dict[str, str]) -> Words:
    return Words(raw, raw) if isinstance(raw, str) else Words(**raw)


def _plain(value: Any) -> str:
    if isinstance(value, values.Span):
        return f"{value.least}–{value.most}"
    if isinstance(value, values.Frequency):
        return f"{value.times} a {value.per}"
    return str(value)
