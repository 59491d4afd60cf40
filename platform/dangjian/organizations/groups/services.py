"""Dividing a branch into Party groups: each act on a day, with its reason, one transaction with its audit rows.

A branch decides on its groups itself, so there is nothing to approve (支部工作条例第13条). All raise `Problem`: 404 for
who may not arrange the branch's groups, 409 when somebody else has changed them meanwhile, 422 with the field when it
cannot be so on that day.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, not_found, refused
from dangjian.audit.services import record
from dangjian.organizations import access, services, topics
from dangjian.organizations.groups import judgement, stays
from dangjian.organizations.groups.judgement import Change, Person, Stay
from dangjian.organizations.groups.models import NAME_LENGTH, GroupMembership, GroupPeriod, PartyGroup
from dangjian.organizations.models import Member, Membership, Organization, OrganizationKind
from dangjian.organizations.particulars import FIRST_CONGRESS
from realtime import outbox

Place = tuple[int | None, bool]  # a group's id (None: in none), and whether the person leads it

EVENT: Final = "groups.changed"
DOCUMENT_LENGTH: Final = 60


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it in which branch, from which day on, why and by which document.

    version: of the branch's groups as the actor saw them (`version_of`).
    """

    actor: Member
    branch: Organization
    version: int
    on: date
    reason: str
    document: str = ""


def version_of(branch: Organization) -> int:
    """A number that every change of the branch's groups raises; 0 as long as there never was one."""
    found = PartyGroup.objects.filter(branch=branch).aggregate(sum=Sum("version"))["sum"]
    return int(found or 0)


def changed_meanwhile(branch: Organization) -> Problem:
    """409: the branch's groups are no longer as the actor saw them."""
    detail = _("%(branch)s 的党小组刚刚被别人改过。请看过现在的样子再办。") % {"branch": branch}
    return Problem(409, "changed_meanwhile", detail)


def form(act: Act, *, name: str, members: Collection[int], leader: int | None = None) -> PartyGroup:
    """A new group with these members (ids), who leave the groups they are in; one of them may lead it."""
    with outbox.atomic():
        act, held = _begin(act)
        name = _name(act.branch, name)
        if not members:
            raise _refused("members", "none", _("请选择编入这个党小组的党员。"))
        if leader is not None and leader not in members:
            raise _refused("leader", "elsewhere", _("组长要在这个党小组里，请一起选上。"))
        group = PartyGroup(branch=act.branch, name=name)
        _save(group, act)
        GroupPeriod.objects.create(
            group=group, since=act.on, name=name, act="form", reason=act.reason, document=act.document
        )
        _put(act, held, dict.fromkeys(members, group), {group.pk: leader})
        _note(act, "group.form", group, {"members": len(set(members))})
    return group


def rename(act: Act, *, group: PartyGroup, name: str) -> None:
    """Another name from that day on."""
    with outbox.atomic():
        act, _held = _begin(act)
        group = _standing(group.pk, act.branch)
        before = group.name
        if " ".join(name.split()) == before:
            raise _refused("name", "same", _("名称没有变。"))
        name = _name(act.branch, name)
        period = _open_period(group, act.on)
        if period.since != act.on:
            GroupPeriod.objects.filter(pk=period.pk).update(until=act.on)
            period.pk, period.since = None, act.on
            period._state.adding = True
            period.act, period.reason, period.document = "rename", act.reason, act.document
        period.name, period.recorded_at = name, timezone.now()
        period.save()
        group.name = name
        group.version += 1
        _save(group, act)
        _note(act, "group.rename", group, {"from": before, "to": name})


