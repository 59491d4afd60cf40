"""Signing in at a realm: what leads in, what does not, and what happens while Keycloak is away.

Against an issuer that can be made to fail; the same against a real Keycloak is in ``tests/sso``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from dangjian.audit.models import AuditRow
from dangjian.identity.keycloak import breaker, oidc
from dangjian.identity.models import RealmSession, Session, User
from dangjian.identity.sessions import SessionStore
from realtime.models import Event
from tenants.context import in_district
from tests.cast import HOSTS
from tests.identity.issuer import FAULTS, SECRET, WEB, Issuer

COOKIE = settings.SESSION_COOKIE_NAME


class Browser:
    """A browser on a district's host, and the realm it is sent to."""

    def __init__(self, issuer: Issuer, host: str = HOSTS["huiji"], client: Client | None = None) -> None:
        self.issuer, self.host = issuer, host
        self.client = client or Client(headers={"host": host})

    def begin(self, **query: str) -> dict[str, str]:
        """Press the button; the parameters the realm is given."""
        sent = self.client.get("/oidc/login/", query)
        assert sent.status_code == 302, sent.content.decode()
        assert sent["Location"].startswith(f"{self.issuer.issuer}/protocol/openid-connect/auth?")
        return {name: values[0] for name, values in parse_qs(urlsplit(sent["Location"]).query).items()}

    def answer(self, asked: dict[str, str], person: str = "wangfang", **claims: Any) -> dict[str, str]:
        """The person signs in at the realm: what it sends the browser back with."""
        self.issuer.grants(self.issuer.claims(person, **{"nonce": asked["nonce"]} | claims))
        return {
            "state": asked["state"],
            "session_state": f"sid-of-{person}",
            "iss": self.issuer.issuer,
            "code": "a-code.of-this.time",
        }

    def come_back(self, answer: dict[str, str]) -> Any:
        return self.client.get("/oidc/callback/", answer)

    def sign_in(self, person: str = "wangfang", **query: str) -> Any:
        return self.come_back(self.answer(self.begin(**query), person))

    @property
    def key(self) -> str:
        cookie = self.client.cookies.get(COOKIE)
        return cookie.value if cookie else ""

    def is_in(self) -> bool:
        return self.client.get("/sessions/").status_code == 200


