"""What would become of each row of a roster: new, changed, unchanged, or refused with the reason and the cell.

Pure: a `Register` of today and rows of cells in, judgements out; nothing is written.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from dangjian.organizations import id_numbers, particulars, sealing
from dangjian.organizations.imports import cells, words
from dangjian.organizations.models import OrganizationKind, Outcome
from dangjian.organizations.particulars import Particulars

SUGGESTIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file. cells: field → what stands there. holes: field → the code of what stands in its place."""

    number: int
    cells: Mapping[str, Any]
    holes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell; `field` is empty for the row as a whole. suggestions: ids with their names."""

    field: str
    code: str
    message: str
    suggestions: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class Judged:
    """target: the id it is about (None: new). wanted: what would then stand in the register."""

    number: int
    outcome: str
    faults: list[Fault] = field(default_factory=list)
    target: int | None = None
    wanted: Any = None
    changed: tuple[str, ...] = ()


class Known(NamedTuple):
    """A member of the register. id_index: blind index of the number, or None. mine: the officer may change them.
    left: the day on which they left it, and how in words."""

    id: int
    branch: int
    id_index: str | None
    values: Particulars  # with an empty id_number: it stays sealed
    mine: bool
    left: tuple[date, str] | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation of today. mine: the officer looks after it."""

    id: int
    name: str
    short_name: str
    kind: str
    parent: int | None
    sector: str
    mine: bool


class Units:
    """Organisations found by what people call them."""

    def __init__(self, units: Iterable[Unit], meant: Mapping[str, int]) -> None:
        self.by_id = {unit.id: unit for unit in units}
        self._meant = meant
        self._by_name: dict[str, list[Unit]] = defaultdict(list)
        self._plain: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.by_id.values():
            for name in {unit.name, unit.short_name}:
                self._by_name[name].append(unit)
            for name in {words.plain_name(unit.name), words.plain_name(unit.short_name)}:
                self._plain[name].append(unit)

    def called(self, name: str) -> list[Unit]:
        """Those that are called so, or meant by it; one when it is clear."""
        if (meant := self.by_id.get(self._meant.get(name, 0))) is not None:
            return [meant]
        return list(self._by_name.get(name) or self._plain.get(words.plain_name(name)) or ())

    def like(self, name: str) -> tuple[tuple[int, str], ...]:
        """Up to three of the officer's own that are called nearly so."""
        plain = words.plain_name(name)
        names = [each for each, units in self._plain.items() if any(unit.mine for unit in units)]
        close = difflib.get_close_matches(plain, names, n=SUGGESTIONS, cutoff=0.45)
        found = dict.fromkeys(unit.id for each in close for unit in self._plain[each] if unit.mine)
        return tuple((pk, self.by_id[pk].name) for pk in list(found)[:SUGGESTIONS])


@dataclass(slots=True)
class Register:
    """What the judgement has to know of today; `today` in Asia/Shanghai."""

    today: date
    units: Units
    members: Sequence[Known] = ()

    def __post_init__(self) -> None:
        self.by_index = {each.id_index: each for each in self.members if each.id_index}
        self.by_birth: dict[tuple[str, date], list[Known]] = defaultdict(list)
        for each in self.members:
            if each.values.born_on is not None:
                self.by_birth[each.values.name, each.values.born_on].append(each)

    by_index: dict[str, Known] = field(init=False)
    by_birth: dict[tuple[str, date], list[Known]] = field(init=False)


# --- members ---------------------------------------------------------------------------------------------------------

_PARSERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "name": lambda cell: _name(cells.text(cell)),
    "sex": lambda cell: cells.word(cell, words.SEXES),
    "id_number": cells.id_number,
    "phone": cells.phone,
    "branch": cells.text,
    "status": lambda cell: cells.word(cell, words.STATUSES),
    "joined_on": cells.day,
    "converted_on": cells.day,
    "education": lambda cell: cells.word(cell, words.EDUCATIONS),
    "nationality": cells.nationality,
    "born_on": cells.day,
    "employment": lambda cell: cells.word(cell, words.EMPLOYMENTS),
    "occupation": cells.text,
}


