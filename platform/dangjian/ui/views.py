"""Pages that belong to no module: preferences, refused forms, the list of components."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from dangjian.ui.middleware import LANGUAGE_COOKIE, LANGUAGES, TEXT_COOKIE, TEXT_SIZES

_A_YEAR = 365 * 86_400


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose token no longer fits; what was written stays in the browser's draft."""
    return render(request, "ui/csrf_failure.html", status=403)


@login_not_required
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep `language` and `text` (whichever is given) in a cookie and, signed in, in the account; go back to `next`."""
    language, text = request.POST.get("language"), request.POST.get("text")
    if (language is not None and language not in LANGUAGES) or (text is not None and text not in TEXT_SIZES):
        return HttpResponseBadRequest()
    response = HttpResponseRedirect(_next(request))
    changed = []
    if language is not None:
        request.user.language = language  # type: ignore[union-attr]
        changed.append("language")
        _keep(response, LANGUAGE_COOKIE, language)
    if text is not None:
        request.user.text_size = text  # type: ignore[union-attr]
        changed.append("text_size")
        _keep(response, TEXT_COOKIE, text)
    if request.user.is_authenticated and changed:
        request.user.save(update_fields=changed)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    if value:
        response.set_cookie(
            name, value, max_age=_A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True
        )
    else:
        response.delete_cookie(name)


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if target and safe else "/"