@pytest.fixture
def browser(issuers: dict[str, Issuer]) -> Browser:
    return Browser(issuers["huiji"])


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A breaker that rests longer than a busy machine takes for the test."""
    monkeypatch.setattr(breaker, "FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(breaker, "LONGEST_PAUSE", 1000.0)


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# --- the way in -------------------------------------------------------------------------------------------------


def test_signing_in_leads_back_to_the_page_and_keeps_everything_here(browser: Browser, huiji: Any) -> None:
    asked = browser.begin(next="/sessions/?a=1")
    assert asked["redirect_uri"] == f"http://{HOSTS['huiji']}/oidc/callback/"
    assert (asked["response_type"], asked["scope"], asked["client_id"]) == ("code", "openid", WEB)
    assert (asked["code_challenge_method"], asked["ui_locales"]) == ("S256", "zh-CN")
    back = browser.come_back(browser.answer(asked))
    assert (back.status_code, back["Location"]) == (302, "/sessions/?a=1")
    assert "no-store" in back["Cache-Control"]
    assert browser.is_in()

    form = browser.issuer.forms[-1]
    assert (form["grant_type"], form["code"]) == ("authorization_code", "a-code.of-this.time")
    assert (form["client_secret"], form["redirect_uri"]) == (SECRET, asked["redirect_uri"])
    assert len(form["code_verifier"]) >= 43
    everything = " ".join(f"{name}={cookie.value}" for name, cookie in browser.client.cookies.items())
    with in_district(huiji):
        session = Session.objects.select_related("realm_session").get(session_key=browser.key)
        kept = session.realm_session
        assert session.user.username == "wangfang"
        assert session.user.first_signed_in_at is not None
        assert session.confirmed_until > timezone.now() + timedelta(minutes=4)
        assert kept.sid == "sid-of-wangfang"
        for secret in ("r" * 400, browser.issuer.token_answer[1]["id_token"]):
            assert secret not in kept.refresh_token + kept.id_token + session.session_data + everything
        row = AuditRow.objects.latest("id")
        assert (row.action, row.actor_name) == ("session.sign_in", "王芳")


def test_the_cookies_of_an_attempt_are_its_own_and_go_with_it(browser: Browser) -> None:
    asked = browser.begin()
    [name] = [name for name in browser.client.cookies if name.startswith("dj_oidc_")]
    cookie = browser.client.cookies[name]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    for secret in (asked["nonce"], asked["state"]):
        assert secret not in cookie.value
    browser.come_back(browser.answer(asked))
    assert browser.client.cookies[name].value == ""
    browser.client.cookies.pop(COOKIE)  # signed out again
    for _ in range(20):
        browser.begin()
    pending = [
        name
        for name, cookie in browser.client.cookies.items()
        if name.startswith("dj_oidc_") and cookie.value
    ]
    assert len(pending) <= 6


def test_in_production_the_cookies_are_bound_to_the_host(browser: Browser, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME = "__Host-sessionid"
    asked = browser.begin()
    back = browser.come_back(browser.answer(asked))
    assert back["Location"] == "/"
    mine = {name: cookie for name, cookie in browser.client.cookies.items() if name.startswith("__Host-")}
    assert {name[:16] for name in mine} == {"__Host-sessionid", "__Host-dj_oidc_" + asked["state"][:1]}
    for cookie in mine.values():
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
    assert mine["__Host-sessionid"]["httponly"]


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example",
        "https://evil.example/",
        "\\\\evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "x" * 2000,
    ],
)
def test_it_leads_to_no_other_host(browser: Browser, evil: str) -> None:
    assert browser.sign_in(next=evil)["Location"] == "/"


def test_closed_pages_and_the_sign_in_page_lead_to_the_realm(browser: Browser) -> None:
    sent = browser.client.get("/me/")
    assert sent["Location"] == "/sign-in/?next=%2Fme%2F"
    assert browser.client.get(sent["Location"])["Location"] == "/oidc/login/?next=%2Fme%2F"
    browser.client.cookies[COOKIE] = "a" * 32
    page = browser.client.get("/me/", follow=True)
    assert "登录已过期" in text_of(page)
    assert 'href="/oidc/login/?next=%2Fme%2F"' in text_of(page)
    assert "password" not in text_of(page)
    assert browser.client.post("/sign-in/", {"username": "wangfang", "password": "x"}).status_code in {
        200,
        302,
    }
    assert not browser.is_in()


def test_changing_ones_password_is_done_at_the_realm(browser: Browser) -> None:
    browser.sign_in()
    sent = browser.client.get("/password/")
    asked = browser.client.get(sent["Location"])
    query = parse_qs(urlsplit(asked["Location"]).query)
    assert query["kc_action"] == ["UPDATE_PASSWORD"]
    before = browser.key
    back = browser.come_back(browser.answer({"state": query["state"][0], "nonce": query["nonce"][0]}))
    assert back["Location"] == "/me/"
    assert browser.key == before


def test_the_api_takes_no_password_and_says_where_to_go(issuers: Any) -> None:
    client = Client(headers={"host": HOSTS["huiji"]})
    answer = client.post(
        "/api/v1/session/", {"username": "wangfang", "password": "x"}, content_type="application/json"
    )
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["sign_in"] == "/oidc/login/"
    assert "/oidc/login/" in answer.json()["detail"]


def test_with_passwords_kept_here_there_is_no_realm(world: Any) -> None:
    client = Client(headers={"host": HOSTS["huiji"]})
    assert client.get("/oidc/login/").status_code == 404
    assert client.get("/oidc/callback/").status_code == 404
    assert client.post("/oidc/backchannel/", {"logout_token": "x"}).status_code == 404


# --- attacks ----------------------------------------------------------------------------------------------------


def test_a_key_planted_before_is_worth_nothing_after(browser: Browser, huiji: Any) -> None:
    """Session fixation."""
    with in_district(huiji):
        planted = SessionStore()
        planted["x"] = 1
        planted.save()
    browser.client.cookies[COOKIE] = planted.session_key
    browser.sign_in()
    assert browser.key != planted.session_key
    thief = Browser(browser.issuer)
    thief.client.cookies[COOKIE] = planted.session_key
    assert not thief.is_in()
    with in_district(huiji):
        assert not Session.objects.filter(session_key=planted.session_key).exists()


def test_the_session_of_another_person_in_the_same_browser_ends(browser: Browser, huiji: Any) -> None:
    browser.sign_in("wangfang")
    before = browser.key
    asked = browser.begin(action="password")
    browser.come_back(browser.answer(asked, "liqiang"))
    with in_district(huiji):
        assert not Session.objects.filter(session_key=before).exists()
        assert Session.objects.get(session_key=browser.key).user.username == "liqiang"
        assert Event.objects.filter(topic="control").latest("id").kind == "session.ended"


def test_an_answer_begun_in_another_browser_signs_nobody_in(
    browser: Browser, issuers: dict[str, Issuer]
) -> None:
    """Login CSRF: the attacker's own answer, sent to the victim."""
    attacker, victim = browser, Browser(issuers["huiji"])
    answer = attacker.answer(attacker.begin(), "liqiang")
    refused = victim.come_back(answer)
    assert refused.status_code == 400
    assert "另一个浏览器" in text_of(refused)
    assert not victim.is_in()
    victim.begin()
    assert victim.come_back(answer).status_code == 400
    assert not victim.is_in()


