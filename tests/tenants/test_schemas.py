"""A replayed schema is the migrated one; whatever stops a build leaves no half district."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections
from django.test.utils import CaptureQueriesContext
from psycopg.types.json import Jsonb

from tenants import schemas
from tenants.context import in_catalogue, in_district, in_registry
from tenants.models import District, SchemaScript
from tests.tenants.conftest import execute, schema_in

CATALOGUE = {
    "columns": """
        SELECT c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
               pg_get_expr(d.adbin, d.adrelid), co.collname
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        LEFT JOIN pg_collation co ON co.oid = a.attcollation
        WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')""",
    "indexes": """
        SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisunique, i.indisvalid
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = %s::regnamespace""",
    "constraints": """
        SELECT c.relname, n.conname, n.contype, n.condeferrable, n.condeferred, pg_get_constraintdef(n.oid)
        FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid WHERE n.connamespace = %s::regnamespace""",
    "sequences": """
        SELECT c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcycle
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = %s::regnamespace""",
    "triggers": """
        SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = %s::regnamespace AND NOT t.tgisinternal""",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = %s::regnamespace",
    "types": """
        SELECT typname, typtype FROM pg_type WHERE typnamespace = %s::regnamespace AND typtype IN ('e', 'd', 'r')""",
    "comments": """
        SELECT c.relname, d.objsubid, d.description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid
        WHERE c.relnamespace = %s::regnamespace""",
}


def catalogue(schema: str) -> dict[str, Counter[tuple[Any, ...]]]:
    """Everything PostgreSQL knows of a schema, with the schema's own name taken out."""
    found = {}
    with in_catalogue("default"), connection.cursor() as cursor:
        for kind, statement in CATALOGUE.items():
            cursor.execute(statement, [schema])
            found[kind] = Counter(
                tuple(value.replace(f"{schema}.", "") if isinstance(value, str) else value for value in row)
                for row in cursor.fetchall()
            )
    return found


def contents(schema: str) -> dict[str, list[Any]]:
    """The rows that migrations themselves wrote, but for the moment they ran at."""
    rows = {}
    with in_district(District(schema_name=schema)), connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            columns = [c.name for c in connection.introspection.get_table_description(cursor, table)]
            named = ", ".join(f'"{column}"' for column in columns if column != "applied")
            cursor.execute(f'SELECT {named} FROM "{table}" ORDER BY 1')
            rows[table] = cursor.fetchall()
    return rows


def test_a_replayed_schema_equals_a_migrated_one(no_spares: Callable[[], list[str]]) -> None:
    with in_registry():
        SchemaScript.objects.all().delete()
    migrated = schemas.create_spare(
        "default"
    )  # without a script the migrations run for real and are recorded
    with in_registry():
        script = SchemaScript.objects.get()
    assert script.fingerprint == schemas.fingerprint()
    replayed = schemas.create_spare("default")
    assert {migrated, replayed} == set(no_spares())
    one, other = catalogue(migrated), catalogue(replayed)
    for kind, things in one.items():
        assert things == other[kind], kind
    assert len(one["columns"]) > 100
    assert len(one["constraints"]) > 50
    assert contents(migrated) == contents(replayed)
    assert contents(migrated)["django_migrations"]


def test_the_comparison_sees_a_difference(no_spares: Callable[[], list[str]]) -> None:
    one, other = schemas.create_spare("default"), schemas.create_spare("default")
    execute(f'CREATE INDEX extra ON "{other}".identity_user (name)')
    execute(f"ALTER TABLE \"{other}\".identity_user ALTER COLUMN name SET DEFAULT 'x'")
    assert catalogue(one)["indexes"] != catalogue(other)["indexes"]
    assert catalogue(one)["columns"] != catalogue(other)["columns"]


def test_each_statement_of_the_script_stands_alone(no_spares: Callable[[], list[str]]) -> None:
    schemas.create_spare("default")
    with in_registry():
        statements = SchemaScript.objects.get(fingerprint=schemas.fingerprint()).statements
    for sql, _ in statements:
        assert ";" not in sql.rstrip().rstrip(";"), sql
        # A condition that is given up takes its index along; nothing else is ever dropped.
        may_start = {"CREATE", "ALTER", "INSERT", "COMMENT", "UPDATE"}
        assert sql.split(None, 1)[0].upper() in may_start or sql.startswith("DROP INDEX "), sql
        assert not {"DO", "FUNCTION", "TRIGGER", "EXTENSION"} & set(sql.upper().split()[:3]), sql


def test_a_waiting_spare_is_taken(
    fresh: Callable[..., dict[str, Any]], no_spares: Callable[[], list[str]]
) -> None:
    from tenants import lifecycle

    spare = schemas.create_spare("default")
    with in_catalogue("default"), connection.cursor() as cursor:
        cursor.execute("SELECT oid FROM pg_namespace WHERE nspname = %s", [spare])
        (identity,) = cursor.fetchone()
    district = lifecycle.create_district(**fresh("xinzheng"))
    with in_catalogue("default"), connection.cursor() as cursor:
        cursor.execute("SELECT oid FROM pg_namespace WHERE nspname = 'xinzheng'")
        assert cursor.fetchone() == (identity,)
    assert no_spares() == []
    assert schema_in(district) == "xinzheng"


