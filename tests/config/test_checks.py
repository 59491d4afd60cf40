"""Insecure production is refused, with a sentence that says what to set."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test.utils import override_settings

from dangjian.config.checks import refuse_insecure_settings, secure_settings

SOUND: dict[str, Any] = {
    "TESTING": False,
    "DEBUG": False,
    "SECRET_KEY": "k" * 50,
    "IDENTITY": "keycloak",
    "IDENTITY_LOCAL_IN_PRODUCTION": False,
    "LOOPBACK_ONLY": False,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
}


def found(**changes: Any) -> set[str]:
    with override_settings(**{**SOUND, **changes}):
        return {str(message.id) for message in secure_settings(None)}


def test_sound_settings_pass() -> None:
    assert found() == set()
    with override_settings(**SOUND):
        refuse_insecure_settings()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"SECRET_KEY": ""}, "dangjian.E001"),
        ({"SECRET_KEY": "insecure-development-key" * 3}, "dangjian.E001"),
        ({"SECRET_KEY": "short"}, "dangjian.E001"),
        ({"IDENTITY": "local"}, "dangjian.E002"),
        ({"SESSION_COOKIE_SECURE": False}, "dangjian.E003"),
        ({"CSRF_COOKIE_SECURE": False}, "dangjian.E003"),
        ({"DEBUG": True}, "dangjian.E004"),
    ],
)
def test_each_weakness_is_refused(changes: dict[str, Any], error: str) -> None:
    assert found(**changes) == {error}
    with override_settings(**{**SOUND, **changes}), pytest.raises(ImproperlyConfigured) as refused:
        refuse_insecure_settings()
    assert any(word in str(refused.value) for word in ("Set ", "Make ", "Leave "))


def test_local_identity_needs_its_override_and_loopback_may_be_plain() -> None:
    assert found(IDENTITY="local", IDENTITY_LOCAL_IN_PRODUCTION=True) == set()
    assert found(LOOPBACK_ONLY=True, SESSION_COOKIE_SECURE=False, CSRF_COOKIE_SECURE=False) == set()
    assert found(DEBUG=True, LOOPBACK_ONLY=True) == set()
