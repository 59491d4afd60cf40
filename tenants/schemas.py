"""Making and migrating schemas: one statement an execute, no DDL inside functions (Citus would not distribute it)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.core.management import call_command
from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader

from tenants.context import REGISTRY_SCHEMA, in_district, in_registry
from tenants.models import District, SchemaScript, schema_name_validator
from tenants.routers import is_district_app


@cache
def fingerprint() -> str:
    """Names the set of district migrations this code carries; equal fingerprints mean nothing to migrate."""
    names = sorted(key for key in MigrationLoader(None).disk_migrations if is_district_app(key[0]))
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def behind() -> list[District]:
    """The districts whose schema does not stand where this code's migrations end: one registry query."""
    with in_registry():
        return list(District.objects.exclude(migrated_to=fingerprint()).exclude(migrated_to=""))


def exists(district: District) -> bool:
    """Whether the district's schema is there, in the database the district names."""
    with in_registry(), connections[district.database].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [district.schema_name])
        return cursor.fetchone() is not None


def migrate(district: District, *, verbosity: int = 0) -> None:
    """Bring an existing schema to this code's migrations and note it in the registry."""
    with in_district(district):
        call_command("migrate_scope", database=district.database, interactive=False, verbosity=verbosity)
    _note_migrated(district)


def create(district: District) -> None:
    """Build the district's schema if it is not there yet.

    It is built under a spare name and renamed when whole: an interruption leaves a spare, never half a district.
    """
    if not exists(district):
        spare = create_spare(district.database)
        with in_registry(), connections[district.database].cursor() as cursor:
            cursor.execute(f'ALTER SCHEMA "{spare}" RENAME TO "{_checked(district.schema_name)}"')
    _note_migrated(district)


def create_spare(database: str) -> str:
    """An empty, fully migrated schema under a free ``spare_…`` name, by replaying the recorded script.

    Without a script for this code's migrations it runs them once for real and records one.
    """
    name = _free_spare_name(database)
    spare = District(name=name, short_name=name, schema_name=name, database=database)
    with in_registry(), connections[database].cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{_checked(name)}"')
    with in_registry():
        script = SchemaScript.objects.filter(fingerprint=fingerprint()).first()
    try:
        if script is not None:
            _replay(spare, script.statements)
        else:
            with in_district(spare), _recorded(database) as statements:
                call_command("migrate_scope", database=database, interactive=False, verbosity=0)
            with in_registry():
                SchemaScript.objects.get_or_create(
                    fingerprint=fingerprint(), defaults={"statements": statements}
                )
    except BaseException:
        drop(spare)
        raise
    return name


def drop(district: District) -> None:
    """Remove the schema and all its rows."""
    with in_registry(), connections[district.database].cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{_checked(district.schema_name)}" CASCADE')


def _note_migrated(district: District) -> None:
    district.migrated_to = fingerprint()
    with in_registry():
        District.objects.filter(pk=district.pk).update(migrated_to=district.migrated_to)


def _free_spare_name(database: str) -> str:
    with in_registry(), connections[database].cursor() as cursor:
        cursor.execute(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'spare\_%%'")
        taken = {row[0] for row in cursor.fetchall()}
    number = 1
    while f"spare_{number}" in taken:
        number += 1
    return f"spare_{number}"


def _checked(schema_name: str) -> str:
    schema_name_validator(schema_name)
    assert schema_name != REGISTRY_SCHEMA
    return schema_name


@contextmanager
def _recorded(database: str) -> Iterator[list[tuple[str, list[Any]]]]:
    """Collect every writing statement, with its parameters as JSON values, that runs in the block."""
    statements: list[tuple[str, list[Any]]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if str(sql).lstrip().split(None, 1)[0].upper() not in {"SELECT", "SET", "SHOW"}:
            for row in params if many else [params]:
                statements.append((str(sql), [_plain(value) for value in row or ()]))
        return result

    with connections[database].execute_wrapper(note):
        yield statements


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, bool, float)) else str(value)


def _replay(district: District, statements: list[tuple[str, list[Any]]]) -> None:
    with in_district(district), transaction.atomic(using=district.database):
        with connections[district.database].cursor() as cursor:
            for sql, params in statements:
                cursor.execute(sql, params or None)
