"""Making and migrating schemas: one statement an execute, no DDL inside functions (Citus would not distribute it).

A schema is built under a ``building_…`` name and renamed to ``spare_<fingerprint>_…`` when whole, then to its
district's name when taken. So whatever stands under a district's name is whole, a spare can be taken at any time,
and what a crash leaves behind is known by its name and dropped by the next who builds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from typing import Any

import structlog
from django.core.management import call_command
from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader

from tenants.context import REGISTRY_SCHEMA, in_catalogue, in_district, in_registry
from tenants.locks import exclusive
from tenants.models import District, SchemaScript
from tenants.routers import is_district_app

log = structlog.get_logger(__name__)

BUILDING = "building_"
SPARE = "spare_"
_QUOTABLE = re.compile(r"[a-z][a-z0-9_]{1,62}")
Statement = tuple[str, list[Any] | None]


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
    return district.schema_name in _names(district.database, district.schema_name)


def migrate(district: District, *, verbosity: int = 0) -> None:
    """Bring an existing schema to this code's migrations and note it in the registry."""
    with in_district(district):
        call_command("migrate_scope", database=district.database, interactive=False, verbosity=verbosity)
    _note_migrated(district)


def create(district: District) -> None:
    """Give the district its schema if it has none yet: a spare one when there is, a new one otherwise.

    An interruption leaves a spare, never half a district.
    """
    with exclusive("schemas"):
        if not exists(district):
            spares = _names(district.database, _spare_prefix())
            spare = spares[0] if spares else create_spare(district.database)
            _rename(district.database, spare, district.schema_name)
            _note_migrated(district)
        elif district.migrated_to != fingerprint():
            # Made by an earlier release whose opening stopped between the renaming and the note.
            migrate(district)


def create_spare(database: str) -> str:
    """An empty, fully migrated schema, named to be found by `create`, by replaying the recorded script.

    Without a script for this code's migrations it runs them once for real and records one. Returns its name.
    """
    with exclusive("schemas"):
        _drop_leftovers(database)
        taken = _names(database, _spare_prefix())
        number = next(n for n in range(1, len(taken) + 2) if f"{_spare_prefix()}{n}" not in taken)
        building = District(
            name="", short_name="", schema_name=f"{BUILDING}{fingerprint()[:12]}", database=database
        )
        _ddl(database, f'CREATE SCHEMA "{_checked(building.schema_name)}"')
        try:
            with in_registry():
                script = SchemaScript.objects.filter(fingerprint=fingerprint()).first()
            if script is not None:
                _replay(building, script.statements)
            else:
                _migrate_and_record(building)
        except BaseException:
            drop(building)
            raise
        _rename(database, building.schema_name, f"{_spare_prefix()}{number}")
    return f"{_spare_prefix()}{number}"


def drop(district: District) -> None:
    """Remove the schema and all its rows."""
    _ddl(district.database, f'DROP SCHEMA IF EXISTS "{_checked(district.schema_name)}" CASCADE')


def _migrate_and_record(building: District) -> None:
    with in_district(building), _recorded(building.database) as statements:
        call_command("migrate_scope", database=building.database, interactive=False, verbosity=0)
    with in_registry():
        SchemaScript.objects.get_or_create(fingerprint=fingerprint(), defaults={"statements": statements})


def _spare_prefix() -> str:
    return f"{SPARE}{fingerprint()[:12]}_"


def _drop_leftovers(database: str) -> None:
    """Drop what a crash left half built, and spares of other migrations. Only under the lock: nobody else builds."""
    leftovers = [*_names(database, BUILDING), *_names(database, SPARE)]
    for name in leftovers:
        if not name.startswith(_spare_prefix()):
            log.info("schema.leftover_dropped", schema=name)
            _ddl(database, f'DROP SCHEMA "{_checked(name)}" CASCADE')


def _names(database: str, prefix: str) -> list[str]:
    with in_catalogue(database), connections[database].cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s) ORDER BY nspname", [prefix]
        )
        return [row[0] for row in cursor.fetchall()]


def _rename(database: str, name: str, new_name: str) -> None:
    _ddl(database, f'ALTER SCHEMA "{_checked(name)}" RENAME TO "{_checked(new_name)}"')


def _ddl(database: str, statement: str) -> None:
    with in_catalogue(database), connections[database].cursor() as cursor:
        cursor.execute(statement)


def _note_migrated(district: District) -> None:
    district.migrated_to = fingerprint()
    with in_registry():
        District.objects.filter(pk=district.pk).update(migrated_to=district.migrated_to)


def _checked(schema_name: str) -> str:
    """`schema_name`, fit to stand quoted in a statement.

    Raises:
        ValueError: it is not; ``public`` is not either.
    """
    if (
        not _QUOTABLE.fullmatch(schema_name)
        or schema_name.startswith("pg_")
        or schema_name == REGISTRY_SCHEMA
    ):
        raise ValueError(f"{schema_name!r} is not the name of a district's schema")
    return schema_name


@contextmanager
def _recorded(database: str) -> Iterator[list[Statement]]:
    """Collect every writing statement, with its parameters as JSON values, that runs in the block."""
    statements: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if str(sql).lstrip().split(None, 1)[0].upper() not in {"SELECT", "SET", "SHOW"}:
            rows = params if many else [params]
            # No parameters and an empty list differ: with a list, a doubled %% stands for one.
            statements.extend(
                (str(sql), None if row is None else [_plain(value) for value in row]) for row in rows
            )
        return result

    with connections[database].execute_wrapper(note):
        yield statements


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, bool, float)):
        return value
    raise TypeError(
        f"a migration writes a {type(value).__name__}, which the schema script cannot hold as JSON"
    )


def _replay(district: District, statements: list[Statement]) -> None:
    with in_district(district), transaction.atomic(using=district.database):
        with connections[district.database].cursor() as cursor:
            for sql, params in statements:
                cursor.execute(sql, params)
