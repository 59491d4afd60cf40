"""Client secrets: in a file or in the environment, never in a table."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_NAME = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\Z")
_KEPT_SECONDS: Final = 15.0
_known: dict[tuple[str, str], tuple[float, str]] = {}


def client_secret(ref: str) -> str:
    """The secret of that name: the file ``KEYCLOAK_SECRETS/<ref>``, else the variable ``KEYCLOAK_SECRET_<REF>``.

    Read anew every 15 seconds, so that a rotated secret needs no restart.

    Raises:
        ImproperlyConfigured: there is none, or the name is not one.
    """
    place = (str(settings.KEYCLOAK_SECRETS), ref)
    kept = _known.get(place)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    found = _read(ref)
    _known[place] = (time.monotonic() + _KEPT_SECONDS, found)
    return found


def store_secret(ref: str, secret: str) -> str:
    """Keep `secret` in the file of that name, readable by its owner alone, and return it.

    Raises:
        ImproperlyConfigured: KEYCLOAK_SECRETS names no folder, or one that cannot be written.
    """
    if not _NAME.match(ref):
        raise ImproperlyConfigured(f"{ref!r} cannot be the name of a secret")
    if not settings.KEYCLOAK_SECRETS:
        raise ImproperlyConfigured("KEYCLOAK_SECRETS names no folder to keep secrets in.")
    path = Path(settings.KEYCLOAK_SECRETS, ref)
    unfinished = path.with_name(f".{ref}.{os.getpid()}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret)
        unfinished.replace(path)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret {ref} cannot be kept in {settings.KEYCLOAK_SECRETS} ({error.strerror}): make the folder "
            f"writable, or put a secret of your own there under that name."
        ) from error
    _known.pop((str(settings.KEYCLOAK_SECRETS), ref), None)
    return secret


def _read(ref: str) -> str:
    if not _NAME.match(ref):
        raise ImproperlyConfigured(f"{ref!r} cannot be the name of a secret")
    if settings.KEYCLOAK_SECRETS:
        try:
            return Path(settings.KEYCLOAK_SECRETS, ref).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            pass
    variable = "KEYCLOAK_SECRET_" + re.sub(r"[^A-Z0-9]", "_", ref.upper())
    if found := os.environ.get(variable):
        return found
    raise ImproperlyConfigured(
        f"There is no secret {ref!r}: put it into a file of that name in KEYCLOAK_SECRETS, or set {variable}."
    )
