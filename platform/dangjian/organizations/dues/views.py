"""党费: a branch's year, a month's sheet, what a member's dues follow from, totals for officers, one's own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api.problems import Problem, not_found
from dangjian.organizations import sheets, topics
from dangjian.organizations.dues import access, forms, judgement, queries, services
from dangjian.organizations.dues.models import DuesBasis, DuesPayment, DuesSheet, Relief, Way
from dangjian.organizations.dues.services import Entry
from dangjian.organizations.models import Employment, Member, Organization, OrganizationKind
from dangjian.organizations.views import officer_of
from dangjian.rules.dues import BY_BASE
from dangjian.rules.months import add_months
from realtime import outbox

_FRAME: Final = "organizations/transfers/frame.html"


@never_cache
@require_safe
def own_branch(request: HttpRequest) -> HttpResponse:
    """To the year of the branch whose dues the reader keeps; an officer's own branch may be kept by others."""
    reader = _reader(request)
    branch = access.kept_by(reader)
    if branch is not None:
        return HttpResponseRedirect(reverse("dues-branch", args=[branch.pk]))
    officer_of(request)
    return HttpResponseRedirect(reverse("officer-dues"))


@never_cache
@require_safe
def of_branch(request: HttpRequest, branch: int) -> HttpResponse:
    """The months of a year: which are confirmed, what is missing; and whom to talk with."""
    reader, shown = _kept(request, branch)
    today = timezone.localdate()
    year = _year(request, today)
    live = outbox.heads(topics.followed(reader))
    found = queries.year_of(shown, year)
    rules = services.rules()
    missing: dict[Member, list[Any]] = {}
    for charge in queries.arrears(shown):
        missing.setdefault(charge.member, []).append(charge)
    context = {
        "heading": _("党费"),
        "frame": _FRAME,
        "back": "/branch/",
        "branch": shown,
        "year": year,
        "years": _years(today),
        "months": [
            (month, *found.get(month, (None, None))) for month in reversed(judgement.year_months(year, today))
        ],
        "this": today.replace(day=1),
        "arrears": [
            (
                member,
                charges,
                sum((each.amount - each.paid for each in charges), Decimal(0)),
                any(judgement.is_overdue(rules, each.month, today) for each in charges),
            )
            for member, charges in missing.items()
        ],
        "rule": rules.nearest("dues.arrears", on=today),
        "live": live,
    }
    return render(request, "organizations/dues/branch.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest, branch: int, month: date) -> HttpResponse:
    """The month on one screen: everybody's base and due, and what was received."""
    reader, shown = _kept(request, branch)
    _check_month(month)
    if request.method != "POST":
        return _sheet(request, reader, shown, month)
    given = request.POST
    entries, errors = _entries(given)
    status = 422
    if not errors:
        try:
            services.enter(
                actor=reader,
                branch=shown,
                month=month,
                version=int(given["version"]) if given.get("version", "").isdecimal() else 0,
                entries=entries,
                way=given.get("way", ""),
                received_on=_day(given.get("received_on", "")),
                everybody_paid="everybody" in given,
                confirm="confirm" in given,
            )
        except Problem as problem:
            if problem.status not in {409, 422}:
                raise
            status = problem.status
            errors = {error.pointer: error.detail for error in problem.errors} or {"": problem.detail}
        else:
            told = _("这个月已确认。") if "confirm" in given else _("已记账。")
            messages.success(request, told)
            return HttpResponseRedirect(reverse("dues-sheet", args=[shown.pk, month]))
    return _sheet(request, reader, shown, month, given=given, errors=errors, status=status)


@never_cache
@require_safe
def sheet_table(request: HttpRequest, branch: int, month: date) -> HttpResponse:
    """The sheet for Excel and WPS: amounts as numbers, what identifies somebody as text."""
    _keeper, shown = _kept(request, branch)
    _check_month(month)
    lines = queries.lines(services.rules(), shown, month)
    sums = queries.summed(lines)
    titles = [
        _("序号"),
        _("姓名"),
        _("身份证号"),
        _("人员类别"),
        _("收入来源"),
        _("计算基数"),
        _("比例（%）"),
        _("应交"),
        _("实交"),
        _("未交"),
    ]
    rows = [
        [
            number, line.member.name, line.member.masked_id_number, line.member.get_status_display(),
            _kind(line), line.basis.base, line.owed.rate * 100 if line.owed.rate is not None else None,
            line.amount, line.paid, line.missing,
        ]
        for number, line in enumerate(lines, start=1)
    ]  # fmt: skip
    rows.append([None, _("合计"), "", "", "", None, None, sums.due, sums.paid, sums.missing])
    return sheets.answer(f"{shown} {month:%Y-%m} {_('党费')}", titles, rows)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, pk: int) -> HttpResponse:
    """A member's ledger and what their dues follow from, for who keeps the branch's dues."""
    reader = _reader(request)
    shown = Member.ever.select_related("branch", "user").filter(pk=pk).first()
    if shown is None or not access.keeps(reader, shown.branch):
        raise not_found()
    today = timezone.localdate()
    now = queries.bases_of([shown.pk], today.replace(day=1)).get(shown.pk)
    form = forms.BasisForm(
        request.POST or None,
        initial={
            "since": judgement.next_month(today.replace(day=1)),
            "kind": now.kind if now else shown.employment,
            "base": now.base if now else None,
            "relief": now.relief if now else "",
            "agreed": now.agreed if now else None,
        },
    )
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                services.set_basis(actor=reader, member=shown, **form.cleaned_data)
            except Problem as problem:
                if problem.status not in {409, 422}:
                    raise
                for error in problem.errors:
                    field = error.pointer.removeprefix("/")
                    form.add_error(field if field in form.fields else None, error.detail)
                if not problem.errors:
                    form.add_error(None, problem.detail)
            else:
                messages.success(request, _("已记下，从那个月起按新的算。"))
                return HttpResponseRedirect(reverse("dues-member", args=[shown.pk]))
        status = 422
    context = _ledger(request, shown) | {
        "form": form,
        "keeps": True,
        "back": reverse("dues-branch", args=[shown.branch_id]),
        "heading": _("%(name)s 的党费") % {"name": shown.name},
    }
    return render(request, "organizations/dues/member.html", context, status=status)


