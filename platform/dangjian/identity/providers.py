"""Who checks that somebody is who they say: our own passwords, or an identity server."""

from __future__ import annotations

from functools import cache
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.http import HttpRequest

from dangjian.identity.models import Session, User


class Provider(Protocol):
    """Where accounts and passwords are. Rights, posts and sessions are ours whichever it is.

    keeps_passwords: passwords are checked, changed and reset here; else all three happen at the provider.
    """

    keeps_passwords: bool

    def sign_in(self, request: HttpRequest, *, username: str, password: str) -> User | None:
        """The active user whom these speak for, or None. Takes as long for a name nobody has."""

    def sign_out(self, request: HttpRequest) -> str | None:
        """Where the browser has to go to end the provider's own session; None: nowhere. Asked while ours stands."""

    def confirm(self, session: Session) -> bool:
        """Whether a session whose `confirmed_until` has passed still stands; if it does, until later."""

    def change_password(self, user: User, *, password: str) -> None:
        """Make `password` the user's; it has been validated. The caller saves nothing else.

        A provider that keeps passwords itself takes it as good for one sign-in.
        """

    def tell(self, user: User) -> None:
        """Bring the account at the provider in line with ours: open or closed, and how the person is called.

        Repeating it is harmless.

        Raises:
            Unreachable, Refused, ImproperlyConfigured: it could not be told; try again later.
        """


@cache
def provider() -> Provider:
    """The provider `settings.IDENTITY` names.

    Raises:
        ImproperlyConfigured: no such provider.
    """
    if settings.IDENTITY == "local":
        from dangjian.identity.local import LocalProvider

        return LocalProvider()
    if settings.IDENTITY == "keycloak":
        from dangjian.identity.keycloak.provider import KeycloakProvider

        return KeycloakProvider()
    raise ImproperlyConfigured(f"IDENTITY={settings.IDENTITY!r}: there is no such identity provider")


def _forget(*, setting: str, **_: object) -> None:
    if setting == "IDENTITY":
        provider.cache_clear()


setting_changed.connect(_forget)
