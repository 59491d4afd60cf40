"""The rules that keep several databases possible, held on one plain PostgreSQL.

Each is read from the catalogue, from the recorded script or from the source, so that a migration or a line that
breaks one fails here with the reason (docs/explanation/districts.md).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL

from tenants.context import in_catalogue, in_district
from tenants.models import District
from tenants.routers import is_district_app

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "tenants", ROOT / "realtime", ROOT / "platform" / "dangjian"]
SCHEMAS = ("huiji", "luoyang", "centre")

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(world: SimpleNamespace) -> Any:
    """Ask the catalogue, of all schemas at once."""

    def ask(statement: str, *parameters: Any) -> list[Any]:
        with in_catalogue("default"), connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall()

    return ask


def python_files() -> Iterator[Path]:
    for source in SOURCES:
        yield from (path for path in source.rglob("*.py") if "/migrations/" not in str(path))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Every string that is not a docstring."""
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr):
                docstrings.add(first.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node


# --- districts apart -------------------------------------------------------------------------------


def test_no_relation_is_shared_by_the_registry_and_a_district(rows: Any) -> None:
    found = rows(
        "SELECT relnamespace::regnamespace::text, relname FROM pg_class WHERE relkind IN ('r', 'v', 'p')"
    )
    relations: dict[str, set[str]] = {}
    for schema, name in found:
        relations.setdefault(schema, set()).add(name)
    for schema in SCHEMAS:
        assert relations["public"] & relations[schema] == {"django_migrations"}
        assert len(relations[schema]) > 15
    assert relations["huiji"] == relations["luoyang"] == relations["centre"]


def test_no_content_types_anywhere(rows: Any) -> None:
    assert (
        rows("SELECT relname FROM pg_class WHERE relname LIKE '%%content_type%%' OR relname LIKE 'auth_%%'")
        == []
    )
    for model in apps.get_models():
        if not is_district_app(model._meta.app_label):
            continue
        for field in model._meta.get_fields(include_hidden=True):
            assert type(field).__name__ not in {"GenericForeignKey", "GenericRelation", "GenericRel"}, field
            related = getattr(field, "related_model", None)
            assert related is None or related._meta.app_label != "contenttypes", field
    assert "django.contrib.auth" not in settings.INSTALLED_APPS
    assert "django.contrib.admin" not in settings.INSTALLED_APPS


def test_the_source_asks_for_no_content_type() -> None:
    for path in python_files():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"contenttypes\.(models|fields)|ContentType\b|GenericForeignKey", text), path


# --- 1: keys and order -----------------------------------------------------------------------------


def test_every_table_has_a_bigint_primary_key(rows: Any) -> None:
    keys = rows(
        """
        SELECT c.relnamespace::regnamespace::text, c.relname, array_agg(format_type(a.atttypid, a.atttypmod))
        FROM pg_class c
        LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace::regnamespace::text IN
            ('public', 'huiji', 'luoyang', 'centre')
        GROUP BY 1, 2
        """
    )
    assert {(schema, table): types for schema, table, types in keys if types != ["bigint"]} == {}
    assert len(keys) > 60


def test_no_model_changes_the_type_of_its_key() -> None:
    loader = MigrationLoader(None)
    for key, migration in loader.disk_migrations.items():
        if key[0] not in {config.label for config in apps.get_app_configs() if is_ours(config.name)}:
            continue
        for operation in migration.operations:
            field = getattr(operation, "field", None)
            altered = type(operation).__name__ == "AlterField" and getattr(field, "primary_key", False)
            assert not altered, f"{key}: an identity's type is for ever"


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in {"tenants", "realtime", "dangjian"}


def test_nothing_is_ordered_by_id_alone() -> None:
    for path in python_files():
        for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if name_of(call.func) == "order_by" and len(call.args) == 1:
                argument = call.args[0]
                value = argument.value if isinstance(argument, ast.Constant) else None
                # Rows are locked in the order of their keys, so that two who lock the same never wait in a circle.
                for_locking = "select_for_update" in ast.unparse(call.func)
                registry = (ROOT / "tenants") in path.parents
                assert value not in {"id", "-id", "pk", "-pk"} or for_locking or registry, (
                    f"{path}:{call.lineno}"
                )
    for model in apps.get_models():
        if is_district_app(model._meta.app_label):
            assert list(model._meta.ordering) not in (["id"], ["-id"], ["pk"], ["-pk"]), model


# --- 2, 3: what belongs to a district --------------------------------------------------------------


def test_outbox_topics_and_audit_are_the_districts(rows: Any) -> None:
    for label in ("realtime", "audit"):
        assert is_district_app(label)
        tables = {model._meta.db_table for model in apps.get_app_config(label).get_models()}
        assert tables
        for schema in SCHEMAS:
            there = {
                name for (name,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema)
            }
            assert tables <= there


