"""The PostgreSQL backend that refuses a query without a scope.

django-tenants' wrapper sets ``search_path``; this one decides to what, from `tenants.context` alone, and leaves
``public`` off a district's path so that a missing table is an error and never the registry's row.

What ``search_path`` stands at is remembered, to spare a statement a query (`TENANT_LIMIT_SET_CALLS`). Whatever can
change it behind our back makes it unknown again: a rollback, a rollback to a savepoint, a new connection, and a
connection that went back to the pool.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.utils.functional import cached_property
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper
from django_tenants.utils import get_limit_set_calls
from psycopg import sql
from psycopg.pq import TransactionStatus

from tenants.context import CATALOGUE_SCHEMA, CrossedScopes, ScopeError, required_scope


class SchemaEditor(TenantsWrapper.SchemaEditorClass):
    # With it a column that refers to another table is two statements in one execute, which no script can hold and
    # Citus would not distribute. Without it the constraint follows in a statement of its own.
    sql_create_column_inline_fk = None


class DatabaseWrapper(TenantsWrapper):
    SchemaEditorClass = SchemaEditor
    include_public_schema = False
    schema_name: str | None
    search_path_set_schemas: list[str] | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The outermost atomic block of the caller, and the schema its first query went to.
        self._held: tuple[Any, str] | None = None
        super().__init__(*args, **kwargs)
        # A cursor may be kept beyond the scope it was opened in, or beyond a rollback: each statement is looked at.
        self.execute_wrappers.append(self._execute_in_scope)

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Refused: the scope is `tenants.context`, so that no caller can leave one behind on a connection."""
        if self.schema_name is not None:
            raise ScopeError(
                "use in_district(district) or in_registry(); a connection keeps no tenant of its own"
            )
        super().set_tenant(tenant, include_public=False)

    def _cursor(self, name: str | None = None) -> Any:
        self._enter_scope()
        cursor = super()._cursor(name)
        if name is not None:
            self._set_search_path()
        return cursor

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Called by the parent with each unnamed cursor; on that cursor the statement shows in query counts."""
        if cursor is not None:
            self._set_search_path(cursor)

    def _execute_in_scope(self, execute: Any, statement: Any, params: Any, many: bool, context: Any) -> Any:
        if not self._setting_search_path:
            self._enter_scope()
            self._set_search_path()
        return execute(statement, params, many, context)

    def _enter_scope(self) -> None:
        scope = required_scope()
        if self.alias == NO_DB_ALIAS:  # the server's own database, where databases are made and dropped
            self.schema_name = CATALOGUE_SCHEMA
            return
        if scope.database != self.alias:
            raise ScopeError(f"{scope.schema} lives in database {scope.database!r}, not in {self.alias!r}")
        self._hold_transaction_to(scope.schema)
        self.schema_name = scope.schema

    def _set_search_path(self, cursor: Any = None) -> None:
        if get_limit_set_calls() and self.search_path_set_schemas == [self.schema_name]:
            return
        self.search_path_set_schemas = None
        statement = sql.SQL("SET search_path = {}").format(sql.Identifier(self.schema_name or ""))
        self._setting_search_path = True
        try:
            # An error is not swallowed here: the query that follows would run in whatever schema was set before.
            if cursor is not None:
                cursor.execute(statement.as_string(self.connection))
            else:
                with self.wrap_database_errors, self.connection.cursor() as own:
                    own.execute(statement)
        finally:
            self._setting_search_path = False
        self.search_path_set_schemas = [self.schema_name or ""]

    def _hold_transaction_to(self, schema: str) -> None:
        transaction = self._transaction()
        if transaction is None:
            self._held = None
        elif self._held is None or self._held[0] is not transaction:
            self._held = (transaction, schema)
        elif self._held[1] != schema:
            raise CrossedScopes(f"a transaction in {self._held[1]} was about to touch {schema}")

    def _transaction(self) -> Any:
        # A TestCase's own outer atomic stands for the database's state before the test: it belongs to nobody.
        return next((block for block in self.atomic_blocks if not block._from_testcase), None)

    def connect(self) -> None:
        self.search_path_set_schemas = self._held = None
        super().connect()

    def close(self) -> None:
        self._held = None
        super().close()

    def _commit(self) -> Any:
        self._held = None
        if (
            self.connection is not None
            and self.connection.info.transaction_status == TransactionStatus.INERROR
        ):
            # PostgreSQL answers the COMMIT of an aborted transaction with a ROLLBACK and no error.
            self.search_path_set_schemas = None
        return super()._commit()

    def _rollback(self) -> Any:
        self._held = None
        return super()._rollback()

    @cached_property
    def pg_version(self) -> int:
        # Asked for while a process makes its first connection, in whatever scope or none; no table is read.
        opened = self.connection is None
        self.ensure_connection()
        try:
            return int(self.connection.info.server_version)
        finally:
            if opened:
                self.close()

    def check_constraints(self, table_names: Any = None) -> None:
        # Runs at the end of a TestCase, when no scope is open; it names no table, so it needs none.
        with self.connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    # Savepoints name no table either, and must work where a block is left after its scope has closed.

    def _savepoint(self, sid: str) -> None:
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(self.ops.savepoint_create_sql(sid))

    def _savepoint_rollback(self, sid: str) -> None:
        try:
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                cursor.execute(self.ops.savepoint_rollback_sql(sid))
        finally:
            self._leave_savepoint()

    def _savepoint_commit(self, sid: str) -> None:
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(self.ops.savepoint_commit_sql(sid))
        self._leave_savepoint()

    def _leave_savepoint(self) -> None:
        if self._transaction() is None:
            self._held = None
