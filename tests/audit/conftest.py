"""A district that really commits: rows are sealed only when their transactions have ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tenants.context import in_district, in_registry


@pytest.fixture
def mengjin(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """孟津区, opened for one test, with its officer 郑国 (``mengjin.officer``); removed afterwards."""
    from django.db import connections

    from dangjian.identity.models import User
    from tenants import lifecycle, registry, schemas

    with django_db_blocker.unblock():
        district = lifecycle.create_district(
            schema_name="mengjin", name="孟津区", short_name="孟津", hosts=["mengjin.localhost"]
        )
        with in_district(district):
            district.officer = User.objects.create_user("zhengguo", None, name="郑国")
        yield district
        registry.forget()
        with in_registry():
            schemas.drop(district)
            district.delete()
        connections.close_all()