def test_an_answer_counts_once(browser: Browser) -> None:
    answer = browser.answer(browser.begin(next="/sessions/"))
    assert browser.come_back(answer).status_code == 302
    again = browser.come_back(answer)  # the back button: already in, the attempt is spent
    assert again["Location"] == "/"
    browser.client.cookies.pop(COOKIE)
    assert browser.come_back(answer).status_code == 400
    assert not browser.is_in()


Spoil = Callable[[Browser, dict[str, str], dict[str, Issuer]], dict[str, str]]
SPOILT: dict[str, Spoil] = {
    "state changed": lambda browser, answer, issuers: answer | {"state": answer["state"][:-1] + "~"},
    "state of the same length": lambda browser, answer, issuers: (
        answer | {"state": answer["state"][:16] + "A" * 16}
    ),
    "no state": lambda browser, answer, issuers: {key: answer[key] for key in answer if key != "state"},
    "a long state": lambda browser, answer, issuers: answer | {"state": "x" * 100_000},
    "foreign issuer": lambda browser, answer, issuers: answer | {"iss": issuers["luoyang"].issuer},
    "no issuer": lambda browser, answer, issuers: {key: answer[key] for key in answer if key != "iss"},
    "no code": lambda browser, answer, issuers: {key: answer[key] for key in answer if key != "code"},
    "a code of a megabyte": lambda browser, answer, issuers: answer | {"code": "x" * 1_000_000},
    "a code with spaces": lambda browser, answer, issuers: answer | {"code": "a b&c"},
    "error": lambda browser, answer, issuers: answer | {"error": "server_error"},
    "cancelled": lambda browser, answer, issuers: answer | {"error": "access_denied"},
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_answer_signs_nobody_in(
    browser: Browser, issuers: dict[str, Issuer], spoil: Spoil, caplog: pytest.LogCaptureFixture
) -> None:
    answer = spoil(browser, browser.answer(browser.begin()), issuers)
    refused = browser.come_back(answer)
    assert refused.status_code == 400
    assert "请重新登录一次" in text_of(refused)
    assert "/oidc/login/" in text_of(refused)
    assert not browser.is_in()
    logged = caplog.text
    assert "a-code.of-this.time" not in logged + text_of(refused)
    assert "token" not in browser.issuer.asked


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ["a"]},
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"typ": "Bearer"},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_attempt_signs_nobody_in(
    browser: Browser, claims: dict[str, Any]
) -> None:
    refused = browser.come_back(browser.answer(browser.begin(), **claims))
    assert refused.status_code == 400
    assert not browser.is_in()


