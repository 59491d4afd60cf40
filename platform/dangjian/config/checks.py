"""What a deployment may not run with: checked by management commands, and by servers at their start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

_SHORTEST_KEY = 32


@checks.register(checks.Tags.security)
def secure_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The errors that keep commands and servers from starting; each says what to set."""
    if settings.DEBUG or settings.TESTING:
        return []
    found: list[checks.CheckMessage] = []
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own answer to an empty one, without a hint
        key = ""
    if key.startswith("insecure") or len(key) < _SHORTEST_KEY:
        found.append(
            checks.Error(
                f"There is no SECRET_KEY of at least {_SHORTEST_KEY} characters.",
                hint="Make one once and keep it (openssl rand -base64 48) in SECRET_KEY or SECRET_KEY_FILE.",
                id="dangjian.E001",
            )
        )
    if settings.IDENTITY == "local" and not settings.IDENTITY_LOCAL_IN_PRODUCTION:
        found.append(
            checks.Error(
                "IDENTITY=local signs people in with passwords kept here, without DEBUG.",
                hint="Set IDENTITY=keycloak, or IDENTITY_LOCAL_IN_PRODUCTION=1 if that is meant.",
                id="dangjian.E002",
            )
        )
    return found


def refuse_insecure_settings() -> None:
    """Run the checks where no management command does: at the start of a server.

    Raises:
        ImproperlyConfigured: with every error and what to set.
    """
    errors = [found for found in secure_settings(None) if found.is_serious()]
    if errors:
        raise ImproperlyConfigured("\n".join(f"{error.msg} {error.hint}" for error in errors))
