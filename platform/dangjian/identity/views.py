"""Pages of sign-in, passwords and sessions; all work without JavaScript."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.identity import services, sso
from dangjian.identity.devices import device_name, is_phone
from dangjian.identity.forms import PasswordForm, SignInForm
from dangjian.identity.keycloak import Refused, Unreachable
from dangjian.identity.middleware import before_password_change, reader
from dangjian.identity.models import Session
from dangjian.identity.providers import provider
from dangjian.identity.targets import HOME, target_of
from dangjian.identity.words import expired, locked, wrong


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    target = target_of(request)
    if request.user.is_authenticated and request.method != "POST":
        return HttpResponseRedirect(target)
    if not provider().keeps_passwords:
        return _to_the_realm(request, target)
    form = SignInForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                user = services.sign_in(request=request, **form.cleaned_data)
                if user.must_change_password:
                    return HttpResponseRedirect(f"{reverse('password')}?{urlencode({'next': target})}")
                return HttpResponseRedirect(target)
            except services.WrongPassword as refusal:
                form.add_error("password", wrong(refusal.left))
            except services.LockedOut as refusal:
                form.add_error("password", locked(refusal.seconds, by_address=refusal.by_address))
                status = 429
            except services.PasswordExpired:
                said = expired(is_centre=request.district.is_centre)  # type: ignore[attr-defined]
                form.add_error("password", said)
    context = {
        "form": form,
        "next": target,
        "expired": request.method != "POST" and "expired" in request.GET,
        "focus": next(iter(form.errors), ""),
    }
    return render(request, "identity/sign_in.html", context, status=status)


def _to_the_realm(request: HttpRequest, target: str) -> HttpResponse:
    """Straight on to the realm's own page, unless there is something to be read first."""
    onward = f"{reverse('oidc-login')}?{urlencode({'next': target})}"
    expired = "expired" in request.GET
    if not expired and not messages.get_messages(request):
        return HttpResponseRedirect(onward)
    return render(request, "identity/sign_in_elsewhere.html", {"onward": onward, "expired": expired})


@login_not_required
@require_safe
def forgotten(request: HttpRequest) -> HttpResponse:
    return render(request, "identity/forgotten.html")


@before_password_change
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    onward = services.sign_out(request=request)
    messages.success(request, _("已经退出登录。"))
    return HttpResponseRedirect(onward) if onward else redirect("sign-in")


@before_password_change
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    if not provider().keeps_passwords:
        onward = {"action": "password", "next": _back(request)}
        return HttpResponseRedirect(f"{reverse('oidc-login')}?{urlencode(onward)}")
    first = reader(request).must_change_password
    form = PasswordForm(request.POST if request.method == "POST" else None, first=first)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                services.change_password(
                    request=request, user=reader(request), current=given.get("current"), new=given["new"]
                )
                messages.success(
                    request, _("密码已经换好。") if first else _("密码已经换好，其他设备都已退出。")
                )
                return HttpResponseRedirect(target_of(request))
            except ValidationError as refusal:
                form.add_error(None, refusal)
            except services.LockedOut as refusal:
                form.add_error("current", locked(refusal.seconds, by_address=refusal.by_address))
                status = 429
    context = {"form": form, "first": first, "next": target_of(request), "back": _back(request)}
    context["focus"] = next(iter(form.errors), "")
    template = "identity/first_password.html" if first else "identity/password.html"
    return render(request, template, context, status=status)


@never_cache
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    rows = Session.objects.valid().filter(user=reader(request)).order_by("-last_seen_at", "-id")
    here = request.session.session_key
    shown = [
        {
            "id": row.pk,
            "device": device_name(row.user_agent),
            "is_phone": is_phone(row.user_agent),
            "address": row.address,
            "since": row.created_at,
            "seen": row.last_seen_at,
            "here": row.session_key == here,
        }
        for row in rows
    ]
    shown.sort(key=lambda session: not session["here"])
    context = {"sessions": shown, "others": len(shown) - 1, "back": _back(request)}
    if not provider().keeps_passwords:
        try:
            context["elsewhere"] = sso.elsewhere(reader(request))
        except (Unreachable, Refused, ImproperlyConfigured):
            context["unknown_elsewhere"] = True
    return render(request, "identity/sessions.html", context)


@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    if not services.end_sessions(user=reader(request), ids=[pk]):
        raise Http404
    messages.success(request, _("那台设备已经退出。"))
    return redirect("sessions")


@require_POST
def end_session_elsewhere(request: HttpRequest, sid: str) -> HttpResponse:
    """End a session at the realm that is none of ours: of the mobile application, of the realm's own pages."""
    if provider().keeps_passwords:
        raise Http404
    try:
        if not sso.end_elsewhere(reader(request), sid):
            raise Http404
        messages.success(request, _("那里的登录已经退出。"))
    except (Unreachable, Refused, ImproperlyConfigured):
        messages.error(request, _("登录服务暂时连不上，没有退出。请过一会儿再试。"))
    return redirect("sessions")


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    mine = Session.objects.filter(user=reader(request))
    others = list(mine.exclude(session_key=request.session.session_key).values_list("pk", flat=True))
    count = services.end_sessions(user=reader(request), ids=others)
    said = ngettext("其他 %(count)s 台设备已经退出。", "其他 %(count)s 台设备已经退出。", count)
    messages.success(request, said % {"count": count})
    return redirect("sessions")


def _back(request: HttpRequest) -> str:
    """Where the settings are listed; the centre has no 我的."""
    return HOME if request.district.is_centre else "/me/"  # type: ignore[attr-defined]
