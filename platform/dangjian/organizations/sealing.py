"""Identity numbers at rest: sealed with keys that rotate, found again by a blind index.

The first key seals; each of them opens. A key's index differs from another's, so a look-up asks for all of them, and
`manage.py reseal` brings every row to the first key, after which the others may go.
"""

from __future__ import annotations

import base64
import hmac
import json
from functools import cache
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SEAL: Final = b"dangjian.seal"
_INDEX: Final = b"dangjian.index"


class Unreadable(RuntimeError):
    """None of the keys opens it: a key was taken away before its rows were resealed."""


def seal(text: str) -> str:
    """`text`, readable only with one of the keys; empty stays empty."""
    return _fernet(_keys()).encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """What `seal` was given.

    Raises:
        Unreadable: no key opens it.
    """
    if not sealed:
        return ""
    try:
        return _fernet(_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable("no key of SEALING_KEYS opens it: add the one that was taken away") from None


def seal_json(value: Any) -> str:
    return seal(_JSON.encode(value))


def unseal_json(sealed: str) -> Any:
    return json.loads(unseal(sealed)) if sealed else None


def index(text: str) -> str | None:
    """What equal numbers have in common without telling the number; None for none."""
    return _digest(_index_keys(_keys())[0], text) if text else None


def indexes(text: str) -> list[str]:
    """`index` under every key, the first one's first: what a look-up asks for."""
    return [_digest(key, text) for key in _index_keys(_keys())] if text else []


@cache
def _keys() -> tuple[str, ...]:
    return tuple(settings.SEALING_KEYS) or (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@receiver(setting_changed)  # in tests; a process keeps the keys it started with
def _forget_keys(**_told: Any) -> None:
    _keys.cache_clear()


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key, _SEAL))) for key in keys])


@cache
def _index_keys(keys: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(_derived(key, _INDEX) for key in keys)


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key.encode())


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()
