"""Whether a district may be shown (``/healthz``) and this process be sent requests (``/readyz``)."""

from __future__ import annotations

from collections.abc import Callable

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from psycopg_pool import PoolTimeout, TooManyRequests

from realtime.asgi import application as live
from tenants import schemas
from tenants.context import REGISTRY_DATABASE, REGISTRY_SCHEMA, current_district, in_registry
from tenants.routers import is_district_app

_VALKEY_SECONDS = 2
_known: set[str] = set()


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 once the district of this host is migrated and seeded, 503 with its state before and otherwise."""
    district = current_district()
    migrated = district.migrated_to == schemas.fingerprint()
    healthy = district.is_active and migrated
    body = {
        "status": "ok" if healthy else "unavailable",
        "district": district.schema_name,
        "state": district.state,
        "migrated": migrated,
    }
    return JsonResponse(body, status=200 if healthy else 503)


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, nothing waits to be migrated and the process is not stopping, 503 otherwise.

    A lost Valkey is told but does not count: pages and writes go on without it, live topics by their sweep, a few
    seconds late; and a 503 would take every process out of service at once.
    """
    valkey = _valkey()
    behind: list[str] = []
    try:
        behind = _behind()
        database = "ok"
    except (DatabaseError, InterfaceError, PoolTimeout, TooManyRequests):
        database = "down"
    state = live.state
    ready = database == "ok" and not behind and state != "stopping"
    status = "unavailable" if not ready else "degraded" if valkey == "down" or state == "sweeping" else "ok"
    body = {
        "status": status,
        "database": database,
        "valkey": valkey,
        "live": state,
        "migrations_behind": behind,
    }
    return JsonResponse(body, status=200 if ready else 503)


class ReadinessMiddleware:
    """Answers ``/readyz`` ahead of the host's resolution.

    An orchestrator asks by address, not by a district's host, and the registry that knows the hosts may be
    what is down.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return readyz(request) if request.path == "/readyz" else self.get_response(request)


def _valkey() -> str:
    if not settings.VALKEY_URL:
        return "not configured"
    client = redis.Redis.from_url(
        settings.VALKEY_URL, socket_timeout=_VALKEY_SECONDS, socket_connect_timeout=_VALKEY_SECONDS
    )
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return "down"
    finally:
        client.close()
    return "ok"


def _behind() -> list[str]:
    """Schemas whose migrations are not all applied, the registry's ``public`` among them."""
    if not _registry_is_migrated():
        return [REGISTRY_SCHEMA]  # without it nobody can tell which districts there are
    return [district.schema_name for district in schemas.behind()]


def _registry_is_migrated() -> bool:
    # Reading every migration file takes tens of milliseconds, and what is applied stays applied.
    if "registry migrated" not in _known:
        with in_registry():
            executor = MigrationExecutor(connections[REGISTRY_DATABASE])
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if not all(is_district_app(migration.app_label) for migration, _ in plan):
            return False
        _known.add("registry migrated")
    return True