_NOBODY: Final = Particulars()
_OF_ONE_PERSON: Final = frozenset({"name", "id_number", "phone"})
_DATES: Final = frozenset({"born_on", "joined_on", "converted_on", "status"})


def _name(text: str) -> str:
    """张  伟 in rosters is 张伟; spaces in names of letters stay."""
    return text if re.search(r"[A-Za-z]", text) else text.replace(" ", "")


def members(rows: Iterable[Row], register: Register) -> list[Judged]:
    """Judge the rows of a roster of members, also against each other."""
    # A roster says the same few days and words thousands of times: each is read once a judgement.
    parsers = {
        name: parser if name in _OF_ONE_PERSON else lru_cache(maxsize=None, typed=True)(parser)
        for name, parser in _PARSERS.items()
    }
    seen_ids: dict[str, tuple[int, str]] = {}
    seen_births: dict[tuple[str, date], int] = {}
    found = []
    for row in rows:
        judged = _member(row, parsers, register)
        _against_each_other(row, judged, seen_ids, seen_births)
        if judged.faults:
            judged.outcome, judged.changed = Outcome.REFUSED, ()
        found.append(judged)
    return found


def _member(row: Row, parsers: Mapping[str, Callable[[Any], Any]], register: Register) -> Judged:
    values, faults = _parsed(row, parsers)
    branch = _branch(values.pop("branch", None), register.units, faults)
    given = {name: value for name, value in values.items() if value not in ("", None)}
    judged = Judged(row.number, Outcome.REFUSED, faults)
    number = _number(given.get("id_number", ""))
    born_on = given.get("born_on") or (number.born_on if number else None)
    told = {fault.field for fault in faults}
    known = _same_person(given.get("name", ""), number, born_on, register, faults)
    before = known.values if known is not None else _NOBODY
    wanted = before.replaced(**given)
    if known is None and "status" not in given and "status" not in told:
        faults.append(Fault("status", "required", _("没有填人员类别。请写“正式党员”或“预备党员”。")))
    nameless = "id_number" not in given and born_on is None and not told & {"id_number", "born_on"}
    if known is None and nameless:
        message = _("身份证号和出生日期至少填一项，否则认不出是不是同一个人。")
        faults.append(Fault("id_number", "nobody", message))
    for error in particulars.faults(wanted, today=register.today):
        name = error.pointer.removeprefix("/")
        # One thing is said once: a cell that could not be read is not also empty. What the register had wrong before
        # is no fault of a row that does not touch it.
        if name not in told and (
            known is None or name in given or (name in _DATES and _DATES & given.keys())
        ):
            faults.append(Fault(name, error.code, error.detail))
    if known is not None:
        judged.target = known.id
        _of_mine(known, branch, register, faults)
    judged.wanted = (wanted, branch.id if branch else None)
    judged.changed = _changes(known, wanted, number) if known is not None else ()
    judged.outcome = (
        Outcome.NEW if known is None else Outcome.CHANGED if judged.changed else Outcome.UNCHANGED
    )
    return judged


def _parsed(row: Row, parsers: Mapping[str, Callable[[Any], Any]]) -> tuple[dict[str, Any], list[Fault]]:
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, cell in row.cells.items():
        if name in row.holes:
            faults.append(Fault(name, row.holes[name], _hole(row.holes[name])))
            continue
        try:
            values[name] = parsers[name](cell)
        except cells.Faulty as fault:
            faults.append(Fault(name, fault.code, fault.message))
    return values, faults


def _hole(code: str) -> str:
    if code == "merged":
        return _("这一格是合并单元格。请取消合并，每一行都填上。")
    return _("这一格是公式。请复制整列，用“选择性粘贴 → 数值”换成结果。")


def _number(text: str) -> id_numbers.IdNumber | None:
    try:
        return id_numbers.parse(text)
    except id_numbers.Faulty:
        return None


