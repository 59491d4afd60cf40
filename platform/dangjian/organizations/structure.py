"""Changing the tree: each act on a day, with a reason and the number of the document that approved it.

One act at a time in a district: all of them lock the root first, so that two who put each other's committees below one
another cannot both succeed. Every act on an existing organisation names the version its officer saw; another one in
between is answered 409. Raises as `services` does, and 422 for what cannot be on that day.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, not_found, refused
from dangjian.audit.services import record
from dangjian.organizations import access, services, timeline, topics
from dangjian.organizations.admission.models import AdmissionCase, CaseState, Transition
from dangjian.organizations.groups import stays
from dangjian.organizations.models import (
    Member,
    Membership,
    Office,
    Organization,
    OrganizationKind,
    OrganizationPeriod,
    PostHeld,
    Sector,
)
from dangjian.organizations.transfers.models import Transfer, TransferState
from realtime import outbox

NAME_LENGTH: Final = 120
SHORT_NAME_LENGTH: Final = 60
_tree: Any = Organization.objects


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it, from which day on, why, and by which document."""

    actor: Member
    on: date
    reason: str
    document: str = ""


def found(
    *, act: Act, parent: Organization, name: str, short_name: str = "", kind: str, sector: str = ""
) -> Organization:
    """A new organisation below `parent`."""
    with outbox.atomic():
        act = _begin(act)
        parent = _held(act.actor, parent)
        name, short_name = _names(name, short_name)
        _require_parent(parent, act.on)
        _require_not_branch(parent)
        if kind not in OrganizationKind.values or kind == OrganizationKind.DISTRICT:
            raise _refused("kind", "unknown", _("请选择组织类型。"))
        if sector and sector not in Sector.values:
            raise _refused("sector", "unknown", _("请选择一个类别。"))
        _require_free_name(name)
        made = Organization(name=name, short_name=short_name, kind=kind, sector=sector)
        made.founded_on = act.on
        services.signed(made, by=act.actor, reason=act.reason)
        _tree.add_child(parent, instance=made)
        made.periods.update(act="found", reason=act.reason, document=act.document)
        _note(act, "organization.found", made, {"parent": parent.pk, "parent_name": str(parent)})
    return made


def rename(
    *, act: Act, organization: Organization, version: int, name: str, short_name: str = "", sector: str = ""
) -> None:
    """Another name, short name or sector from that day on; posts show the new name at once."""
    with outbox.atomic():
        act = _begin(act)
        organization = _held(act.actor, organization, version)
        name, short_name = _names(name, short_name)
        short_name = short_name_after(organization, name, short_name)
        if sector and sector not in Sector.values:
            raise _refused("sector", "unknown", _("请选择一个类别。"))
        wanted = {"name": name, "short_name": short_name, "sector": sector}
        if all(getattr(organization, field) == value for field, value in wanted.items()):
            raise _refused("name", "same", _("什么都没有变。"))
        if name != organization.name:
            _require_free_name(name)
        before = str(organization)
        _turn(act, organization, "rename", **wanted)
        _note(act, "organization.rename", organization, {"from": before, "to": str(organization)})


def short_name_after(organization: Organization, name: str, short_name: str) -> str:
    """The one a renaming gives. One that was only the full name, and was left as it was, goes along with it."""
    if short_name == organization.short_name == organization.name[:SHORT_NAME_LENGTH]:
        short_name = ""
    return (short_name or name)[:SHORT_NAME_LENGTH]


def cover(*, act: Act, organization: Organization, version: int, units: Collection[str]) -> None:
    """联合党支部: the units the branch covers from that day on; none: it is no joint branch."""
    with outbox.atomic():
        act = _begin(act)
        organization = _held(act.actor, organization, version)
        _require_branch(organization)
        lines = [" ".join(unit.split()) for unit in units]
        lines = [line for line in dict.fromkeys(lines) if line]
        if len(lines) == 1:
            raise _refused("units", "single", _("只有一个单位就不是联合党支部。请写全，或者空着。"))
        for line in lines:
            if len(line) > SHORT_NAME_LENGTH or not line.isprintable():
                words = {"unit": line[:20], "most": SHORT_NAME_LENGTH}
                detail = _("“%(unit)s”太长或有看不见的字符，每个单位不超过 %(most)s 个字。") % words
                raise _refused("units", "bad_unit", detail)
        text = "\n".join(lines)
        if text == organization.units:
            raise _refused("units", "same", _("什么都没有变。"))
        _turn(act, organization, "cover", units=text)
        _note(act, "organization.cover", organization, {"units": len(lines)})


