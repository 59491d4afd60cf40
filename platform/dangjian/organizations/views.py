"""The officer's desk: members, what may be done to them, and the audit log."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api.problems import Problem, not_found
from dangjian.audit import actions as audit_actions
from dangjian.audit.models import AuditRow
from dangjian.audit.services import record
from dangjian.identity.models import Session
from dangjian.organizations import (
    access,
    audit_words,
    member_actions,
    member_list,
    member_table,
    queries,
    services,
    sheets,
)
from dangjian.organizations.leaving.judgement import gone
from dangjian.organizations.listing import Listing, listing
from dangjian.organizations.member_list import Asked, Desk
from dangjian.organizations.models import Member
from realtime import outbox

AUDIT_ROWS_A_PAGE = 30
_LEAVING = frozenset({"restore", "take-back"})


@never_cache
@require_safe
def members(request: HttpRequest) -> HttpResponse:
    return member_list_page(request, member_list.officers(officer_of(request)))


@never_cache
@require_safe
def workbook(request: HttpRequest) -> HttpResponse:
    return member_list_table(request, member_list.officers(officer_of(request)))


@never_cache
@require_POST
def views(request: HttpRequest) -> HttpResponse:
    return member_list_views(request, member_list.officers(officer_of(request)))


@never_cache
@require_POST
def look_up(request: HttpRequest) -> HttpResponse:
    return member_list_look_up(request, member_list.officers(officer_of(request)))


@never_cache
@require_safe
def member(request: HttpRequest, pk: int) -> HttpResponse:
    """The member beside the list; only the panel when a script asks for it."""
    officer = officer_of(request)
    shown = _managed(officer, pk)
    return _with_panel(request, officer, shown)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def member_action(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """One of `member_actions` as a form in the panel; posted, done."""
    officer = officer_of(request)
    shown = _managed(officer, pk)
    chosen = member_actions.offered(officer, shown, access.standing(shown)).get(action)
    if chosen is None and action in member_actions.ACTIONS and (shown.left_on or action in _LEAVING):
        # Another officer was quicker; the panel says how things stand.
        messages.error(request, _overtaken(shown))
        return HttpResponseRedirect(_address("officer-member", request.GET, shown.pk))
    if chosen is None or not access.may_manage_member(officer, shown):
        raise Http404
    organizations = access.managed_organizations(officer)
    form = chosen.form(request.POST or None, member=shown, organizations=organizations)
    if request.method != "POST":
        return _with_panel(request, officer, shown, form=form, action=action)
    if form.is_valid():
        try:
            told = chosen.run(actor=officer, member=shown, **form.cleaned_data)
        except Problem as problem:
            if problem.status != 422:
                raise
            for error in problem.errors:
                field = error.pointer.removeprefix("/")
                form.add_error(field if field in form.fields else None, error.detail)
        else:
            if told is not None and chosen.shows:
                return _with_panel(request, officer, shown, told=(chosen.shows, told))
            if told is not None:
                return _one_time_password(request, officer, shown, told)
            messages.success(request, str(chosen.done))
            return HttpResponseRedirect(_address("officer-member", request.GET, shown.pk))
    return _with_panel(request, officer, shown, form=form, action=action, status=422)


@never_cache
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    officer = officer_of(request)
    given = request.GET
    rows = _filtered_audit(audit_words.visible_rows(officer), given)
    page = listing(
        rows,
        which=f"audit:{officer.pk}:{_query(given, *_AUDIT_PARAMETERS[:-1])}",
        by=("-at", "-id"),
        cursor=given.get("cursor", ""),
        size=AUDIT_ROWS_A_PAGE,
    )
    about = _account(officer, given)
    return render(
        request,
        "organizations/audit.html",
        {
            "heading": _("审计"),
            "rows": [(row, audit_actions.label(row.action), audit_words.about(row)) for row in page.rows],
            "pages": _pages("officer-audit", given, page, *_AUDIT_PARAMETERS),
            "actions": sorted(audit_actions.labels().items(), key=lambda pair: pair[1]),
            "given": given,
            "about": about,
            "filtered": any(given.get(name) for name in _AUDIT_PARAMETERS[:-1]),
            "whole": access.standing(officer).covers(access.standing(officer).path[0], "officer"),
        },
    )


# --- who -----------------------------------------------------------------------------------------------------------


def officer_of(request: HttpRequest) -> Member:
    """The reader, who is an officer over something.

    Raises:
        Problem: 404, the desk does not exist for anybody else.
    """
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None or not access.standing(reader).is_officer:
        raise not_found()
    return reader


def _overtaken(shown: Member) -> str:
    if shown.left_on is not None:
        return gone(shown.name, shown.left_on, shown.left_kind)
    return _("%(name)s就在名册里，不用恢复。") % {"name": shown.name}


def _managed(officer: Member, pk: int) -> Member:
    found = access.ever_managed_members(officer).select_related("user", "branch").filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


# --- the list, of the officer and of the secretary ------------------------------------------------------------------


def member_list_page(request: HttpRequest, desk: Desk) -> HttpResponse:
    return render(request, "organizations/members.html", member_list.page(desk, Asked.of(request.GET)))


def member_list_table(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The whole list under the filters of the address as a table, in its columns; taking it away is audited."""
    asked = Asked.of(request.GET)
    found = member_list.filtered(desk, asked, member_list.chosen_organization(desk, asked))
    shown = member_table.chosen(asked.columns) or member_table.columns(left=asked.left)
    with outbox.atomic():
        detail: dict[str, Any] = {"rows": found.count(), "filters": dict(asked.filters)}
        if asked.columns:
            detail["columns"] = list(asked.columns)
        record(action="members.export", actor=desk.reader.user, detail=detail)
        name = _("党员名册 %(day)s") % {"day": timezone.localdate().isoformat()}
        rows = member_table.rows(desk.reader, found.order_by("pinyin", "id"), shown)
        return sheets.answer(name, member_table.titles(shown), rows)


