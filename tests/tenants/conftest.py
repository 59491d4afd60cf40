"""Districts on a real connection without a surrounding transaction, a second alias, and a pool of its own size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from tenants.context import in_catalogue, in_district, in_registry


@pytest.fixture
def live(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """The districts as committed; nothing is rolled back afterwards, so a test puts back what it changes."""
    from django.db import connections

    from tenants import registry

    with django_db_blocker.unblock():
        yield SimpleNamespace(
            huiji=registry.district("huiji"),
            luoyang=registry.district("luoyang"),
            centre=registry.district("centre"),
        )
        connections.close_all()


@pytest.fixture
def alias(live: SimpleNamespace) -> Iterator[Callable[..., str]]:
    """``alias("second")`` adds a database alias on the same server; with ``pool={…}`` one with a psycopg pool."""
    from django.db import connections

    added: list[str] = []

    def add(name: str, **options: Any) -> str:
        settings = connections["default"].settings_dict
        connections.databases[name] = {**settings, "OPTIONS": {**settings["OPTIONS"], **options}}
        added.append(name)
        return name

    yield add
    for name in added:
        connection = connections[name]
        connection.close()
        if connection.pool is not None:
            connection.close_pool()
        del connections[name]
        del connections.databases[name]


@pytest.fixture
def fresh(live: SimpleNamespace) -> Iterator[Callable[..., dict[str, Any]]]:
    """Arguments for `create_district` of a district that is removed after the test."""
    from tenants import registry, schemas
    from tenants.models import District

    named: list[str] = []

    def arguments(schema_name: str, **more: Any) -> dict[str, Any]:
        named.append(schema_name)
        return {
            "schema_name": schema_name,
            "name": "新郑市",
            "short_name": "新郑",
            "hosts": [f"{schema_name}.localhost"],
            **more,
        }

    yield arguments
    registry.forget()
    for schema_name in named:
        with in_registry():
            district = District.objects.filter(schema_name=schema_name).first()
            if district is not None:
                district.database = "default"  # a second alias of a test is the same server
                schemas.drop(district)
                district.delete()


@pytest.fixture
def no_spares(live: SimpleNamespace) -> Iterator[Callable[[], list[str]]]:
    """Starts and ends without spare schemas; the value lists those there are."""
    from tenants import schemas

    def names() -> list[str]:
        return [
            name for prefix in (schemas.BUILDING, schemas.SPARE) for name in schemas._names("default", prefix)
        ]

    def drop_all() -> None:
        for name in names():
            execute(f'DROP SCHEMA "{name}" CASCADE')

    drop_all()
    yield names
    drop_all()


def database_url() -> str:
    """The address of the test database, for a process of its own."""
    from django.db import connection

    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def execute(statement: str) -> None:
    """Run one statement about schemas."""
    from django.db import connection

    with in_catalogue("default"), connection.cursor() as cursor:
        cursor.execute(statement)


def schema_here(alias: str = "default") -> str:
    """The schema that PostgreSQL itself says a query runs in."""
    from django.db import connections

    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def schema_in(district: Any) -> str:
    with in_district(district):
        return schema_here(district.database)
