"""Keycloak's pages in the product's own look, in Chromium."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dangjian.identity.keycloak import realm
from dangjian.identity.keycloak.admin import Admin
from dangjian.local.keycloak import THEMES
from tests.sso.conftest import Keycloak
from tests.sso.ports import free_port

THEME = THEMES / realm.THEME / "login"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1440, "height": 900}}
NAME = "huiji-look"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium here; install it: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


class Answer(BaseHTTPRequestHandler):
    """The district's host, as far as it is needed here: it answers."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>back</title>")

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", free_port()), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://huiji.localhost:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def look(keycloak: Keycloak, origin: str) -> Iterator[SimpleNamespace]:
    """A realm as Huiji's with two people: 王芳 with a one-time password, 李强 with his own."""
    admin = Admin(
        url=keycloak.url,
        realm=NAME,
        home="master",
        client_id="admin-cli",
        username=keycloak.admin,
        password=keycloak.password,
    )
    site = realm.Site("惠济区", "党建云", NAME, (origin,), 1_209_600)
    admin.create_realm(realm.settings(site))
    admin.set_user_profile(realm.user_profile())
    admin.create_client(realm.sign_in_client(site))
    for username, password, temporary in (
        ("wangfang", "kf7m-9wpx", True),
        ("liqiang", "dangjian-demo", False),
    ):
        ident = admin.create_user({"username": username, "enabled": True})
        admin.set_password(ident, password, temporary=temporary)
    yield SimpleNamespace(
        origin=origin, base=f"{keycloak.url}/realms/{NAME}/protocol/openid-connect", admin=admin
    )
    admin.delete_realm()


@pytest.fixture
def visit(chromium: Browser, look: SimpleNamespace) -> Iterator[Callable[..., Page]]:
    """``visit(PHONE)``: the sign-in page; whatever the browser complains about fails the test."""
    opened: list[Any] = []
    complaints: list[str] = []

    def open_page(size: dict[str, Any] = PHONE, *, locale: str = "zh-CN", **query: str) -> Page:
        context = chromium.new_context(**size, locale=locale)
        context.set_default_timeout(30_000)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        asked = {
            "client_id": realm.SIGN_IN_CLIENT,
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": f"{look.origin}/oidc/callback/",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            "ui_locales": locale,
        }
        page.goto(f"{look.base}/auth?{urlencode(asked | query)}")
        return page

    yield open_page
    for context in opened:
        context.close()
    assert [said for said in complaints if "400" not in said] == []


def sign_in(page: Page, username: str, password: str) -> None:
    page.fill("#username", username)
    page.fill("#password", password)
    page.keyboard.press("Enter")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_sign_in_page(visit: Callable[..., Page], size: dict[str, Any]) -> None:
    page = visit(size)
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("heading", name="惠济区党建云")).to_be_visible()
    expect(page.get_by_label("账号")).to_be_focused()
    assert page.title().endswith("惠济区党建云")
    assert fits(page)
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    # By keyboard alone: the two fields, then the button.
    page.keyboard.press("Tab")
    expect(page.get_by_label("密码")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="登录", exact=True)).to_be_focused()


def test_large_text_stays_for_the_next_page_and_fits(visit: Callable[..., Page]) -> None:
    page = visit(PHONE)
    page.get_by_role("button", name="大字").click()
    expect(page.locator("html")).to_have_attribute("data-text", "large")
    assert page.evaluate("getComputedStyle(document.getElementById('username')).fontSize") == "20px"
    assert fits(page)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-text", "large")
    page.get_by_role("button", name="标准字号").click()
    expect(page.locator("html")).not_to_have_attribute("data-text", "large")


def test_in_english(visit: Callable[..., Page]) -> None:
    page = visit(PHONE)
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="惠济区 Party Cloud")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_a_wrong_password_is_said_beside_the_field_and_names_no_account(visit: Callable[..., Page]) -> None:
    said = []
    for username in ("liqiang", "nobody-has-this"):
        page = visit(PHONE)
        sign_in(page, username, "wrong-one-1")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("账号和密码对不上")
        expect(page.get_by_label("密码")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("账号")).to_have_value(username)
        said.append(alert.inner_text())
    assert said[0] == said[1]