@never_cache
@require_POST
def reverse_payment(request: HttpRequest, pk: int) -> HttpResponse:
    reader = _reader(request)
    found = DuesPayment.objects.select_related("charge__branch", "charge__member").filter(pk=pk).first()
    if found is None or not access.keeps(reader, found.charge.branch):
        raise not_found()
    try:
        services.reverse(actor=reader, payment=found, reason=request.POST.get("reason", ""))
    except Problem as problem:
        if problem.status not in {409, 422}:
            raise
        messages.error(request, problem.detail)
    else:
        messages.success(request, _("已冲正，原来的记录保留。"))
    if access.keeps(reader, found.charge.member.branch):
        return HttpResponseRedirect(
            f"{reverse('dues-member', args=[found.charge.member_id])}?year={found.charge.month.year}"
        )
    return HttpResponseRedirect(reverse("dues-branch", args=[found.charge.branch_id]))


@never_cache
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    reader = _reader(request)
    context = _ledger(request, reader) | {"keeps": False, "back": "/me/", "heading": _("我的党费")}
    return render(request, "organizations/dues/member.html", context)


@never_cache
@require_safe
def of_district(request: HttpRequest) -> HttpResponse:
    """Totals of a month or a year, each organisation with what is below it."""
    officer = officer_of(request)
    today = timezone.localdate()
    first, last, label = _span(request, today)
    live = outbox.heads(topics.followed(officer))
    rows = queries.of_officer(officer, first, last)
    context = {
        "heading": _("党费"),
        "rows": rows,
        "sums": rows[0]["sums"] if rows else queries.Sums(),
        "confirmed": rows[0]["confirmed"] if rows else 0,
        "expected": rows[0]["expected"] if rows else 0,
        "chosen": label,
        "months": [f"{month:%Y-%m}" for month in _latest(today)],
        "years": _years(today),
        "one_month": first == last,
        "month": first,
        "live": live,
    }
    return render(request, "organizations/dues/district.html", context)


@never_cache
@require_safe
def district_table(request: HttpRequest) -> HttpResponse:
    officer = officer_of(request)
    first, last, label = _span(request, timezone.localdate())
    titles = [
        _("组织"),
        _("组织类型"),
        _("应交人次"),
        _("应交"),
        _("实交"),
        _("未交"),
        _("已确认"),
        _("应确认"),
    ]
    kinds = dict(OrganizationKind.choices)
    rows = [
        [
            "　" * (row["depth"] - 1) + row["node"].name, str(kinds[row["node"].kind]), row["sums"].members,
            row["sums"].due, row["sums"].paid, row["sums"].missing, row["confirmed"], row["expected"],
        ]
        for row in queries.of_officer(officer, first, last)
    ]  # fmt: skip
    return sheets.answer(f"{_('党费')} {label}", titles, rows)


# --- parts -----------------------------------------------------------------------------------------------------------


def _reader(request: HttpRequest) -> Member:
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None:
        raise not_found()
    return reader


def _kept(request: HttpRequest, pk: int) -> tuple[Member, Organization]:
    reader = _reader(request)
    found = Organization.objects.filter(pk=pk, kind=OrganizationKind.BRANCH).first()
    if found is None or not access.keeps(reader, found):
        raise not_found()
    return reader, found


def _check_month(month: date) -> None:
    first, last = judgement.open_months(timezone.localdate())
    if not first <= month <= last:
        raise not_found()


