"""党员档案: everything the register holds of one person, by the day it counts from, and who changed what.

Two lists, as docs/explanation/history.md tells them apart: what was so from which day on, and what was written when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise, zip_longest
from typing import Any, Final

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from dangjian.audit import actions
from dangjian.audit.models import AuditRow
from dangjian.organizations import access, audit_words, timeline
from dangjian.organizations.admission.models import Transition
from dangjian.organizations.groups.models import GroupMembership, GroupPeriod
from dangjian.organizations.member_table import mark_label
from dangjian.organizations.models import Member, Membership, PostHeld
from dangjian.organizations.phone import masked
from dangjian.organizations.transfers.models import Transfer

WRITTEN_AT_MOST: Final = 200  # of each kind, the newest
# What the row history tells itself, field by field.
_TOLD_BY_FIELDS: Final = ("member.rename", "member.correct")
# What is done to an account says nothing of the register; the officer's panel has it.
_OF_THE_REGISTER: Final = (
    "member.",
    "correction.",
    "post.",
    "office.",
    "transfer.",
    "dues.",
    "election.",
    "admission.",
    "import.",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """day: the first on which it was so; None: as far back as is known. kind: stable, for programs."""

    day: date | None
    kind: str
    text: str
    reason: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was written. by: empty for the system. fields: (label, before, after), identifiers masked."""

    at: datetime
    by: str
    text: str
    reason: str
    fields: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """facts: the latest first, those without a day last. changes: the newest first."""

    facts: tuple[Fact, ...]
    changes: tuple[Change, ...]


def of(member: Member) -> Record:
    """In seven queries, whatever became of the person."""
    facts = [
        *_memberships(member), *_posts(member), *_groups(member), *_milestones(member), *_transfers(member),
    ]  # fmt: skip
    changes = [*_fields_changed(member), *_acts(member), *_admission(member)]
    return Record(
        tuple(sorted(facts, key=lambda fact: fact.day or date.min, reverse=True)),
        tuple(sorted(changes, key=lambda change: change.at, reverse=True)),
    )


def may_see(reader: Member, member: Member) -> bool:
    """The person, the secretary of the branch, and the officers over it; of who has left the officers alone."""
    return bool(access.may_see_phone(reader, member))


# --- what was so -----------------------------------------------------------------------------------------------------


def _memberships(member: Member) -> Iterable[Fact]:
    rows = Membership.objects.select_related("branch").filter(member=member).order_by("since", "id")
    back = False
    for number, row in enumerate(sorted(rows, key=lambda row: row.since or date.min)):
        words = {"branch": row.branch}
        text = _("转入 %(branch)s") % words if number else _("编入 %(branch)s") % words
        if back:
            text = _("恢复党籍，编入 %(branch)s") % words
        yield Fact(row.since, "branch", text, row.reason, row.document)
        back = bool(row.ended)
        if back:
            text = _("离开名册：%(how)s") % {"how": row.get_ended_display()}
            yield Fact(row.until, "left", text, row.ended_reason, row.ended_document)


def _posts(member: Member) -> Iterable[Fact]:
    for held in PostHeld.ever.select_related("organization").filter(member=member):
        words = {"post": held.get_post_display(), "where": held.organization}
        yield Fact(held.since, "post", _("任 %(where)s %(post)s") % words)
        if held.until is not None:
            yield Fact(held.until, "post_ended", _("不再担任 %(where)s %(post)s") % words)


def _groups(member: Member) -> Iterable[Fact]:
    """Under the names the groups had when the person came in; whoever goes from one into another has not left."""
    name = GroupPeriod.objects.filter(timeline.on(OuterRef("since")), group=OuterRef("group"))
    rows = list(
        GroupMembership.objects.filter(member=member)
        .annotate(name_then=Subquery(name.values("name")[:1]))
        .order_by("since")
    )
    for row, following in zip_longest(rows, rows[1:]):
        words = {"group": row.name_then}
        text = _("任%(group)s组长") % words if row.leads else _("编入%(group)s") % words
        yield Fact(row.since, "group", text, row.reason, row.document)
        if row.until is not None and (following is None or following.since != row.until):
            yield Fact(row.until, "group_left", _("离开%(group)s") % words)


