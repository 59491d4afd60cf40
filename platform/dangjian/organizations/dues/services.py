"""Keeping dues: entries on a month's sheet, what dues follow from, counter-entries. Each is one transaction with its
audit row and events.

All raise `Problem`: 404 for who does not keep the branch's dues, 409 when somebody was quicker, 422 with the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, not_found, refused
from dangjian.audit.services import record
from dangjian.organizations import services, topics
from dangjian.organizations.dues import access, judgement, queries
from dangjian.organizations.dues.judgement import Basis
from dangjian.organizations.dues.models import DuesBasis, DuesCharge, DuesPayment, DuesSheet, Relief, Way
from dangjian.organizations.models import Employment, Member, Organization
from dangjian.rules.book import Book, book
from dangjian.rules.dues import BY_BASE, dues
from realtime import outbox
from tenants.context import current_district

EVENT: Final = "dues.changed"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a sheet says of one member: the base from this month on (None: as it was), and what was received now."""

    base: Decimal | None = None
    received: Decimal | None = None


def rules() -> Book:
    return book(current_district().schema_name)


def enter(
    *,
    actor: Member,
    branch: Organization,
    month: date,
    version: int,
    entries: Mapping[int, Entry],
    way: str = Way.CASH,
    received_on: date | None = None,
    everybody_paid: bool = False,
    confirm: bool = False,
) -> DuesSheet:
    """Write what was received, and what bases changed, on the branch's sheet of the month.

    version: of the sheet the actor saw. everybody_paid: what is still to come from anybody was received. confirm: the
    month is complete; from then on its amounts stand, what comes later can still be entered.
    """
    today = timezone.localdate()
    received_on = received_on or today
    first, last = judgement.open_months(today)
    if not first <= month <= last:
        raise not_found()
    if way not in Way.values:
        raise _refused("way", "unknown", _("请选择现金或转账。"))
    if received_on > today:
        raise _refused("received_on", "in_future", _("收款日期在今天之后。到了那一天再记。"))
    with outbox.atomic():
        actor = _keeper(actor, branch)
        sheet = _sheet(branch, month)
        if sheet.version != version:
            raise Problem(409, "changed_meanwhile", _("这张表刚刚有人记过账。请看过最新的数字再提交。"))
        lines = queries.lines(rules(), branch, month)
        known = {line.member.pk for line in lines}
        if entries.keys() - known:
            raise _refused("entries", "elsewhere", _("有党员不在这个月的名单里，请刷新后重填。"))
        _change_bases(actor, sheet, lines, entries)
        _reckon(sheet, lines)
        received = _receive(actor, lines, entries, way, received_on, everybody_paid)
        if confirm:
            _confirm(actor, sheet, lines)
        elif not received and not any(entry.base is not None for entry in entries.values()):
            raise _refused("", "nothing", _("还没有填任何金额。"))
        sheet.version += 1
        sheet.save(update_fields=["version", "confirmed_at", "confirmed_by"])
        total = sum(received.values(), Decimal(0))
        detail = {"month": f"{month:%Y-%m}", "members": len(received), "received": str(total)}
        _note(actor, "dues.confirm" if confirm else "dues.enter", branch, detail)
        _tell(branch, month, sheet.version, received)
    return sheet


def set_basis(
    *,
    actor: Member,
    member: Member,
    since: date,
    kind: str,
    base: Decimal | None = None,
    agreed: Decimal | None = None,
    relief: str = "",
    reason: str,
    document: str = "",
) -> DuesBasis:
    """What the member's dues follow from, from the month of `since` on."""
    reason, since = services.checked_reason(reason), since.replace(day=1)
    today = timezone.localdate()
    first, last = judgement.open_months(today)
    if not first <= since <= judgement.next_month(last):
        raise _refused("since", "out_of_range", _("只能从最近三年里的月份，或下个月起改。"))
    _check_basis(rules(), since, kind, base, agreed, relief)
    if relief and not document.strip():
        raise _refused("document", "required", _("减交、免交要有支部大会的决定和上级的批准，请写文号。"))
    with outbox.atomic():
        actor = _keeper(actor, member.branch)
        _lock([member.pk])
        if not Member.objects.filter(pk=member.pk).exists():
            raise _refused("member", "left", _("已经离开名册，党费不用再核定。"))
        basis = Basis(kind, base if kind in BY_BASE else None, agreed, relief)
        [found] = _put_bases(actor, since, {member.pk: basis}, reason, document)
        detail = {"month": f"{since:%Y-%m}", "number": document}
        record(
            action="dues.basis", actor=actor.user, object_kind="user", object_id=member.user_id,
            object_name=member.name, reason=reason, detail=detail,
        )  # fmt: skip
        outbox.record(topic=f"me:{member.user_id}", kind=EVENT, data={"month": f"{since:%Y-%m}"})
    return found


