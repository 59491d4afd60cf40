"""Figures of the membership as of a day, in one pass over the memberships and the members they join.

`members` groups them by one thing, `tables` by everything, `of_group` says who is in a group.

Who is counted: the members whose branch of that day the reader may count (an officer's; a secretary's own branch).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from dangjian.organizations import access, timeline
from dangjian.organizations.models import (
    Education,
    Employment,
    Member,
    Membership,
    MemberStatus,
    OfficeKind,
    Sector,
    Sex,
)

# 年报: up to 30, then by five years, 61 and more. Lower bounds in full years.
AGES: Final = (18, 31, 36, 41, 46, 51, 56, 61)
# 年报: by when they joined, here in full years since.
SENIORITIES: Final = (0, 1, 5, 10, 20, 30, 40, 50)
UNKNOWN: Final = ""
NOTHING: Final = Q(pk__in=())
_IN_YEARS: Final = frozenset({"age", "seniority"})
BY: Final = ("kind", "sex", "age", "education", "branch_kind", "nationality", "seniority", "employment")


@dataclass(frozen=True, slots=True)
class Group:
    """key: for programs; empty where the register does not say. label: for people."""

    key: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Statistics:
    as_of: date
    by: str
    total: int
    groups: tuple[Group, ...]

    @property
    def title(self) -> str:
        """What it is grouped by, for people."""
        return _titles()[self.by]


def members(reader: access.Reader, *, by: str, day: date, within: int | None = None) -> Statistics:
    """How many members there were on `day`, by one of `BY`; `within` an organisation and what was below it then."""
    found = counted(reader, day=day, within=within)
    rows: Iterable[tuple[Any, int]] = (
        found.annotate(value=_value(by, day)).values_list("value").annotate(Count("pk")).order_by()
    )
    return _statistics(by, day, rows)


def tables(reader: access.Reader, *, day: date, within: int | None = None) -> tuple[Statistics, ...]:
    """The same by each of `BY`, in that order, still from one pass."""
    names = [f"by_{by}" for by in BY]
    values = {name: _value(by, day) for name, by in zip(names, BY, strict=True)}
    rows = list(counted(reader, day=day, within=within).annotate(**values).values_list(*names))
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(BY)
    return tuple(
        _statistics(by, day, Counter(column).items()) for by, column in zip(BY, columns, strict=True)
    )


def of_group(
    reader: access.Reader, *, by: str, key: str, day: date, within: int | None = None
) -> QuerySet[Member]:
    """Who is counted in the group `key`, each with `branch_then`, the id of their branch on `day`."""
    found = counted(reader, day=day, within=within)
    if by == "branch_kind":
        of_kind = [pk for pk, node in timeline.tree(day).nodes.items() if node.sector == key]
        found = found.filter(branch__in=of_kind)
    else:
        value: Any = key
        if by in _IN_YEARS:
            value = int(key) if key.isdecimal() and len(key) < 4 else None
        known = Q(value=value)
        if key == UNKNOWN:
            known = Q(value=None) if by in _IN_YEARS else Q(value=None) | Q(value="")
        elif value is None:
            return Member.ever.none()
        found = found.annotate(value=_value(by, day)).filter(known)
    return Member.ever.filter(memberships__in=found).annotate(branch_then=F("memberships__branch"))


def _statistics(by: str, day: date, rows: Iterable[tuple[Any, int]]) -> Statistics:
    counts: Counter[str] = Counter()
    for value, number in rows:
        counts[UNKNOWN if value is None else str(value)] += number
    if by == "branch_kind":
        sectors = {pk: node.sector for pk, node in timeline.tree(day).nodes.items()}
        by_sector: Counter[str] = Counter()
        for branch, number in counts.items():
            by_sector[sectors.get(int(branch), UNKNOWN)] += number
        counts = by_sector
    return Statistics(day, by, sum(counts.values()), tuple(_groups(by, counts)))


def counted(reader: access.Reader, *, day: date, within: int | None = None) -> QuerySet[Membership]:
    """The memberships of `day` that the reader may count."""
    return Membership.objects.filter(timeline.on(day), scope(reader, day=day, within=within))


def scope(reader: access.Reader, *, day: date, within: int | None = None) -> Q:
    """The memberships, of whatever day, in branches that the reader may count, by the tree of `day`; empty: in all."""
    own = access.standing(reader)
    condition = Q()
    # Over the whole tree no branch has to be asked for its path.
    if not own.is_district_officer:
        for path in own.paths_of(OfficeKind.OFFICER):
            condition |= Q(branch__path__startswith=path)
        if own.secretary_of is not None:
            condition |= Q(branch=own.secretary_of)
        condition = condition or NOTHING
    if within is not None:
        tree = timeline.tree(day)
        condition &= Q(branch__in=tree.subtree(within)) if within in tree.nodes else NOTHING
    return condition


def may_count(reader: access.Reader) -> bool:
    """Whether there is anything the reader may count."""
    own = access.standing(reader)
    return own.is_officer or own.secretary_of is not None


def _value(by: str, day: date) -> Any:
    if by == "kind":
        return timeline.status_on(day, "member__")
    if by == "age":
        return _years("member__born_on", AGES, day)
    if by == "seniority":
        return _years("member__joined_on", SENIORITIES, day)
    if by == "branch_kind":
        return F("branch_id")
    return F(f"member__{by}")


def _years(field: str, bounds: Sequence[int], day: date) -> Case:
    """The lower bound of the class of full years between a date and `day`; None where the date is not known."""
    cases = [When(Q(**{field: None}), then=Value(None))]
    cases += [
        When(Q(**{f"{field}__lte": _before(day, bound)}), then=Value(bound)) for bound in reversed(bounds)
    ]
    return Case(*cases, default=Value(bounds[0]), output_field=IntegerField(null=True))


def in_class(field: str, bounds: Sequence[int], low: int, day: date) -> Q:
    """Whose date in `field` puts them into the class of `bounds` that begins at `low`, the youngest taking everybody
    below it too, as in the figures."""
    condition = Q(**{f"{field}__isnull": False})
    if low != bounds[0]:
        condition &= Q(**{f"{field}__lte": _before(day, low)})
    if low != bounds[-1]:
        condition &= Q(**{f"{field}__gt": _before(day, bounds[bounds.index(low) + 1])})
    return condition


def _before(day: date, years: int) -> date:
    """The latest birthday of somebody who is `years` old on `day`."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def _groups(by: str, counts: Mapping[str, int]) -> Iterable[Group]:
    """In the field's own order, the empty classes too; what is not known last and only where there is some."""
    labels = dict(_labels(by))
    keys = list(labels) or sorted((key for key in counts if key), key=lambda key: (-counts[key], key))
    for key in keys:
        yield Group(key, labels.get(key, key), counts.get(key, 0))
    for key in counts.keys() - set(keys) - {UNKNOWN}:
        yield Group(key, key, counts[key])
    if counts.get(UNKNOWN):
        yield Group(UNKNOWN, _("没有登记"), counts[UNKNOWN])


