"""组织关系转接: the secretary's list and the officer's, one transfer, its letter on paper."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api.problems import Problem, not_found
from dangjian.organizations import access as tree_access
from dangjian.organizations import queries as people
from dangjian.organizations import topics
from dangjian.organizations.dues import queries as dues
from dangjian.organizations.listing import listing
from dangjian.organizations.models import Member, Organization, OrganizationKind
from dangjian.organizations.transfers import access, forms, judgement, queries, services
from dangjian.organizations.transfers.models import Transfer, TransferAct
from dangjian.organizations.views import officer_of
from realtime import outbox

A_PAGE: Final = 30
CANDIDATES: Final = 20
_FORMS: Final[dict[str, Any]] = {
    TransferAct.ACCEPT: forms.AcceptForm,
    TransferAct.RETURN: forms.ReturnForm,
    TransferAct.WITHDRAW: forms.WithdrawForm,
}
_RUN: Final[dict[str, Any]] = {
    TransferAct.ACCEPT: services.accept,
    TransferAct.RETURN: services.send_back,
    TransferAct.WITHDRAW: services.withdraw,
}
_LIST_PARAMETERS: Final = ("show", "way", "q", "organization", "cursor")


@never_cache
@require_safe
def of_branch(request: HttpRequest) -> HttpResponse:
    """In and out of what the reader is secretary of."""
    reader = _reader(request)
    if not access.answers_for(reader):
        raise not_found()
    context = _list(reader, request.GET, "transfers", within=None)
    context |= {"frame": "organizations/transfers/frame.html", "back": "/branch/"}
    return render(request, "organizations/transfers/list.html", context)


@never_cache
@require_safe
def of_district(request: HttpRequest) -> HttpResponse:
    """The officer's list: everything below, by organisation, state and name."""
    officer = officer_of(request)
    organizations = list(tree_access.managed_organizations(officer))
    chosen = _chosen(organizations, request.GET.get("organization", ""))
    context = _list(officer, request.GET, "officer-transfers", within=chosen)
    context |= {
        "frame": "organizations/desk.html",
        "organizations": [
            (each.pk, "　" * (each.depth - organizations[0].depth) + str(each), each == chosen)
            for each in organizations
        ],
    }
    return render(request, "organizations/transfers/list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Propose one: a secretary chooses in the own branch, an officer looks for the member first."""
    actor = _reader(request)
    if not access.may_propose_somebody(actor):
        raise not_found()
    offered = access.proposable(actor).select_related("branch").order_by("pinyin", "id")
    asked = (request.POST if request.method == "POST" else request.GET).get("member", "")
    chosen = offered.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else None
    own = tree_access.standing(actor).secretary_of
    if chosen is None and (request.GET.get("q") or own is None):
        return _find_member(request, offered)
    branch = chosen.branch if chosen else own
    form = forms.ProposeForm(
        request.POST or None,
        actor=actor,
        members=offered.filter(branch=branch),
        initial={"member": chosen.pk, "dues_until": dues.paid_until(chosen)} if chosen else {},
    )
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                made = services.propose(actor=actor, **form.cleaned_data)
            except Problem as problem:
                _put(form, problem)
            else:
                messages.success(request, _("已提出转接，等接收支部答复。"))
                return HttpResponseRedirect(reverse("transfer", args=[made.pk]))
        status = 422
    context = {"heading": _("提出转接"), "form": form, "branch": branch}
    return render(request, "organizations/transfers/new.html", context, status=status)


@never_cache
@require_safe
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    reader = _reader(request)
    live = outbox.heads(topics.followed(reader))
    return _page(request, reader, _transfer(reader, pk), live=live)


@never_cache
@require_POST
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Accept, return or withdraw; what was refused is told where it was asked."""
    reader = _reader(request)
    shown = _transfer(reader, pk)
    if act not in _RUN:
        raise not_found()
    form = _FORMS[act](request.POST, prefix=act)
    status = 422
    if form.is_valid():
        try:
            _RUN[act](actor=reader, transfer=shown, **form.cleaned_data)
        except Problem as problem:
            if problem.status not in {409, 422}:
                raise
            _put(form, problem)
            status, shown = problem.status, _transfer(reader, pk)
        else:
            messages.success(request, _DONE[act]())
            return HttpResponseRedirect(reverse("transfer", args=[pk]))
    live = outbox.heads(topics.followed(reader))
    return _page(request, reader, shown, live=live, refused={act: form}, status=status)


@never_cache
@require_safe
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter in its three parts, on A4."""
    reader = _reader(request)
    shown = _transfer(reader, pk)
    if not access.may_print(reader, shown):
        raise not_found()
    born = shown.member.born_on
    # A general branch in between is no 基层党委; without one above, whoever stands directly above answers.
    over = Organization.objects.filter(path__in=shown.leaving.path_prefixes()[:-1]).order_by("-depth")
    above = over.filter(kind=OrganizationKind.COMMITTEE).first() or over.first()
    context = {
        "heading": _("组织关系介绍信"),
        "shown": shown,
        "age": _full_years(born, shown.proposed_on) if born else None,
        "above": above,
        "valid_days": (shown.valid_until - shown.proposed_on).days,
    }
    return render(request, "organizations/transfers/letter.html", context)


# --- parts -----------------------------------------------------------------------------------------------------------

_DONE: Final[dict[str, Any]] = {
    TransferAct.ACCEPT: lambda: _("已接收，从那天起编入本支部。"),
    TransferAct.RETURN: lambda: _("已退回，转出支部会看到原因。"),
    TransferAct.WITHDRAW: lambda: _("已撤回，党员仍在原支部。"),
}


def _reader(request: HttpRequest) -> Member:
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None:
        raise not_found()
    return reader


def _transfer(reader: Member, pk: int) -> Transfer:
    found = (
        access.visible(reader)
        .select_related("member__user", "member__branch", "leaving", "receiving")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise not_found()
    return found


def _page(
    request: HttpRequest,
    reader: Member,
    shown: Transfer,
    *,
    live: list[dict[str, Any]],
    refused: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The transfer with the forms of what the reader may do to it now; a refused one with what was filled in."""
    refused = refused or {}
    open_now = shown.state == judgement.PROPOSED
    able = [name for name in _RUN if open_now and access.may_act(reader, shown, name)]
    context = {
        "heading": _("组织关系转接"),
        "shown": shown,
        "clock": _clock(shown),
        "own": shown.member_id == reader.pk,
        "steps": list(shown.steps.select_related("by").order_by("at", "id")),
        "acts": {name: refused.get(name) or _FORMS[name](prefix=name) for name in able},
        "told": [form for name, form in refused.items() if name not in able],
        "printable": access.may_print(reader, shown),
        "waits_for": shown.receiving if open_now and TransferAct.ACCEPT not in able else None,
        "live": live,
        "back": _back(reader),
    }
    return render(request, "organizations/transfers/transfer.html", context, status=status)


def _back(reader: Member) -> str:
    if tree_access.standing(reader).is_officer:
        return reverse("officer-transfers")
    return reverse("transfers") if access.answers_for(reader) else reverse("me")


def _clock(shown: Transfer) -> str:
    return judgement.clock(
        shown.state,
        answer_by=shown.answer_by,
        valid_until=shown.valid_until,
        today=timezone.localdate(),
    )


def _list(reader: Member, given: QueryDict, name: str, *, within: Organization | None) -> dict[str, Any]:
    today = timezone.localdate()
    live = outbox.heads(topics.followed(reader))
    way = given.get("way", "") if given.get("way") in {"in", "out"} else ""
    found = queries.listed(reader, within=within, direction=way, text=given.get("q", "")[:50])
    counts = queries.counts(found, today)
    show = given.get("show", "") if given.get("show") in queries.FILTERS else ""
    if show:
        found = found.filter(queries.condition(show, today))
    page = listing(
        found,
        which=f"{name}:{reader.pk}:{_query(given, *_LIST_PARAMETERS[:-1])}",
        by=("-created_at", "-id"),
        cursor=given.get("cursor", ""),
        size=A_PAGE,
    )
    pages = {"previous": page.previous, "next": page.next}
    return {
        "heading": _("组织关系转接"),
        "address": reverse(name),
        "rows": [(row, _clock(row), _way(reader, row)) for row in page.rows],
        "total": counts["all"],
        "chips": _chips(given, counts, show),
        "ways": [
            (value, label, value == way)
            for value, label in (("", _("转入转出")), ("in", _("转入")), ("out", _("转出")))
        ],
        "pages": {
            key: f"?{_query(given, *_LIST_PARAMETERS[:-1], cursor=cursor)}"
            for key, cursor in pages.items()
            if cursor
        },
        "given": given,
        "filtered": any(given.get(each) for each in _LIST_PARAMETERS[:-1]),
        "may_propose": access.may_propose_somebody(reader),
        "live": live,
    }


def _way(reader: Member, row: Transfer) -> str:
    """Into or out of what the reader answers for; empty when both ends are theirs."""
    paths = access.answers_for(reader)
    ends = (row.leaving.path.startswith(paths), row.receiving.path.startswith(paths))
    return {(True, False): "out", (False, True): "in"}.get(ends, "")


def _chips(given: QueryDict, counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    labels = (
        ("", _("全部"), counts["all"]),
        ("open", _("待接收"), counts["open"]),
        ("late", _("超期"), counts["late"]),
        (judgement.ACCEPTED, _("已接收"), counts[judgement.ACCEPTED]),
        (judgement.RETURNED, _("已退回"), counts[judgement.RETURNED]),
        (judgement.WITHDRAWN, _("已撤回"), counts[judgement.WITHDRAWN]),
    )
    return [
        {
            "url": f"?{_query(given, 'way', 'q', 'organization', show=value)}",
            "label": label,
            "count": count,
            "current": value == chosen,
        }
        for value, label, count in labels
    ]


def _find_member(request: HttpRequest, offered: Any) -> HttpResponse:
    text = request.GET.get("q", "")[:50]
    found = list(people.named(offered, text)[: CANDIDATES + 1]) if text.strip() else []
    context = {
        "heading": _("提出转接"),
        "text": text,
        "found": found[:CANDIDATES],
        "more": len(found) > CANDIDATES,
    }
    return render(request, "organizations/transfers/find.html", context)


def _chosen(organizations: list[Organization], pk: str) -> Organization | None:
    if not pk:
        return None
    for each in organizations:
        if str(each.pk) == pk:
            return each
    raise not_found()


def _put(form: Any, problem: Problem) -> None:
    """Show a service's refusal beside the field it names, or above the form."""
    if problem.status not in {409, 422}:
        raise problem
    for error in problem.errors:
        field = error.pointer.removeprefix("/")
        form.add_error(field if field in form.fields else None, error.detail)
    if not problem.errors:
        form.add_error(None, problem.detail)


def _query(given: QueryDict, *names: str, **more: str) -> str:
    kept = {name: given.get(name, "") for name in names} | more
    return urlencode({name: value for name, value in kept.items() if value})


def _full_years(since: Any, day: Any) -> int:
    return int(day.year - since.year - ((day.month, day.day) < (since.month, since.day)))