def test_no_foreign_key_leaves_its_schema(rows: Any) -> None:
    crossing = rows(
        """
        SELECT k.conname FROM pg_constraint k
        JOIN pg_class one ON one.oid = k.conrelid JOIN pg_class other ON other.oid = k.confrelid
        WHERE k.contype = 'f' AND one.relnamespace <> other.relnamespace
        """
    )
    assert crossing == []
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey):
                inside = is_district_app(model._meta.app_label)
                assert is_district_app(field.related_model._meta.app_label) is inside, field


# --- 4, 5, 7: triggers, functions, statements ------------------------------------------------------


def test_no_triggers_functions_or_extensions_in_districts(rows: Any) -> None:
    for schema in SCHEMAS:
        triggers = rows(
            "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT tgisinternal AND c.relnamespace = %s::regnamespace",
            schema,
        )
        assert triggers == []
        assert rows("SELECT proname FROM pg_proc WHERE pronamespace = %s::regnamespace", schema) == []
    assert rows("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'") == []


FORBIDDEN_SQL = re.compile(
    r"\bDO\s+\$|\bCREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE|TRIGGER|EXTENSION)\b|\bclone_schema\b|\bMERGE\s+INTO\b"
    r"|\bset_config\s*\(|\bTG_TABLE_NAME\b",
    re.IGNORECASE,
)


def test_neither_migrations_nor_source_hold_such_sql() -> None:
    loader = MigrationLoader(None)
    for key, migration in loader.disk_migrations.items():
        for operation in migration.operations:
            if isinstance(operation, RunSQL) and is_district_app(key[0]):
                assert not FORBIDDEN_SQL.search(str(operation.sql)), key
    for source in SOURCES:
        for path in source.rglob("*.py"):
            for text in strings(ast.parse(path.read_text(encoding="utf-8"))):
                assert not FORBIDDEN_SQL.search(text.value), f"{path}:{text.lineno}"


def test_the_search_for_such_sql_finds_some() -> None:
    for bad in ("DO $$ BEGIN", "CREATE OR REPLACE FUNCTION f()", "select clone_schema('a')", "merge into t"):
        assert FORBIDDEN_SQL.search(bad)


def test_migrations_run_one_statement_at_a_time() -> None:
    loader = MigrationLoader(None)
    for key, migration in loader.disk_migrations.items():
        for operation in migration.operations:
            if isinstance(operation, RunSQL) and is_district_app(key[0]):
                for statement in (
                    operation.sql if isinstance(operation.sql, (list, tuple)) else [operation.sql]
                ):
                    text = statement[0] if isinstance(statement, (list, tuple)) else statement
                    assert ";" not in str(text).rstrip().rstrip(";"), f"{key}: give RunSQL a list"


def test_locks_and_notices_stand_alone() -> None:
    """Advisory locks only in `tenants.locks`; NOTIFY nowhere (live topics go through the channel layer)."""
    allowed = {ROOT / "tenants" / "locks.py"}
    for path in python_files():
        for text in strings(ast.parse(path.read_text(encoding="utf-8"))):
            found = re.search(
                r"pg_(try_)?advisory\w*|\bpg_notify\s*\(|^\s*NOTIFY\s", text.value, re.IGNORECASE
            )
            assert not found or path in allowed, f"{path}:{text.lineno}"


# --- 6: what the sharding planner cannot do, and what it does not say ------------------------------


def test_no_subquery_inside_create() -> None:
    for path in python_files():
        for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if name_of(call.func) in {"create", "bulk_create", "get_or_create", "update_or_create"}:
                inner = {name_of(inside.func) for inside in calls(call) if inside is not call}
                assert not inner & {"Subquery", "Exists", "OuterRef"}, f"{path}:{call.lineno}"


def test_nobody_reads_a_constraints_name() -> None:
    """Citus gives None there; one translator turns backend errors into ours."""
    for path in python_files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & {"constraint_name", "diag"}, path


# --- 8: the centre ---------------------------------------------------------------------------------


def test_no_sql_names_two_schemas() -> None:
    """A join across districts would need schema-qualified names; nobody writes one."""
    models_tables = {
        model._meta.db_table for model in apps.get_models() if is_district_app(model._meta.app_label)
    }
    qualified = re.compile(r"[\w\"}]\.\"?(" + "|".join(sorted(models_tables)) + r")\b")
    for path in python_files():
        for text in strings(ast.parse(path.read_text(encoding="utf-8"))):
            if re.search(r"\b(SELECT|INSERT|UPDATE|DELETE|JOIN)\b", text.value):
                assert not qualified.search(text.value), f"{path}:{text.lineno}"


def test_every_district_names_its_database(world: SimpleNamespace) -> None:
    for district in (world.huiji, world.luoyang, world.centre):
        assert district.database in settings.DATABASES
    assert District._meta.get_field("database").default == "default"


def test_colliding_ids_are_the_rule(world: SimpleNamespace) -> None:
    """Both districts are built alike: an id that leaks would hit a row, not miss one."""
    from dangjian.organizations.models import Member, Organization

    ids: list[Any] = []
    for district in (world.huiji, world.luoyang):
        with in_district(district):
            ids.append([set(model.objects.values_list("pk", flat=True)) for model in (Member, Organization)])
    assert ids[0][0] >= ids[1][0]
    assert ids[0][1] == ids[1][1]