def move(*, act: Act, organization: Organization, version: int, parent: Organization) -> None:
    """Put the organisation with everything below it below `parent`; members, posts and duties go along."""
    with outbox.atomic():
        act = _begin(act)
        organization = _held(act.actor, organization, version)
        parent = _held(act.actor, parent)
        if organization.depth == 1:
            raise _refused("organization", "root", _("最上级组织不能移动。"))
        if parent.path.startswith(organization.path):
            detail = _("%(parent)s 就在 %(name)s 里面，移过去会绕成一圈。请选别的上级。") % {
                "parent": parent,
                "name": organization,
            }
            raise _refused("parent", "cycle", detail)
        above = Organization.objects.get(path=organization.parent_path)
        if above == parent:
            raise _refused("parent", "same", _("它已经在这个上级下面了。"))
        _require_parent(parent, act.on)
        _require_not_branch(parent)
        people = list(Member.objects.filter(branch__path__startswith=organization.path).values_list("user"))
        _turn(act, organization, "move", parent=parent)
        _require_no_circle()
        _tree.move(organization, parent, "last-child")
        moved = {"from_name": str(above), "to_name": str(parent), "from": above.pk, "to": parent.pk}
        _note(act, "organization.move", organization, moved)
        for (user_id,) in people:
            outbox.recheck(person=user_id)
        topics.ask_again(organization)


def split(
    *,
    act: Act,
    organization: Organization,
    version: int,
    name: str,
    short_name: str = "",
    members: Collection[Member],
) -> Organization:
    """A new branch beside the branch, with those of its members."""
    with outbox.atomic():
        act = _begin(act)
        organization = _held(act.actor, organization, version)
        _require_branch(organization)
        if not members:
            raise _refused("members", "none", _("请选择分到新支部的党员。"))
        parent = Organization.objects.get(path=organization.parent_path)
        made = found(
            act=act, parent=parent, name=name, short_name=short_name, kind=organization.kind, sector=organization.sector
        )  # fmt: skip
        made.periods.update(act="split")
        _resettle(act, members, made, leaving=organization)
        _raise_version(act, organization)
        _note(act, "organization.split", organization, {"to_name": str(made), "members": len(members)})
    return made


def merge(*, act: Act, organization: Organization, version: int, into: Organization) -> None:
    """Dissolve the branch and make its members `into`'s."""
    _end("merge", act=act, organization=organization, version=version, into=into)


def dissolve(*, act: Act, organization: Organization, version: int, into: Organization | None = None) -> None:
    """End the organisation: nothing may be below it; its members go to the branch `into`, its posts end."""
    _end("dissolve", act=act, organization=organization, version=version, into=into)


def _end(kind: str, *, act: Act, organization: Organization, version: int, into: Organization | None) -> None:
    with outbox.atomic():
        act = _begin(act)
        organization = _held(act.actor, organization, version)
        if organization.depth == 1:
            raise _refused("organization", "root", _("最上级组织不能撤销。"))
        below = OrganizationPeriod.objects.filter(parent=organization).exclude(until__lte=act.on)
        if below.exists():
            names = _("、").join(str(row.short_name or row.name) for row in below[:3])
            detail = _("下面还有 %(names)s，请先移走或撤销它们。") % {"names": names}
            raise _refused("organization", "has_children", detail)
        _require_no_transfers(organization)
        _require_nobody_later(organization, act.on)
        members = list(Member.objects.select_related("user", "branch").filter(branch=organization))
        cases = list(_open_cases(organization))
        if members or cases:
            if into is None:
                words = {"count": len(members), "cases": len(cases)}
                detail = _("还有 %(count)s 名党员、%(cases)s 份在办的入党档案，请选择转到哪个支部。") % words
                raise _refused("into", "members_left", detail)
            into = _held(act.actor, into)
            if into == organization or into.dissolved_on is not None:
                raise _refused("into", "no_branch", _("请选择另一个支部。"))
            _require_branch(into)
            _require_parent(into, act.on)
        _end_posts(act, organization)
        _take_offices(act, organization)
        if into is not None and members:
            _resettle(act, members, into, leaving=organization)
        if into is not None and cases:
            _carry_cases(act, cases, into, leaving=organization)
        for group in stays.end_all(organization, on=act.on):
            services.signed(group, by=act.actor, reason=act.reason).save(
                update_fields=["dissolved_on", "version"]
            )
        period = _open_period(organization, act.on)
        if period.since == act.on:
            detail = _("它在这一天才开始，不能同一天撤销。")
            raise _refused("on", "before_last_change", detail)
        period.until = act.on
        period.save(update_fields=["until"])
        organization.dissolved_on = act.on
        organization.version += 1
        services.signed(organization, by=act.actor, reason=act.reason).save(
            update_fields=["dissolved_on", "version"]
        )
        told = {"members": len(members), "cases": len(cases)} | (
            {"to_name": str(into), "to": into.pk} if into else {}
        )
        _note(act, f"organization.{kind}", organization, told)
        topics.ask_again(organization)


