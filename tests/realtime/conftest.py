"""Two partitions with committed data, and socket servers in processes of their own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.realtime.serving import Server, Stage, start


@pytest.fixture(scope="session")
def live_schemas(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[str]]:
    from tenants import schemas
    from tenants.context import in_district
    from tests.realtime import house

    with django_db_blocker.unblock():
        names = [schemas.create_spare("default") for _ in house.HOSTS]
        os.environ["LIVE_HOUSE"] = ",".join(names)
        for district in house.partitions().values():
            with in_district(district):
                house.query(house.TABLES)
    yield names
    with django_db_blocker.unblock():
        for district in house.partitions().values():
            schemas.drop(district)


@pytest.fixture
def partitions(
    live_schemas: list[str], django_db_blocker: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Any]]:
    """The two partitions; what is written is committed, and all but the log is gone after the test."""
    from realtime import topics
    from tenants.context import in_district
    from tests.realtime import house

    monkeypatch.setattr(topics, "_kinds", {kind.name: kind for kind in house.KINDS})
    settings.REALTIME = {"site": "tests.realtime.house.House", "insecure_origins": True}
    districts = list(house.partitions().values())
    with django_db_blocker.unblock():
        yield districts
        for district in districts:
            with in_district(district):
                house.query("TRUNCATE live_right, live_session, live_value, live_house")


@pytest.fixture
def a(partitions: list[Any]) -> Iterator[Any]:
    """The first partition, open, with an empty log. Not beside a server that runs."""
    from tenants.context import in_district
    from tests.realtime import house

    for district in partitions:
        with in_district(district):
            house.query("TRUNCATE realtime_event, realtime_topichead, realtime_epoch")
    with in_district(partitions[0]):
        yield partitions[0]


@pytest.fixture
def b(partitions: list[Any]) -> Any:
    """The second partition; open it with `in_district`."""
    return partitions[1]


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of a Valkey of the suite's own."""
    import tempfile

    from dangjian.local import valkey

    with tempfile.TemporaryDirectory(prefix="dj-vk-") as folder, valkey.running(Path(folder)) as server:
        yield server.url


@pytest.fixture(scope="module")
def start_server(live_schemas: list[str]) -> Iterator[Callable[..., Server]]:
    """Starts socket servers that end with the module; see `serving.start`."""
    from django.conf import settings

    with ExitStack() as stack:

        def started(**how: Any) -> Server:
            return stack.enter_context(start(LIVE_DATABASE=settings.DATABASES["default"]["NAME"], **how))

        yield started


_rooms = itertools.count(1000)


@pytest.fixture
def stage(partitions: list[Any]) -> Iterator[Stage]:
    """Writes what people do, in either partition; `stage.room` is a room no other test knows."""
    with Stage(partitions, room=next(_rooms)) as made:
        yield made
