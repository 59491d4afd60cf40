"""Which database scope is open: one district, the registry, or none.

The scope is a ``ContextVar`` and nothing else. The connection never carries it: the database backend reads it
each time a cursor opens. So a thread, a task or an exception cannot leave a scope behind in somebody else's hands.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import TracebackType
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from tenants.models import District

REGISTRY_SCHEMA: Final = "public"
REGISTRY_DATABASE: Final = "default"
CATALOGUE_SCHEMA: Final = "pg_catalog"


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

# Generators that are not iterated but entered and left once, like a ``with`` block: those of `contextlib`.
# The tests add the fixtures of pytest.
entering_modules: Final[set[str]] = {"contextlib"}

_Given = TypeVar("_Given")


class _Opened(AbstractContextManager[_Given], Generic[_Given]):
    """Holds a scope open. Each object is good for one ``with``."""

    __slots__ = ("_given", "_opened", "_token")

    def __init__(self, scope: Scope, given: _Given) -> None:
        self._opened = scope
        self._given = given
        self._token: Token[Scope | None] | None = None

    def __enter__(self) -> _Given:
        _refuse_where_a_scope_would_leak(1)
        self._token = _scope.set(self._opened)
        return self._given

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None  # noqa: S101  (a `with` enters before it leaves)
        left = _scope.get()
        _scope.reset(self._token)
        if left is not self._opened:
            _scope.set(None)
            raise ScopeError("scopes were closed in another order than they were opened")


def _refuse_where_a_scope_would_leak(depth: int) -> None:
    """Raise ScopeError when the frame that opens a scope can be suspended while it is open.

    A suspended generator leaves its scope to whoever iterates it, and two of them restore each other's. A task
    started under an open scope would keep it for life.
    """
    frame = sys._getframe(depth + 1)
    flags = frame.f_code.co_flags
    if flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        raise ScopeError("no scope in a coroutine: open it inside the synchronous function that queries")
    if flags & CO_GENERATOR:
        driver = frame.f_back
        if driver is None or driver.f_globals.get("__name__") not in entering_modules:
            raise ScopeError("no scope in a generator: query in a function, and yield what it returned")


def in_district(district: District) -> AbstractContextManager[District]:
    """Run queries in `district`'s schema until the block ends, however it ends.

    Open it inside the synchronous function that queries.

    Raises:
        ScopeError: opened in a coroutine or in a generator (one of ``@contextmanager`` excepted).
    """
    return _Opened(Scope(district.schema_name, district.database, district), district)


def in_registry() -> AbstractContextManager[None]:
    """Run queries in the registry (``public``) until the block ends; raises as `in_district` does."""
    return _Opened(_REGISTRY, None)


def in_catalogue(database: str) -> AbstractContextManager[None]:
    """Run statements about schemas as wholes on database `database`: no table of anybody is in sight."""
    return _Opened(Scope(CATALOGUE_SCHEMA, database, None), None)


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
