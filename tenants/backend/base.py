"""The PostgreSQL backend that refuses a cursor without a scope.

django-tenants' wrapper sets ``search_path``; this one decides to what, from `tenants.context` alone, and leaves
``public`` off a district's path so that a missing table is an error and never the registry's row.
"""

from __future__ import annotations

from typing import Any

from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper

from tenants.context import CrossedScopes, ScopeError, required_scope


class DatabaseWrapper(TenantsWrapper):
    include_public_schema = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._transaction_schema: str | None = None
        super().__init__(*args, **kwargs)

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Refused: the scope is `tenants.context`, so that no caller can leave one behind on a connection."""
        if self.schema_name is not None:
            raise ScopeError("use in_district(district) or in_registry(); a connection keeps no tenant of its own")
        super().set_tenant(tenant, include_public=False)

    def _cursor(self, name: str | None = None) -> Any:
        scope = required_scope()
        if scope.database != self.alias:
            raise ScopeError(f"{scope.schema} lives in database {scope.database!r}, not in {self.alias!r}")
        self._hold_transaction_to(scope.schema)
        if self.schema_name != scope.schema:
            self.schema_name = scope.schema
            self.search_path_set_schemas = None
            self._setting_search_path = False
        self.include_public_schema = False
        return super()._cursor(name)

    def _hold_transaction_to(self, schema: str) -> None:
        # A TestCase's own outer atomic stands for the database's state before the test: it belongs to nobody.
        if not any(not block._from_testcase for block in self.atomic_blocks):
            self._transaction_schema = None
            return
        if self._transaction_schema is None:
            self._transaction_schema = schema
        elif self._transaction_schema != schema:
            raise CrossedScopes(f"a transaction in {self._transaction_schema} was about to touch {schema}")

    def check_constraints(self, table_names: Any = None) -> None:
        # Runs at the end of a TestCase, when no scope is open; it names no table, so it needs none.
        with self.connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    def _savepoint(self, sid: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(self.ops.savepoint_create_sql(sid))

    def _savepoint_rollback(self, sid: str) -> None:
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(self.ops.savepoint_rollback_sql(sid))

    def _savepoint_commit(self, sid: str) -> None:
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(self.ops.savepoint_commit_sql(sid))
