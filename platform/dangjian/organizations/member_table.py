"""The members as a table: what an officer filters them by, and the same rows for Excel and WPS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from dangjian.organizations import access, statistics
from dangjian.organizations.models import Education, Employment, Member, Sex
from dangjian.organizations.phone import masked

UNKNOWN: Final = "unknown"  # the register does not say
MARKS: Final = ("is_floating", "in_hardship", "out_of_contact")


@dataclass(frozen=True, slots=True)
class Filter:
    """name: in the address. choices: (value, for people)."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]]
    condition: Callable[[str, date], Q]


def filters() -> tuple[Filter, ...]:
    """All there are, in the order of the page."""
    ages = [(group.key, group.label) for group in statistics.groups("age")]
    return (
        Filter("sex", _("性别"), _with_unknown(Sex.choices), _is("sex")),
        Filter("age", _("年龄"), [*ages, (UNKNOWN, _("没有登记"))], _of_age),
        Filter("education", _("学历"), _with_unknown(Education.choices), _is("education")),
        Filter("employment", _("收入来源"), _with_unknown(Employment.choices), _is("employment")),
        Filter(
            "mark",
            _("标记"),
            [(mark, mark_label(mark)) for mark in MARKS],
            lambda mark, day: Q(**{mark: True}),
        ),
    )


NAMES: Final = ("sex", "age", "education", "employment", "mark")


def mark_label(mark: str) -> str:
    """流动, 困难 or 失联."""
    return {"is_floating": _("流动党员"), "in_hardship": _("困难党员"), "out_of_contact": _("失联党员")}[mark]


def filtered(members: QuerySet[Member], given: Mapping[str, str] | QueryDict, day: date) -> QuerySet[Member]:
    """Those that fit all filters that are given; a value that is none of a filter's fits nobody."""
    for each in filters():
        value = given.get(each.name, "")
        if value:
            known = any(value == choice for choice, _label in each.choices)
            members = members.filter(each.condition(value, day)) if known else members.none()
    return members


def titles() -> list[str]:
    """Of the columns of `rows`: those of the roster that is imported first, in its order and words."""
    return [
        _("姓名"), _("性别"), _("身份证号"), _("手机号"), _("所在支部"), _("人员类别"), _("入党日期"), _("转正日期"),
        _("学历"), _("民族"), _("出生日期"), _("收入来源"), _("标记"), _("党内职务"), _("账号"),
    ]  # fmt: skip


def rows(reader: Member, members: QuerySet[Member]) -> Iterable[Sequence[Any]]:
    """What the reader may see of each: numbers of identity cards and telephones stay masked."""
    people = members.select_related("user", "branch").prefetch_related("posts_held__organization")
    for one in people.iterator(chunk_size=2000):
        yield (
            one.name, one.get_sex_display(), one.masked_id_number,
            masked(one.phone) if access.may_see_phone(reader, one) else "",
            one.branch.name, one.get_status_display(), one.joined_on, one.converted_on, one.get_education_display(),
            one.nationality, one.born_on, one.get_employment_display(),
            "、".join(mark_label(mark) for mark in MARKS if getattr(one, mark)),
            "、".join(held.get_post_display() for held in one.posts_held.all()), one.user.username,
        )  # fmt: skip


def _with_unknown(choices: Iterable[tuple[Any, Any]]) -> list[tuple[str, str]]:
    return [*((str(value), str(label)) for value, label in choices), (UNKNOWN, _("没有登记"))]


def _is(field: str) -> Callable[[str, date], Q]:
    return lambda value, day: Q(**{field: "" if value == UNKNOWN else value})


def _of_age(value: str, day: date) -> Q:
    if value == UNKNOWN:
        return Q(born_on=None)
    return statistics.in_class("born_on", statistics.AGES, int(value), day)
