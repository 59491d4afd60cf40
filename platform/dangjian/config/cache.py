"""Cache keys carry the district; a lost Valkey costs speed, never a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from tenants.context import required_scope

log = structlog.get_logger(__name__)

_REST_SECONDS = 1.0
_Answer = TypeVar("_Answer")


def district_key(key: str, key_prefix: str, version: int) -> str:
    """`key` under the schema of the open scope.

    Raises:
        NoDistrict: no scope is open; a key without one would be shared by all districts.
    """
    return f"{key_prefix}{required_scope().schema}:{version}:{key}"


class ForgivingValkeyCache(RedisCache):
    """Valkey as cache, where an unreachable server reads as empty and swallows writes.

    After a failure it is left alone for a second: a page that looks up twenty fragments must not wait for twenty
    time-outs.
    """

    _left_alone_until = 0.0  # of the process, not of one thread's object

    def _guard(self, call: Callable[..., _Answer], default: _Answer, *args: Any, **kwargs: Any) -> _Answer:
        if time.monotonic() < ForgivingValkeyCache._left_alone_until:
            return default
        try:
            return call(*args, **kwargs)
        except (RedisError, OSError) as error:
            ForgivingValkeyCache._left_alone_until = time.monotonic() + _REST_SECONDS
            log.warning("cache.unreachable", error=type(error).__name__)
            return default

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._guard(super().get, default, key, default, version)

    def get_many(self, keys: Any, version: Any = None) -> dict[Any, Any]:
        return self._guard(super().get_many, {}, keys, version)

    def has_key(self, key: Any, version: Any = None) -> bool:
        return self._guard(super().has_key, False, key, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._guard(super().set, None, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        return self._guard(super().set_many, [], *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return self._guard(super().add, True, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self._guard(super().touch, False, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._guard(super().delete, False, *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._guard(super().delete_many, None, *args, **kwargs)

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        return self._guard(super().incr, delta, key, delta, version)
