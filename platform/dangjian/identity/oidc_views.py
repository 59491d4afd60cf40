"""Sign-in through the district's realm, on every host whose provider is Keycloak."""

from __future__ import annotations

import random
from urllib.parse import urlencode

import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from dangjian.identity import sso
from dangjian.identity.keycloak import Unreachable, oidc
from dangjian.identity.providers import provider
from dangjian.identity.targets import target_of
from tenants.context import current_district

log = structlog.get_logger(__name__)

RETRY_SECONDS = range(12, 24)  # each page another pause, so that those who wait do not all come at once


@login_not_required
@never_cache
@require_GET
def login(request: HttpRequest) -> HttpResponse:
    """Send the browser to the realm; one who is in already goes straight on."""
    _only_with_keycloak()
    target, change_password = target_of(request), request.GET.get("action") == "password"
    if request.user.is_authenticated and not change_password:
        return HttpResponseRedirect(target)
    try:
        begun = sso.begin(request=request, target=target, change_password=change_password)
    except (Unreachable, ImproperlyConfigured) as problem:
        return _away(request, problem, target)
    response = HttpResponseRedirect(begun.url)
    pending = [name for name in request.COOKIES if name.startswith(sso.cookie_prefix())]
    for name in pending[: max(0, len(pending) + 1 - sso.ATTEMPTS_AT_ONCE)]:
        response.delete_cookie(name, samesite="Lax")
    response.set_cookie(
        begun.cookie,
        begun.value,
        max_age=sso.ATTEMPT_SECONDS,
        secure=request.is_secure() or sso.cookie_prefix().startswith("__Host-"),
        httponly=True,
        samesite="Lax",
    )
    return response


@login_not_required
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Where the realm sends the browser back to."""
    _only_with_keycloak()
    try:
        response: HttpResponse = HttpResponseRedirect(sso.finish(request=request))
    except sso.NotCompleted as problem:
        if str(problem) == "state" and request.user.is_authenticated:
            response = HttpResponseRedirect("/")  # the page was called up again after all had gone well
        else:
            log.info("sign_in.not_completed", reason=str(problem))
            response = _not_completed(request, str(problem))
    except sso.Stranger as stranger:
        response = _turned_away(request, closed=stranger.closed)
    except (Unreachable, ImproperlyConfigured) as problem:
        response = _away(request, problem, "/")
    name = sso.cookie_name(request.GET.get("state", ""))
    if name in request.COOKIES:
        response.delete_cookie(name, samesite="Lax")
    return response


@csrf_exempt
@login_not_required
@require_POST
def backchannel(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Back-Channel Logout 1.0, 2.5–2.8: the realm's word that a session or a person has left."""
    _only_with_keycloak()
    try:
        sso.end_by_logout_token(request.POST.get("logout_token", ""))
        answer = HttpResponse(status=200)
    except oidc.BadToken as problem:
        log.warning("backchannel.refused", reason=str(problem))
        answer = JsonResponse({"error": "invalid_request"}, status=400)
    except (Unreachable, ImproperlyConfigured) as problem:
        log.error("backchannel.unchecked", reason=str(problem))
        answer = JsonResponse({"error": "invalid_request"}, status=400)
    answer["Cache-Control"] = "no-store"
    return answer


def _only_with_keycloak() -> None:
    if provider().keeps_passwords:
        raise Http404


def _away(request: HttpRequest, problem: Exception, target: str) -> HttpResponse:
    if isinstance(problem, ImproperlyConfigured):
        log.error("keycloak.not_configured", reason=str(problem))
    retry = random.choice(RETRY_SECONDS)  # noqa: S311  (spreads, guards nothing)
    context = {"onward": urlencode({"next": target}), "retry": retry}
    response = render(request, "identity/away.html", context, status=503)
    response["Retry-After"] = str(retry)
    return response


def _not_completed(request: HttpRequest, reason: str) -> HttpResponse:
    said = {
        "cancelled": _("这次登录取消了。"),
        "state": _("这次登录隔得太久，或者是在另一个浏览器里开始的。"),
    }.get(reason, _("登录服务的答复对不上，为安全起见没有登录。"))
    return render(request, "identity/not_completed.html", {"said": said}, status=400)


def _turned_away(request: HttpRequest, *, closed: bool) -> HttpResponse:
    realm = oidc.realm_of(current_district())
    other = oidc.end_session_url(
        realm, id_token="", return_to=request.build_absolute_uri("/sign-in/"), language=request.LANGUAGE_CODE
    )
    return render(request, "identity/turned_away.html", {"closed": closed, "other": other}, status=403)
