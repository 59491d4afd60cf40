"""Who calls the API: the person of the session cookie."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from dangjian.api.problems import Problem


def enforce_csrf(request: HttpRequest) -> None:
    """Require the CSRF token of an unsafe call.

    Raises:
        Problem: 403 with code ``csrf_failed``.
    """
    check = CSRFCheck(_nothing)
    check.process_request(request)
    if check.process_view(request, _nothing, (), {}):
        raise Problem(403, "csrf_failed", _("页面放得太久了，请刷新后再试。写的内容还在。"))


def _nothing(request: HttpRequest) -> HttpResponse:
    """Stands for the view, which the check does not call."""
    return HttpResponse()


class SessionAuthentication(BaseAuthentication):
    """Signed in by the session; unsafe calls need the CSRF token too.

    A call without a session is answered with the CSRF cookie, so that a client can sign in with its next one. One
    who still has to choose a password is refused by every view without ``before_password_change = True``.
    """

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """
        Raises:
            Problem: 403 with code ``csrf_failed`` or ``password_change_required``.
        """
        http: Any = request._request
        if not http.user.is_authenticated:
            get_token(http)
            return None
        enforce_csrf(http)
        view = request.parser_context["view"] if request.parser_context else None
        if http.user.must_change_password and not getattr(view, "before_password_change", False):
            raise Problem(403, "password_change_required", _("请先设置一个自己的密码。"))
        return http.user, None

    def authenticate_header(self, request: Request) -> str:
        return "Session"
