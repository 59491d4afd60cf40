"""Signing in at a real Keycloak: two districts under two base URLs, and the centre."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client, override_settings
from django.utils import timezone

from dangjian.identity import provisioning, tasks
from dangjian.identity import services as identity
from dangjian.identity.keycloak import accounts, oidc
from dangjian.identity.keycloak.admin import Admin, NotThere
from dangjian.identity.models import RealmSession, Session, User
from dangjian.identity.sealing import unseal
from tenants import registry
from tenants.context import in_district
from tests.cast import HOSTS
from tests.identity.realms import put_realm
from tests.sso.conftest import Deployment, Keycloak
from tests.sso.line import line_to
from tests.sso.visitor import PASSWORD, Visitor, query_of

FIELDS = ("keycloak_url", "issuer", "realm", "client_id", "client_secret_ref")


PEOPLE = {"huiji": ("wangfang", "liqiang", "stranger"), "luoyang": ("zhaomin",), "centre": ("chenjing",)}


def _account(admin: Admin, username: str) -> str:
    ident = admin.create_user({"username": username, "firstName": username, "enabled": True})
    admin.set_password(ident, PASSWORD, temporary=False)
    return ident


@pytest.fixture(scope="module")
def _accounts(
    _realms: None, deployment: Deployment, django_db_blocker: Any
) -> Iterator[tuple[dict[str, Admin], dict[str, str]]]:
    """An administrator of each realm, and the ``sub`` of everybody: made once, a password takes Keycloak a while."""
    with django_db_blocker.unblock(), override_settings(**deployment.settings):
        admins = {name: provisioning.provisioner(registry.district(name)) for name in PEOPLE}
    yield (
        admins,
        {person: _account(admins[name], person) for name, people in PEOPLE.items() for person in people},
    )
    for admin in admins.values():
        for user in admin.users(max=1000, briefRepresentation="true"):
            admin.delete_user(user["id"])


@pytest.fixture
def realm(
    realms: Deployment, _accounts: tuple[dict[str, Admin], dict[str, str]], world: SimpleNamespace
) -> Iterator[SimpleNamespace]:
    """The three realms with the cast in them; Luoyang's is reached as ``localhost``, the others as ``127.0.0.1``."""
    oidc.forget()
    admins, subjects = _accounts
    for name, people in PEOPLE.items():
        district = getattr(world, name)
        fields = {field: getattr(district, field) for field in FIELDS}
        if name == "luoyang":
            for field in ("keycloak_url", "issuer"):
                fields[field] = fields[field].replace("127.0.0.1", "localhost")
        put_realm(district, fields, {person: subjects[person] for person in people if person != "stranger"})
    yield SimpleNamespace(world=world, admins=admins, subjects=subjects)
    oidc.forget()


@pytest.fixture
def leaving(realm: SimpleNamespace) -> Iterator[str]:
    """The ``sub`` of an account of 李强's that the test may close or delete; its name is ``leaving``."""
    admin = realm.admins["huiji"]
    ident = _account(admin, "leaving")
    with in_district(realm.world.huiji):
        User.objects.filter(username="liqiang").update(subject=ident)
        realm.world.liqiang.user.refresh_from_db()
    yield ident
    with suppress(NotThere):
        admin.delete_user(ident)


def overdue(district: Any) -> None:
    with in_district(district):
        Session.objects.update(confirmed_until=timezone.now() - timedelta(seconds=1))


def test_people_of_each_district_sign_in_at_its_own_realm(realm: SimpleNamespace) -> None:
    for person, place in (("wangfang", "huiji"), ("zhaomin", "luoyang"), ("chenjing", "centre")):
        visitor = Visitor(HOSTS[place])
        back = visitor.sign_in(person, target="/sessions/")
        assert (back.status_code, back["Location"]) == (302, "/sessions/")
        assert visitor.is_in()
    bases = {getattr(realm.world, place).issuer.partition("/realms")[0] for place in ("huiji", "luoyang")}
    assert len(bases) == 2


