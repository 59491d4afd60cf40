"""docs/reference/settings.md names every variable the code reads, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from dangjian.config import checks

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "settings.md"
READS = re.compile(
    r"""(?:env(?:\.\w+)?\(\s*|environ(?:\.get\(|\.setdefault\(|\[)\s*)["']([A-Z][A-Z_]+)["']|(?:\$\(?\{?)([A-Z][A-Z_]{3,})(?=:-)"""
)
# Set by others: the shell, make, pytest, ourselves for a child; nobody is asked to set them.
NOT_SETTINGS = {"PATH", "MAKELEVEL", "DEMO_PORT", "DJANGO_SETTINGS_MODULE", "CI", "NAME", "DISTRICT"}


def read_by_the_code() -> set[str]:
    files = [
        *(ROOT / "platform").rglob("*.py"),
        *(ROOT / "tenants").rglob("*.py"),
        *(ROOT / "realtime").rglob("*.py"),
        *(path for path in (ROOT / "scripts").iterdir() if path.is_file()),
    ]
    found: set[str] = set()
    for path in files:
        for python, shell in READS.findall(path.read_text(encoding="utf-8")):
            found.add(python or shell)
    return found - NOT_SETTINGS


def test_every_setting_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", page, flags=re.MULTILINE))
    assert read_by_the_code() == explained


@pytest.fixture
def production(settings: object) -> None:
    """Settings that a deployment could run with."""
    settings.TESTING = settings.DEBUG = False  # type: ignore[attr-defined]
    settings.SECRET_KEY = "0123456789abcdef0123456789abcdef0123456789abcdef"  # type: ignore[attr-defined]
    settings.IDENTITY_LOCAL_IN_PRODUCTION = True  # type: ignore[attr-defined]


def test_sound_settings_start(production: None) -> None:
    checks.refuse_insecure_settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "", "no SECRET_KEY"),
        ("SECRET_KEY", "short", "no SECRET_KEY"),
        ("SECRET_KEY", "insecure-development-key-of-a-sufficient-length", "no SECRET_KEY"),
        ("IDENTITY_LOCAL_IN_PRODUCTION", False, "IDENTITY_LOCAL_IN_PRODUCTION=1"),
    ],
)
def test_insecure_settings_do_not(
    production: None, monkeypatch: pytest.MonkeyPatch, name: str, value: object, said: str
) -> None:
    monkeypatch.setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=said):
        checks.refuse_insecure_settings()
