"""Password sign-in by Django itself: the provider of `make demo`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from dangjian.identity.models import User


class LocalBackend:
    """Checks a user name and password against the district's own users."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **kwargs: Any
    ) -> User | None:
        user = User.objects.filter(username=username).first()
        if user is None:
            # The same work as for a known name, so that the time taken does not tell which names exist.
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