def test_a_one_time_password_is_replaced_by_ones_own(
    visit: Callable[..., Page], look: SimpleNamespace
) -> None:
    page = visit(PHONE)
    sign_in(page, "wangfang", "kf7m-9wpx")
    expect(page.get_by_role("heading", name="设置自己的密码")).to_be_visible()
    assert Axe().run(page).response["violations"] == []

    def choose(password: str, again: str | None = None) -> None:
        page.get_by_label("新密码").fill(password)
        page.get_by_label("再输一遍").fill(again or password)
        page.get_by_role("button", name="设好密码").click()

    for password, again, expected in (
        ("12345678", None, "不能全是数字"),
        ("short1", None, "至少要 8 位"),
        ("yellow-river-7", "yellow-river-8", "两次输入的密码不一样"),
    ):
        choose(password, again)
        expect(page.get_by_role("alert")).to_contain_text(expected)
    choose("yellow-river-7")
    page.wait_for_url(f"{look.origin}/oidc/callback/**")


def test_a_passkey_is_made_and_signs_in_without_a_password(
    visit: Callable[..., Page], look: SimpleNamespace
) -> None:
    page = visit(DESK)
    address = page.url.replace(
        "127.0.0.1", "localhost"
    )  # browsers tie a passkey to a name, never to a number
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    phone = keys.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    page.on("dialog", lambda asked: asked.accept("我的手机"))
    page.goto(f"{address}&kc_action=webauthn-register-passwordless")
    sign_in(page, "liqiang", "dangjian-demo")
    expect(page.get_by_role("heading", name="添加通行密钥")).to_be_visible()
    assert page.title() == "添加通行密钥 · 惠济区党建云"
    page.get_by_role("button", name="添加通行密钥").click()
    page.wait_for_url(f"{look.origin}/oidc/callback/**")

    page.context.clear_cookies()
    page.goto(address)
    page.wait_for_url(f"{look.origin}/oidc/callback/**")
    (made,) = keys.send("WebAuthn.getCredentials", {"authenticatorId": phone["authenticatorId"]})[
        "credentials"
    ]
    assert made["signCount"] == 2, "made, and signed in with"


def test_signing_out_asks_and_says_so(visit: Callable[..., Page], look: SimpleNamespace) -> None:
    page = visit(PHONE)
    sign_in(page, "liqiang", "dangjian-demo")
    page.wait_for_url(f"{look.origin}/oidc/callback/**")
    page.goto(f"{look.base}/logout?client_id={realm.SIGN_IN_CLIENT}&ui_locales=zh-CN")
    expect(page.get_by_text("要退出这台设备上的登录吗？")).to_be_visible()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="已经退出登录")).to_be_visible()
    expect(page.get_by_role("link", name="回到党建云")).to_have_attribute("href", f"{look.origin}/")


def test_an_error_says_what_to_do(visit: Callable[..., Page]) -> None:
    page = visit(PHONE, redirect_uri="https://evil.example/")
    expect(page.get_by_role("heading", name="这次没有成功")).to_be_visible()
    expect(page.get_by_text("请回到党建云")).to_be_visible()
    assert "evil.example" not in page.content()
    assert Axe().run(page).response["violations"] == []


# --- without a browser ------------------------------------------------------------------------------------------


def messages(language: str) -> dict[str, str]:
    lines = (THEME / "messages" / f"messages_{language}.properties").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_every_word_of_ours_is_there_in_both_languages() -> None:
    used = {
        name
        for template in THEME.glob("*.ftl")
        for name in re.findall(r'msg\("(dj\w+)"', template.read_text(encoding="utf-8"))
    }
    for language in ("zh_CN", "en"):
        assert {name for name in messages(language) if name.startswith("dj")} == used


def test_the_theme_is_a_plain_folder() -> None:
    assert [path for path in THEMES.rglob("*") if path.is_symlink()] == []
