"""Connections go back to the pool as soon as their work is done."""

from __future__ import annotations

from django.db import connections


def give_back_connections() -> None:
    """Return this thread's connections, but for those inside a transaction (of a caller, or of a test)."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
