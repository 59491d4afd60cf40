"""Proposing a transfer and settling it: each act a row of the transfer, an audit row and an event, or nothing.

All raise `Problem`: 404 for who may not see it, 403 for who acts for the other leg, 409 when somebody was quicker, 422
with the field when it cannot be done so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, forbidden, not_found, refused
from dangjian.audit.services import record
from dangjian.organizations import services, topics
from dangjian.organizations.models import Member, Organization, OrganizationKind
from dangjian.organizations.transfers import access, judgement
from dangjian.organizations.transfers.models import Transfer, TransferAct, TransferStep
from dangjian.rules.book import book
from realtime import outbox
from tenants.context import current_district

EVENT = "transfer.changed"
_LONGEST_BACK = 366


def propose(
    *,
    actor: Member,
    member: Member,
    receiving: Organization,
    reason: str,
    on: date | None = None,
    dues_until: date | None = None,
) -> Transfer:
    """Propose that `receiving` takes the member; the letter is dated `on` (today) and gets the next number of its year.

    dues_until: any day of the last month dues are paid for, which the letter names.
    """
    reason = services.checked_reason(reason)
    today = timezone.localdate()
    on = on or today
    if on > today:
        raise _refused("on", "in_future", _("日期在今天之后。到了那一天再办。"))
    if (today - on).days > _LONGEST_BACK:
        raise _refused("on", "too_early", _("日期早于一年以前，请核实。"))
    with outbox.atomic():
        # One number after the other, and against acts on the tree, which begin with the same lock.
        list(Organization.objects.select_for_update(no_key=True).filter(depth=1).values_list("pk", flat=True))
        actor, member = _people(actor, member)
        if not access.proposable(actor).filter(pk=member.pk).exists():
            raise not_found()
        receiving = Organization.objects.get(pk=receiving.pk)
        _check_receiving(member, receiving)
        open_one = Transfer.objects.filter(member=member, state=judgement.PROPOSED).first()
        if open_one is not None:
            words = {"name": member.name, "number": open_one.number}
            detail = _("%(name)s 已经有一份没有办完的转接（%(number)s），请先办完或撤回它。")
            raise _refused("member", "open_already", detail % words)
        last = Transfer.objects.filter(year=on.year).aggregate(last=Max("serial"))["last"] or 0
        until = judgement.deadlines(book(current_district().schema_name), on)
        transfer = Transfer.objects.create(
            member=member,
            leaving=member.branch,
            receiving=receiving,
            year=on.year,
            serial=last + 1,
            reason=reason,
            proposed_on=on,
            dues_until=dues_until.replace(day=1) if dues_until else None,
            answer_by=until.answer_by,
            valid_until=until.valid_until,
        )
        _note(transfer, TransferAct.PROPOSE, actor, on, reason)
    return transfer


def accept(*, actor: Member, transfer: Transfer, on: date | None = None) -> Transfer:
    """Take the member in from `on` (today) on; on that day the membership moves."""
    on = on or timezone.localdate()
    with outbox.atomic():
        actor, held = _held(actor, transfer, TransferAct.ACCEPT)
        if held.member.branch_id != held.leaving_id:
            words = {"name": held.member.name, "branch": held.member.branch}
            detail = _("%(name)s 现在在 %(branch)s，已经不在转出的支部。请转出支部撤回这份转接。")
            raise Problem(409, "moved_meanwhile", detail % words)
        if on < held.proposed_on:
            words = {"day": held.proposed_on.isoformat()}
            detail = _("介绍信是 %(day)s 开出的，接收日期不能更早。") % words
            raise _refused("on", "before_proposal", detail)
        if held.receiving.dissolved_on is not None:
            raise Problem(409, "dissolved", _("接收支部已经撤销。请转出支部撤回，另选一个支部。"))
        if left := services.posts_left_behind(held.member, held.receiving):
            raise _refused("", "holds_posts", left)
        try:
            services.place(
                held.member, held.receiving, since=on, by=actor, reason=held.reason, document=held.number
            )
        except Problem as problem:
            raise refused(
                *(FieldError("/on", each.code, each.detail) for each in problem.errors)
            ) from problem
        held.accepted_on = on
        _settle(held, TransferAct.ACCEPT, actor, on, "")
        outbox.recheck(person=held.member.user_id)
    return held


def send_back(*, actor: Member, transfer: Transfer, reason: str) -> Transfer:
    """Return it to the leaving branch with a reason; the member stays there."""
    return _end(TransferAct.RETURN, actor, transfer, reason)


def withdraw(*, actor: Member, transfer: Transfer, reason: str) -> Transfer:
    """Take a proposal back before it is settled."""
    return _end(TransferAct.WITHDRAW, actor, transfer, reason)


def held_of(member: Member) -> list[Transfer]:
    """The member's transfer that is not settled, locked."""
    open_ones = Transfer.objects.filter(member=member, state=judgement.PROPOSED)
    return list(open_ones.select_for_update(of=("self",)).select_related("leaving", "receiving"))