def _milestones(member: Member) -> Iterable[Fact]:
    if member.joined_on is not None:
        yield Fact(member.joined_on, "joined", _("被接收为预备党员"))
    if member.converted_on is not None:
        yield Fact(member.converted_on, "converted", _("转为正式党员"))


def _transfers(member: Member) -> Iterable[Fact]:
    for transfer in Transfer.objects.select_related("leaving", "receiving").filter(member=member):
        words = {
            "number": transfer.number,
            "leaving": transfer.leaving,
            "receiving": transfer.receiving,
            "state": transfer.get_state_display(),
        }
        text = _("组织关系介绍信 %(number)s：%(leaving)s → %(receiving)s，%(state)s") % words
        yield Fact(transfer.proposed_on, "transfer", text, transfer.reason)


# --- what was written ------------------------------------------------------------------------------------------------


def _fields_changed(member: Member) -> Iterable[Change]:
    rows = list(
        member.history.select_related("history_user").order_by("-history_date", "-history_id")[
            : WRITTEN_AT_MOST + 1
        ]
    )
    for row, before in pairwise(rows):
        if fields := tuple(_differences(before, row)):
            yield _change(row, _("更正资料"), fields)
    if rows and rows[-1].history_type == "+":
        yield _change(rows[-1], _("进入名册"))


def _change(row: Any, text: str, fields: tuple[tuple[str, str, str], ...] = ()) -> Change:
    by = row.history_user.name if row.history_user is not None else ""
    return Change(row.history_date, by, text, row.history_change_reason or "", fields)


def _differences(before: Any, after: Any) -> Iterable[tuple[str, str, str]]:
    for name, label in _labels().items():
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield label, _shown(before, name), _shown(after, name)


def _labels() -> Mapping[str, str]:
    """The fields a change is told of. The branch is not among them: a membership has its day and its reason."""
    return {
        "name": _("姓名"), "status": _("人员类别"), "joined_on": _("入党日期"), "converted_on": _("转正日期"),
        "sex": _("性别"), "born_on": _("出生日期"), "nationality": _("民族"), "education": _("学历"),
        "employment": _("收入来源"), "occupation": _("职业"), "phone": _("手机号"),
        "is_floating": mark_label("is_floating"), "in_hardship": mark_label("in_hardship"),
        "out_of_contact": mark_label("out_of_contact"),
    }  # fmt: skip


def _shown(row: Any, name: str) -> str:
    value = getattr(row, name)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, date):
        return value.isoformat()
    if name == "phone":
        return masked(value)
    words = getattr(row, f"get_{name}_display", None)
    return str(words() if words is not None else value or "")


def _acts(member: Member) -> Iterable[Change]:
    rows = AuditRow.objects.filter(object_kind="user", object_id=member.user_id).order_by("-at", "-id")
    for row in rows[:WRITTEN_AT_MOST]:
        if not row.action.startswith(_OF_THE_REGISTER):
            continue
        text = actions.label(row.action)
        if row.action in _TOLD_BY_FIELDS:
            if "id_number" not in row.detail.get("fields", []):
                continue
            text = _("更正身份证号")
        elif about := audit_words.about(row):
            text = _("%(act)s：%(about)s") % {"act": text, "about": about}
        yield Change(row.at, row.actor_name, text, row.reason)


def _admission(member: Member) -> Iterable[Change]:
    rows = Transition.objects.select_related("by").filter(case__member=member).order_by("-at", "-id")
    for row in rows[:WRITTEN_AT_MOST]:
        words = {"act": row.get_action_display(), "step": row.step_label}
        text = _("发展党员：%(step)s，%(act)s") % words if row.step else _("发展党员：%(act)s") % words
        yield Change(row.at, row.by.name if row.by is not None else "", text, row.reason)
