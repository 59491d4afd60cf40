"""Thousands of rows at once: COPY in, one UPDATE from arrays. Django's own way spends its time on objects and
placeholders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connections
from psycopg import sql
from psycopg.types.json import Jsonb

from tenants.context import current_district


def insert(model: Any, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert rows of one model and answer their keys, in their order.

    rows: attribute → value (``branch_id``, not ``branch``), all of them with the same attributes; what is not given has
    the field's default. Nothing of `save` or its signals runs.
    """
    if not rows:
        return []
    meta = model._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    given = [field for field in fields if field.attname in rows[0]]
    others = [field for field in fields if field.attname not in rows[0] and not field.has_db_default()]
    columns = [
        *(_plain(field, [row[field.attname] for row in rows]) for field in given),
        *(_plain(field, [field.get_default()]) * len(rows) for field in others),
    ]
    with connections[current_district().database].cursor() as cursor:
        cursor.execute(
            "SELECT nextval(keys::regclass) FROM pg_get_serial_sequence(%s, %s) AS keys, generate_series(1, %s)",
            [meta.db_table, meta.pk.column, len(rows)],
        )
        keys = [key for (key,) in cursor.fetchall()]
        names = sql.SQL(", ").join(sql.Identifier(field.column) for field in (meta.pk, *given, *others))
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(meta.db_table), names)
        with cursor.copy(into) as copy:
            for row in zip(keys, *columns, strict=True):
                copy.write_row(row)
    return keys


def update(model: Any, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write `columns` of the rows of one model. rows: the key, then a value for each of the columns."""
    if not rows:
        return
    meta = model._meta
    fields = [meta.get_field(name) for name in columns]
    keys, *values = zip(*rows, strict=True)
    with connections[current_district().database].cursor() as cursor:
        types = [sql.SQL(field.db_type(cursor.db)) for field in fields]
        given = [list(keys)]
        given += [_plain(field, column) for field, column in zip(fields, values, strict=True)]
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


def values(rows: Sequence[Any], columns: Sequence[str]) -> list[list[Any]]:
    """Objects of one model as `update` takes them."""
    return [[row.pk, *(getattr(row, name) for name in columns)] for row in rows]


def keep_history(
    model: Any, keys: Sequence[int], *, kind: str, reason: str, user_id: int | None, at: Any
) -> None:
    """What django-simple-history's own bulk helper writes, of the rows as they now stand. kind: "+", "~" or "-"."""
    if not keys:
        return
    history, meta = model.history.model, model._meta
    names = sql.SQL(", ").join(sql.Identifier(field.column) for field in history.tracked_fields)
    with connections[current_district().database].cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "INSERT INTO {history}"
                " ({names}, history_type, history_date, history_user_id, history_change_reason)"
                " SELECT {names}, %s, %s, %s, %s FROM {table} WHERE {pk} = ANY(%s) ORDER BY {pk}"
            ).format(
                history=sql.Identifier(history._meta.db_table),
                table=sql.Identifier(meta.db_table),
                pk=sql.Identifier(meta.pk.column),
                names=names,
            ),
            [kind, at, user_id, reason, list(keys)],
        )


def begin_history(model: Any, keys: Sequence[int]) -> None:
    """Write how the rows stand as their entry, of those of which nothing was ever written, so that their next change
    has a before. model: one with ``created_at``."""
    if not keys:
        return
    history, meta = model.history.model, model._meta
    columns = [field.column for field in history.tracked_fields]
    with connections[current_district().database].cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "INSERT INTO {history} ({names}, history_type, history_date) SELECT {names}, '+', {table}.created_at"
                " FROM {table} WHERE {pk} = ANY(%s) AND NOT EXISTS (SELECT FROM {history} WHERE {told} = {pk})"
                " ORDER BY {pk}"
            ).format(
                history=sql.Identifier(history._meta.db_table),
                names=sql.SQL(", ").join(map(sql.Identifier, columns)),
                table=sql.Identifier(meta.db_table),
                pk=sql.Identifier(meta.db_table, meta.pk.column),
                told=sql.Identifier(history._meta.db_table, meta.pk.column),
            ),
            [list(keys)],
        )


def _plain(field: Any, values: Sequence[Any]) -> list[Any]:
    """Values of one column as the driver takes them."""
    if field.get_internal_type() != "JSONField":
        return list(values)
    return [None if value is None else Jsonb(value) for value in values]
