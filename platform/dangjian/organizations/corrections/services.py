"""Asking for a correction and settling it: each act a change of the row, an audit row and an event, or nothing.

All raise `Problem`: 404 for who may not see it, 403 for who may not settle it, 409 when it is settled or the register
has changed meanwhile, 422 with the field when it cannot be so.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, forbidden, not_found, refused
from dangjian.audit.services import record
from dangjian.organizations import access, particulars, services, topics
from dangjian.organizations.corrections.models import CorrectedField, Correction, CorrectionState
from dangjian.organizations.models import Education, Employment, Member, Sex
from dangjian.organizations.phone import masked
from realtime import outbox

EVENT = "correction.changed"
_CHOICES: dict[str, Any] = {
    CorrectedField.SEX: Sex,
    CorrectedField.EDUCATION: Education,
    CorrectedField.EMPLOYMENT: Employment,
}


# --- who -------------------------------------------------------------------------------------------------------------


def settleable(reader: Member) -> QuerySet[Correction]:
    """The open ones the reader may settle: a secretary those of the branch but names and the own, an officer all."""
    mine = Q(member__in=access.managed_members(reader))
    branch = access.standing(reader).secretary_of
    if branch is not None:
        mine |= Q(member__branch=branch) & ~Q(field=CorrectedField.NAME)
    return Correction.objects.filter(mine, state=CorrectionState.OPEN).exclude(member=reader)


def visible(reader: Member) -> QuerySet[Correction]:
    """The own ones, and those `settleable`."""
    return Correction.objects.filter(Q(member=reader) | Q(pk__in=settleable(reader).values("pk")))


# --- what ------------------------------------------------------------------------------------------------------------


def ask(*, member: Member, field: str, wanted: str, reason: str) -> Correction:
    """Ask that `field` be `wanted`, written as in `Correction`; judged as the register judges it."""
    reason, wanted = services.checked_reason(reason), " ".join(wanted.split())
    if field not in CorrectedField.values:
        raise _refused("field", "unknown", _("请选择要更正哪一项。"))
    with outbox.atomic():
        member = _held(member)
        _checked(member, field, wanted)
        if Correction.objects.filter(member=member, field=field, state=CorrectionState.OPEN).exists():
            words = {"field": CorrectedField(field).label}
            detail = _("%(field)s已经有一份申请在等答复。可以先撤回，再重新提。") % words
            raise _refused("field", "open_already", detail)
        made = Correction.objects.create(
            member=member, field=field, before=written(member, field), wanted=wanted, reason=reason
        )
        _note(made, "correction.ask", member, reason)
    return made


def accept(*, actor: Member, correction: Correction) -> Correction:
    """Write it into the register, for the reason the member gave."""
    with outbox.atomic():
        actor, held = _open(actor, correction)
        member = held.member
        if written(member, held.field) != held.before:
            detail = _("%(field)s在申请之后改过，现在是“%(now)s”。请本人撤回，核实后再提。") % {
                "field": held.get_field_display(),
                "now": shown(held.field, written(member, held.field)),
            }
            raise Problem(409, "changed_meanwhile", detail)
        value = _checked(member, held.field, held.wanted)
        if held.field == CorrectedField.NAME:
            services.rename_member(actor=actor, member=member, name=held.wanted, reason=held.reason)
        else:
            services.write_particulars(member, {held.field: value}, by=actor, reason=held.reason)
        _settle(held, CorrectionState.ACCEPTED, actor, "")
    return held


def decline(*, actor: Member, correction: Correction, reason: str) -> Correction:
    """Leave the register as it is, and say why."""
    reason = services.checked_reason(reason)
    with outbox.atomic():
        actor, held = _open(actor, correction)
        _settle(held, CorrectionState.DECLINED, actor, reason)
    return held


def withdraw(*, member: Member, correction: Correction) -> Correction:
    with outbox.atomic():
        member = _held(member)
        held = Correction.objects.select_for_update().filter(pk=correction.pk, member=member).first()
        if held is None:
            raise not_found()
        if held.state != CorrectionState.OPEN:
            raise _settled(held)
        held.member = member
        _settle(held, CorrectionState.WITHDRAWN, member, "")
    return held


def call_off(member: Member, *, by: Member, reason: str) -> None:
    """Withdraw the member's open requests for `by`, within the caller's transaction and the member's lock."""
    for held in Correction.objects.select_for_update().filter(member=member, state=CorrectionState.OPEN):
        held.member = member
        _settle(held, CorrectionState.WITHDRAWN, by, reason)