def test_a_code_that_was_used_or_expired_signs_nobody_in(browser: Browser) -> None:
    answer = browser.answer(browser.begin())
    browser.issuer.token_answer = 400, {"error": "invalid_grant", "error_description": "Code not valid"}
    refused = browser.come_back(answer)
    assert refused.status_code == 400
    assert not browser.is_in()


def test_a_code_of_one_realm_at_the_other_host_signs_nobody_in(issuers: dict[str, Issuer]) -> None:
    ours, theirs = Browser(issuers["huiji"]), Browser(issuers["luoyang"], HOSTS["luoyang"])
    answer = ours.answer(ours.begin())
    theirs.begin()
    assert theirs.come_back(answer).status_code == 400
    # With the attempt's cookie too, as if the two hosts shared one.
    for name, cookie in ours.client.cookies.items():
        theirs.client.cookies[name] = cookie.value
    assert theirs.come_back(answer).status_code == 400
    assert theirs.come_back(answer | {"iss": issuers["luoyang"].issuer}).status_code == 400
    assert not theirs.is_in()
    assert "token" not in issuers["luoyang"].asked


def test_an_attempt_does_not_wait_for_ever(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = browser.answer(browser.begin())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1801)
    refused = browser.come_back(answer)
    assert refused.status_code == 400
    assert "隔得太久" in text_of(refused)


def test_two_tabs_sign_in_at_once(browser: Browser, huiji: Any) -> None:
    first, second = browser.begin(next="/me/"), browser.begin(next="/sessions/")
    assert browser.come_back(browser.answer(first))["Location"] == "/me/"
    key = browser.key
    assert browser.come_back(browser.answer(second))["Location"] == "/sessions/"
    assert browser.key == key  # the first tab's sockets stay open
    with in_district(huiji):
        assert Session.objects.filter(user__username="wangfang").count() == 1


@pytest.mark.parametrize("minutes", [-3, 3])
def test_a_clock_three_minutes_off_lets_people_in_and_is_told(
    browser: Browser, minutes: int, caplog: pytest.LogCaptureFixture
) -> None:
    asked, issued = browser.begin(), int(time.time()) + 60 * minutes
    assert browser.come_back(browser.answer(asked, iat=issued, exp=issued + 300)).status_code == 302
    assert browser.is_in()
    assert "keycloak.clocks_apart" in caplog.text


# --- who may not enter ------------------------------------------------------------------------------------------


def test_somebody_the_roster_does_not_know_is_told_whom_to_ask(browser: Browser, huiji: Any) -> None:
    turned = browser.come_back(browser.answer(browser.begin(), "stranger", email="wangfang@example.cn"))
    assert turned.status_code == 403
    assert "名册里没有你" in text_of(turned)
    assert "找本支部书记" in text_of(turned)
    assert f"{browser.issuer.issuer}/protocol/openid-connect/logout" in text_of(turned)
    assert not browser.is_in()
    with in_district(huiji):
        assert not User.objects.filter(subject="stranger").exists()
        assert AuditRow.objects.latest("id").action == "session.turned_away"


def test_the_same_name_from_another_realm_is_a_stranger(browser: Browser, huiji: Any) -> None:
    with in_district(huiji):
        User.objects.filter(username="wangfang").update(issuer="https://elsewhere.example/realms/huiji")
    assert browser.sign_in("wangfang").status_code == 403


