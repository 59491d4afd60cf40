"""How fast a person may go: 60 writes a minute, all at once if need be, and 20 reads a second.

Counted in Valkey for all processes together; without it each process counts for itself.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from dangjian.api import valkey

WRITES: Final = (60, 60.0)  # a burst, and the seconds in which it is all given back
READS: Final = (20, 1.0)
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

# The generic cell rate algorithm: one number a person, the time at which all that was used is given back.
_TAKE: Final = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local interval, span = tonumber(ARGV[1]), tonumber(ARGV[2])
local free_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + interval
local wait = free_at - span - now
if wait > 0.000001 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', free_at), 'PX', math.ceil((free_at - now) * 1000))
return '0'
"""
_KEPT: Final = 20_000
_lock = threading.Lock()
_free_at: dict[str, float] = {}


def take(*, person: int, write: bool) -> float:
    """Count one request of the person in the open district; 0, or the seconds to wait because it is one too many."""
    burst, seconds = WRITES if write else READS
    if not settings.THROTTLE_SCALE:
        return 0.0
    interval = seconds / burst / settings.THROTTLE_SCALE
    name = valkey.key(f"throttle:{'w' if write else 'r'}:{person}")

    def question(client: redis.Redis) -> Any:
        return client.eval(_TAKE, 1, name, str(interval), str(seconds))

    try:
        return float(valkey.ask(question))
    except valkey.Unreachable:
        return _take_here(name, interval, seconds)


def forget() -> None:
    """Drop what this process counted."""
    with _lock:
        _free_at.clear()


def _take_here(name: str, interval: float, span: float) -> float:
    now = time.monotonic()
    with _lock:
        free_at = max(_free_at.get(name, 0.0), now) + interval
        wait = free_at - span - now
        if wait > 0.000001:
            return wait
        if len(_free_at) >= _KEPT:
            for other in [other for other, at in _free_at.items() if at <= now]:
                del _free_at[other]
        _free_at[name] = free_at
        return 0.0


class PersonThrottle(BaseThrottle):
    """`take` for REST views. Nobody signed in: the sign-in has its own lock-out, and the rest answers 401."""

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        if not getattr(request.user, "is_authenticated", False):
            return True
        person: Any = request.user.pk
        self._wait = take(person=person, write=request.method not in SAFE_METHODS)
        return self._wait <= 0

    def wait(self) -> float:
        return self._wait