@pytest.mark.parametrize("scripted", [True, False])
def test_a_build_that_fails_leaves_nothing(
    no_spares: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, scripted: bool
) -> None:
    schemas.create_spare("default")
    if not scripted:
        with in_registry():
            SchemaScript.objects.all().delete()
    before = no_spares()
    seen: list[str] = []

    def stop(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("CREATE TABLE"):
            seen.append(sql)
            if len(seen) == 5:
                raise KeyboardInterrupt
        return execute(sql, params, many, context)

    with connection.execute_wrapper(stop), pytest.raises(KeyboardInterrupt):
        schemas.create_spare("default")
    assert no_spares() == before
    schemas.create_spare("default")


def test_what_a_killed_build_left_is_dropped_by_the_next(no_spares: Callable[[], list[str]]) -> None:
    execute(f'CREATE SCHEMA "{schemas.BUILDING}0123456789ab"')
    execute(f'CREATE TABLE "{schemas.BUILDING}0123456789ab".half (id bigint)')
    execute(f'CREATE SCHEMA "{schemas.SPARE}of_another_release_1"')
    spare = schemas.create_spare("default")
    assert no_spares() == [spare]


def test_two_builders_do_not_meet(live: SimpleNamespace, no_spares: Callable[[], list[str]]) -> None:
    made: list[Any] = []

    def build() -> None:
        try:
            made.append(schemas.create_spare("default"))
        except BaseException as error:
            made.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(map(str, made)) == no_spares()
    assert len(no_spares()) == 3


def test_names_that_are_no_districts_are_not_touched(live: SimpleNamespace) -> None:
    for name in ("public", "pg_catalog", 'x"; DROP SCHEMA huiji', ""):
        with pytest.raises(ValueError, match="not the name"):
            schemas.drop(District(schema_name=name))


def test_migrating_an_up_to_date_deployment_is_one_query_however_many_districts(
    live: SimpleNamespace,
) -> None:
    with in_registry(), CaptureQueriesContext(connection) as queries:
        assert schemas.behind() == []
    assert len([q for q in queries.captured_queries if not q["sql"].startswith("SET ")]) == 1

    with in_registry(), CaptureQueriesContext(connection) as queries:
        call_command("migrate", verbosity=0)
    touched = [q["sql"] for q in queries.captured_queries if "huiji" in q["sql"] or "luoyang" in q["sql"]]
    assert touched == []


def test_a_district_that_is_behind_is_migrated(
    fresh: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    from tenants import lifecycle

    district = lifecycle.create_district(**fresh("xinzheng"))
    with in_district(district), connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'api'")
        cursor.execute("DROP TABLE api_idempotentanswer")
    with in_registry():
        District.objects.filter(pk=district.pk).update(migrated_to="earlier")
    assert [found.schema_name for found in schemas.behind()] == ["xinzheng"]
    with pytest.raises(SystemExit):
        call_command("migrate", check_unapplied=True, verbosity=0)
    assert "xinzheng" in capsys.readouterr().out
    call_command("migrate", verbosity=0)
    assert schemas.behind() == []
    with in_district(district), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM api_idempotentanswer")
    assert "xinzheng" in capsys.readouterr().out


def test_a_schema_made_by_an_earlier_release_is_not_taken_for_current(
    fresh: Callable[..., dict[str, Any]],
) -> None:
    from tenants import lifecycle

    district = lifecycle.create_district(**fresh("xinzheng"))
    with in_district(district), connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'api'")
        cursor.execute("DROP TABLE api_idempotentanswer")
    with in_registry():
        District.objects.filter(pk=district.pk).update(migrated_to="", state="provisioning")
    lifecycle.create_district(**fresh("xinzheng"))
    with in_district(district), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM api_idempotentanswer")
        assert cursor.fetchone() == (0,)


def test_a_script_cannot_silently_hold_what_json_cannot(live: SimpleNamespace) -> None:
    with pytest.raises(TypeError, match="JSON"), in_registry():
        with schemas._recorded("default"), connection.cursor() as cursor:
            cursor.execute("UPDATE tenants_district SET steps_done = %s WHERE id = 0", [Jsonb([1])])


def test_a_district_in_a_second_database(
    fresh: Callable[..., dict[str, Any]], alias: Callable[..., str], no_spares: Callable[[], list[str]]
) -> None:
    """The alias is a seam that works: schema, spare and migrations go where the district says."""
    second = alias("second")
    spare = schemas.create_spare(second)
    assert spare in no_spares()
    district = District(name="新郑市", short_name="新郑", database=second, schema_name="xinzheng")
    fresh("xinzheng")
    with in_registry():
        district.save()
    schemas.create(district)
    assert schema_in(district) == "xinzheng"
    schemas.migrate(district)
    schemas.drop(district)
    with pytest.raises(DatabaseError):
        with in_district(district), connections[second].cursor() as cursor:
            cursor.execute("SELECT * FROM identity_user")