def _same_person(
    name: str,
    number: id_numbers.IdNumber | None,
    born_on: date | None,
    register: Register,
    faults: list[Fault],
) -> Known | None:
    """Who of the register the row is about: by the number, else by name and date of birth."""
    if number is not None:
        for index in sealing.indexes(number.number):
            if (known := register.by_index.get(index)) is not None:
                return known
    if not name or born_on is None:
        return None
    alike = register.by_birth.get((name, born_on), [])
    if number is not None:
        # Somebody who left with another number is another person.
        others = [each for each in alike if each.id_index is not None and each.left is None]
        alike = [each for each in alike if each.id_index is None]
        if others and not alike:
            message = _("已有一位同名、同一天出生的%(name)s，身份证号不同。请核实是不是同一个人。")
            faults.append(Fault("id_number", "duplicate", message % {"name": name}))
            return None
    if len(alike) > 1:
        message = _("有 %(count)s 位同名、同一天出生的%(name)s。请填身份证号。")
        faults.append(Fault("id_number", "ambiguous", message % {"count": len(alike), "name": name}))
        return None
    return alike[0] if alike else None


def _branch(name: str | None, units: Units, faults: list[Fault]) -> Unit | None:
    if name is None:
        return None
    if not name:
        faults.append(Fault("branch", "required", _("没有填所在支部。")))
        return None
    called = [unit for unit in units.called(name) if unit.kind == OrganizationKind.BRANCH]
    mine = [unit for unit in called if unit.mine]
    if len(mine) == 1:
        return mine[0]
    if len(mine) > 1:
        names = _("、").join(unit.name for unit in mine[:SUGGESTIONS])
        message = _("有几个支部都叫这个名字：%(names)s。请写全称。") % {"names": names}
        told = tuple((unit.id, unit.name) for unit in mine[:SUGGESTIONS])
        faults.append(Fault("branch", "ambiguous", message, told))
        return None
    if called:
        faults.append(Fault("branch", "not_yours", _("这个支部不在你的管理范围内。")))
        return None
    like = units.like(name)
    if like:
        message = _("没有叫这个名字的支部。是不是“%(name)s”？") % {"name": like[0][1]}
    else:
        message = _("没有叫这个名字的支部。请照党组织列表里的名称填。")
    faults.append(Fault("branch", "unknown_branch", message, like))
    return None


def _of_mine(known: Known, branch: Unit | None, register: Register, faults: list[Fault]) -> None:
    if not known.mine:
        message = _("这个身份证号已登记在别处，或者本人的职责超出你的管理范围。请联系区委组织部。")
        faults.append(Fault("id_number", "not_yours", message))
    elif known.left is not None:
        day, how = known.left
        words_of = {"name": known.values.name, "day": day.isoformat(), "how": how}
        message = _("%(name)s已于 %(day)s 离开名册（%(how)s）。不要重新录入，请在“已离开”里办“恢复党籍”。")
        faults.append(Fault("id_number", "left", message % words_of))
    elif branch is not None and branch.id != known.branch:
        here = register.units.by_id[known.branch]
        message = _("已登记在%(branch)s。一个人只能有一个支部；要换支部请用“转支部”。")
        faults.append(Fault("branch", "other_branch", message % {"branch": here.name}))


def _changes(known: Known, wanted: Particulars, number: id_numbers.IdNumber | None) -> tuple[str, ...]:
    changed = [
        name
        for name in particulars.NAMES
        if name != "id_number" and getattr(known.values, name) != getattr(wanted, name)
    ]
    if number is not None and known.id_index not in sealing.indexes(number.number):
        changed.append("id_number")
    return tuple(changed)


def _against_each_other(
    row: Row, judged: Judged, ids: dict[str, tuple[int, str]], births: dict[tuple[str, date], int]
) -> None:
    wanted: Particulars = judged.wanted[0]
    branch = cells.text(row.cells.get("branch"))
    number = _number(wanted.id_number)
    if number is not None:
        first = ids.setdefault(number.number, (row.number, branch))
        if first[0] != row.number:
            if first[1] != branch:
                message = _("与第 %(row)s 行是同一个身份证号，那里写的是%(branch)s。一个人只能有一个支部。")
                faults = Fault("branch", "two_branches", message % {"row": first[0], "branch": first[1]})
            else:
                message = _("与第 %(row)s 行是同一个身份证号。请只留一行。")
                faults = Fault("id_number", "repeated", message % {"row": first[0]})
            judged.faults.append(faults)
    elif wanted.name and wanted.born_on is not None:
        earlier = births.setdefault((wanted.name, wanted.born_on), row.number)
        if earlier != row.number:
            message = _("与第 %(row)s 行同名、同一天出生。请填身份证号，或者只留一行。")
            judged.faults.append(Fault("id_number", "repeated", message % {"row": earlier}))


