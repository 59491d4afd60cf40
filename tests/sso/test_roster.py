"""Accounts for the roster, on a real Keycloak."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import Client

from dangjian.identity import provisioning, roster, tasks
from dangjian.identity.keycloak import Unreachable, accounts, oidc, realm
from dangjian.identity.keycloak.admin import Admin, Exists
from dangjian.identity.models import User
from dangjian.organizations import services
from tenants.context import in_district
from tenants.models import District
from tests.sso.conftest import Deployment
from tests.sso.ports import free_port


@pytest.fixture
def luoyang(realms: Deployment, world: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """Luoyang, open, with an administrator of its realm; the realm's accounts are gone afterwards."""
    admin = provisioning.provisioner(world.luoyang)
    with in_district(world.luoyang):
        yield SimpleNamespace(district=world.luoyang, admin=admin)
    for user in admin.users(max=1000, briefRepresentation="true"):
        admin.delete_user(user["id"])


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """``many(60)`` people more in the roster, and chunks of 20."""
    monkeypatch.setattr(roster, "CHUNK", 20)

    def add(count: int) -> None:
        User.objects.bulk_create(
            [User(username=f"person{number}", name=f"党员{number}", password="!") for number in range(count)]
        )

    return add


def test_everybody_gets_an_account_without_a_password(
    luoyang: SimpleNamespace, many: Callable[[int], None]
) -> None:
    many(60)
    User.objects.filter(username="person7").update(is_active=False, is_demo=True)
    told: list[roster.Progress] = []
    progress = roster.give_accounts(luoyang.district, luoyang.admin, tell=told.append)
    assert progress == roster.Progress(61, 61), "a closed account waits until it is opened again"
    assert [each.done for each in told] == [20, 40, 60, 61]
    assert luoyang.admin.user_named("person7") is None
    User.objects.filter(username="person7").update(is_active=True)
    assert roster.give_accounts(luoyang.district, luoyang.admin) == roster.Progress(62, 62)
    by_name = {user["username"]: user for user in luoyang.admin.users(max=100)}
    for user in User.objects.all():
        found = by_name[user.username]
        assert (user.issuer, user.subject) == (luoyang.district.issuer, found["id"])
        assert (found["firstName"], found["enabled"]) == (user.name, user.is_active)
        assert "email" not in found
    assert by_name["person7"]["attributes"]["demo"] == ["true"]
    sign_in = luoyang.admin.client(realm.SIGN_IN_CLIENT)
    roles = luoyang.admin.roles_of_user(by_name["person8"]["id"], sign_in["id"])
    assert [role["name"] for role in roles] == [realm.MEMBER_ROLE]


def test_ended_in_the_middle_it_goes_on(
    luoyang: SimpleNamespace, many: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended at the worst moment: Keycloak has made a chunk, and we have not noted it."""
    many(60)
    chunks = 0
    keep = roster._keep

    def ended(*arguments: Any) -> None:
        nonlocal chunks
        chunks += 1
        if chunks == 2:
            raise KeyboardInterrupt
        keep(*arguments)

    monkeypatch.setattr(roster, "_keep", ended)
    with pytest.raises(KeyboardInterrupt):
        roster.give_accounts(luoyang.district, luoyang.admin)
    assert luoyang.admin.count_users() == 40
    assert roster.without_account(luoyang.district).count() == 42
    monkeypatch.setattr(roster, "_keep", keep)
    assert roster.give_accounts(luoyang.district, luoyang.admin) == roster.Progress(62, 62)
    assert luoyang.admin.count_users() == 62
    assert User.objects.values("subject").distinct().count() == 62


def test_an_account_made_by_hand_is_told_of_and_never_taken_over(luoyang: SimpleNamespace) -> None:
    """Same name, same e-mail, same telephone: still somebody else's."""
    other = luoyang.admin.create_user({"username": "zhaomin", "firstName": "赵敏", "enabled": True})
    progress = roster.give_accounts(luoyang.district, luoyang.admin)
    assert progress == roster.Progress(1, 2, ("zhaomin",))
    assert not User.objects.filter(subject=other).exists()
    with pytest.raises(Exists):
        accounts.give_account(luoyang.district, luoyang.admin, User.objects.get(username="zhaomin"))


def test_the_officer_sees_how_far_it_is_and_who_has_none(
    luoyang: SimpleNamespace, many: Callable[[int], None], client_of: Callable[..., Client]
) -> None:
    """Before, in the middle, with Keycloak away, with a name that is taken, and when everybody has theirs."""
    many(60)
    page = "/officer/identity/"
    officer = client_of("sunli")
    before = officer.get(page).content.decode()
    assert "已开通 0 人，共 62 人" in before
    assert 'hx-trigger="every 2s"' in before
    seen: list[str] = []
    luoyang.admin.create_user({"username": "zhaomin", "firstName": "别人", "enabled": True})
    roster.give_accounts(
        luoyang.district,
        luoyang.admin,
        tell=lambda progress: seen.append(officer.get(page).content.decode()),
    )
    assert "已开通 20 人，共 62 人" in seen[0]
    assert "正在开通" in seen[0]
    after = officer.get(page).content.decode()
    assert "已开通 61 人，共 62 人" in after
    assert "赵敏" in after
    assert "名册以外的同名账号" in after
    assert "hx-trigger" not in after
    assert officer.post(f"{page}accounts/").status_code == 302

    url, luoyang.district.keycloak_url = luoyang.district.keycloak_url, f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable):
        roster.give_accounts(luoyang.district, provisioning.provisioner(luoyang.district))
    assert "每分钟自动再试" in officer.get(page).content.decode()
    luoyang.district.keycloak_url = url

    other = luoyang.admin.user_named("zhaomin")
    assert other is not None
    luoyang.admin.delete_user(other["id"])
    roster.give_accounts_soon.func(district="luoyang")
    assert "名册上 62 人都有登录账号" in officer.get(page).content.decode()


