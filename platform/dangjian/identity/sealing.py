"""Keeping a secret of somebody's in the database or in a cookie, readable with SECRET_KEY alone."""

from __future__ import annotations

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.signals import setting_changed


class Unsealable(Exception):
    """Not sealed by us, changed on the way, for another purpose, or too old."""


def seal(text: str, *, purpose: str) -> str:
    """`text` encrypted and authenticated; ASCII, safe in a cookie."""
    return _fernet(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str, max_age: int | None = None) -> str:
    """What `seal` was given for the same purpose, at most `max_age` seconds ago.

    Raises:
        Unsealable: it is not that.
    """
    try:
        return _fernet(purpose).decrypt(sealed.encode(), ttl=max_age).decode()
    except (InvalidToken, ValueError) as error:
        raise Unsealable from error


@cache
def _fernet(purpose: str) -> MultiFernet:
    return MultiFernet(
        [Fernet(_key(secret, purpose)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _key(secret: str, purpose: str) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=f"dangjian.{purpose}".encode()).derive(
        secret.encode()
    )
    return base64.urlsafe_b64encode(derived)


def _forget(*, setting: str, **_: object) -> None:
    if setting in {"SECRET_KEY", "SECRET_KEY_FALLBACKS"}:
        _fernet.cache_clear()


setting_changed.connect(_forget)