# --- organisations ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """An organisation as the row has it. parent: an id of the register, or the name of another row."""

    name: str
    short_name: str
    kind: str
    sector: str
    parent: int | str | None
    founded_on: date | None


_UNIT_PARSERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "name": cells.text,
    "short_name": cells.text,
    "kind": lambda cell: cells.word(cell, words.KINDS),
    "sector": lambda cell: cells.word(cell, words.SECTORS),
    "parent": cells.text,
    "founded_on": cells.day,
}


def organizations(rows: Iterable[Row], register: Register) -> list[Judged]:
    """Judge the rows of a list of organisations, also against each other: a parent may be a row, by either name."""
    found: list[Judged] = []
    named: dict[str, Judged] = {}
    short: dict[str, list[str]] = {}
    for row in rows:
        values, faults = _parsed(row, _UNIT_PARSERS)
        judged = Judged(row.number, Outcome.REFUSED, faults)
        wanted = Wanted(
            values.get("name", ""), values.get("short_name", ""), values.get("kind", ""), values.get("sector", ""),
            values.get("parent") or None, values.get("founded_on"),
        )  # fmt: skip
        judged.wanted = wanted
        told = {fault.field for fault in faults}
        if not wanted.name and "name" not in told:
            faults.append(Fault("name", "required", _("没有填组织名称。")))
        elif len(wanted.name) > 120 or len(wanted.short_name) > 60:
            faults.append(Fault("name", "too_long", _("名称太长了，请写短一些。")))
        elif wanted.name in named:
            message = _("与第 %(row)s 行同名。请只留一行。") % {"row": named[wanted.name].number}
            faults.append(Fault("name", "repeated", message))
        else:
            named[wanted.name] = judged
            short.setdefault(wanted.short_name, []).append(wanted.name)
        if wanted.founded_on is not None and wanted.founded_on > register.today:
            faults.append(Fault("founded_on", "in_future", _("日期在今天之后，请核实。")))
        found.append(judged)
    for judged in found:
        _unit(judged, register.units, named, short)
    _refuse_circles(found, named)
    _refuse_orphans(found, named)
    return found


def _unit(
    judged: Judged, units: Units, named: Mapping[str, Judged], short: Mapping[str, Sequence[str]]
) -> None:
    wanted: Wanted = judged.wanted
    here = units.called(wanted.name) if wanted.name else []
    told = {fault.field for fault in judged.faults}
    if len(here) > 1:
        judged.faults.append(Fault("name", "ambiguous", _("有几个组织都叫这个名字。请写全称。")))
        return
    parent = _parent(judged, units, named, short, told)
    if here:
        unit = here[0]
        judged.target = unit.id
        _same_unit(judged, unit, parent)
        return
    if not wanted.kind and "kind" not in told:
        message = _("没有填组织类型。可以写：基层党委、党总支、党支部。")
        judged.faults.append(Fault("kind", "required", message))
    judged.wanted = replace(wanted, parent=parent, short_name=wanted.short_name or wanted.name[:60])
    judged.outcome = Outcome.REFUSED if judged.faults else Outcome.NEW


def _parent(
    judged: Judged,
    units: Units,
    named: Mapping[str, Judged],
    short: Mapping[str, Sequence[str]],
    told: set[str],
) -> int | str | None:
    name = judged.wanted.parent
    if name is None:
        if "parent" not in told and not units.called(judged.wanted.name):
            judged.faults.append(Fault("parent", "required", _("没有填上级组织。")))
        return None
    called = units.called(name)
    if len(called) == 1:
        if not called[0].mine:
            judged.faults.append(Fault("parent", "not_yours", _("这个上级不在你的管理范围内。")))
        elif called[0].kind == OrganizationKind.BRANCH:
            message = _("党支部下面不能再设组织。请填它的上级党委或党总支。")
            judged.faults.append(Fault("parent", "below_branch", message))
        return called[0].id
    briefly = short.get(name, ()) if name not in named else ()
    if len(called) > 1 or len(briefly) > 1:
        judged.faults.append(Fault("parent", "ambiguous", _("有几个组织都叫这个名字。请写全称。")))
        return None
    if briefly:
        name = briefly[0]
    if name in named:
        if named[name].wanted.kind == OrganizationKind.BRANCH:
            message = _("党支部下面不能再设组织。请填它的上级党委或党总支。")
            judged.faults.append(Fault("parent", "below_branch", message))
        return str(name)
    like = units.like(name)
    hint = _("是不是“%(name)s”？") % {"name": like[0][1]} if like else ""
    message = _("没有叫这个名字的上级组织，文件里也没有。") + hint
    judged.faults.append(Fault("parent", "unknown_parent", message, like))
    return None


