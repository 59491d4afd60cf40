"""From a session cookie to a person, and pages closed to whoever has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme

from dangjian.identity import bearers
from dangjian.identity.models import User
from dangjian.identity.providers import provider
from dangjian.identity.sessions import SessionStore


class AnonymousUser:
    """Nobody: what `request.user` is without a session."""

    id = pk = None
    is_active = False
    is_authenticated = False
    is_anonymous = True
    must_change_password = False
    language = text_size = username = name = ""

    def __str__(self) -> str:
        return "anonymous"


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's, with our store; what a request read of its session is noted as used on the way out."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.SessionStore = SessionStore

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = getattr(request, "session", None)
        if isinstance(session, SessionStore):
            session.touch()
        return super().process_response(request, response)


class AuthenticationMiddleware:
    """Sets `request.user`, read from the session when first asked for, and closes the pages.

    A page is open to the signed-in alone unless its view says otherwise with Django's `login_not_required`; one who
    still has to choose a password sees only views marked `before_password_change`. The API answers for itself
    (`dangjian.api.authentication`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: user_of(request))  # type: ignore[assignment]
        response = self.get_response(request)
        if not provider().keeps_passwords:
            _allow_the_realm(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not getattr(view, "login_required", True):
            return None
        if not request.user.is_authenticated:
            expired = {"expired": "1"} if settings.SESSION_COOKIE_NAME in request.COOKIES else {}
            return _sent(request, "sign-in", {"next": page_of(request), **expired})
        if reader(request).must_change_password and not getattr(view, "before_password_change", False):
            return _sent(request, "password", {"next": page_of(request)})
        return None


def _allow_the_realm(request: HttpRequest, response: HttpResponse) -> None:
    """Signing out is a form whose answer leads on to the realm; browsers hold `form-action` to redirects too."""
    parts = urlsplit(request.district.issuer)  # type: ignore[attr-defined]
    if parts.netloc:
        response._csp_update = {"form-action": [f"{parts.scheme}://{parts.netloc}"]}  # type: ignore[attr-defined]


def before_password_change(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Mark a page that is open to people who still have to choose a password."""
    view.before_password_change = True  # type: ignore[attr-defined]
    return view


def user_of(request: HttpRequest) -> Any:
    """The user the request speaks for, or an `AnonymousUser`.

    A bearer token speaks for the API alone and then instead of the session: a call that carries one is never helped
    out by a cookie.
    """
    if bearers.carried(request) is not None:
        return bearers.caller_of(request).user or AnonymousUser()
    return request.session.user or AnonymousUser()  # type: ignore[attr-defined]


def reader(request: HttpRequest) -> User:
    """The person a page was asked for by, where it is closed to everybody else."""
    return cast(User, request.user)


def page_of(request: HttpRequest) -> str:
    """The page the person was on: the address asked for, or the page whose form or script asked."""
    if request.headers.get("HX-Request") == "true":
        return _own_path(request, request.headers.get("HX-Current-URL", ""))
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    return _own_path(request, request.headers.get("Referer", ""))


def _own_path(request: HttpRequest, url: str) -> str:
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _sent(request: HttpRequest, name: str, query: dict[str, str]) -> HttpResponse:
    url = f"{reverse(name)}?{urlencode(query)}"
    if request.headers.get("HX-Request") == "true":
        # A redirect would be followed by the script and land as a fragment in the middle of the page.
        return HttpResponse(status=401, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