def test_one_person_gets_theirs_when_it_is_needed(luoyang: SimpleNamespace) -> None:
    user = User.objects.get(username="sunli")
    day_two: Admin = accounts.accounts_admin(luoyang.district)
    subject = accounts.give_account(luoyang.district, day_two, user)
    assert accounts.give_account(luoyang.district, day_two, User.objects.get(username="sunli")) == subject
    User.objects.filter(pk=user.pk).update(issuer="", subject="")
    assert accounts.give_account(luoyang.district, day_two, User.objects.get(username="sunli")) == subject
    assert luoyang.admin.count_users() == 1


def test_a_one_time_password_makes_the_account_and_opens_a_closed_door(luoyang: SimpleNamespace) -> None:
    user = User.objects.get(username="sunli")
    accounts.set_one_time_password(luoyang.district, user, "kf7m-9wpx")
    found = luoyang.admin.user_named("sunli")
    assert found is not None
    assert found["id"] == User.objects.get(username="sunli").subject
    assert found["requiredActions"] == ["UPDATE_PASSWORD"]
    token = (
        oidc.realm_of(luoyang.district).server
        + f"realms/{luoyang.district.realm}/protocol/openid-connect/token"
    )
    for _ in range(6):
        requests.post(
            token, {"grant_type": "password", "client_id": "admin-cli", "username": "sunli", "password": "x"}
        )
    closed = luoyang.admin._get(f"attack-detection/brute-force/users/{found['id']}")
    assert closed["disabled"] is True
    accounts.set_one_time_password(luoyang.district, user, "ht4k-p3ym")
    assert luoyang.admin._get(f"attack-detection/brute-force/users/{found['id']}")["disabled"] is False


def tried(district: District, username: str, password: str) -> str:
    """What Keycloak says to a password: an account that has to choose its own first is known by it all the same."""
    server = oidc.realm_of(district).server
    form = {"grant_type": "password", "client_id": "admin-cli", "username": username, "password": password}
    answer = requests.post(f"{server}realms/{district.realm}/protocol/openid-connect/token", form, timeout=60)
    return str(answer.json()["error_description"])


def test_what_an_officer_does_reaches_the_realm(
    realms: Deployment, world: SimpleNamespace, settings: Any
) -> None:
    """A reset, a new name, a closed and reopened account, by the services behind the officer's screen."""
    admin = provisioning.provisioner(world.huiji)
    officer, member = world.zhangwei, world.liqiang
    with in_district(world.huiji):
        password = services.reset_password(actor=officer, member=member, reason="忘记了")
        user = User.objects.get(pk=member.user_id)
        assert user.issuer == world.huiji.issuer
        assert not user.has_usable_password() or not user.check_password(password)
        assert tried(world.huiji, "liqiang", password) == "Account is not fully set up"
        assert tried(world.huiji, "liqiang", "dangjian-demo") == "Invalid user credentials"
        services.rename_member(actor=officer, member=member, name="李小强", reason="更正")
        services.deactivate_member(actor=officer, member=member, reason="转出")
        tasks.tell(user=member.user_id)
        found = admin.user(user.subject)
        assert (found["firstName"], found["enabled"]) == ("李小强", False)
        services.reactivate_member(actor=officer, member=member, reason="转入")
        tasks.tell(user=member.user_id)
        assert admin.user(user.subject)["enabled"] is True
        assert not User.objects.filter(is_untold=True).exists()
    admin.delete_user(user.subject)


def test_an_account_of_another_realm_counts_for_nothing_here(luoyang: SimpleNamespace) -> None:
    User.objects.filter(username="sunli").update(
        issuer="https://elsewhere.example/realms/luoyang", subject="x"
    )
    roster.give_accounts(luoyang.district, luoyang.admin)
    assert User.objects.get(username="sunli").issuer == luoyang.district.issuer


def test_the_job_waits_for_a_keycloak_that_is_away(luoyang: SimpleNamespace, settings: Any) -> None:
    url, luoyang.district.keycloak_url = luoyang.district.keycloak_url, f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable):
        roster.give_accounts(luoyang.district, provisioning.provisioner(luoyang.district))
    roster.give_accounts_soon.func(district="luoyang")
    luoyang.district.keycloak_url = url
    assert roster.without_account(luoyang.district).count() == 0


def test_the_command_shows_how_far_it_is(
    luoyang: SimpleNamespace, many: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    many(30)
    call_command("give_accounts", "luoyang")
    said = capsys.readouterr().out
    assert "  20 of 32\n" in said
    assert "luoyang: 32 of 32 have their account" in said
    with pytest.raises(CommandError, match=r"no district nowhere\. Districts here: .*luoyang"):
        call_command("give_accounts", "nowhere")
