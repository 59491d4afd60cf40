"""Thousands of rows at once: COPY in, one UPDATE from arrays. Django's own way spends its time on placeholders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections
from psycopg import sql
from psycopg.types.json import Jsonb

from tenants.context import current_district


def insert(rows: Sequence[Any]) -> None:
    """Insert unsaved objects of one model and give them their keys; columns with a database default get it.

    Nothing of `save` or its signals runs.
    """
    if not rows:
        return
    meta = type(rows[0])._meta
    key = meta.pk.attname
    fields = [field for field in meta.concrete_fields if not field.has_db_default()]
    with connections[current_district().database].cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [meta.db_table, meta.pk.column, len(rows)],
        )
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            setattr(row, key, number)
            row._state.adding, row._state.db = False, cursor.db.alias
        names = sql.SQL(", ").join(sql.Identifier(field.column) for field in fields)
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(meta.db_table), names)
        with cursor.copy(into) as copy:
            for row in rows:
                copy.write_row([_plain(field, getattr(row, field.attname)) for field in fields])


def update(rows: Sequence[Any], columns: Sequence[str]) -> None:
    """Write those fields of objects of one model to the rows they were read from."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields = [meta.get_field(name) for name in columns]
    with connections[current_district().database].cursor() as cursor:
        types = [sql.SQL(field.db_type(cursor.db)) for field in fields]
        given = [[row.pk for row in rows]]
        given += [[_plain(field, getattr(row, field.attname)) for row in rows] for field in fields]
        arrays = [sql.SQL("%s::bigint[]"), *(sql.SQL("%s::{}[]").format(kind) for kind in types)]
        cursor.execute(
            sql.SQL(
                "UPDATE {table} SET {sets} FROM unnest({arrays}) AS given (key, {names}) WHERE {pk} = given.key"
            ).format(
                table=sql.Identifier(meta.db_table),
                pk=sql.Identifier(meta.db_table, meta.pk.column),
                names=sql.SQL(", ").join(sql.Identifier(field.column) for field in fields),
                sets=sql.SQL(", ").join(
                    sql.SQL("{name} = given.{name}").format(name=sql.Identifier(field.column))
                    for field in fields
                ),
                arrays=sql.SQL(", ").join(arrays),
            ),
            given,
        )


def keep_history(rows: Sequence[Any], *, kind: str, reason: str, user_id: int | None, at: Any) -> None:
    """What django-simple-history's own bulk helper writes, by COPY. kind: "+", "~" or "-"."""
    if not rows:
        return
    history = type(rows[0]).history.model
    names = [field.attname for field in history.tracked_fields]
    insert(
        [
            history(
                history_type=kind,
                history_date=at,
                history_user_id=user_id,
                history_change_reason=reason,
                **{name: getattr(row, name) for name in names},
            )
            for row in rows
        ]
    )


def _plain(field: Any, value: Any) -> Any:
    return Jsonb(value) if field.get_internal_type() == "JSONField" and value is not None else value
