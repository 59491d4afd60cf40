"""From the account that is signed in to the member whose account it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse

from dangjian.identity.models import User
from dangjian.organizations.queries import member_of


class MemberMiddleware:
    """Sets `request.member`: the member, with their branch, or None (nobody signed in, or a central account)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Not lazy: a lazy object is never `is None`.
        member = member_of(cast(User, request.user)) if request.user.is_authenticated else None
        if member is not None:
            member.user = request.user  # type: ignore[assignment]
        request.member = member  # type: ignore[attr-defined]
        return self.get_response(request)
