"""The one door to Valkey for what is neither cache nor channel layer: throttles, and the buffer of views.

Everybody who comes through it goes on without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

import redis
import structlog
from django.conf import settings

from tenants.context import current_district

log = structlog.get_logger(__name__)
T = TypeVar("T")

PATIENCE_SECONDS: Final = 0.5
LEAVE_ALONE_SECONDS: Final = 2.0


class Unreachable(Exception):
    """There is no Valkey, or it does not answer."""


class _Rest:
    until = 0.0  # of the steady clock


def key(name: str) -> str:
    """`name` under the open district's schema.

    Raises:
        NoDistrict: none is open.
    """
    return f"dangjian:{current_district().schema_name}:{name}"


def ask(question: Callable[[redis.Redis], T]) -> T:
    """`question(client)`. One that failed is left alone for two seconds, so that it slows no further request.

    Raises:
        Unreachable: there was no answer; whether the command ran is then unknown.
    """
    if not settings.VALKEY_URL or time.monotonic() < _Rest.until:
        raise Unreachable
    try:
        return question(_client(settings.VALKEY_URL))
    except (redis.RedisError, OSError) as error:
        _Rest.until = time.monotonic() + LEAVE_ALONE_SECONDS
        log.warning("valkey.unreachable", error=type(error).__name__)
        raise Unreachable from error


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS)
