"""A real Keycloak, started once for the suite: the one KEYCLOAK_URL names, else one of our own.

`deployment` is what a deployment has: the provisioner's account and a folder of secrets. `realms` makes the realms of
Huiji, Luoyang and the centre once, under names that no one else has on that Keycloak.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from dangjian.local import keycloak as embedded
from tests.sso.ports import free_port

PEOPLE = {"wangfang": "王芳", "liqiang": "李强", "zhangwei": "张伟", "zhoujie": "周杰"}


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


@dataclass(frozen=True, slots=True)
class Deployment:
    """The settings of a deployment with that Keycloak."""

    keycloak: Keycloak
    secrets: Path
    suffix: str

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "IDENTITY": "keycloak",
            "KEYCLOAK_URL": self.keycloak.url,
            "KEYCLOAK_PROVISIONER": f"provisioner-{self.suffix}",
            "KEYCLOAK_SECRETS": str(self.secrets),
        }


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    url = os.environ.get("KEYCLOAK_URL")
    if url:
        yield Keycloak(url.rstrip("/"), os.environ["KEYCLOAK_ADMIN"], os.environ["KEYCLOAK_ADMIN_PASSWORD"])
        return
    with embedded.running(tmp_path_factory.mktemp("keycloak"), port=free_port()) as server:
        server.know("huiji.localhost", "luoyang.localhost", "central.localhost")
        yield Keycloak(server.url, embedded.ADMIN, server.admin_password, server)


@pytest.fixture(scope="session")
def deployment(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    from dangjian.identity import provisioning
    from dangjian.identity.keycloak.admin import Admin
    from dangjian.identity.keycloak.secrets import store_secret

    made = Deployment(keycloak, tmp_path_factory.mktemp("secrets"), secrets.token_hex(3))
    master = Admin(
        url=keycloak.url,
        realm="master",
        client_id="admin-cli",
        username=keycloak.admin,
        password=keycloak.password,
    )
    with override_settings(**made.settings):
        secret = store_secret(provisioning.PROVISIONER_SECRET, secrets.token_urlsafe(32))
        provisioning.create_provisioner(master, secret=secret)
    yield made
    found = master.client(f"provisioner-{made.suffix}")
    if found is not None:
        master.delete_client(found["id"])


@pytest.fixture(scope="session")
def _realms(deployment: Deployment, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The rows of the three districts name their realms for as long as this folder's tests run."""
    from dangjian.identity import provisioning
    from tenants import registry
    from tenants.context import in_registry

    fields = ["keycloak_url", "realm", "issuer", "client_id", "client_secret_ref"]
    with django_db_blocker.unblock(), override_settings(**deployment.settings):
        districts = [registry.district(name) for name in ("huiji", "luoyang", "centre")]
        for district in districts:
            district.realm = f"{district.schema_name}-{deployment.suffix}"
            with in_registry():
                district.save(update_fields=["realm"])
            provisioning.provision_realm(district)
    yield
    registry.forget()
    with django_db_blocker.unblock(), override_settings(**deployment.settings):
        for district in districts:
            provisioning.provisioner(district).delete_realm()
            for field in fields:
                setattr(district, field, "")
            with in_registry():
                district.save(update_fields=fields)


@pytest.fixture
def realms(_realms: None, deployment: Deployment, settings: Any, db: None) -> Deployment:
    """Huiji, Luoyang and the centre with realms of their own, and the settings that go with them."""
    for name, value in deployment.settings.items():
        setattr(settings, name, value)
    return deployment


@pytest.fixture(scope="session")
def house(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The small districts with realms of their own, and accounts for four of Huiji."""
    settings = {name: str(value) for name, value in deployment.settings.items()}
    from dangjian.identity.keycloak import realm as described
    from tests.browser.house import standing
    from tests.sso.visitor import PASSWORD

    folder: Path = tmp_path_factory.mktemp("sso-house")
    with standing(os.environ["DATABASE_URL"], folder, suffix="sso", **settings) as opened:
        admin = administrator(deployment, "huiji")
        [(issuer,)] = opened.rows(
            "SELECT issuer FROM tenants_district WHERE schema_name = 'huiji'", schema="public"
        )
        for username, name in PEOPLE.items():
            ident = admin.create_user({"username": username, "firstName": name, "enabled": True})
            admin.set_password(ident, PASSWORD, temporary=False)
            opened.rows(
                "UPDATE identity_user SET issuer = %s, subject = %s WHERE username = %s",
                issuer,
                ident,
                username,
            )
        # Keycloak reaches us by address: its Java knows no names below .localhost.
        opened.rows(
            "INSERT INTO tenants_domain (host, district_id, is_primary)"
            " SELECT '127.0.0.1', id, false FROM tenants_district WHERE schema_name = 'huiji'",
            schema="public",
        )
        client = admin.client(described.SIGN_IN_CLIENT)
        assert client is not None
        client["attributes"]["backchannel.logout.url"] = f"http://127.0.0.1:{opened.port}/oidc/backchannel/"
        admin.update_client(client["id"], client)
        yield opened
        for name in ("huiji", "luoyang", described.OVERSIGHT):
            administrator(deployment, name).delete_realm()


def administrator(deployment: Deployment, realm: str) -> Any:
    """Keycloak's own administrator, at work in a realm."""
    from dangjian.identity.keycloak.admin import Admin

    keycloak = deployment.keycloak
    return Admin(
        url=keycloak.url,
        realm=realm,
        home="master",
        client_id="admin-cli",
        username=keycloak.admin,
        password=keycloak.password,
    )