def call_off(held: Iterable[Transfer], *, member: Member, by: Member, reason: str) -> None:
    """Take back what `held_of` gave, for `by` who has the right, within the caller's transaction."""
    for transfer in held:
        transfer.member = member
        _settle(transfer, TransferAct.WITHDRAW, by, timezone.localdate(), reason)


def _end(act: TransferAct, actor: Member, transfer: Transfer, reason: str) -> Transfer:
    reason = services.checked_reason(reason)
    with outbox.atomic():
        actor, held = _held(actor, transfer, act)
        _settle(held, act, actor, timezone.localdate(), reason)
    return held


def _check_receiving(member: Member, receiving: Organization) -> None:
    if receiving.kind != OrganizationKind.BRANCH or receiving.dissolved_on is not None:
        raise _refused("receiving", "no_branch", _("党员只能编入党支部，请选择一个支部。"))
    if receiving.pk == member.branch_id:
        raise _refused("receiving", "same", _("已经在这个支部了，请选择另一个。"))
    if left := services.posts_left_behind(member, receiving):
        raise _refused("member", "holds_posts", left)


def _held(actor: Member, transfer: Transfer, act: TransferAct) -> tuple[Member, Transfer]:
    """The transfer as it now is, until the transaction ends, for an actor who may do that to it now."""
    held = (
        Transfer.objects.select_for_update(of=("self",))
        .select_related("leaving", "receiving")
        .get(pk=transfer.pk)
    )
    actor, held.member = _people(actor, held.member)
    if not access.visible(actor).filter(pk=held.pk).exists():
        raise not_found()
    if not access.may_act(actor, held, act):
        leg = held.leaving if judgement.ACTS[act].leg == judgement.LEAVING else held.receiving
        raise forbidden(_("这一步由 %(branch)s 的书记或组织部管理员办理。") % {"branch": leg})
    if held.state != judgement.ACTS[act].before:
        raise _settled_already(held)
    return actor, held


def _settled_already(transfer: Transfer) -> Problem:
    last = transfer.steps.select_related("by").latest("at", "id")
    local = timezone.localtime(last.at)
    words = {
        "name": last.by.name, "at": f"{local:%Y-%m-%d %H:%M}", "act": last.get_act_display(),
    }  # fmt: skip
    detail = _("%(name)s 已在 %(at)s 办理了“%(act)s”，不用再办。") % words
    return Problem(409, "settled_already", detail, more={"state": transfer.state})


def _settle(transfer: Transfer, act: TransferAct, actor: Member, on: date, reason: str) -> None:
    transfer.state = judgement.ACTS[act].after
    transfer.version += 1
    transfer.save(update_fields=["state", "accepted_on", "version"])
    _note(transfer, act, actor, on, reason)


def _note(transfer: Transfer, act: TransferAct, actor: Member, on: date, reason: str) -> None:
    """The row of the transition, the audit row, and the word to both sides, those above them and the member."""
    TransferStep.objects.create(transfer=transfer, act=act, by=actor, on=on, reason=reason)
    member = transfer.member
    record(
        action=f"transfer.{act}",
        actor=actor.user,
        object_kind="user",
        object_id=member.user_id,
        object_name=member.name,
        reason=reason,
        detail={
            "from": transfer.leaving_id,
            "from_name": str(transfer.leaving),
            "to": transfer.receiving_id,
            "to_name": str(transfer.receiving),
            "number": transfer.number,
            "on": on.isoformat(),
        },
    )
    told: dict[str, Any] = {"id": transfer.pk, "state": transfer.state, "version": transfer.version}
    topics.tell(EVENT, told, transfer.leaving, transfer.receiving)
    outbox.record(topic=f"me:{member.user_id}", kind=EVENT, data=told)


def _people(actor: Member, member: Member) -> tuple[Member, Member]:
    """Both as they now are, locked in the order of their ids like in every other service."""
    ids = {actor.pk, member.pk}
    list(Member.ever.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    found = Member.ever.select_related("user", "branch").in_bulk(ids)
    actor = found[actor.pk]
    if not actor.user.is_active:
        raise not_found()
    return actor, found[member.pk]


def _refused(field: str, code: str, detail: str) -> Problem:
    return refused(FieldError(f"/{field}" if field else "", code, detail))