def reverse(*, actor: Member, payment: DuesPayment, reason: str) -> DuesPayment:
    """Answer an entry that was wrong by one of the opposite amount; the ledger keeps both."""
    reason = services.checked_reason(reason)
    with outbox.atomic():
        branch, month = DuesCharge.objects.values_list("branch", "month").get(pk=payment.charge_id)
        # The sheet first, as whoever enters holds it while charges change.
        sheet = _sheet(Organization.objects.get(pk=branch), month)
        charge = (
            DuesCharge.objects.select_for_update(of=("self",))
            .select_related("branch", "member")
            .get(pk=payment.charge_id)
        )
        actor = _keeper(actor, charge.branch)
        if payment.amount < 0:
            raise _refused("", "counter_entry", _("冲正记录本身不能再冲正，请重新记一笔。"))
        if DuesPayment.objects.filter(reverses=payment).exists():
            raise Problem(409, "reversed_already", _("这一笔已经冲正过了。"))
        made = DuesPayment.objects.create(
            charge=charge, amount=-payment.amount, way=payment.way, received_on=timezone.localdate(), by=actor,
            reverses=payment, reason=reason,
        )  # fmt: skip
        charge.paid -= payment.amount
        charge.save(update_fields=["paid"])
        sheet.version += 1
        sheet.save(update_fields=["version"])
        detail = {
            "month": f"{charge.month:%Y-%m}",
            "member": charge.member.name,
            "amount": str(payment.amount),
        }
        _note(actor, "dues.reverse", charge.branch, detail, reason)
        _tell(charge.branch, charge.month, sheet.version, {charge.member: payment.amount})
    return made


# --- parts -----------------------------------------------------------------------------------------------------------


def _keeper(actor: Member, branch: Organization) -> Member:
    fresh = Member.objects.select_related("user", "branch").filter(pk=actor.pk).first()
    if fresh is None or not fresh.user.is_active or not access.keeps(fresh, branch):
        raise not_found()
    return fresh


def _lock(members: Iterable[int]) -> None:
    ids = list(members)
    list(Member.ever.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))


def _sheet(branch: Organization, month: date) -> DuesSheet:
    """The sheet of the month, begun if it is the first entry, until the transaction ends."""
    DuesSheet.objects.bulk_create([DuesSheet(branch=branch, month=month)], ignore_conflicts=True)
    return DuesSheet.objects.select_for_update().get(branch=branch, month=month)


def _change_bases(
    actor: Member, sheet: DuesSheet, lines: list[queries.Line], entries: Mapping[int, Entry]
) -> None:
    changed: dict[int, Basis] = {}
    for line in lines:
        wanted = entries.get(line.member.pk, Entry()).base
        if wanted is None or wanted == line.basis.base:
            continue
        if sheet.confirmed_at is not None:
            detail = _("这个月已经确认，基数从下个月起再改。")
            raise refused(FieldError(f"/entries/{line.member.pk}/base", "confirmed", detail))
        if line.basis.kind not in BY_BASE:
            detail = _("%(name)s 的党费不按收入计算，不用填基数。") % {"name": line.member.name}
            raise refused(FieldError(f"/entries/{line.member.pk}/base", "no_base", detail))
        line.basis = changed[line.member.pk] = replace(line.basis, base=wanted)
        line.owed = judgement.owed(rules(), line.basis, sheet.month)
    if changed:
        _lock(changed)
        _put_bases(actor, sheet.month, changed, _("当月收入核定"))


def _reckon(sheet: DuesSheet, lines: list[queries.Line]) -> None:
    """Write each line's charge as it is reckoned now; those of a confirmed month stand."""
    new, changed = [], []
    for line in lines:
        told = {
            "kind": line.basis.kind, "base": line.basis.base, "rate": line.owed.rate, "relief": line.basis.relief,
            "amount": line.owed.amount, "confirmed": sheet.confirmed_at is not None and line.owed.amount is not None,
        }  # fmt: skip
        if line.charge is None:
            line.charge = DuesCharge(member=line.member, branch_id=sheet.branch_id, month=sheet.month, **told)
            new.append(line.charge)
        elif not line.charge.confirmed and any(
            getattr(line.charge, name) != value for name, value in told.items()
        ):
            for name, value in told.items():
                setattr(line.charge, name, value)
            changed.append(line.charge)
    if new:
        _require_one_branch(new)
        DuesCharge.objects.bulk_create(new)
    if changed:
        DuesCharge.objects.bulk_update(changed, ["kind", "base", "rate", "relief", "amount", "confirmed"])


def _require_one_branch(new: list[DuesCharge]) -> None:
    """A membership recorded afterwards may make somebody owe here who has already paid elsewhere for the month."""
    taken = (
        DuesCharge.objects.filter(member__in=[row.member_id for row in new], month=new[0].month)
        .select_related("member", "branch")
        .first()
    )
    if taken is not None:
        words = {"name": taken.member.name, "branch": taken.branch}
        detail = _("%(name)s 这个月的党费已经记在 %(branch)s。请先和那个支部核对。")
        raise Problem(409, "charged_elsewhere", detail % words)