def _sheet(
    request: HttpRequest,
    reader: Member,
    branch: Organization,
    month: date,
    *,
    given: QueryDict | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The sheet as it now is; with what was typed into a refused one, and why."""
    live = outbox.heads(topics.followed(reader))
    errors = errors or {}
    kept = DuesSheet.objects.select_related("confirmed_by").filter(branch=branch, month=month).first()
    lines = queries.lines(services.rules(), branch, month)
    first, last = judgement.open_months(timezone.localdate())
    rows = [_row(line, given, errors) for line in lines]
    told = [text for pointer, text in errors.items() if not pointer.startswith("/entries/")]
    context = {
        "heading": _("%(year)s 年 %(month)s 月党费") % {"year": month.year, "month": month.month},
        "branch": branch,
        "month": month,
        "sheet": kept,
        "confirmed": kept is not None and kept.confirmed_at is not None,
        "version": kept.version if kept else 0,
        "rows": rows,
        "sums": queries.summed(lines),
        "told": told,
        "faulty": sum(bool(row["fault"]) for row in rows),
        "ways": Way.choices,
        "way": given.get("way") if given else Way.CASH,
        "received_on": given.get("received_on") if given else timezone.localdate().isoformat(),
        "before": add_months(month, -1) if month > first else None,
        "after": judgement.next_month(month) if month < last else None,
        "back": reverse("dues-branch", args=[branch.pk]),
        "live": live,
    }
    return render(request, "organizations/dues/sheet.html", context, status=status)


def _row(line: queries.Line, given: QueryDict | None, errors: dict[str, str]) -> dict[str, Any]:
    pk = line.member.pk
    confirmed = line.charge is not None and line.charge.confirmed
    base = f"{line.basis.base:.2f}" if line.basis.base is not None else ""
    return {
        "line": line,
        "member": line.member,
        "kind": _kind(line),
        "by_base": line.basis.kind in BY_BASE and not confirmed and not line.basis.relief,
        "percent": f"{(line.owed.rate * 100).normalize():f} %" if line.owed.rate is not None else "",
        "base": given.get(f"base-{pk}", base) if given else base,
        "paid": given.get(f"paid-{pk}", "") if given else "",
        "fault": errors.get(f"/entries/{pk}/base") or errors.get(f"/entries/{pk}/received") or "",
    }


def _kind(line: queries.Line) -> str:
    if line.basis.relief:
        return str(Relief(line.basis.relief).label)
    return str(dict(Employment.choices).get(line.basis.kind, "")) or _("没有登记")


def _entries(given: QueryDict) -> tuple[dict[int, Entry], dict[str, str]]:
    """What the sheet's fields say, and what of it is no amount, by the pointers of the API."""
    found: dict[int, dict[str, Decimal | None]] = {}
    errors: dict[str, str] = {}
    for name, text in given.items():
        field, _dash, pk = str(name).partition("-")
        if field not in {"base", "paid"} or not pk.isdecimal() or len(pk) > 18:
            continue
        wanted = "base" if field == "base" else "received"
        try:
            found.setdefault(int(pk), {})[wanted] = judgement.amount_of(str(text))
        except ValueError:
            errors[f"/entries/{int(pk)}/{wanted}"] = str(forms.NO_AMOUNT)
    return {pk: Entry(**values) for pk, values in found.items()}, errors


def _ledger(request: HttpRequest, shown: Member) -> dict[str, Any]:
    today = timezone.localdate()
    year = _year(request, today)
    charges = queries.of_member(shown, year)
    rules = services.rules()
    return {
        "frame": _FRAME if request.path.startswith("/branch/") else "personal/frame.html",
        "shown": shown,
        "year": year,
        "years": _years(today),
        "charges": charges,
        "due": sum((each.amount or queries.ZERO for each in charges), queries.ZERO),
        "paid": sum((each.paid for each in charges), queries.ZERO),
        "open": [
            (each, judgement.is_overdue(rules, each.month, today))
            for each in charges
            if each.confirmed and each.amount is not None and each.paid < each.amount
        ],
        "rule": rules.nearest("dues.arrears", on=today),
        "bases": list(DuesBasis.objects.filter(member=shown).select_related("by").order_by("-since", "-id")),
        "kinds": dict(Employment.choices),
    }


def _span(request: HttpRequest, today: date) -> tuple[date, date, str]:
    """The month or the year asked for (``2026-11``, ``2026``), this month without a sensible one."""
    text = request.GET.get("span", "")
    if text in {str(year) for year in _years(today)}:
        months = judgement.year_months(int(text), today)
        return months[0], months[-1], text
    try:
        month = judgement.month_of(text)
    except ValueError:
        month = today.replace(day=1)
    first, last = judgement.open_months(today)
    month = min(max(month, first), last)
    return month, month, f"{month:%Y-%m}"


def _latest(today: date) -> list[date]:
    this = today.replace(day=1)
    return [add_months(this, -number) for number in range(12)]


def _years(today: date) -> list[int]:
    first, last = judgement.open_months(today)
    return list(range(last.year, first.year - 1, -1))


def _year(request: HttpRequest, today: date) -> int:
    text = request.GET.get("year", "")
    return int(text) if text in {str(year) for year in _years(today)} else today.year


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