def test_a_central_account_is_nobody_in_a_district(realm: SimpleNamespace) -> None:
    central = Visitor(HOSTS["centre"])
    address = central.enter(central.begin(), "chenjing")
    central.come_back(address)
    assert central.ours.get("/").status_code == 200
    district = Visitor()
    district.begin()
    district.ours.cookies.update(central.ours.cookies)
    assert district.come_back(address).status_code == 400
    assert not district.is_in()
    with in_district(realm.world.huiji):
        assert not User.objects.filter(username="chenjing").exists()


def test_a_code_is_good_once(realm: SimpleNamespace) -> None:
    """Replayed with everything that belongs to it; Keycloak then ends what it gave for it."""
    visitor = Visitor()
    address = visitor.enter(visitor.begin(), "wangfang")
    attempt = dict(visitor.ours.cookies.items())
    assert visitor.come_back(address).status_code == 302
    thief = Visitor()
    for name, cookie in attempt.items():
        thief.ours.cookies[name] = cookie.value
    refused = thief.come_back(address)
    assert refused.status_code == 400
    assert not thief.is_in()
    overdue(realm.world.huiji)
    assert not visitor.is_in()  # RFC 6749, 4.1.2


def test_the_verifier_must_be_that_of_the_attempt(realm: SimpleNamespace) -> None:
    """PKCE: a code that leaks is worth nothing in another attempt, not even with our client's secret."""
    district = realm.world.huiji
    visitor = Visitor()
    address = visitor.enter(visitor.begin(), "wangfang")
    challenge = oidc.Challenge.new()
    with pytest.raises(oidc.Refused, match="invalid_grant"):
        oidc.exchange(
            oidc.realm_of(district),
            code=query_of(address)["code"],
            challenge=challenge,
            redirect_uri=f"http://{HOSTS['huiji']}/oidc/callback/",
        )


def test_a_redirect_to_anywhere_else_is_refused_by_the_realm(realm: SimpleNamespace) -> None:
    for address in ("https://evil.example/", f"http://{HOSTS['luoyang']}/oidc/callback/"):
        url = oidc.authorization_url(
            oidc.realm_of(realm.world.huiji), oidc.Challenge.new(), redirect_uri=address, language="zh-hans"
        )
        answer = requests.get(url, allow_redirects=False, timeout=60)
        assert answer.status_code == 400


def test_somebody_unknown_to_the_roster_is_told_whom_to_ask(realm: SimpleNamespace) -> None:
    visitor = Visitor()
    turned = visitor.sign_in("stranger")
    assert turned.status_code == 403
    assert "找本支部书记" in turned.content.decode()
    assert not visitor.is_in()


def test_two_tabs_of_a_browser_sign_in_at_once(realm: SimpleNamespace) -> None:
    visitor = Visitor()
    first, second = visitor.begin("/me/"), visitor.begin("/sessions/")
    one = visitor.enter(first, "wangfang")
    two = visitor.enter(second, "wangfang")  # the realm's page knows the person by now
    assert visitor.come_back(two)["Location"] == "/sessions/"
    key = visitor.key
    assert visitor.come_back(one)["Location"] == "/me/"
    assert visitor.key == key


def test_signing_out_ends_the_realms_session_too(realm: SimpleNamespace) -> None:
    visitor = Visitor()
    visitor.sign_in("wangfang")
    sids = {session["id"] for session in realm.admins["huiji"].sessions(realm.subjects["wangfang"])}
    with in_district(realm.world.huiji):
        assert RealmSession.objects.get().sid in sids
        sid = RealmSession.objects.get().sid
    sent = visitor.ours.post("/oidc/logout/")
    answer = visitor.theirs.get(sent["Location"], allow_redirects=False, timeout=60)
    assert answer.headers["Location"].startswith(f"http://{HOSTS['huiji']}/sign-in/")  # nothing was asked
    left = {session["id"] for session in realm.admins["huiji"].sessions(realm.subjects["wangfang"])}
    assert left == sids - {sid}
    assert not visitor.is_in()


