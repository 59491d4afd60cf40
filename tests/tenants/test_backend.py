"""The search path follows the scope, whatever a transaction or the pool does to it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tenants.context import (
    CrossedScopes,
    NoDistrict,
    NoRegistry,
    ScopeError,
    current_scope,
    in_catalogue,
    in_district,
    in_registry,
)
from tests.tenants.conftest import database_url, schema_here, schema_in

ROOT = Path(__file__).resolve().parents[2]


def set_statements(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries.captured_queries if query["sql"].startswith("SET search_path")]


class Fault(Exception):
    pass


# --- programs: any nesting of scopes, transactions, savepoints, faults and lost connections ------------------------


@dataclass(frozen=True)
class Query:
    pass


@dataclass(frozen=True)
class BrokenQuery:
    """A statement PostgreSQL refuses: in a transaction it aborts everything up to the last savepoint."""


@dataclass(frozen=True)
class Close:
    """The connection goes away (with a pool: back to it) and the next query takes another."""


@dataclass(frozen=True)
class Scoped:
    name: str
    body: tuple[Any, ...]


@dataclass(frozen=True)
class Atomic:
    body: tuple[Any, ...]
    fails: bool
    savepoint: bool = True


def programs() -> st.SearchStrategy[tuple[Any, ...]]:
    leaf = st.sampled_from([Query(), Query(), BrokenQuery(), Close()])
    node = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(
                Scoped,
                st.sampled_from(["huiji", "luoyang", "public"]),
                st.lists(inner, max_size=4).map(tuple),
            ),
            st.builds(Atomic, st.lists(inner, max_size=4).map(tuple), st.booleans(), st.booleans()),
        ),
        max_leaves=12,
    )
    return st.lists(node, max_size=6).map(tuple)


class Machine:
    """Runs a program on one alias and asks PostgreSQL at each query where it stands."""

    def __init__(self, live: SimpleNamespace, alias: str) -> None:
        self.live = live
        self.alias = alias
        self.queries = 0

    def scope(self, name: str) -> Any:
        if name == "public":
            return in_registry() if self.alias == "default" else in_catalogue(self.alias)
        district = getattr(self.live, name)
        district.database = self.alias
        return in_district(district)

    def run(self, body: tuple[Any, ...]) -> None:
        for node in body:
            self.step(node)

    def step(self, node: Any) -> None:
        match node:
            case Query():
                self.query()
            case BrokenQuery():
                with pytest.raises((DatabaseError, ScopeError)):
                    self.fetch("SELECT * FROM nothing_of_that_name")
            case Close():
                if not connections[self.alias].in_atomic_block:
                    connections[self.alias].close()
            case Scoped(name, inner):
                with self.scope(name):
                    self.run(inner)
            case Atomic(inner, fails, savepoint):
                try:
                    with transaction.atomic(using=self.alias, savepoint=savepoint):
                        self.run(inner)
                        if fails:
                            raise Fault
                except (
                    Fault,
                    DatabaseError,
                ):  # swallowed broken statements surface at the end of their block
                    pass

    def fetch(self, statement: str) -> Any:
        with connections[self.alias].cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    def query(self) -> None:
        scope = current_scope()
        try:
            seen = self.fetch("SELECT current_schema()")
        except NoDistrict:
            assert scope is None
        except (CrossedScopes, DatabaseError):
            # Another scope's transaction, or an aborted one. What matters is that no row came from elsewhere.
            assert connections[self.alias].in_atomic_block
        else:
            assert scope is not None
            assert seen == scope.schema
            self.queries += 1


SETTINGS = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SETTINGS
@given(program=programs())
def test_no_program_of_scopes_and_transactions_queries_the_wrong_schema(
    live: SimpleNamespace, program: tuple[Any, ...]
) -> None:
    note(repr(program))
    try:
        Machine(live, "default").run(program)
    finally:
        live.huiji.database = live.luoyang.database = "default"
        connection.close()
    assert current_scope() is None


@SETTINGS
@given(program=programs())
def test_nor_with_a_pool_whose_connections_were_used_by_others(
    live: SimpleNamespace, alias: Callable[..., str], program: tuple[Any, ...]
) -> None:
    name = "pooled"
    if name not in connections.databases:
        alias(name, pool={"min_size": 1, "max_size": 2, "timeout": 5})
    try:
        Machine(live, name).run(program)
    finally:
        live.huiji.database = live.luoyang.database = "default"
        connections[name].close()


# --- the same, case by case, so that a failure has a name ----------------------------------------------------------


def test_one_set_for_a_checkout(live: SimpleNamespace) -> None:
    with in_district(live.huiji), CaptureQueriesContext(connection) as queries:
        connection.close()
        for _ in range(5):
            schema_here()
        with transaction.atomic():
            schema_here()
            with transaction.atomic():
                schema_here()
        schema_here()
    assert len(set_statements(queries)) == 1


def test_the_public_schema_is_not_on_a_districts_path(live: SimpleNamespace) -> None:
    with in_district(live.huiji), connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("huiji",)
        with pytest.raises(DatabaseError, match="tenants_district"):
            cursor.execute("SELECT * FROM tenants_district")


def fail_in_a_block(schema: str) -> None:
    try:
        with transaction.atomic():
            assert schema_here() == schema
            raise Fault
    except Fault:
        pass


@pytest.mark.parametrize("first", ["huiji", "public"])
def test_a_rollback_takes_the_search_path_back_and_we_notice(live: SimpleNamespace, first: str) -> None:
    with in_registry() if first == "public" else in_district(live.huiji):
        schema_here()
    with in_district(live.luoyang):
        fail_in_a_block("luoyang")
        assert schema_here() == "luoyang"
    assert schema_in(live.huiji) == "huiji"


def test_so_does_a_rollback_to_a_savepoint(live: SimpleNamespace) -> None:
    schema_in(live.huiji)
    with in_district(live.luoyang), transaction.atomic():
        fail_in_a_block("luoyang")  # the SET stands behind the savepoint
        assert schema_here() == "luoyang"


def test_so_does_the_commit_of_an_aborted_transaction(live: SimpleNamespace) -> None:
    """PostgreSQL turns it into a rollback and reports no error."""
    schema_in(live.huiji)
    with in_district(live.luoyang):
        with transaction.atomic(), connection.cursor() as cursor:
            with pytest.raises(DatabaseError):
                cursor.execute("SELECT * FROM nothing_of_that_name")
        assert schema_here() == "luoyang"


def test_a_cursor_kept_over_a_savepoint_rollback_still_queries_the_right_schema(
    live: SimpleNamespace,
) -> None:
    schema_in(live.huiji)
    with in_district(live.luoyang), transaction.atomic():
        savepoint = transaction.savepoint()
        with connection.cursor() as kept:
            kept.execute("SELECT current_schema()")
            transaction.savepoint_rollback(savepoint)
            kept.execute("SELECT current_schema()")
            assert kept.fetchone() == ("luoyang",)


def test_a_cursor_kept_beyond_its_scope_is_refused(live: SimpleNamespace) -> None:
    with in_district(live.huiji):
        kept = connection.cursor()
    with pytest.raises(NoDistrict):
        kept.execute("SELECT 1")
    with in_district(live.luoyang):
        kept.execute("SELECT current_schema()")
        assert kept.fetchone() == ("luoyang",)
    kept.close()


def test_a_server_side_cursor_is_in_its_scope(live: SimpleNamespace) -> None:
    from dangjian.organizations.models import Member

    schema_in(live.huiji)
    with in_district(live.luoyang):
        names = {member.name for member in Member.objects.all().iterator(chunk_size=1)}
    assert names == {"赵敏", "孙丽"}


def test_the_pool_hands_on_no_search_path(live: SimpleNamespace, alias: Callable[..., str]) -> None:
    name = alias("pooled", pool={"min_size": 1, "max_size": 1, "timeout": 5})
    huiji, luoyang = live.huiji, live.luoyang
    huiji.database = luoyang.database = name
    pids = set()
    for district in (huiji, luoyang, huiji):
        with in_district(district):
            assert schema_here(name) == district.schema_name
            with connections[name].cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                pids.add(cursor.fetchone()[0])
        connections[name].close()
    assert len(pids) == 1  # it was one and the same PostgreSQL connection
    seen: list[str] = []

    def elsewhere() -> None:
        try:
            seen.append(schema_in(luoyang))
        finally:
            connections[name].close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(timeout=20)
    assert seen == ["luoyang"]


def test_one_transaction_belongs_to_one_scope(live: SimpleNamespace) -> None:
    with in_district(live.huiji), transaction.atomic():
        schema_here()
        with in_registry(), pytest.raises(CrossedScopes):
            schema_here()
        with in_district(live.luoyang), pytest.raises(CrossedScopes):
            schema_here()
        assert schema_here() == "huiji"


def test_two_transactions_in_a_row_may_be_in_two_scopes(live: SimpleNamespace) -> None:
    for district in (live.huiji, live.luoyang, live.huiji):
        with in_district(district), transaction.atomic():
            assert schema_here() == district.schema_name

    @transaction.atomic
    def decorated() -> str:
        return schema_here()

    for district in (live.huiji, live.luoyang):
        with in_district(district):
            assert decorated() == district.schema_name


@pytest.mark.django_db
def test_the_same_inside_a_testcase(world: SimpleNamespace) -> None:
    for district in (world.huiji, world.luoyang):
        for savepoint in (True, False):
            with in_district(district), transaction.atomic(savepoint=savepoint):
                assert schema_here() == district.schema_name
                with in_registry(), pytest.raises(CrossedScopes):
                    schema_here()


def test_a_failed_set_fails_the_query_too(live: SimpleNamespace) -> None:
    schema_in(live.huiji)
    with in_district(live.luoyang):
        connection.ensure_connection()

        def refuse(execute: Any, sql: str, *rest: Any) -> Any:
            if sql.startswith("SET search_path"):
                raise DatabaseError("canceling statement due to user request")
            return execute(sql, *rest)

        with connection.execute_wrapper(refuse), pytest.raises(DatabaseError, match="canceling"):
            schema_here()
        assert schema_here() == "luoyang"


def test_a_district_is_not_looked_for_in_another_database(
    live: SimpleNamespace, alias: Callable[..., str]
) -> None:
    second = alias("second")
    with in_district(live.huiji), pytest.raises(ScopeError, match="lives in database"):
        schema_here(second)
    live.luoyang.database = second
    with in_district(live.luoyang):
        assert schema_here(second) == "luoyang"
        with pytest.raises(ScopeError, match="lives in database"):
            schema_here("default")


def test_models_are_routed_to_their_districts_database(
    live: SimpleNamespace, alias: Callable[..., str]
) -> None:
    from dangjian.organizations.models import Member
    from tenants.models import District

    live.luoyang.database = alias("second")
    with in_district(live.luoyang):
        member = Member.objects.order_by("pk").first()
        assert member is not None
        assert member.name == "赵敏"
        assert member._state.db == "second"
        with pytest.raises(NoRegistry):
            District.objects.count()
    with in_registry(), pytest.raises(NoDistrict):
        Member.objects.count()
    with in_catalogue("default"), pytest.raises(NoRegistry):
        District.objects.count()


def test_the_connection_keeps_no_tenant(live: SimpleNamespace) -> None:
    for attempt in (
        lambda: connection.set_schema("luoyang"),
        lambda: connection.set_tenant(live.luoyang),
        connection.set_schema_to_public,
    ):
        with pytest.raises(ScopeError):
            attempt()


def test_rows_of_two_scopes_cannot_be_joined_by_an_object(live: SimpleNamespace) -> None:
    from dangjian.organizations.models import Member
    from tenants.models import Rollup

    with in_district(live.huiji):
        member = Member.objects.order_by("pk").first()
    with pytest.raises(ValueError, match="must be a"):
        Rollup(district=member)


def test_the_catalogue_shows_no_table(live: SimpleNamespace) -> None:
    with in_catalogue("default"), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        with pytest.raises(DatabaseError):
            cursor.execute("SELECT * FROM tenants_district")


def test_an_error_of_the_database_leaves_the_scope_usable(live: SimpleNamespace) -> None:
    from dangjian.identity.models import User

    with in_district(live.huiji):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(username="wangfang", name="另一个")
        assert schema_here() == "huiji"


def test_a_shell_without_a_district_is_refused(django_db_setup: None) -> None:
    """The whole way of `manage.py shell`, in a process of its own."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DEBUG": "1",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
    }
    finished = subprocess.run(
        [sys.executable, "platform/manage.py", "shell", "--no-imports", "-c",
         "from dangjian.organizations.models import Member; print(Member.objects.count())"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert finished.returncode != 0
    assert "NoDistrict" in finished.stderr
