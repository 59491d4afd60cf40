"""Realms as they are made, put right and compared, on a real Keycloak."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from dangjian.identity import provisioning
from dangjian.identity.keycloak import ACCOUNTS_CLIENT, API_AUDIENCE, Refused, Unreachable, accounts, realm
from dangjian.identity.keycloak.admin import Admin, NotThere
from dangjian.identity.keycloak.secrets import client_secret
from tenants import lifecycle, registry
from tenants.models import DistrictState
from tests.sso.conftest import Deployment
from tests.sso.ports import free_port
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)


def test_a_second_run_changes_nothing(realms: Deployment, world: SimpleNamespace) -> None:
    for district in (world.huiji, world.luoyang, world.centre):
        assert provisioning.provision_realm(district, check=True) == []
        assert provisioning.provision_realm(district) == []


def test_the_row_says_where_the_realm_is_and_the_secret_is_in_no_table(
    realms: Deployment, world: SimpleNamespace
) -> None:
    district = registry.district("huiji")
    assert district.issuer == f"{realms.keycloak.url}/realms/{district.realm}"
    assert district.client_id == realm.SIGN_IN_CLIENT
    secret = client_secret(district.client_secret_ref)
    assert len(secret) > 30
    assert secret not in str(vars(district))
    assert secret != client_secret(f"{district.client_secret_ref}.accounts")
    assert (realms.secrets / district.client_secret_ref).stat().st_mode & 0o077 == 0


def test_what_somebody_changed_by_hand_is_told_and_put_right(
    realms: Deployment, world: SimpleNamespace
) -> None:
    district = world.huiji
    admin = provisioning.provisioner(district)
    admin.update_realm({"bruteForceProtected": False, "accessTokenLifespan": 36_000})
    client = admin.client(realm.SIGN_IN_CLIENT)
    assert client is not None
    client["redirectUris"] = [*client["redirectUris"], "https://evil.example/*"]
    client["attributes"]["backchannel.logout.url"] = "https://evil.example/"
    admin.update_client(client["id"], client | {"directAccessGrantsEnabled": True, "secret": "known-to-many"})
    mobile = admin.client("dangjian-mobile")
    assert mobile is not None
    scopes = {scope["name"]: scope["id"] for scope in admin.client_scopes()}
    admin.take_client_scope(mobile["id"], scopes[API_AUDIENCE], default=True)
    admin.give_client_scope(mobile["id"], scopes["roles"], default=True)
    actions = {action["alias"]: action for action in admin.required_actions()}
    admin.set_required_action("VERIFY_PROFILE", actions["VERIFY_PROFILE"] | {"enabled": True})
    admin.set_events(admin.events_settings() | {"eventsEnabled": False})
    day_two, management = admin.client(ACCOUNTS_CLIENT), admin.client("realm-management")
    assert day_two is not None
    assert management is not None
    service = admin.service_account(day_two["id"])["id"]
    role = [each for each in admin.client_roles(management["id"]) if each["name"] == "manage-realm"]
    admin.give_roles(service, management["id"], role)

    lines = provisioning.provision_realm(district, check=True)
    assert lines == provisioning.provision_realm(district, check=True), "a check touches nothing"
    told = "\n".join(lines)
    for piece in (
        "realm: bruteForceProtected is false, and should be true",
        "realm: accessTokenLifespan is 36000, and should be 300",
        "https://evil.example/*",
        "attributes.backchannel.logout.url is https://evil.example/, and should be http://huiji.localhost/oidc/backchannel/",
        "directAccessGrantsEnabled is true",
        "its secret is not the one kept as huiji",
        "client dangjian-mobile: defaultClientScopes is basic, profile, roles",
        "required action VERIFY_PROFILE: enabled is true",
        "events: eventsEnabled is false",
        "service account of dangjian-accounts: roles is manage-clients, manage-realm, manage-users, and should be",
    ):
        assert piece in told
    assert "known-to-many" not in told
    assert client_secret("huiji") not in told

    assert provisioning.provision_realm(district) == lines
    assert provisioning.provision_realm(district, check=True) == []


def test_what_is_missing_is_made_again(realms: Deployment, world: SimpleNamespace) -> None:
    admin = provisioning.provisioner(world.luoyang)
    client = admin.client(realm.SIGN_IN_CLIENT)
    assert client is not None
    admin.delete_client(client["id"])
    assert provisioning.provision_realm(world.luoyang, check=True) == ["client dangjian: is not there"]
    provisioning.provision_realm(world.luoyang)
    assert provisioning.provision_realm(world.luoyang, check=True) == []


def test_addresses_are_exact_and_one_for_each_host(
    realms: Deployment, world: SimpleNamespace, settings: Any
) -> None:
    settings.PUBLIC_PORT = 8000
    assert provisioning.site_of(world.huiji).origins == ("http://huiji.localhost:8000",)
    settings.PUBLIC_PORT, settings.LOOPBACK_ONLY = 0, False
    site = provisioning.site_of(world.huiji)
    assert site.origins == ("https://huiji.localhost",)
    wanted = realm.sign_in_client(site)
    assert wanted["redirectUris"] == ["https://huiji.localhost/oidc/callback/"]
    assert "*" not in str(wanted)


def test_the_provisioner_rules_only_the_realms_it_made(realms: Deployment, world: SimpleNamespace) -> None:
    for name in ("master", "nobody-made-this"):
        world.huiji.realm = name
        with pytest.raises((Refused, NotThere)):
            provisioning.provisioner(world.huiji).users()


def test_the_service_account_does_accounts_and_clients_in_its_own_realm_and_nothing_else(
    realms: Deployment, world: SimpleNamespace
) -> None:
    admin = accounts.accounts_admin(world.huiji)
    ident = admin.create_user({"username": "of-day-two", "enabled": True})
    admin.set_password(ident, "kf7m-9wpx", temporary=True)
    assert admin.sessions(ident) == []
    admin.end_sessions(ident)
    admin.delete_user(ident)
    day_two, management = admin.client(ACCOUNTS_CLIENT), admin.client("realm-management")
    assert day_two is not None
    assert management is not None
    itself = admin.service_account(day_two["id"])["id"]
    ruling = [role for role in admin.client_roles(management["id"]) if role["name"] == "realm-admin"]
    assert ruling
    for forbidden in (
        lambda: admin.update_realm({"bruteForceProtected": False}),
        lambda: admin.give_roles(itself, management["id"], ruling),  # more than it has itself
        lambda: admin.set_user_profile({"attributes": []}),
        lambda: admin.set_required_action("UPDATE_PASSWORD", {"alias": "UPDATE_PASSWORD", "enabled": False}),
        admin.events_settings,
        lambda: admin.import_users([]),
        lambda: admin.set_events({"eventsEnabled": False}),
        admin.delete_realm,
    ):
        with pytest.raises(Refused, match="403"):
            forbidden()
    # Its secret is another one there, and its token another issuer's.
    elsewhere = Admin(
        url=realms.keycloak.url,
        realm=world.luoyang.realm,
        home=world.huiji.realm,
        client_id=ACCOUNTS_CLIENT,
        secret=client_secret(provisioning.accounts_secret_ref(world.huiji)),
    )
    with pytest.raises(Refused):
        elsewhere.users()


def test_a_rotated_secret_is_a_new_one_in_both_places(realms: Deployment, world: SimpleNamespace) -> None:
    before = client_secret("luoyang")
    call_command("provision_realm", "luoyang", rotate_secrets=True, verbosity=0)
    after = client_secret("luoyang")
    assert after != before
    found = provisioning.provisioner(world.luoyang).client(realm.SIGN_IN_CLIENT)
    assert found is not None
    assert found["secret"] == after
    assert accounts.accounts_admin(world.luoyang).count_users() >= 0


def test_the_command_tells_drift_by_its_exit(
    realms: Deployment, world: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("provision_realm", all=True, check=True)
    assert capsys.readouterr().out.count("is as it must be") == 3
    provisioning.provisioner(world.luoyang).update_realm({"registrationAllowed": True})
    with pytest.raises(CommandError, match="luoyang: not as it must be"):
        call_command("provision_realm", "huiji", "luoyang", check=True)
    assert "luoyang  realm: registrationAllowed is true, and should be false" in capsys.readouterr().out
    call_command("provision_realm", "luoyang")
    call_command("provision_realm", "luoyang", check=True)


def test_the_command_says_what_is_wrong(realms: Deployment, world: SimpleNamespace, settings: Any) -> None:
    with pytest.raises(CommandError, match=r"no district nowhere\. Districts here: .*huiji"):
        call_command("provision_realm", "nowhere")
    with pytest.raises(CommandError, match="Name the districts"):
        call_command("provision_realm")
    settings.KEYCLOAK_SECRETS = ""
    with pytest.raises(CommandError, match="KEYCLOAK_SECRETS"):
        call_command("provision_realm", "huiji")


def test_a_district_waits_for_a_keycloak_that_is_away_and_goes_on(
    deployment: Deployment,
    settings: Any,
    fresh: Callable[..., dict[str, Any]],  # noqa: F811
) -> None:
    """In the middle of opening: the schema stands, the realm does not; the same call again makes it whole."""
    for name, value in deployment.settings.items():
        setattr(settings, name, value)
    wanted = fresh(f"opened{deployment.suffix}")
    settings.KEYCLOAK_URL = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(lifecycle.NotYet, match="从这一步继续"):
        lifecycle.create_district(**wanted)
    district = registry.district(wanted["schema_name"])
    assert district.state == DistrictState.PROVISIONING
    assert "identity.realm" not in district.steps_done
    assert "organizations.first_officer" not in district.steps_done

    settings.KEYCLOAK_URL = deployment.keycloak.url
    district = lifecycle.create_district(**wanted)
    assert district.state == DistrictState.ACTIVE
    assert provisioning.provision_realm(district, check=True) == []
    provisioning.provisioner(district).delete_realm()


def test_without_a_keycloak_named_it_says_what_to_set(
    realms: Deployment, world: SimpleNamespace, settings: Any
) -> None:
    settings.KEYCLOAK_URL = world.huiji.keycloak_url = ""
    with pytest.raises(ImproperlyConfigured, match="KEYCLOAK_URL"):
        provisioning.provision_realm(world.huiji)


def test_nobody_there(realms: Deployment, world: SimpleNamespace) -> None:
    world.huiji.keycloak_url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable):
        provisioning.provision_realm(world.huiji, check=True)