def test_a_session_is_confirmed_with_new_tokens_and_ends_with_the_account(
    realm: SimpleNamespace, leaving: str
) -> None:
    visitor = Visitor()
    visitor.sign_in("leaving")
    with in_district(realm.world.huiji):
        before = RealmSession.objects.get().refresh_token
    for _ in range(3):  # each refresh token is good once: the new one is kept
        overdue(realm.world.huiji)
        assert visitor.is_in()
    with in_district(realm.world.huiji):
        assert RealmSession.objects.get().refresh_token != before
    realm.admins["huiji"].delete_user(leaving)
    assert visitor.is_in()  # until it is asked again
    overdue(realm.world.huiji)
    assert not visitor.is_in()
    with in_district(realm.world.huiji):
        assert not Session.objects.exists()


def test_a_keycloak_that_froze_signs_nobody_out_when_it_wakes(
    realm: SimpleNamespace, keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it stands still it takes questions in, and once awake works through them: each refresh that nobody waits
    for any more has used the token up once."""
    if keycloak.server is None:
        pytest.skip("needs a Keycloak of its own to freeze: leave KEYCLOAK_URL unset")
    visitor = Visitor()
    visitor.sign_in("liqiang")
    monkeypatch.setattr(oidc, "TIMEOUT_SECONDS", 1)
    oidc.forget()
    os.killpg(keycloak.server.process.pid, signal.SIGSTOP)
    try:
        for _ in range(5):
            overdue(realm.world.huiji)
            assert visitor.ours.get("/me/").status_code == 200
            with in_district(realm.world.huiji):
                assert Session.objects.filter(confirmed_until__lt=timezone.now()).exists()  # nobody answered
            oidc.forget()  # another process, or the pause is over
    finally:
        os.killpg(keycloak.server.process.pid, signal.SIGCONT)
    monkeypatch.undo()
    oidc.forget()
    assert realm.admins["huiji"].user_named("liqiang")  # answered behind what waited before it
    overdue(realm.world.huiji)
    assert visitor.ours.get("/me/").status_code == 200
    overdue(realm.world.huiji)
    assert visitor.ours.get("/me/").status_code == 200


def test_a_session_ends_when_the_realm_disables_the_account(realm: SimpleNamespace, leaving: str) -> None:
    visitor = Visitor()
    visitor.sign_in("leaving")
    admin, subject = realm.admins["huiji"], leaving
    admin.update_user(subject, admin.user(subject) | {"enabled": False})
    overdue(realm.world.huiji)
    assert not visitor.is_in()


def test_a_socket_that_only_listens_is_asked_about_too(realm: SimpleNamespace, leaving: str) -> None:
    visitor = Visitor()
    visitor.sign_in("leaving")
    realm.admins["huiji"].delete_user(leaving)
    overdue(realm.world.huiji)
    with in_district(realm.world.huiji):
        ids = list(Session.objects.values_list("pk", flat=True))
        tasks.confirm(ids)
        assert not Session.objects.exists()


def test_closing_an_account_here_closes_it_there(realm: SimpleNamespace, leaving: str) -> None:
    visitor = Visitor()
    visitor.sign_in("leaving")
    district, admin, subject = realm.world.huiji, realm.admins["huiji"], leaving
    user, officer = realm.world.liqiang.user, realm.world.zhangwei.user
    with in_district(district):
        identity.deactivate(user=user, actor=officer, reason="转出")
    assert not visitor.is_in()
    with in_district(district):
        assert User.objects.get(pk=user.pk).is_untold
        tasks.tell()
        assert not User.objects.get(pk=user.pk).is_untold
    assert admin.user(subject)["enabled"] is False
    assert admin.sessions(subject) == []
    with in_district(district):
        identity.reactivate(user=user, actor=officer, reason="误操作")
        tasks.tell()
    assert admin.user(subject)["enabled"] is True
    assert Visitor().sign_in("leaving")["Location"] == "/"


def test_what_cannot_be_told_now_is_told_later(realm: SimpleNamespace, leaving: str) -> None:
    district, subject = realm.world.huiji, leaving
    right = {field: getattr(district, field) for field in FIELDS}
    subjects = {"liqiang": subject}
    put_realm(district, right | {"keycloak_url": "http://127.0.0.1:9"}, subjects)
    with in_district(district):
        identity.deactivate(user=realm.world.liqiang.user, actor=realm.world.zhangwei.user, reason="转出")
        tasks.tell()
        assert User.objects.get(username="liqiang").is_untold
    put_realm(district, right, subjects)
    oidc.forget()
    with in_district(district):
        tasks.tell()
        assert not User.objects.get(username="liqiang").is_untold
    assert realm.admins["huiji"].user(subject)["enabled"] is False


def test_a_one_time_password_is_good_for_choosing_ones_own(realm: SimpleNamespace, leaving: str) -> None:
    with in_district(realm.world.huiji):
        password = identity.reset_password(
            user=realm.world.liqiang.user, actor=realm.world.zhangwei.user, reason="忘了"
        )
    visitor = Visitor()
    address = visitor.begin()
    assert "required-action" in visitor.enter(address, "leaving", password)


def test_a_device_that_is_sent_out_is_out_at_the_realm_too(realm: SimpleNamespace, leaving: str) -> None:
    here, there = Visitor(), Visitor()
    here.sign_in("leaving")
    there.sign_in("leaving")
    admin, subject = realm.admins["huiji"], leaving
    assert len(admin.sessions(subject)) == 2
    with in_district(realm.world.huiji):
        row = Session.objects.select_related("realm_session").get(session_key=there.key)
        sid = row.realm_session.sid
        identity.end_sessions(user=realm.world.liqiang.user, ids=[row.pk])
        tasks.end_at_realm([sid])
        tasks.end_at_realm([sid])  # gone already: as good
    assert not there.is_in()
    assert here.is_in()
    assert [session["id"] for session in admin.sessions(subject)] != []
    assert sid not in [session["id"] for session in admin.sessions(subject)]


# --- bearers ----------------------------------------------------------------------------------------------------


def test_an_outage_is_borne_without_a_storm_and_ends_by_itself(
    realm: SimpleNamespace, deployment: Deployment
) -> None:
    """The line to Keycloak goes down and comes back; nobody restarts anything."""
    huiji, port = realm.world.huiji, urlsplit(deployment.keycloak.url).port
    assert port
    with line_to(port) as line:
        fields = {field: getattr(huiji, field) for field in FIELDS}
        for field in ("keycloak_url", "issuer"):  # it names itself as it was called
            fields[field] = fields[field].replace(f":{port}", f":{line.port}")
        put_realm(huiji, fields, {"wangfang": realm.subjects["wangfang"]})
        visitor = Visitor()
        assert visitor.sign_in("wangfang").status_code == 302
        assert line.calls

        line.down()
        oidc.forget()  # that it was reached a moment ago
        overdue = timezone.now() - timedelta(minutes=5)
        with in_district(huiji):
            Session.objects.filter(user__username="wangfang").update(confirmed_until=overdue)
        before = line.calls
        for _ in range(15):
            away = Client(headers={"host": HOSTS["huiji"]}).get("/oidc/login/", {"next": "/me/"})
            assert (away.status_code, "暂时不能登录" in away.content.decode()) == (503, True)
            assert int(away["Retry-After"]) > 0
            assert visitor.is_in(), "a session lives its grace"
        # Three failures, and whoever tried while the breaker rested for a second or longer.
        assert line.calls - before < 8

        line.up()
        deadline = time.monotonic() + 60
        while Client(headers={"host": HOSTS["huiji"]}).get("/oidc/login/").status_code != 302:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert visitor.is_in()
        with in_district(huiji):
            assert Session.objects.get(user__username="wangfang").confirmed_until > timezone.now()
        assert Visitor().sign_in("wangfang").status_code == 302


def mobile_token(realm: SimpleNamespace, person: str, place: str = "huiji") -> dict[str, Any]:
    """What the mobile application gets for somebody: the code flow of a public client with PKCE."""
    found = oidc.realm_of(getattr(realm.world, place))
    mobile = oidc._realm(found.issuer, found.server, found.name, "dangjian-mobile", found.secret_ref)
    redirect, challenge = "cn.dangjian.mobile:/signed-in", oidc.Challenge.new()
    url = oidc.authorization_url(mobile, challenge, redirect_uri=redirect, language="zh-hans")
    address = Visitor(HOSTS[place]).enter(url, person)
    answer = requests.post(
        f"{found.server}realms/{found.name}/protocol/openid-connect/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "dangjian-mobile",
            "code": query_of(address)["code"],
            "redirect_uri": redirect,
            "code_verifier": challenge.verifier,
        },
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def me(token: str, host: str = HOSTS["huiji"]) -> Any:
    return Client(headers={"host": host, "authorization": f"Bearer {token}"}).get("/api/v1/me/")


def test_the_mobile_application_reaches_the_api_of_its_district_alone(realm: SimpleNamespace) -> None:
    ours, theirs = mobile_token(realm, "wangfang"), mobile_token(realm, "zhaomin", "luoyang")
    assert me(ours["access_token"]).json()["name"] == "王芳"
    assert me(theirs["access_token"], HOSTS["luoyang"]).json()["name"] == "赵敏"
    for token, host in ((ours, "luoyang"), (theirs, "huiji")):
        refused = me(token["access_token"], HOSTS[host])
        assert refused.status_code == 401
        assert refused["WWW-Authenticate"] == f'Bearer realm="{host}", error="invalid_token"'
    for name in ("id_token", "refresh_token"):
        if name in ours:
            assert me(ours[name]).status_code == 401


def test_what_is_open_elsewhere_is_listed_and_can_be_ended(realm: SimpleNamespace, leaving: str) -> None:
    token = mobile_token(realm, "leaving")["access_token"]
    visitor = Visitor()
    visitor.sign_in("leaving")
    page = visitor.ours.get("/sessions/").content.decode()
    assert page.count("手机应用") == 2  # the row, and its button's name
    [address] = re.findall(r'action="(/sessions/elsewhere/[^"]+)"', page)
    other = Visitor()
    other.sign_in("wangfang")
    assert other.ours.post(address).status_code == 404
    assert me(token).status_code == 200
    assert visitor.ours.post(address).status_code == 302
    assert me(token).status_code == 401
    assert "手机应用" not in visitor.ours.get("/sessions/").content.decode()
    assert visitor.is_in()


def test_keycloaks_default_audience_and_other_clients_open_nothing(realm: SimpleNamespace) -> None:
    found = oidc.realm_of(realm.world.huiji)
    answer = oidc.client_of(found)
    visitor = Visitor()
    visitor.sign_in("wangfang")
    with in_district(realm.world.huiji):
        refresh = unseal(RealmSession.objects.get().refresh_token, purpose="realm-session")
    tokens = answer.refresh_token(refresh)
    assert me(tokens["access_token"]).status_code == 401  # the sign-in client's own
    admin = accounts.accounts_admin(realm.world.huiji)
    assert me(admin._connection.token["access_token"] if admin._connection.token else "").status_code == 401


def test_a_token_dies_when_its_session_does(realm: SimpleNamespace, leaving: str) -> None:
    token = mobile_token(realm, "leaving")["access_token"]
    assert me(token).status_code == 200
    time.sleep(1.1)  # a token's age is counted in whole seconds
    with in_district(realm.world.huiji):
        identity.deactivate(user=realm.world.liqiang.user, actor=realm.world.zhangwei.user, reason="转出")
        identity.reactivate(user=realm.world.liqiang.user, actor=realm.world.zhangwei.user, reason="误操作")
    assert me(token).status_code == 401
