"""What a deployment may not run with: checked by management commands, and by servers at their start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from dangjian.rules.checks import rule_packs

_SHORTEST_KEY = 32


@checks.register(checks.Tags.security)
def secure_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The errors that keep commands and servers from starting; each says what to set."""
    if settings.TESTING:
        return []
    if settings.DEBUG:
        return [] if settings.LOOPBACK_ONLY else [_debug_in_public()]
    found: list[checks.CheckMessage] = []
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own answer to an empty one, without a hint
        key = ""
    if key.startswith("insecure") or len(key) < _SHORTEST_KEY:
        found.append(
            checks.Error(
                f"There is no SECRET_KEY of at least {_SHORTEST_KEY} characters.",
                hint="Make one once and keep it, in SECRET_KEY or in the file SECRET_KEY_FILE names.",
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
    if not settings.LOOPBACK_ONLY and not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        found.append(
            checks.Error(
                "Cookies would travel over plain http.",
                hint="Leave SESSION_COOKIE_SECURE and CSRF_COOKIE_SECURE to LOOPBACK_ONLY, which is off.",
                id="dangjian.E003",
            )
        )
    return found


def _debug_in_public() -> checks.Error:
    return checks.Error(
        "DEBUG shows settings and source to whoever meets an error, and LOOPBACK_ONLY is off.",
        hint="Set DEBUG=0, or LOOPBACK_ONLY=1 if the servers listen on 127.0.0.1 alone.",
        id="dangjian.E004",
    )


def refuse_insecure_settings() -> None:
    """Run the checks, and those of the rule packs, where no management command does: at the start of a server.

    Raises:
        ImproperlyConfigured: with every error and what to set.
    """
    errors = [found for found in [*secure_settings(None), *rule_packs(None)] if found.is_serious()]
    if errors:
        raise ImproperlyConfigured("\n".join(f"{error.msg} {error.hint}" for error in errors))
