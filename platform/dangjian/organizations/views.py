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
from django.views.decorators.http import require_http_methods, require_safe

from dangjian.api.problems import Problem, not_found
from dangjian.audit import actions as audit_actions
from dangjian.audit.models import AuditRow
from dangjian.audit.services import record
from dangjian.identity.models import Session
from dangjian.organizations import access, audit_words, member_actions, member_table, queries, sheets
from dangjian.organizations.listing import Listing, listing
from dangjian.organizations.models import Member, Organization
from realtime import outbox

MEMBERS_A_PAGE = 20
AUDIT_ROWS_A_PAGE = 30
STATES = {
    "never": Q(user__first_signed_in_at=None, user__is_active=True),
    "inactive": Q(user__is_active=False),
    "probationary": Q(status="probationary"),
}
_FILTERS = ("q", "organization", "state", *member_table.NAMES)
_LIST_PARAMETERS = (*_FILTERS, "cursor")


@never_cache
@require_safe
def members(request: HttpRequest) -> HttpResponse:
    return render(request, "organizations/members.html", _member_list(officer_of(request), request.GET))


@never_cache
@require_safe
def workbook(request: HttpRequest) -> HttpResponse:
    """The whole list under the filters of the address as a table; taking it away stands in the audit log."""
    officer = officer_of(request)
    given = request.GET
    _organizations, _chosen_one, within = _within(officer, given)
    found = _filtered_members(within, given).order_by("pinyin", "id")
    with outbox.atomic():
        number = found.count()
        asked = {name: given[name] for name in _FILTERS if given.get(name)}
        record(action="members.export", actor=officer.user, detail={"rows": number, "filters": asked})
        name = _("党员名册 %(day)s") % {"day": timezone.localdate().isoformat()}
        return sheets.answer(name, member_table.titles(), member_table.rows(officer, found))


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


def _managed(officer: Member, pk: int) -> Member:
    found = access.managed_members(officer).select_related("user", "branch").filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


# --- the list ------------------------------------------------------------------------------------------------------


def _member_list(officer: Member, given: QueryDict) -> dict[str, Any]:
    """Context of the list under the filters in the address."""
    organizations, chosen, within = _within(officer, given)
    found = _filtered_members(within, given)
    counts = queries.counts(within)
    page = listing(
        found.select_related("user", "branch").prefetch_related(
            "posts_held__organization", "offices__organization"
        ),
        which=f"officer-members:{officer.pk}:{_query(given, *_FILTERS)}",
        by=("pinyin", "id"),
        cursor=given.get("cursor", ""),
        size=MEMBERS_A_PAGE,
    )
    return {
        "heading": _("党员"),
        "counts": counts,
        "rows": page.rows,
        "pages": _pages("officer-members", given, page, *_LIST_PARAMETERS),
        "organizations": [
            (each.pk, "　" * (each.depth - organizations[0].depth) + str(each), each == chosen)
            for each in organizations
        ],
        "chosen": chosen,
        "given": given,
        "chips": _chips(given, counts),
        "filters": [(each, given.get(each.name, "")) for each in member_table.filters()],
        "filtered": any(given.get(name) for name in member_table.NAMES),
        "fitting": found.count()
        if any(given.get(name) for name in _FILTERS if name != "organization")
        else None,
        "download": reverse("officer-members-xlsx") + f"?{_query(given, *_FILTERS)}",
        "list_query": _query(given, *_LIST_PARAMETERS),
    }


def _within(
    officer: Member, given: QueryDict
) -> tuple[list[Organization], Organization | None, QuerySet[Member]]:
    """What the officer looks after, the one organisation of it that was chosen, and the members there."""
    everyone = access.managed_members(officer)
    organizations = list(access.managed_organizations(officer))
    chosen = _chosen(organizations, given.get("organization", ""))
    return (
        organizations,
        chosen,
        everyone.filter(branch__path__startswith=chosen.path) if chosen else everyone,
    )


def _filtered_members(members: QuerySet[Member], given: QueryDict) -> QuerySet[Member]:
    found = queries.named(members, given.get("q", "")[:50])
    if (state := given.get("state", "")) in STATES:
        found = found.filter(STATES[state])
    return member_table.filtered(found, given, timezone.localdate())


def _chosen(organizations: list[Organization], pk: str) -> Organization | None:
    if not pk:
        return None
    for each in organizations:
        if str(each.pk) == pk:
            return each
    raise not_found()


def _chips(given: QueryDict, counts: queries.MemberCounts) -> list[dict[str, Any]]:
    """The states to choose from, each with the address of the list in it and how many there are."""
    found = [
        ("", _("全部"), counts.all),
        ("never", _("还没登录过"), counts.never_signed_in),
        ("probationary", _("预备"), counts.probationary),
        ("inactive", _("已停用"), counts.inactive),
    ]
    chosen = given.get("state", "") if given.get("state") in STATES else ""
    others = [name for name in _FILTERS if name != "state"]
    return [
        {
            "url": f"{reverse('officer-members')}?{_query(given, *others, state=state)}",
            "label": label,
            "count": count,
            "current": state == chosen,
        }
        for state, label, count in found
    ]


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
    given = request.GET
    list_query = _query(given, *_LIST_PARAMETERS)
    context = {
        "heading": shown.name,
        "shown": shown,
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
        "list_address": _address("officer-members", given),
        "open": shown.pk,
    }
    htmx = request.htmx  # type: ignore[attr-defined]
    if htmx and not htmx.history_restore_request:
        return render(request, "organizations/panel.html", context, status=status)
    return render(
        request, "organizations/members.html", _member_list(officer, given) | context, status=status
    )


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
    return access.managed_members(officer).filter(user__pk=user).first() if user.isdecimal() else None


# --- addresses -----------------------------------------------------------------------------------------------------


def _query(given: QueryDict, *names: str, **more: str) -> str:
    """The named parameters that are given, as a query string in that order."""
    kept = {name: given.get(name, "") for name in names} | more
    return urlencode({name: value for name, value in kept.items() if value})


def _address(name: str, given: QueryDict, *arguments: int) -> str:
    query = _query(given, *_LIST_PARAMETERS)
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
