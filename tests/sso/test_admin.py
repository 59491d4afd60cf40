"""The administrator's calls against a real Keycloak."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dangjian.identity.keycloak import Refused, Unreachable
from dangjian.identity.keycloak.admin import Admin, Exists, NotThere
from tests.sso.conftest import Keycloak
from tests.sso.ports import free_port


def administrator(keycloak: Keycloak, realm: str, *, password: str | None = None) -> Admin:
    return Admin(
        url=keycloak.url,
        realm=realm,
        home="master",
        client_id="admin-cli",
        username=keycloak.admin,
        password=keycloak.password if password is None else password,
    )


@pytest.fixture
def realm(keycloak: Keycloak) -> Iterator[Admin]:
    admin = administrator(keycloak, "admin-calls")
    admin.create_realm({"realm": "admin-calls", "enabled": True})
    yield admin
    admin.delete_realm()


def test_a_realm_comes_and_goes(keycloak: Keycloak) -> None:
    admin = administrator(keycloak, "passing")
    with pytest.raises(NotThere):
        admin.realm_settings()
    admin.create_realm({"realm": "passing", "enabled": True})
    with pytest.raises(Exists):
        admin.create_realm({"realm": "passing", "enabled": True})
    admin.update_realm({"displayName": "惠济区"})
    assert admin.realm_settings()["displayName"] == "惠济区"
    admin.delete_realm()
    with pytest.raises(NotThere):
        admin.realm_settings()


def test_a_user_comes_and_goes(realm: Admin) -> None:
    ident = realm.create_user({"username": "wangfang", "enabled": True, "firstName": "王芳"})
    with pytest.raises(Exists):
        realm.create_user({"username": "wangfang", "enabled": True})
    assert (found := realm.user_named("wangfang")) is not None
    assert found["id"] == ident
    realm.update_user(ident, {**realm.user(ident), "enabled": False})
    assert realm.user(ident)["enabled"] is False
    realm.delete_user(ident)
    assert realm.user_named("wangfang") is None
    with pytest.raises(NotThere):
        realm.user(ident)


def test_many_users_are_added_at_once_and_only_once(realm: Admin) -> None:
    users = [{"username": f"person{number}", "enabled": True} for number in range(30)]
    first = realm.import_users(users[:20])
    assert first["added"] == 20
    second = realm.import_users(users)
    assert (second["added"], second["skipped"]) == (10, 20)
    assert {result["resourceName"] for result in second["results"]} == {user["username"] for user in users}
    assert all(result["id"] for result in second["results"])
    assert realm.count_users() == 30


def test_a_name_with_a_path_in_it_reaches_no_other_realm(keycloak: Keycloak) -> None:
    for name in ("passing/../master", "..", "master?x=", "Master", "", "a" * 41, "惠济"):
        with pytest.raises(ValueError, match="cannot stand in an address"):
            administrator(keycloak, name)
    with pytest.raises(ValueError, match="cannot stand in an address"):
        administrator(keycloak, "master").user("../../master/users")


def test_the_wrong_password_is_refused(keycloak: Keycloak) -> None:
    with pytest.raises(Refused, match="Invalid user credentials"):
        administrator(keycloak, "master", password="wrong").realm_settings()


def test_nobody_there() -> None:
    nobody = Admin(
        url=f"http://127.0.0.1:{free_port()}",
        realm="master",
        client_id="admin-cli",
        username="admin",
        password="x",
    )
    with pytest.raises(Unreachable):
        nobody.realm_settings()
