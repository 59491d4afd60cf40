"""Which database scope is open: one district, the registry, or none.

The scope is a ``ContextVar`` and nothing else. The connection never carries it: the database backend reads it
each time a cursor opens. So a thread, a task or an exception cannot leave a scope behind in somebody else's hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenants.models import District

REGISTRY_SCHEMA: Final = "public"
REGISTRY_DATABASE: Final = "default"


class ScopeError(RuntimeError):
    """A query was about to run in no scope, or in one it does not belong to."""


class NoDistrict(ScopeError):
    """A district's data was asked for while no district is open."""


class NoRegistry(ScopeError):
    """The registry's data was asked for while ``in_registry()`` is not open."""


class CrossedScopes(ScopeError):
    """One transaction was about to touch two scopes.

    A transaction that spans ``public`` and a district was torn under kills once they lived on two servers.
    """


@dataclass(frozen=True, slots=True)
class Scope:
    """The schema and database alias that cursors use; ``district`` is None in the registry."""

    schema: str
    database: str
    district: District | None


_REGISTRY: Final = Scope(REGISTRY_SCHEMA, REGISTRY_DATABASE, None)
_scope: ContextVar[Scope | None] = ContextVar("tenants_scope", default=None)


@contextmanager
def in_district(district: District) -> Iterator[District]:
    """Run queries in `district`'s schema until the block ends, however it ends.

    Open it inside the synchronous function that queries, never around an ``await``.
    """
    token = _scope.set(Scope(district.schema_name, district.database, district))
    try:
        yield district
    finally:
        _scope.reset(token)


@contextmanager
def in_registry() -> Iterator[None]:
    """Run queries in the registry (``public``) until the block ends."""
    token = _scope.set(_REGISTRY)
    try:
        yield
    finally:
        _scope.reset(token)


def current_scope() -> Scope | None:
    """The open scope, or None."""
    return _scope.get()


def required_scope() -> Scope:
    """The open scope.

    Raises:
        NoDistrict: neither a district nor the registry is open.
    """
    scope = _scope.get()
    if scope is None:
        raise NoDistrict("no district is open: wrap the query in in_district(district) or in_registry()")
    return scope


def current_district() -> District:
    """The open district.

    Raises:
        NoDistrict: none is open, or the registry is.
    """
    scope = _scope.get()
    if scope is None or scope.district is None:
        raise NoDistrict("no district is open: wrap the call in in_district(district)")
    return scope.district