def test_a_closed_account_is_told_so(browser: Browser, huiji: Any) -> None:
    with in_district(huiji):
        User.objects.filter(username="wangfang").update(is_active=False)
    turned = browser.sign_in()
    assert turned.status_code == 403
    assert "已经停用" in text_of(turned)
    assert not browser.is_in()


# --- going out --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/oidc/logout/", "/sign-out/"])
def test_signing_out_ends_it_here_and_then_at_the_realm(browser: Browser, huiji: Any, path: str) -> None:
    browser.sign_in()
    key, id_token = browser.key, browser.issuer.token_answer[1]["id_token"]
    assert browser.client.get(path).status_code == 405
    sent = browser.client.post(path)
    assert sent["Location"].startswith(f"{browser.issuer.issuer}/protocol/openid-connect/logout?")
    query = parse_qs(urlsplit(sent["Location"]).query)
    assert query["id_token_hint"] == [id_token]
    assert query["post_logout_redirect_uri"] == [f"http://{HOSTS['huiji']}/sign-in/"]
    assert browser.issuer.url in sent["Content-Security-Policy"].partition("form-action")[2].partition(";")[0]
    with in_district(huiji):
        assert not Session.objects.filter(session_key=key).exists()
        assert not RealmSession.objects.exists()
    page = browser.client.get("/sign-in/")
    assert page.status_code == 200
    assert "已经退出登录" in text_of(page)


def test_signing_out_needs_the_token_against_forgery(browser: Browser) -> None:
    strict = Browser(
        browser.issuer, client=Client(headers={"host": HOSTS["huiji"]}, enforce_csrf_checks=True)
    )
    strict.sign_in()
    assert strict.client.post("/oidc/logout/").status_code == 403
    assert strict.is_in()


# --- Keycloak away ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_while_keycloak_fails_sign_in_shows_a_plain_page_and_recovers(
    browser: Browser, fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(oidc, "TIMEOUT_SECONDS", 0.3)
    browser.issuer.fault = fault
    page = browser.client.get("/oidc/login/", {"next": "/me/"})
    assert page.status_code == 503
    assert int(page["Retry-After"]) >= 12
    assert "登录服务暂时连不上" in text_of(page)
    assert "/oidc/login/?next=%2Fme%2F" in text_of(page)
    assert "stack-of-secrets" not in text_of(page) + caplog.text
    browser.issuer.fault = ""
    browser.sign_in()
    assert browser.is_in()


