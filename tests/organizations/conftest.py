from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.context import in_district

Budget = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def inside(world: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The world, with Huiji open."""
    with in_district(world.huiji):
        yield world


@pytest.fixture
def budget() -> Budget:
    """``with budget(3):`` fails when the block runs more statements than that.

    Setting the scope counts for none, nor does asking the registry for the host, which is remembered for a second.
    """

    @contextmanager
    def at_most(allowed: int) -> Iterator[None]:
        with CaptureQueriesContext(connection) as captured:
            yield
        said = [
            query["sql"]
            for query in captured.captured_queries
            if not query["sql"].startswith(("SET search_path", "SAVEPOINT", "RELEASE SAVEPOINT"))
            and "tenants_domain" not in query["sql"]
        ]
        assert len(said) <= allowed, f"{len(said)} statements:\n" + "\n".join(said)

    return at_most
