"""The issuer that stands in for two realms, and sign-in through them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.identity import issuer
from tests.identity.issuer import Issuer
from tests.identity.realms import put_realm


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
