"""The members as a table: what they are filtered by, its columns, and the same rows for Excel and WPS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from dangjian.organizations import access, queries, statistics, timeline
from dangjian.organizations.groups.models import GroupMembership
from dangjian.organizations.models import Education, Employment, Leaving, Member, OfficeKind, Post, Sex
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
        Filter(
            "group",
            _("党小组"),
            [("inside", _("已编入")), ("none", _("未编入")), ("leader", _("组长"))],
            _of_group,
        ),
    )


def left_filter() -> Filter:
    """Of those who have left."""
    kinds = [(str(value), str(label)) for value, label in Leaving.choices]
    return Filter("left", _("离开的情形"), kinds, lambda kind, day: Q(left_kind=kind))


NAMES: Final = ("sex", "age", "education", "employment", "mark", "group")


def mark_label(mark: str) -> str:
    """流动, 困难 or 失联."""
    return {"is_floating": _("流动党员"), "in_hardship": _("困难党员"), "out_of_contact": _("失联党员")}[mark]


def filtered(members: QuerySet[Member], given: Mapping[str, str] | QueryDict, day: date) -> QuerySet[Member]:
    """Those that fit all filters that are given; a value that is none of a filter's fits nobody."""
    for each in (*filters(), left_filter()):
        value = given.get(each.name, "")
        if value:
            known = any(value == choice for choice, _label in each.choices)
            members = members.filter(each.condition(value, day)) if known else members.none()
    return members


@dataclass(frozen=True, slots=True)
class Column:
    """key: in the address. value: text, a date or nothing, as far as the reader may see it; for Excel.

    Rows are those of `queries.with_what_they_hold`, with `user` and `branch`.
    """

    key: str
    title: str
    value: Callable[[Member, Any], Any]


# On the page, until somebody chooses.
SHOWN: Final = ("branch", "posts", "joined_on", "account")
SHOWN_OF_LEFT: Final = ("branch", "left_kind", "left_on", "joined_on")


def columns(*, left: bool = False) -> tuple[Column, ...]:
    """All there are beside the name: those of the roster that is imported first, in its order and words. left: with
    those of the members who have left."""
    departed = (
        Column("left_kind", _("离开的情形"), lambda _reader, one: one.get_left_kind_display()),
        Column("left_on", _("离开日期"), lambda _reader, one: one.left_on),
    )
    return (
        *(departed if left else ()),
        Column("sex", _("性别"), lambda _reader, one: one.get_sex_display()),
        Column("id_number", _("身份证号"), lambda _reader, one: one.masked_id_number),
        Column("phone", _("手机号"), _phone),
        Column("branch", _("所在支部"), lambda _reader, one: one.branch.name),
        Column("status", _("人员类别"), lambda _reader, one: one.get_status_display()),
        Column("joined_on", _("入党日期"), lambda _reader, one: one.joined_on),
        Column("converted_on", _("转正日期"), lambda _reader, one: one.converted_on),
        Column("education", _("学历"), lambda _reader, one: one.get_education_display()),
        Column("nationality", _("民族"), lambda _reader, one: one.nationality),
        Column("born_on", _("出生日期"), lambda _reader, one: one.born_on),
        Column("employment", _("收入来源"), lambda _reader, one: one.get_employment_display()),
        Column("occupation", _("职业"), lambda _reader, one: one.occupation),
        Column("marks", _("标记"), lambda _reader, one: _listed(map(mark_label, _marks(one)))),
        Column("posts", _("党内职务"), lambda _reader, one: _listed(label for label, _where in posts_of(one))),
        Column("group", _("党小组"), lambda _reader, one: group_of(one)),
        Column("account", _("账号"), lambda _reader, one: one.user.username),
    )  # fmt: skip


def chosen(keys: Sequence[str]) -> tuple[Column, ...]:
    """Those of `columns` that are named, in their order; what is none of them counts for nothing."""
    return tuple(column for column in columns(left=True) if column.key in keys)


def posts_of(one: Any) -> list[tuple[str, str]]:
    """(post, organisation) of a row."""
    return [(str(Post(held["kind"]).label), held["organization"]) for held in one.posts_there]


def group_of(one: Any) -> str:
    """The group of a row of `queries.with_group`, and that they lead it; empty for none."""
    if one.group_name is None:
        return ""
    return _("%(group)s组长") % {"group": one.group_name} if one.leads_group else str(one.group_name)


def offices_of(one: Any) -> list[tuple[str, str]]:
    """(office, organisation) of a row."""
    return [(str(OfficeKind(held["kind"]).label), held["organization"]) for held in one.offices_there]


def titles(shown: Sequence[Column]) -> list[str]:
    """Of the columns of `rows`."""
    return [_("姓名"), *(column.title for column in shown)]


def rows(reader: Member, members: QuerySet[Member], shown: Sequence[Column]) -> Iterable[Sequence[Any]]:
    """What the reader may see of each: numbers of identity cards and telephones stay masked."""
    people = queries.with_what_they_hold(members.select_related("user", "branch"))
    for one in people.iterator(chunk_size=2000):
        yield [one.name, *(column.value(reader, one) for column in shown)]


def _phone(reader: Member, one: Any) -> str:
    return masked(one.phone) if access.may_see_phone(reader, one) else ""


def _marks(one: Any) -> Iterable[str]:
    return (mark for mark in MARKS if getattr(one, mark))


def _listed(words: Iterable[str]) -> str:
    return "、".join(words)


def _with_unknown(choices: Iterable[tuple[Any, Any]]) -> list[tuple[str, str]]:
    return [*((str(value), str(label)) for value, label in choices), (UNKNOWN, _("没有登记"))]


def _is(field: str) -> Callable[[str, date], Q]:
    return lambda value, day: Q(**{field: "" if value == UNKNOWN else value})


def _of_age(value: str, day: date) -> Q:
    if value == UNKNOWN:
        return Q(born_on=None)
    return statistics.in_class("born_on", statistics.AGES, int(value), day)


def _of_group(value: str, day: date) -> Q:
    places = GroupMembership.objects.filter(timeline.on(day))
    if value == "leader":
        places = places.filter(leads=True)
    inside = Q(pk__in=places.values("member"))
    return ~inside if value == "none" else inside
