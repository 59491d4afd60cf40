"""登录与接入 on the desk of an officer over the whole district: how far the roster's accounts in the realm are, and
other systems that call the API in their own name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api.problems import FieldError, Problem, not_found, refused
from dangjian.identity import roster, service_clients
from dangjian.identity.models import AccountsRun, ServiceClient, ServiceScope, User
from dangjian.identity.providers import provider
from dangjian.organizations import access
from dangjian.organizations.models import Member
from dangjian.organizations.services import REASON_LENGTH
from dangjian.organizations.views import officer_of
from tenants.context import current_district

REVOKED_SHOWN: Final = 20


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The accounts of the roster, the systems that are let in, and those that no longer are."""
    _officer(request)
    context = {
        "heading": _("登录与接入"),
        "has_realm": not provider().keeps_passwords,
        "accounts": None if provider().keeps_passwords else _accounts(),
        "clients": ServiceClient.objects.active(),
        "revoked": ServiceClient.objects.exclude(revoked_at=None).order_by("-revoked_at")[:REVOKED_SHOWN],
    }
    return render(request, "organizations/sign_in.html", context)


@never_cache
@require_POST
def accounts_continue(request: HttpRequest) -> HttpResponse:
    """Have the accounts that are missing given now rather than within the minute."""
    _officer(request)
    if provider().keeps_passwords:
        raise Problem(409, "no_realm", _("这个平台自己管理密码，登录账号不用另外开通。"))
    roster.continue_soon()
    messages.success(request, _("已排上队，马上开始。"))
    return HttpResponseRedirect(reverse("officer-identity"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def client_new(request: HttpRequest) -> HttpResponse:
    """Let a system in; its secret is on the page that answers, and nowhere afterwards."""
    officer = _officer(request)
    name, scopes = request.POST.get("name", ""), request.POST.getlist("scopes")
    problem = None
    if request.method == "POST":
        try:
            made, secret = service_clients.create(name=name, scopes=scopes, actor=officer.user)
        except Problem as refusal:
            problem = refusal
        else:
            return _with_secret(request, made, secret, is_new=True)
    context = {
        "heading": _("新增接入系统"),
        "has_realm": not provider().keeps_passwords,
        "name": name,
        "name_length": service_clients.NAME_LENGTH,
        "scopes": _choices(scopes),
        **_faults(problem),
    }
    return render(
        request, "organizations/client_new.html", context, status=problem.status if problem else 200
    )


@never_cache
@require_safe
def client(request: HttpRequest, pk: int) -> HttpResponse:
    _officer(request)
    return _page(request, _client(pk))


@never_cache
@require_POST
def client_scopes(request: HttpRequest, pk: int) -> HttpResponse:
    officer, found, scopes = _officer(request), _client(pk), request.POST.getlist("scopes")
    try:
        service_clients.change_scopes(client=found, scopes=scopes, actor=officer.user)
    except Problem as problem:
        return _page(request, found, problem, form="scopes", scopes=scopes)
    messages.success(request, _("权限改好了，下一次调用就生效。"))
    return HttpResponseRedirect(reverse("officer-client", args=[pk]))


@never_cache
@require_POST
def client_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    officer, found = _officer(request), _client(pk)
    try:
        secret = service_clients.rotate(client=found, actor=officer.user, reason=_reason(request))
    except Problem as problem:
        return _page(request, found, problem, form="rotate")
    return _with_secret(request, found, secret, is_new=False)


@never_cache
@require_POST
def client_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    officer, found = _officer(request), _client(pk)
    try:
        service_clients.revoke(client=found, actor=officer.user, reason=_reason(request))
    except Problem as problem:
        return _page(request, found, problem, form="revoke")
    messages.success(request, _("“%(name)s”已停用，从现在起它的调用一律拒绝。") % {"name": found.name})
    return HttpResponseRedirect(reverse("officer-identity"))


@dataclass(frozen=True, slots=True)
class Accounts:
    """How far the accounts are. state: whole, working, stopped or waiting; minutes: left, None where nobody can say.

    taken: those whose name somebody else has there.
    """

    progress: roster.Progress
    state: str
    minutes: int | None
    run: AccountsRun | None
    taken: tuple[User, ...]

    @property
    def percent(self) -> int:
        """Rounded down: a hundred is whole."""
        return 100 * self.progress.done // self.progress.total if self.progress.total else 100

    @property
    def missing(self) -> int:
        return self.progress.total - self.progress.done


def _accounts() -> Accounts:
    run = roster.last_run()
    progress = roster.progress_now(current_district(), run)
    taken = tuple(User.objects.filter(username__in=progress.taken).order_by("username"))
    state = roster.state(progress, run, timezone.now())
    minutes = roster.minutes_left(progress, run) if state == "working" and run else None
    return Accounts(progress, state, minutes, run, taken)


def _officer(request: HttpRequest) -> Member:
    """
    Raises:
        Problem: 404, the page does not exist for anybody but an officer over the whole district.
    """
    officer = officer_of(request)
    if not access.may_manage_sign_in(officer):
        raise not_found()
    return officer


def _client(pk: int) -> ServiceClient:
    found = ServiceClient.objects.filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


def _reason(request: HttpRequest) -> str:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise refused(FieldError("/reason", "required", _("请写明原因，它会记入审计日志。")))
    if len(reason) > REASON_LENGTH:
        raise refused(FieldError("/reason", "too_long", _("原因太长了，请写短一些。")))
    return reason


def _page(
    request: HttpRequest,
    shown: ServiceClient,
    problem: Problem | None = None,
    *,
    form: str = "",
    scopes: list[str] | None = None,
) -> HttpResponse:
    """The page of one system; `problem` stands at the form it is of."""
    if problem is not None and problem.status == 404:
        raise problem
    context = {
        "heading": shown.name,
        "has_realm": not provider().keeps_passwords,
        "client": shown,
        "token_address": service_clients.token_address(),
        "scopes": _choices(shown.scopes if scopes is None else scopes),
        "form": form,
        "reason": request.POST.get("reason", ""),
        **_faults(problem),
    }
    return render(request, "organizations/client.html", context, status=problem.status if problem else 200)


def _with_secret(request: HttpRequest, shown: ServiceClient, secret: str, *, is_new: bool) -> HttpResponse:
    context = {
        "heading": shown.name,
        "client": shown,
        "secret": secret,
        "is_new": is_new,
        "token_address": service_clients.token_address(),
    }
    return render(request, "organizations/client_secret.html", context)


def _choices(chosen: list[str]) -> list[tuple[str, str, bool]]:
    return [(scope.value, str(scope.label), scope.value in chosen) for scope in ServiceScope]


def _faults(problem: Problem | None) -> dict[str, Any]:
    """`errors` by field, and `error`, which is of no field."""
    if problem is None:
        return {"errors": {}, "error": ""}
    errors = {fault.pointer.removeprefix("/"): fault.detail for fault in problem.errors}
    return {"errors": errors, "error": "" if errors else problem.detail}