def member_list_views(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Keep the list as it is under ``name``, or forget the view ``forget``; then the list again."""
    given, query = request.POST, request.POST.get("query", "")
    try:
        if (pk := given.get("forget", "")).isdecimal():
            member_list.forget_view(member=desk.reader, pk=int(pk))
        else:
            member_list.keep_view(member=desk.reader, name=given.get("name", ""), query=query)
            messages.success(request, _("视图已经保存。"))
    except Problem as problem:
        messages.error(request, problem.detail)
    kept = Asked.of(QueryDict(query)).query()
    return HttpResponseRedirect(desk.url + (f"?{kept}" if kept else ""))


def member_list_look_up(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The member with the identity number that was posted, so that it stands in no address and no log."""
    number = request.POST.get("id_number", "")
    try:
        found = services.look_up_id_number(actor=desk.reader, members=desk.ever, number=number)
    except Problem as problem:
        messages.error(request, problem.detail)
        return HttpResponseRedirect(desk.url)
    if found is None:
        messages.info(request, _("你能看到的党员里，没有登记这个身份证号的。"))
        return HttpResponseRedirect(desk.url)
    if desk.opens:
        return HttpResponseRedirect(reverse("officer-member", args=[found.pk]))
    messages.success(request, _("是%(name)s。") % {"name": found.name})
    return HttpResponseRedirect(f"{desk.url}?{urlencode({'q': found.name})}")


# --- the panel -----------------------------------------------------------------------------------------------------


def _with_panel(
    request: HttpRequest,
    officer: Member,
    shown: Member,
    *,
    form: Any = None,
    action: str = "",
    told: tuple[Any, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    asked = Asked.of(request.GET)
    list_query = asked.query(cursor=asked.cursor)
    context = {
        "heading": shown.name,
        "shown": shown,
        "departure": queries.departure(shown),
        "standing": access.standing(shown),
        "sessions": Session.objects.valid().filter(user=shown.user_id).count(),
        "manageable": access.may_manage_member(officer, shown),
        "actions": member_actions.offered(officer, shown, access.standing(shown)),
        "action": member_actions.ACTIONS.get(action),
        "action_key": action,
        "form": form,
        "told": told,
        "history": [
            (row, audit_actions.label(row.action), audit_words.about(row))
            for row in AuditRow.objects.filter(object_kind="user", object_id=shown.user_id).order_by(
                "-at", "-id"
            )[:5]
        ],
        "list_query": list_query,
        "list_address": _address("officer-members", request.GET),
        "open": shown.pk,
    }
    htmx = request.htmx  # type: ignore[attr-defined]
    if htmx and not htmx.history_restore_request:
        return render(request, "organizations/panel.html", context, status=status)
    found = member_list.page(member_list.officers(officer), asked)
    return render(request, "organizations/members.html", found | context, status=status)


def _one_time_password(request: HttpRequest, officer: Member, shown: Member, password: str) -> HttpResponse:
    context = {
        "heading": _("一次性密码"),
        "shown": shown,
        "password": password,
        "back": _address("officer-member", request.GET, shown.pk),
        "address": f"{request.scheme}://{request.get_host()}/",
        "ask": officer.name,
    }
    return render(request, "organizations/one_time_password.html", context)


# --- the log -------------------------------------------------------------------------------------------------------

_AUDIT_PARAMETERS = ("action", "who", "user", "from", "to", "cursor")


def _filtered_audit(rows: QuerySet[AuditRow], given: QueryDict) -> QuerySet[AuditRow]:
    if action := _text(given, "action"):
        rows = rows.filter(action=action)
    if who := _text(given, "who"):
        rows = rows.filter(Q(actor_name__contains=who) | Q(object_name__contains=who))
    if (user := given.get("user", "")).isdecimal():
        rows = rows.filter(Q(actor_id=user) | Q(object_kind="user", object_id=user))
    if start := _day(given.get("from", "")):
        rows = rows.filter(at__gte=start)
    if end := _day(given.get("to", "")):
        rows = rows.filter(at__lt=end + timedelta(days=1))
    return rows


def _text(given: QueryDict, name: str) -> str:
    """What was typed, fit for a query: PostgreSQL takes no NUL."""
    return given.get(name, "").replace("\0", "").strip()[:60]


def _day(text: str) -> datetime | None:
    """Midnight in Asia/Shanghai of a date typed in the address; None for none and for what is no date."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


def _account(officer: Member, given: QueryDict) -> Member | None:
    user = given.get("user", "")
    return access.ever_managed_members(officer).filter(user__pk=user).first() if user.isdecimal() else None


# --- addresses -----------------------------------------------------------------------------------------------------


def _query(given: QueryDict, *names: str, **more: str) -> str:
    """The named parameters that are given, as a query string in that order."""
    kept = {name: given.get(name, "") for name in names} | more
    return urlencode({name: value for name, value in kept.items() if value})


def _address(name: str, given: QueryDict, *arguments: int) -> str:
    asked = Asked.of(given)
    query = asked.query(cursor=asked.cursor)
    return reverse(name, args=arguments) + (f"?{query}" if query else "")


def _pages(name: str, given: QueryDict, page: Listing[Any], *parameters: str) -> dict[str, str]:
    """Addresses of the page before, the page after and the first one, where there are such."""
    filters = [parameter for parameter in parameters if parameter != "cursor"]

    def to(cursor: str) -> str:
        query = _query(given, *filters, cursor=cursor)
        return reverse(name) + (f"?{query}" if query else "")

    addresses = {}
    if page.previous:
        addresses = {"first": to(""), "previous": to(page.previous)}
    if page.next:
        addresses["next"] = to(page.next)
    return addresses