def groups(by: str) -> Iterable[Group]:
    """The classes of one of `BY` that are known beforehand, without counts; of nationalities there are none."""
    return _groups(by, {})


def _titles() -> dict[str, str]:
    return {
        "kind": _("人员类别"),
        "sex": _("性别"),
        "age": _("年龄"),
        "education": _("学历"),
        "branch_kind": _("支部类型"),
        "nationality": _("民族"),
        "seniority": _("党龄"),
        "employment": _("收入来源"),
    }


def _labels(by: str) -> Iterable[tuple[str, str]]:
    choices: dict[str, Any] = {
        "kind": MemberStatus,
        "sex": Sex,
        "education": Education,
        "employment": Employment,
        "branch_kind": Sector,
    }
    if by in choices:
        yield from ((value, str(label)) for value, label in choices[by].choices)
    elif by in _IN_YEARS:
        bounds = AGES if by == "age" else SENIORITIES
        for low, high in zip(bounds, (*bounds[1:], None), strict=True):
            yield str(low), _ages(low, high) if by == "age" else _years_in(low, high)


def _ages(low: int, high: int | None) -> str:
    if high is None:
        return _("%(low)s 岁及以上") % {"low": low}
    if low == AGES[0]:
        return _("%(high)s 岁及以下") % {"high": high - 1}
    return _("%(low)s–%(high)s 岁") % {"low": low, "high": high - 1}


def _years_in(low: int, high: int | None) -> str:
    if high is None:
        return _("%(low)s 年及以上") % {"low": low}
    if low == SENIORITIES[0]:
        return _("不满 %(high)s 年") % {"high": high}
    return _("%(low)s 年以上不满 %(high)s 年") % {"low": low, "high": high}
