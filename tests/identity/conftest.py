"""Quick passwords: what is tested is what they open, not how slowly they are hashed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenants.context import in_district
from tests import cast
from tests.identity import issuer
from tests.identity.issuer import Issuer
from tests.identity.realms import put_realm


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


@pytest.fixture(scope="session")
def _issuers() -> Iterator[dict[str, Issuer]]:
    with issuer.running("huiji") as first, issuer.running("luoyang") as second:
        yield {"huiji": first, "luoyang": second}


@pytest.fixture
def issuers(
    _issuers: dict[str, Issuer], world: SimpleNamespace, settings: Any, tmp_path: Path
) -> Iterator[dict[str, Issuer]]:
    """``IDENTITY=keycloak`` with two realms that can be made to fail; the people of the cast are known to theirs."""
    from dangjian.identity.keycloak import oidc

    settings.IDENTITY, settings.KEYCLOAK_SECRETS = "keycloak", str(tmp_path)
    (tmp_path / "faults").write_text(issuer.SECRET)
    oidc.forget()
    for name, each in _issuers.items():
        each.fault, each.asked, each.forms = "", [], []
        each.token_answer = 400, {"error": "invalid_grant"}
        put_realm(getattr(world, name), each.row())
    yield _issuers
    oidc.forget()
