"""Two partitions with committed data, and socket servers in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def _schemas(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[str]]:
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
def partitions(_schemas: list[str], django_db_blocker: Any, settings: Any) -> Iterator[list[Any]]:
    """The two partitions, empty; what is written is committed, and gone after the test."""
    from tenants.context import in_district
    from tests.realtime import house

    settings.REALTIME = {"site": "tests.realtime.house.House", "insecure_origins": True}
    districts = list(house.partitions().values())
    with django_db_blocker.unblock():
        yield districts
        for district in districts:
            with in_district(district):
                house.query(
                    "TRUNCATE realtime_event, realtime_topichead, realtime_epoch,"
                    " live_right, live_session, live_value, live_house"
                )


@pytest.fixture
def a(partitions: list[Any]) -> Iterator[Any]:
    """The first partition, open."""
    from tenants.context import in_district

    with in_district(partitions[0]):
        yield partitions[0]


@pytest.fixture
def b(partitions: list[Any]) -> Any:
    """The second partition; open it with `in_district`."""
    return partitions[1]