def arrange(
    act: Act, *, members: Mapping[int, int | None], leaders: Mapping[int, int | None] | None = None
) -> int:
    """Put members into groups (their ids → a group's, or None: into none), and say who leads which; the number of
    members for whom anything has changed.

    Who is not named stays where they are; a group not named keeps its leader, as long as that one is in it. What is
    wrong with a leader is told of ``/leaders/<id of the group>``.
    """
    with outbox.atomic():
        act, held = _begin(act)
        wanted = {int(pk) for pk in members.values() if pk is not None} | set(leaders or {})
        standing = PartyGroup.objects.filter(branch=act.branch, dissolved_on=None).in_bulk(wanted)
        if missing := wanted - set(standing):
            detail = _("有党小组已经不在这个支部（%(groups)s），请重新选择。")
            raise _refused("members", "no_group", detail % {"groups": ", ".join(map(str, sorted(missing)))})
        places = {pk: standing[to] if to is not None else None for pk, to in members.items()}
        number = _put(act, held, places, leaders or {})
        if not number:
            raise _refused("", "same", _("什么都没有变。"))
        _note(act, "group.arrange", None, {"members": number})
    return number


def dissolve(act: Act, *, group: PartyGroup, into: PartyGroup | None = None) -> None:
    """End the group; its members go to the group `into`, or into none."""
    with outbox.atomic():
        act, held = _begin(act)
        group = _standing(group.pk, act.branch)
        if into is not None:
            into = _standing(into.pk, act.branch)
            if into == group:
                raise _refused("into", "same", _("请选择另一个党小组。"))
        period = _open_period(group, act.on)
        if period.since == act.on:
            begun = _("%(name)s 在这一天才划分，不能同一天撤销。")
            if period.act == "rename":
                begun = _("%(name)s 在这一天才更名，不能同一天撤销。")
            raise _refused("on", "before_last_change", begun % {"name": group})
        later = GroupMembership.objects.select_related("member").filter(group=group, until__gt=act.on)
        if (last := later.order_by("-until", "id").first()) is not None and last.until is not None:
            words = {"name": last.member.name, "group": group, "day": last.until.isoformat()}
            detail = _("%(name)s %(day)s 才离开%(group)s，日期不能在它之前。") % words
            raise _refused("on", "before_last_change", detail)
        people = [pk for pk, person in held.items() if person.group == group.pk]
        _put(act, held, dict.fromkeys(people, into), {})
        GroupPeriod.objects.filter(pk=period.pk).update(until=act.on)
        group.refresh_from_db(fields=["version"])
        group.dissolved_on = act.on
        group.version += 1
        _save(group, act)
        more = {"to_name": str(into)} if into is not None else {}
        _note(act, "group.dissolve", group, {"members": len(people)} | more)


# --- parts -----------------------------------------------------------------------------------------------------------


def _begin(act: Act) -> tuple[Act, dict[int, Person]]:
    """The act, checked, and the people of its branch by their ids, held until the transaction ends.

    Moving, leaving and dissolving hold members too, in the order of their ids; so none of them happens meanwhile.
    """
    reason = services.checked_reason(act.reason)
    ids = Member.objects.filter(branch=act.branch).values("pk")
    held = Q(pk__in=ids) | Q(pk=act.actor.pk)
    list(Member.ever.select_for_update().filter(held).order_by("pk").values_list("pk", flat=True))
    actor = Member.ever.select_related("user", "branch").get(pk=act.actor.pk)
    branch = Organization.objects.get(pk=act.branch.pk)
    if not actor.user.is_active or not access.may_arrange_groups(actor, branch):
        raise not_found()
    if branch.kind != OrganizationKind.BRANCH:
        raise _refused("branch", "no_branch", _("只有党支部可以划分党小组。"))
    if branch.dissolved_on is not None:
        raise _refused("branch", "dissolved", _("%(branch)s 已经撤销。") % {"branch": branch})
    if act.version != version_of(branch):
        raise changed_meanwhile(branch)
    _require_day(act.on, branch)
    document = " ".join(act.document.split())[:DOCUMENT_LENGTH]
    checked = replace(act, actor=actor, branch=branch, reason=reason, document=document)
    return checked, _people(branch)


