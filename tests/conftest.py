"""The cast and the two districts every test has at hand.

惠济区: 王芳 leads 金河社区第三网格党支部, 李强 is a member there; 周杰 belongs to another branch under another
committee; 张伟 is the district's officer, 刘娜 its information editor. 洛阳市直机关: 赵敏 is a member, 孙丽 the
officer. 陈静 oversees from the centre. Both districts are built alike, so their ids collide on purpose.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenants.context import entering_modules

# A fixture is a generator that pytest enters and leaves once, like a `with` block.
entering_modules.add("_pytest.fixtures")


@pytest.fixture(scope="session")
def django_db_setup(django_db_modify_db_settings: None, django_db_blocker: Any) -> Iterator[None]:
    """A fresh test database, one a worker, holding the registry, the centre and two districts with the cast."""
    from django.db import connection

    from tenants.context import in_registry
    from tests import cast

    with django_db_blocker.unblock():
        with in_registry():
            name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            # pytest-django asks whether transactions work by making a table; it needs a scope and an answer once.
            assert connection.features.supports_transactions
        cast.build()
    yield
    with django_db_blocker.unblock(), in_registry():
        with connection.cursor() as cursor:
            # A pool of the last test may still be closing its connections; a database in use is not dropped.
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.creation.destroy_test_db(name, verbosity=0)


@pytest.fixture
def world(db: None) -> SimpleNamespace:
    """Districts and people by name: ``world.huiji``, ``world.wangfang`` (a Member) … read afresh for each test."""
    from tests import cast

    return cast.load()


@pytest.fixture
def huiji(world: SimpleNamespace) -> Any:
    return world.huiji


@pytest.fixture
def luoyang(world: SimpleNamespace) -> Any:
    return world.luoyang


@pytest.fixture
def centre(world: SimpleNamespace) -> Any:
    return world.centre


@pytest.fixture
def client_of(world: SimpleNamespace) -> Callable[..., Any]:
    """``client_of("wangfang")``: a test client on that person's host, signed in without the cost of a password."""
    from django.conf import settings
    from django.test import Client

    from dangjian.identity.models import User
    from dangjian.identity.sessions import SessionStore
    from tenants.context import in_district
    from tests import cast

    def signed_in(username: str, **options: Any) -> Client:
        district = getattr(world, cast.district_of(username))
        with in_district(district):
            key = SessionStore.for_user(User.objects.get(username=username))
        client = Client(headers={"host": cast.HOSTS[district.schema_name]}, **options)
        client.cookies[settings.SESSION_COOKIE_NAME] = key
        return client

    return signed_in


@pytest.fixture(autouse=True)
def _clean_process_state() -> Iterator[None]:
    """What this process remembers between requests must not travel between tests."""
    from django.core.cache import caches

    from dangjian.api import throttles
    from tenants import registry

    registry.forget()
    yield
    registry.forget()
    throttles.forget()
    for cache in caches.all(initialized_only=True):
        cache.clear()


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder with a short path (unix sockets) that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="dj-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
