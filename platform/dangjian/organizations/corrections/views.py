"""更正申请: the member's own page, and the list of whoever settles them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api.problems import Problem, not_found
from dangjian.organizations import access, topics
from dangjian.organizations.corrections import services
from dangjian.organizations.corrections.models import CorrectedField, Correction, CorrectionState
from dangjian.organizations.models import Member
from realtime import outbox

KEPT_IN_SIGHT = 30


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """What the register says of the reader, with a form for each field; posted, a request."""
    member = _reader(request)
    errors: dict[str, str] = {}
    given = request.POST
    if request.method == "POST":
        try:
            services.ask(
                member=member, field=given.get("field", ""), wanted=given.get("wanted", ""),
                reason=given.get("reason", ""),
            )  # fmt: skip
        except Problem as problem:
            if problem.status != 422:
                raise
            errors = {error.pointer.removeprefix("/"): error.detail for error in problem.errors}
        else:
            messages.success(request, _("已经交给支部书记。有了答复，这里会马上显示。"))
            return HttpResponseRedirect(reverse("my-corrections"))
    asked = list(
        Correction.objects.select_related("settled_by")
        .filter(member=member)
        .order_by("-created_at", "-id")[:KEPT_IN_SIGHT]
    )
    waiting = {one.field for one in asked if one.state == CorrectionState.OPEN}
    context = {
        "heading": _("更正我的资料"),
        "back": "/me/",
        "fields": [
            {
                "name": field,
                "label": label,
                "now": services.shown(field, services.written(member, field)),
                "choices": services.choices(field),
                "kind": {"born_on": "date", "phone": "tel"}.get(field, "text"),
                "waits": field in waiting,
                "open": bool(errors) and given.get("field") == field,
            }
            for field, label in CorrectedField.choices
        ],
        "given": given,
        "errors": errors,
        "rows": [_row(one) for one in asked],
    }
    return render(request, "organizations/corrections/own.html", context, status=422 if errors else 200)


@never_cache
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    member = _reader(request)
    shown = Correction.objects.filter(pk=pk, member=member).first()
    if shown is None:
        raise not_found()
    _run(request, lambda: services.withdraw(member=member, correction=shown), _("申请已经撤回。"))
    return HttpResponseRedirect(reverse("my-corrections"))


@never_cache
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """The open requests of the branch, or of everything below an office."""
    reader = _reader(request)
    if not may_settle(reader):
        raise not_found()
    live = outbox.heads(topics.followed(reader))
    rows = services.settleable(reader).select_related("member__user", "member__branch")
    officer = access.standing(reader).is_officer
    context = {
        "heading": _("资料更正申请"),
        "frame": "organizations/desk.html" if officer else "organizations/transfers/frame.html",
        "back": "/branch/",
        "rows": [_row(one) for one in rows.order_by("created_at", "id")[:200]],
        "live": live,
        "names_branches": officer,
    }
    return render(request, "organizations/corrections/waiting.html", context)


@never_cache
@require_POST
def settle(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    reader = _reader(request)
    shown = _of_ones_care(reader, pk)
    if act == "accept":
        _run(request, lambda: services.accept(actor=reader, correction=shown), _("已经更正。"))
    elif act == "decline":
        reason = request.POST.get("reason", "")
        _run(
            request,
            lambda: services.decline(actor=reader, correction=shown, reason=reason),
            _("已经答复本人。"),
        )
    else:
        raise not_found()
    return HttpResponseRedirect(reverse("corrections"))


def may_settle(reader: Member) -> bool:
    own = access.standing(reader)
    return own.secretary_of is not None or own.is_officer


def _of_ones_care(reader: Member, pk: int) -> Correction:
    found = Correction.objects.select_related("member__branch").filter(pk=pk).first()
    if found is None or not services.visible_to_settler(reader, found) or found.member == reader:
        raise not_found()
    return found


def _row(one: Correction) -> dict[str, Any]:
    return {
        "it": one,
        "before": services.shown(one.field, one.before),
        "wanted": services.shown(one.field, one.wanted),
    }


def _run(request: HttpRequest, act: Any, done: str) -> None:
    try:
        act()
    except Problem as problem:
        if problem.status not in {403, 409, 422}:
            raise
        messages.error(request, problem.detail)
    else:
        messages.success(request, done)


def _reader(request: HttpRequest) -> Member:
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None:
        raise not_found()
    return reader