def _require_day(on: date, branch: Organization) -> None:
    if on > timezone.localdate():
        raise _refused("on", "in_future", _("日期在今天之后。到了那一天再办。"))
    if on < FIRST_CONGRESS:
        raise _refused("on", "too_early", _("日期早于 1921 年 7 月，请核实。"))
    periods = list(branch.periods.values_list("since", flat=True))
    founded = min((day for day in periods if day is not None), default=None)
    if None not in periods and founded is not None and on < founded:
        words = {"name": branch, "day": founded.isoformat()}
        detail = _("%(name)s 到 %(day)s 才成立，日期不能更早。") % words
        raise _refused("on", "before_branch", detail)


def _people(branch: Organization) -> dict[int, Person]:
    here = Membership.objects.filter(branch=branch, until=None, member__left_on=None)
    last: dict[int, Stay] = {}
    for row in (
        GroupMembership.objects.select_related("group")
        .filter(member__in=here.values("member"))
        .order_by("since")
    ):
        last[row.member_id] = Stay(row.group_id, str(row.group), row.since, row.until, row.leads)
    return {
        pk: Person(name, arrived, last.get(pk))
        for pk, name, arrived in here.values_list("member", "member__name", "since")
    }


def _put(
    act: Act,
    held: Mapping[int, Person],
    members: Mapping[int, PartyGroup | None],
    leaders: Mapping[int, int | None],
) -> int:
    """Write where people are from the act's day on; how many have changed."""
    if unknown := set(members) - set(held):
        detail = _("选中的党员有 %(n)s 名已不在这个支部，请重新选择。") % {"n": len(unknown)}
        raise _refused("members", "elsewhere", detail)
    group_of = {pk: person.group for pk, person in held.items()}
    group_of |= {pk: group.pk if group is not None else None for pk, group in members.items()}
    for led, leader in leaders.items():
        if leader is not None and group_of.get(leader) != led:
            name = held[leader].name if leader in held else leader
            detail = _("%(name)s不在这个党小组里。先编进来，再定为组长。") % {"name": name}
            raise _refused(f"leaders/{led}", "elsewhere", detail)
    wanted: dict[int, Place] = {}
    changes: dict[int, Change] = {}
    for pk, person in held.items():
        group = group_of[pk]
        if group is not None and group in leaders:
            leads = leaders[group] == pk
        else:
            leads = person.leads and group == person.group
        judged = judgement.change(person, group=group, leads=leads, on=act.on)
        if isinstance(judged, FieldError):
            raise refused(judged)
        if judged is not None:
            wanted[pk], changes[pk] = (group, leads), judged
    _require_formed({group for group, _leads in wanted.values() if group is not None}, act.on)
    _write(act, changes, wanted)
    stays.changed({group for pk in changes for group in (held[pk].group, group_of[pk]) if group is not None})
    _tell_of(act, held, wanted)
    return len(changes)


def _write(act: Act, changes: Mapping[int, Change], wanted: Mapping[int, Place]) -> None:
    """First what ends, then what begins: a group's new leader follows the old one."""
    open_rows = GroupMembership.objects.filter(until=None)
    open_rows.filter(member__in=[pk for pk, each in changes.items() if each.never_was]).delete()
    for on in {each.on for each in changes.values() if each.ends}:
        ending = [pk for pk, each in changes.items() if each.ends and each.on == on]
        open_rows.filter(member__in=ending).update(until=on)
    beginning = []
    for pk, each in changes.items():
        group, leads = wanted[pk]
        if each.begins and group is not None:
            row = GroupMembership(group_id=group, member_id=pk, leads=leads, since=each.on)
            row.reason, row.document = act.reason, act.document
            beginning.append(row)
    for row in beginning:
        if row.leads:
            _require_leads_alone(row)
    GroupMembership.objects.bulk_create(beginning)


