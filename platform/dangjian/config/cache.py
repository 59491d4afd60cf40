"""Cache keys carry the district; a lost Valkey costs speed, never a page."""

from __future__ import annotations

from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from tenants.context import required_scope

log = structlog.get_logger(__name__)


def district_key(key: str, key_prefix: str, version: int) -> str:
    """`key` under the schema of the open scope.

    Raises:
        NoDistrict: no scope is open; a key without one would be shared by all districts.
    """
    return f"{key_prefix}{required_scope().schema}:{version}:{key}"


class ForgivingValkeyCache(RedisCache):
    """Valkey as cache, where an unreachable server reads as empty and swallows writes."""

    def _guard(self, method: str, default: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(), method)(*args, **kwargs)
        except (RedisError, OSError) as error:
            log.warning("cache.unreachable", error=type(error).__name__)
            return default

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._guard("get", default, key, default, version)

    def get_many(self, keys: Any, version: Any = None) -> dict[Any, Any]:
        return self._guard("get_many", {}, keys, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._guard("set", None, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        return self._guard("set_many", [], *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return self._guard("add", True, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._guard("delete", False, *args, **kwargs)

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        return self._guard("incr", delta, key, delta, version)