# --- words -----------------------------------------------------------------------------------------------------------


def shown(field: str, written: str) -> str:
    """What is written, for people; telephone numbers masked."""
    if field in _CHOICES and written in _CHOICES[field].values:
        return str(_CHOICES[field](written).label)
    return masked(written) if field == CorrectedField.PHONE else written


def choices(field: str) -> list[tuple[str, str]]:
    """Those a field is chosen from; empty for what is typed."""
    return [(str(value), str(label)) for value, label in _CHOICES[field].choices] if field in _CHOICES else []


# --- parts -----------------------------------------------------------------------------------------------------------


def written(member: Member, field: str) -> str:
    """What the register says, as a `Correction` writes it."""
    value = getattr(member, field)
    return value.isoformat() if isinstance(value, date) else value or ""


def _checked(member: Member, field: str, wanted: str) -> Any:
    """The value as the register takes it.

    Raises:
        Problem: 422 (``wanted``).
    """
    value: Any = wanted
    if not wanted:
        raise _refused("wanted", "required", _("请填写应该是什么。"))
    if len(wanted) > particulars.NAME_LENGTH or not wanted.isprintable():
        raise _refused("wanted", "unprintable", _("太长了，或者有看不见的字符，请重新输入。"))
    if field in _CHOICES and wanted not in _CHOICES[field].values:
        raise _refused("wanted", "unknown", _("请从列表里选一项。"))
    if field == CorrectedField.BORN_ON:
        try:
            value = parse_date(wanted)
        except ValueError:
            value = None
        if value is None:
            raise _refused("wanted", "no_date", _("这个日期不存在，请重新选择。"))
    if written(member, field) == wanted:
        raise _refused("wanted", "same", _("登记的就是这样，不用更正。"))
    faults = particulars.faults(particulars.of(member).replaced(**{field: value}), today=timezone.localdate())
    if faults:
        raise refused(*(FieldError("/wanted", fault.code, fault.detail) for fault in faults))
    return value


def _held(member: Member) -> Member:
    list(Member.ever.select_for_update().filter(pk=member.pk).values_list("pk", flat=True))
    found = Member.objects.select_related("user", "branch").filter(pk=member.pk).first()
    if found is None:
        raise not_found()
    return found


def _open(actor: Member, correction: Correction) -> tuple[Member, Correction]:
    """Both as they now are, until the transaction ends, for an actor who may settle it."""
    ids = [actor.pk, correction.member_id]
    list(Member.ever.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    people = Member.ever.select_related("user", "branch").in_bulk(ids)
    actor = people[actor.pk]
    held = Correction.objects.select_for_update().get(pk=correction.pk)
    held.member = people[held.member_id]
    if not actor.user.is_active or not visible_to_settler(actor, held):
        raise not_found()
    if held.state != CorrectionState.OPEN:
        raise _settled(held)
    if not settleable(actor).filter(pk=held.pk).exists():
        raise forbidden(
            _("自己的申请要由别人处理。")
            if held.member == actor
            else _("姓名由组织部管理员更正，因为登录账号要跟着改。")
        )
    return actor, held


def visible_to_settler(actor: Member, correction: Correction) -> bool:
    """Whether it is the actor's own, or of somebody in the actor's care."""
    return bool(access.looks_after(actor, correction.member.branch)) or correction.member == actor


def _settled(correction: Correction) -> Problem:
    words = {"state": correction.get_state_display()}
    return Problem(409, "settled_already", _("这份申请%(state)s，不用再办。") % words)


def _settle(correction: Correction, state: CorrectionState, actor: Member, answer: str) -> None:
    correction.state, correction.settled_by, correction.answer = state, actor, answer
    correction.settled_at = timezone.now()
    correction.save(update_fields=["state", "settled_by", "answer", "settled_at"])
    _note(correction, f"correction.{state}", actor, answer)


def _note(correction: Correction, action: str, actor: Member, reason: str) -> None:
    member = correction.member
    record(
        action=action, actor=actor.user, object_kind="user", object_id=member.user_id, object_name=member.name,
        reason=reason, detail={"fields": [correction.field]},
    )  # fmt: skip
    told = {"id": correction.pk, "state": str(correction.state)}
    topics.tell(EVENT, told, member.branch)
    outbox.record(topic=f"me:{member.user_id}", kind=EVENT, data=told)


def _refused(field: str, code: str, detail: str) -> Problem:
    return refused(FieldError(f"/{field}", code, detail))
