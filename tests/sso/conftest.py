"""A real Keycloak, started once for the suite: the one KEYCLOAK_URL names, else one of our own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dangjian.local import keycloak as embedded
from tests.sso.ports import free_port


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    lacking = "" if os.environ.get("KEYCLOAK_URL") else embedded.missing()
    if not lacking or os.environ.get("CI") == "true":
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=lacking))


@dataclass(frozen=True, slots=True)
class Keycloak:
    """A running Keycloak and an administrator of its realm master."""

    url: str
    admin: str
    password: str
    server: embedded.Server | None = None


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    url = os.environ.get("KEYCLOAK_URL")
    if url:
        yield Keycloak(url.rstrip("/"), os.environ["KEYCLOAK_ADMIN"], os.environ["KEYCLOAK_ADMIN_PASSWORD"])
        return
    with embedded.running(tmp_path_factory.mktemp("keycloak"), port=free_port()) as server:
        yield Keycloak(server.url, embedded.ADMIN, server.admin_password, server)