def _require_formed(groups: Collection[int], on: date) -> None:
    first = GroupPeriod.objects.filter(group__in=groups, act="form", since__gt=on).order_by("since").last()
    if first is not None:
        words = {"name": first.name, "day": first.since.isoformat()}
        detail = _("%(name)s 到 %(day)s 才划分，日期不能更早。") % words
        raise _refused("on", "before_group", detail)


def _require_leads_alone(row: GroupMembership) -> None:
    """Nobody else leads the group on the day the row begins or later, as far as it is written."""
    later = GroupMembership.objects.select_related("member", "group").filter(
        Q(until=None) | Q(until__gt=row.since), group=row.group_id, leads=True
    )
    if (other := later.first()) is not None:
        words = {"name": other.member.name, "group": other.group, "day": str(other.until or other.since)}
        detail = _("%(name)s到 %(day)s 还是%(group)s的组长，日期不能更早。") % words
        raise _refused("on", "led_meanwhile", detail)


def _name(branch: Organization, name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise _refused("name", "required", _("请填写党小组的名称，比如：第一党小组。"))
    if len(name) > NAME_LENGTH:
        raise _refused("name", "too_long", _("名称不能超过 %(most)s 个字。") % {"most": NAME_LENGTH})
    if not name.isprintable():
        raise _refused("name", "unprintable", _("名称里有看不见的字符，请重新输入。"))
    if PartyGroup.objects.filter(branch=branch, name=name, dissolved_on=None).exists():
        raise _refused("name", "taken", _("这个支部已经有一个党小组叫这个名字。"))
    return name


def _standing(pk: int, branch: Organization) -> PartyGroup:
    found = PartyGroup.objects.filter(pk=pk, branch=branch).first()
    if found is None:
        raise not_found()
    if found.dissolved_on is not None:
        words = {"name": found, "day": found.dissolved_on.isoformat()}
        raise _refused("group", "dissolved", _("%(name)s 已在 %(day)s 撤销。") % words)
    return found


def _open_period(group: PartyGroup, on: date) -> GroupPeriod:
    period = GroupPeriod.objects.get(group=group, until=None)
    if on < period.since:
        words = {"name": group, "day": period.since.isoformat()}
        detail = _("%(name)s 在 %(day)s 已有一次变动，日期不能在它之前。") % words
        raise _refused("on", "before_last_change", detail)
    return period


def _save(group: PartyGroup, act: Act) -> None:
    services.signed(group, by=act.actor, reason=act.reason).save()


def _note(act: Act, action: str, group: PartyGroup | None, detail: Mapping[str, Any]) -> None:
    named = {"group": str(group)} if group is not None else {}
    record(
        action=action,
        actor=act.actor.user,
        object_kind="organization",
        object_id=act.branch.pk,
        object_name=act.branch.name,
        reason=act.reason,
        detail={**named, **detail, "on": act.on.isoformat(), "document": act.document},
    )
    topics.tell(EVENT, {"branch": act.branch.pk}, act.branch)


def _tell_of(act: Act, held: Mapping[int, Person], wanted: Mapping[int, Place]) -> None:
    """A row of each person's own, so that their record tells who put them where."""
    names: dict[int | None, str] = dict(
        PartyGroup.objects.filter(branch=act.branch).values_list("pk", "name")
    )
    accounts = dict(Member.objects.filter(pk__in=wanted).values_list("pk", "user"))
    for pk, (group, leads) in wanted.items():
        record(
            action="member.group",
            actor=act.actor.user,
            object_kind="user",
            object_id=accounts[pk],
            object_name=held[pk].name,
            reason=act.reason,
            detail={
                "from_group": names.get(held[pk].group, ""),
                "to_group": names.get(group, ""),
                "leads": leads,
                "on": act.on.isoformat(),
            },
        )


def _refused(field: str, code: str, detail: str) -> Problem:
    return refused(FieldError(f"/{field}" if field else "", code, detail))