@pytest.mark.parametrize("fault", FAULTS)
def test_when_it_fails_in_the_middle_nobody_is_half_in(
    browser: Browser, fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(oidc, "TIMEOUT_SECONDS", 0.3)
    answer = browser.answer(browser.begin())
    browser.issuer.fault = fault
    page = browser.come_back(answer)
    assert page.status_code == 503
    assert not browser.is_in()
    logged = caplog.text
    assert not [
        secret for secret in ("stack-of-secrets", SECRET, "a-code.of") if secret in logged + text_of(page)
    ]
    assert (
        len([path for path in browser.issuer.asked if path == "token"]) <= 1
    )  # a code is sent once, whatever happens


def test_an_answer_without_tokens_is_no_sign_in(browser: Browser) -> None:
    for answer in ({}, {"id_token": 7, "refresh_token": "r", "expires_in": 1}, {"expires_in": "soon"}):
        asked = browser.begin()
        back = browser.answer(asked)
        browser.issuer.token_answer = 200, answer
        assert browser.come_back(back).status_code == 400
    assert not browser.is_in()


def test_a_district_without_a_realm_says_so_plainly(browser: Browser, huiji: Any) -> None:
    from tests.identity.realms import put_realm

    for change in ({"issuer": ""}, {"realm": "../master"}, {"client_secret_ref": "nowhere"}):
        put_realm(huiji, browser.issuer.row() | change)
        oidc.forget()
        assert browser.client.get("/oidc/login/").status_code == 503


def test_after_three_failures_keycloak_is_left_alone(browser: Browser, patient: None) -> None:
    browser.issuer.fault = "status 500"
    for _ in range(40):
        assert browser.client.get("/oidc/login/").status_code == 503
    assert len(browser.issuer.asked) == 3


# --- staying in -------------------------------------------------------------------------------------------------


def overdue(huiji: Any, key: str, by: timedelta = timedelta(seconds=1)) -> None:
    with in_district(huiji):
        Session.objects.filter(session_key=key).update(confirmed_until=timezone.now() - by)


def test_an_overdue_session_is_confirmed_once_and_gets_new_tokens(browser: Browser, huiji: Any) -> None:
    browser.sign_in()
    overdue(huiji, browser.key)
    browser.issuer.grants(browser.issuer.claims("wangfang"), refresh_token="s" * 400)
    for _ in range(3):
        assert browser.is_in()
    assert [form["grant_type"] for form in browser.issuer.forms] == ["authorization_code", "refresh_token"]
    assert browser.issuer.forms[-1]["refresh_token"] == "r" * 400
    overdue(huiji, browser.key)
    assert browser.is_in()
    assert browser.issuer.forms[-1]["refresh_token"] == "s" * 400


def test_a_session_that_ended_at_the_realm_ends_here_with_its_sockets(browser: Browser, huiji: Any) -> None:
    """The account was deleted or disabled there, or the session ran out: Keycloak tells nobody."""
    browser.sign_in()
    overdue(huiji, browser.key)
    browser.issuer.token_answer = 400, {"error": "invalid_grant", "error_description": "Session not active"}
    assert not browser.is_in()
    with in_district(huiji):
        assert not Session.objects.filter(session_key=browser.key).exists()
        assert Event.objects.filter(topic="control").latest("id").kind == "session.ended"


def test_an_answer_for_somebody_else_confirms_nothing(browser: Browser, huiji: Any) -> None:
    browser.sign_in()
    browser.issuer.grants(browser.issuer.claims("zhangwei"))
    overdue(huiji, browser.key, timedelta(days=1))
    assert not browser.is_in()


@pytest.mark.parametrize("fault", ["status 500", "HTML", "hangs up"])
def test_while_keycloak_is_away_sessions_live_their_grace(
    browser: Browser, huiji: Any, fault: str, patient: None
) -> None:
    browser.sign_in()
    browser.issuer.fault = fault
    overdue(huiji, browser.key, timedelta(minutes=10))
    for _ in range(20):
        assert browser.is_in()
    assert browser.issuer.asked.count("token") <= 1 + 3
    overdue(huiji, browser.key, timedelta(minutes=settings.KEYCLOAK_GRACE_MINUTES + 1))
    assert not browser.is_in()
    assert not browser.key
    browser.issuer.fault = ""
    oidc.forget()  # the breaker's pause is over
    browser.sign_in()
    assert browser.is_in()


def test_a_refresh_that_got_no_answer_is_not_sent_again_before_keycloak_answers_something(
    browser: Browser, huiji: Any
) -> None:
    browser.sign_in()
    browser.issuer.asked.clear()
    browser.issuer.fault = "hangs up"
    for _ in range(5):
        overdue(huiji, browser.key)
        assert browser.client.get("/me/").status_code == 200
        oidc.forget()  # another process, or the pause is over
    assert browser.issuer.asked.count("token") == 1
    assert browser.issuer.asked.count("openid-configuration") == 4
    browser.issuer.fault = ""
    browser.issuer.asked.clear()
    for asked in (["openid-configuration", "token"], ["token"]):
        overdue(huiji, browser.key)
        assert browser.client.get("/me/").status_code == 200
        assert [place for place in browser.issuer.asked if place != "certs"] == asked
        browser.issuer.asked.clear()


def test_a_wrong_secret_signs_nobody_out_meanwhile(browser: Browser, huiji: Any) -> None:
    browser.sign_in()
    browser.issuer.token_answer = 401, {"error": "unauthorized_client"}
    overdue(huiji, browser.key)
    assert browser.is_in()


def test_tokens_sealed_with_another_key_end_the_session(browser: Browser, huiji: Any, settings: Any) -> None:
    browser.sign_in()
    overdue(huiji, browser.key)
    settings.SECRET_KEY = "another key, fifty characters long at the very least, as it should be"
    assert not browser.is_in()


# --- told by the realm ------------------------------------------------------------------------------------------


def tell(issuer: Issuer, token: str, host: str = HOSTS["huiji"]) -> Any:
    return Client(headers={"host": host}, enforce_csrf_checks=True).post(
        "/oidc/backchannel/", {"logout_token": token}
    )


def test_a_logout_token_with_a_session_ends_that_one(
    browser: Browser, issuers: dict[str, Issuer], huiji: Any
) -> None:
    ours, other = browser, Browser(issuers["huiji"])
    ours.sign_in()
    key = ours.key
    asked = other.begin()
    other.come_back(other.answer(asked, sid="another-browser"))
    token = ours.issuer.sign_logout(ours.issuer.logout_claims("wangfang"))
    told = tell(ours.issuer, token)
    assert (told.status_code, told["Cache-Control"], told.content) == (200, "no-store", b"")
    assert not ours.is_in()
    assert other.is_in()
    with in_district(huiji):
        assert Event.objects.filter(topic="control").latest("id").data["keys"] == [key]
    again = tell(ours.issuer, token)
    assert (again.status_code, again["Cache-Control"]) == (400, "no-store")


def test_a_logout_token_without_a_session_ends_all(browser: Browser, issuers: dict[str, Issuer]) -> None:
    ours, other, bystander = browser, Browser(issuers["huiji"]), Browser(issuers["huiji"])
    ours.sign_in()
    asked = other.begin()
    other.come_back(other.answer(asked, sid="another-browser"))
    bystander.sign_in("liqiang")
    assert (
        tell(
            ours.issuer, ours.issuer.sign_logout(ours.issuer.logout_claims("wangfang", sid=None))
        ).status_code
        == 200
    )
    assert (ours.is_in(), other.is_in(), bystander.is_in()) == (False, False, True)


def test_a_session_named_with_the_wrong_person_ends_nothing(browser: Browser) -> None:
    browser.sign_in()
    token = browser.issuer.sign_logout(browser.issuer.logout_claims("liqiang", sid="sid-of-wangfang"))
    assert tell(browser.issuer, token).status_code == 200
    assert browser.is_in()


def test_a_token_of_the_other_realm_ends_nothing(browser: Browser, issuers: dict[str, Issuer]) -> None:
    browser.sign_in()
    theirs = issuers["luoyang"]
    token = theirs.sign_logout(theirs.logout_claims("wangfang"))
    assert tell(theirs, token).status_code == 400
    assert tell(theirs, token, HOSTS["luoyang"]).status_code == 200
    assert browser.is_in()


def test_what_is_no_logout_token_is_answered_400(browser: Browser) -> None:
    browser.sign_in()
    for token in ("", "x", "x" * 1_000_000, browser.issuer.sign(browser.issuer.claims("wangfang"))):
        answer = tell(browser.issuer, token)
        assert (answer.status_code, answer["Cache-Control"]) == (400, "no-store")
    assert Client(headers={"host": HOSTS["huiji"]}).get("/oidc/backchannel/").status_code == 405
    browser.issuer.fault = "status 500"
    oidc.forget()
    token = browser.issuer.sign_logout(browser.issuer.logout_claims("wangfang"))
    assert tell(browser.issuer, token).status_code == 400
    assert browser.is_in()
