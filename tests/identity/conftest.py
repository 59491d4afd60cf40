"""Quick passwords: what is tested is what they open, not how slowly they are hashed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tenants.context import in_district
from tests import cast


@pytest.fixture(autouse=True)
def _quick_passwords(request: pytest.FixtureRequest, settings: Any) -> None:
    if "world" not in request.fixturenames:
        return
    from django.contrib.auth.hashers import make_password

    from dangjian.identity.models import User

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    world: SimpleNamespace = request.getfixturevalue("world")
    for district in (world.huiji, world.luoyang, world.centre):
        with in_district(district):
            User.objects.update(password=make_password(cast.PASSWORD))
    for person in vars(world).values():
        if hasattr(person, "user"):
            with in_district(getattr(world, cast.district_of(person.user.username))):
                person.user.refresh_from_db()