# --- parts -----------------------------------------------------------------------------------------------------------


def _begin(act: Act) -> Act:
    """The act with a checked reason, under the lock of the tree."""
    reason = services.checked_reason(act.reason)
    if act.on > timezone.localdate():
        raise _refused("on", "in_future", _("日期在今天之后。到了那一天再办。"))
    document = " ".join(act.document.split())[:60]
    # Members' posts refer to the root; a lock against changes alone does not make them wait.
    list(Organization.objects.select_for_update(no_key=True).filter(depth=1).values_list("pk", flat=True))
    return Act(act.actor, act.on, reason, document)


def _held(actor: Member, organization: Organization, version: int | None = None) -> Organization:
    """The organisation as it now is, which the actor looks after.

    Raises:
        Problem: 404, it is not (or no longer) the actor's; 409, it is not the `version` the actor saw.
    """
    found = Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk).first()
    access.forget_standing(actor)
    actor.refresh_from_db(fields=["branch"])
    if found is None or found.dissolved_on is not None or not access.is_officer(actor, found):
        raise not_found()
    if version is not None and version != found.version:
        detail = _("%(name)s 刚刚被别人改过。请看过现在的样子再办。") % {"name": found}
        raise Problem(409, "changed_meanwhile", detail)
    return found


def _names(name: str, short_name: str) -> tuple[str, str]:
    name, short_name = " ".join(name.split()), " ".join(short_name.split())
    if not name:
        raise _refused("name", "required", _("请填写组织名称。"))
    if len(name) > NAME_LENGTH:
        raise _refused("name", "too_long", _("名称不能超过 %(most)s 个字。") % {"most": NAME_LENGTH})
    if not name.isprintable() or not short_name.isprintable():
        raise _refused("name", "unprintable", _("名称里有看不见的字符，请重新输入。"))
    return name, (short_name or name)[:SHORT_NAME_LENGTH]


def _require_free_name(name: str) -> None:
    if Organization.objects.filter(name=name, dissolved_on=None).exists():
        raise _refused("name", "taken", _("已经有一个组织叫这个名字。请写得更具体些。"))


def _require_parent(parent: Organization, day: date) -> None:
    """It can be above others, or take members in, from `day` on without a break."""
    first = parent.periods.order_by("since", "id").first() if not parent.periods.filter(since=None) else None
    if first is not None and first.since is not None and day < first.since:
        words = {"name": parent, "day": first.since.isoformat()}
        raise _refused("on", "before_parent", _("%(name)s 到 %(day)s 才成立，日期不能更早。") % words)


def _require_not_branch(parent: Organization) -> None:
    if parent.kind == OrganizationKind.BRANCH:
        detail = _("%(name)s 是党支部，下面不能再有组织。请选择党委或党总支。") % {"name": parent}
        raise _refused("parent", "branch", detail)


def _require_branch(organization: Organization) -> None:
    if organization.kind != OrganizationKind.BRANCH:
        raise _refused("organization", "no_branch", _("只有党支部有党员，请选择一个支部。"))


def _require_no_circle() -> None:
    day = timeline.circle(OrganizationPeriod.objects.all())
    if day is not None:
        detail = _("这样的话，%(day)s 那天两个组织会互为上下级。请换一个日期。")
        raise _refused("on", "cycle", detail % {"day": day.isoformat()})


def _open_period(organization: Organization, day: date) -> OrganizationPeriod:
    period = OrganizationPeriod.objects.get(organization=organization, until=None)
    if period.since is not None and day < period.since:
        words = {"name": organization, "day": period.since.isoformat()}
        detail = _("%(name)s 在 %(day)s 已有一次变动，日期不能在它之前。") % words
        raise _refused("on", "before_last_change", detail)
    return period


def _turn(act: Act, organization: Organization, kind: str, **changes: Any) -> None:
    """End the open period and begin one with `changes`; what changed twice on one day has one period."""
    period = _open_period(organization, act.on)
    if period.since != act.on:
        OrganizationPeriod.objects.filter(pk=period.pk).update(until=act.on)
        period.pk, period.since = None, act.on
        period._state.adding = True
    for field, value in (changes | {"act": kind, "reason": act.reason, "document": act.document}).items():
        setattr(period, field, value)
    period.recorded_at = timezone.now()
    period.save()
    shown = {field: value for field, value in changes.items() if field != "parent"}
    for field, value in shown.items():
        setattr(organization, field, value)
    _raise_version(act, organization, *shown)


