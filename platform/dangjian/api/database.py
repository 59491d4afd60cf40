"""Raw statements of read models and counters, on the database the open district lives in."""

from __future__ import annotations

from typing import Any

from django.db import connections

from tenants.context import required_scope


def cursor() -> Any:
    """A cursor of the open scope's database, as a context manager.

    Raises:
        NoDistrict: no scope is open.
    """
    return connections[required_scope().database].cursor()
