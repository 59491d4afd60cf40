"""One at a time across the deployment, by PostgreSQL's advisory locks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import connections

from tenants.context import REGISTRY_DATABASE, in_catalogue

log = structlog.get_logger(__name__)


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Wait until no other process or thread is inside ``exclusive(name)``, then hold it.

    Re-entrant within a thread. Locking and unlocking are statements of their own, outside any transaction over
    district tables: on Citus a lock taken beside them is taken on another node. Needs a connection that stays
    this thread's: the psycopg pool or a session-mode pooler.
    """
    _statement("SELECT pg_advisory_lock(hashtextextended(%s, 0))", name)
    try:
        yield
    finally:
        if not _statement("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", name):
            log.warning("lock.lost", lock=name)


def _statement(sql: str, name: str) -> object:
    with in_catalogue(REGISTRY_DATABASE), connections[REGISTRY_DATABASE].cursor() as cursor:
        cursor.execute(sql, [name])
        return cursor.fetchone()[0]