def _raise_version(act: Act, organization: Organization, *fields: str) -> None:
    organization.version += 1
    services.signed(organization, by=act.actor, reason=act.reason).save(update_fields=[*fields, "version"])


def _resettle(act: Act, members: Collection[Member], branch: Organization, *, leaving: Organization) -> None:
    """Make `branch` the branch of members who leave `leaving`."""
    ids = sorted(member.pk for member in members)
    held = list(
        Member.objects.select_for_update(of=("self",))
        .select_related("branch")
        .filter(pk__in=ids)
        .order_by("pk")
    )
    if {member.branch_id for member in held} != {leaving.pk} or len(held) != len(ids):
        raise _refused("members", "elsewhere", _("选中的党员已不在这个支部，请重新选择。"))
    posts = PostHeld.objects.select_related("member").filter(member__in=ids, organization=leaving)
    if posts:
        words = {"names": _("、").join(dict.fromkeys(row.member.name for row in posts))}
        detail = _("%(names)s 在原支部还有职务，请先免去，再分出去。") % words
        raise _refused("members", "holds_posts", detail)
    for member in held:
        try:
            services.place(
                member, branch, since=act.on, by=act.actor, reason=act.reason, document=act.document
            )
        except Problem as problem:
            words = {"name": member.name, "why": problem.detail}
            raise _refused("on", "before_last_change", _("%(name)s：%(why)s") % words) from problem
        outbox.recheck(person=member.user_id)


def _require_no_transfers(organization: Organization) -> None:
    """Letters name the branch they leave or go to: whoever wrote them settles them first."""
    open_ones = Transfer.objects.select_related("member").filter(
        Q(leaving=organization) | Q(receiving=organization), state=TransferState.PROPOSED
    )
    if names := [transfer.member.name for transfer in open_ones.order_by("created_at", "id")]:
        words = {"count": len(names), "names": _("、").join(names[:5])}
        detail = _("还有 %(count)s 份组织关系转接没有办完（%(names)s）。请先接收、退回或撤回。") % words
        raise _refused("organization", "transfers_open", detail)


def _require_nobody_later(organization: Organization, day: date) -> None:
    """Nobody was in it on a day on which it would have been no more."""
    stays = Membership.objects.select_related("member").filter(branch=organization, until__gt=day)
    if (last := stays.order_by("-until", "id").first()) is not None and last.until is not None:
        words = {"name": last.member.name, "day": last.until.isoformat()}
        detail = _("%(name)s %(day)s 才从这里离开，撤销的日期不能在它之前。") % words
        raise _refused("on", "before_last_change", detail)


def _open_cases(organization: Organization) -> QuerySet[AdmissionCase]:
    """Those that go on, or could be begun again."""
    cases: QuerySet[AdmissionCase] = AdmissionCase.objects.filter(branch=organization).exclude(
        state=CaseState.COMPLETED
    )
    return cases.order_by("created_at", "id")


def _carry_cases(
    act: Act, cases: Collection[AdmissionCase], into: Organization, *, leaving: Organization
) -> None:
    """The people on their way in go where the branch's members go; nothing that was recorded is to be done again."""
    AdmissionCase.objects.filter(pk__in=[case.pk for case in cases]).update(branch=into)
    detail = {"from": str(leaving), "to": str(into), "document": act.document}
    Transition.objects.bulk_create(
        Transition(
            case=case, action="carry", from_stage=case.stage, to_stage=case.stage, on=act.on, by=act.actor,
            reason=act.reason, detail=detail,
        )
        for case in cases
    )  # fmt: skip


def _end_posts(act: Act, organization: Organization) -> None:
    for row in PostHeld.objects.filter(organization=organization):
        row.until = max(act.on, row.since or act.on)
        services.signed(row, by=act.actor, reason=act.reason).save(update_fields=["until"])


def _take_offices(act: Act, organization: Organization) -> None:
    for office in Office.objects.select_related("member__user").filter(organization=organization):
        outbox.recheck(person=office.member.user_id)
        office.delete()


def _note(act: Act, action: str, organization: Organization, detail: dict[str, Any]) -> None:
    record(
        action=action,
        actor=act.actor.user,
        object_kind="organization",
        object_id=organization.pk,
        object_name=organization.name,
        reason=act.reason,
        detail=detail | {"on": act.on.isoformat(), "document": act.document},
    )


def _refused(field: str, code: str, detail: str) -> Problem:
    return refused(FieldError(f"/{field}", code, detail))


ACTS: Final[Sequence[str]] = ("found", "rename", "cover", "move", "split", "merge", "dissolve")