def _same_unit(judged: Judged, unit: Unit, parent: int | str | None) -> None:
    wanted: Wanted = judged.wanted
    if not unit.mine:
        judged.faults.append(Fault("name", "not_yours", _("这个组织不在你的管理范围内。")))
    if wanted.kind and wanted.kind != unit.kind:
        message = _("组织类型与现有的不同。改类型请先在党组织里办。")
        judged.faults.append(Fault("kind", "other_kind", message))
    if parent is not None and parent != unit.parent:
        message = _("上级与现有的不同。换上级请用“调整隶属”。")
        judged.faults.append(Fault("parent", "other_parent", message))
    short_name, sector = wanted.short_name or unit.short_name, wanted.sector or unit.sector
    judged.changed = tuple(
        name
        for name, value in (("short_name", short_name), ("sector", sector))
        if value != getattr(unit, name)
    )
    judged.wanted = replace(
        wanted, name=unit.name, short_name=short_name, sector=sector, kind=unit.kind, parent=unit.parent
    )
    if judged.faults:
        judged.outcome, judged.changed = Outcome.REFUSED, ()
    else:
        judged.outcome = Outcome.CHANGED if judged.changed else Outcome.UNCHANGED


def _refuse_circles(found: Sequence[Judged], named: Mapping[str, Judged]) -> None:
    for judged in found:
        seen = {judged.wanted.name}
        step = judged.wanted.parent
        while isinstance(step, str) and step in named:
            if step in seen:
                message = _("几行互为上下级，绕成了一圈：%(names)s。请改正其中一行的上级。")
                names = " → ".join(sorted(seen))
                judged.faults.append(Fault("parent", "cycle", message % {"names": names}))
                judged.outcome = Outcome.REFUSED
                break
            seen.add(step)
            step = named[step].wanted.parent


def _refuse_orphans(found: Sequence[Judged], named: Mapping[str, Judged]) -> None:
    """Whose parent is a refused row cannot be made either; parents may stand below their children in the file."""
    settled = False
    while not settled:
        settled = True
        for judged in found:
            parent = judged.wanted.parent
            if judged.outcome != Outcome.REFUSED and isinstance(parent, str):
                above = named[parent]
                if above.outcome == Outcome.REFUSED:
                    message = _("上级组织在第 %(row)s 行，那一行要先改好。") % {"row": above.number}
                    judged.faults.append(Fault("parent", "parent_refused", message))
                    judged.outcome = Outcome.REFUSED
                    settled = False


def shown(name: str, cell: Any) -> str:
    """A cell as a list of problems may show it: numbers of people keep only what helps to find the fault."""
    found = cells.text(cell)
    if name == "id_number":
        return f"{found[:14]}****" if len(found) >= 18 else f"{found[:6]}****" if found else ""
    if name == "phone":
        return f"{found[:3]}****{found[-4:]}" if len(found) >= 8 else found
    return found[:60]


def listed(name: str, cell: Any, faulty: bool) -> str:
    """A cell as the dry run lists it: a day as a day, a number of a person masked unless its fault must be seen."""
    if name == "id_number":
        return shown(name, cell) if faulty else id_numbers.masked(cells.text(cell))
    if name.endswith("_on"):
        try:
            day = cells.day(cell)
        except cells.Faulty:
            return cells.text(cell)[:60]
        return day.isoformat() if day else ""
    return shown(name, cell)