def _receive(
    actor: Member,
    lines: list[queries.Line],
    entries: Mapping[int, Entry],
    way: str,
    received_on: date,
    everybody: bool,
) -> dict[Member, Decimal]:
    """Write the payments; who paid how much."""
    received: dict[Member, Decimal] = {}
    payments, charges = [], []
    for line in lines:
        amount = entries.get(line.member.pk, Entry()).received
        if amount is None and everybody:
            amount = line.missing
        if not amount:
            continue
        assert line.charge is not None  # noqa: S101  (just reckoned)
        payments.append(
            DuesPayment(charge=line.charge, amount=amount, way=way, received_on=received_on, by=actor)
        )
        line.charge.paid += amount
        charges.append(line.charge)
        received[line.member] = amount
    DuesPayment.objects.bulk_create(payments)
    if charges:
        DuesCharge.objects.bulk_update(charges, ["paid"])
    return received


def _confirm(actor: Member, sheet: DuesSheet, lines: list[queries.Line]) -> None:
    if sheet.confirmed_at is not None:
        raise Problem(409, "confirmed_already", _("这个月已经确认过了。"))
    unknown = [
        FieldError(
            f"/entries/{line.member.pk}/base",
            "base_missing",
            _("%(name)s 还没有基数或收入来源，算不出应交多少。") % {"name": line.member.name},
        )
        for line in lines
        if line.amount is None
    ]
    if unknown:
        raise refused(*unknown)
    sheet.confirmed_at, sheet.confirmed_by = timezone.now(), actor
    charges = [line.charge for line in lines if line.charge is not None]
    for charge in charges:
        charge.confirmed = True
    DuesCharge.objects.bulk_update(charges, ["confirmed"])


def _check_basis(
    rule_book: Book, since: date, kind: str, base: Decimal | None, agreed: Decimal | None, relief: str
) -> None:
    if kind not in Employment.values:
        raise _refused("kind", "unknown", _("请选择收入来源。"))
    if relief not in Relief.values:
        raise _refused("relief", "unknown", _("请选择是否减免。"))
    if relief == Relief.REDUCED and agreed is None:
        raise _refused("agreed", "required", _("少交多少要写明：填减免后每月交的金额。"))
    if kind in BY_BASE and base is None and not relief:
        raise _refused("base", "required", _("请填写每月收入，比如 5000.00。"))
    found = dues(rule_book, kind, on=since, monthly_base=base or Decimal(0))
    if agreed is not None and not relief and not found.least <= agreed <= found.most:
        words = {"least": found.least, "most": found.most}
        raise _refused("agreed", "outside", _("商定的金额应在 %(least)s 到 %(most)s 元之间。") % words)


def _put_bases(
    actor: Member, since: date, wanted: Mapping[int, Basis], reason: str, document: str = ""
) -> list[DuesBasis]:
    """For each member (by id) end the open period and begin one with `since`; what changes twice in a month has one
    period. As many statements for one as for fifty."""
    confirmed = DuesCharge.objects.filter(member__in=wanted, confirmed=True, month__gte=since)
    last = confirmed.order_by("-month", "-id").values_list("month", flat=True).first()
    if last is not None:
        words = {"month": f"{last:%Y-%m}"}
        detail = _("%(month)s 的党费已经确认，基数只能从它之后的月份起改。") % words
        raise _refused("since", "confirmed", detail)
    here = {
        row.member_id: row
        for row in DuesBasis.objects.select_for_update().filter(member__in=wanted, until=None).order_by("pk")
    }
    ended, kept, new = [], [], []
    for pk, basis in wanted.items():
        row = here.get(pk)
        if row is not None and since < row.since:
            words = {"month": f"{row.since:%Y-%m}"}
            detail = _("%(month)s 已经改过一次，不能在它之前。") % words
            raise _refused("since", "before_last_change", detail)
        if row is None or row.since != since:
            if row is not None:
                row.until = since
                ended.append(row)
            row = DuesBasis(member_id=pk, since=since)
            new.append(row)
        else:
            kept.append(row)
        row.kind, row.base, row.agreed, row.relief = basis.kind, basis.base, basis.agreed, basis.relief
        row.reason, row.document, row.by = reason, " ".join(document.split())[:60], actor
    DuesBasis.objects.bulk_update(ended, ["until"])
    DuesBasis.objects.bulk_update(kept, ["kind", "base", "agreed", "relief", "reason", "document", "by"])
    DuesBasis.objects.bulk_create(new)
    return [*kept, *new]


def _note(
    actor: Member, action: str, branch: Organization, detail: Mapping[str, Any], reason: str = ""
) -> None:
    record(
        action=action, actor=actor.user, object_kind="organization", object_id=branch.pk, object_name=branch.name,
        reason=reason, detail=detail,
    )  # fmt: skip


def _tell(branch: Organization, month: date, version: int, received: Mapping[Member, Decimal]) -> None:
    told = {"branch": branch.pk, "month": f"{month:%Y-%m}", "version": version}
    topics.tell(EVENT, told, branch)
    for member in received:
        outbox.record(topic=f"me:{member.user_id}", kind=EVENT, data={"month": told["month"]})


def _refused(field: str, code: str, detail: str) -> Problem:
    return refused(FieldError(f"/{field}" if field else "", code, detail))
