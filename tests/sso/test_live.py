"""In browsers, with the real server: in by the realm's own page, out by an officer's hand or the realm's word."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, PHONE, allowed, context  # noqa: F401  (fixtures)
from tests.browser.house import House
from tests.sso.conftest import Deployment, administrator
from tests.sso.visitor import PASSWORD

# The server has no Valkey: what tells sockets of other processes at once is missing, as it is when Valkey is down.
SOCKETS = 3


@pytest.fixture(scope="module")
def browser(house: House) -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium here; install it: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def a_post(house: House) -> int:
    seen = (
        "SELECT max(id) FROM interaction_post"
        " WHERE visibility = 'district' AND deleted_at IS NULL AND hidden_at IS NULL"
    )
    [(post,)] = house.rows(seen)
    return int(post)


def sign_in(page: Page, address: str, username: str) -> None:
    """As a person does it: call up a page, be led to the realm's, fill it in."""
    page.goto(address)
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(address)


def is_live(page: Page) -> None:
    expect(page.locator("[data-live-state] .dj-dot:not(.dj-dot-off)").first).to_be_attached()


def has_ended(page: Page) -> None:
    """The socket is closed and the page says why."""
    expect(page.get_by_role("status").filter(has_text="登录已经结束")).to_be_visible()
    expect(page.get_by_role("link", name="去登录")).to_be_visible()


def in_tabs(opened: BrowserContext, address: str) -> list[Page]:
    tabs = [opened.new_page() for _ in range(SOCKETS)]
    for tab in tabs:
        tab.goto(address)
        is_live(tab)
    return tabs


def write(page: Page, text: str) -> None:
    page.fill("#write textarea", text)
    page.click("#write button.dj-btn-primary")
    expect(page.locator("#thread [data-text]", has_text=text)).to_be_visible()


def test_in_by_the_realms_page_live_and_out_by_the_officers_hand(
    house: House,
    context: Callable[..., BrowserContext],  # noqa: F811
    a_post: int,
    allowed: list[str],  # noqa: F811
) -> None:
    allowed += ["401", "403"]  # what the ended pages ask for afterwards; the door that stays shut
    post = house.address(f"/posts/{a_post}/")
    hers, his, officers = context(**PHONE), context(), context()
    wangfang, liqiang, officer = hers.new_page(), his.new_page(), officers.new_page()
    sign_in(wangfang, post, "wangfang")
    sign_in(liqiang, post, "liqiang")
    for page in (wangfang, liqiang):
        is_live(page)
    write(liqiang, "大堤那段我来带路。")
    expect(wangfang.locator("#thread [data-text]", has_text="大堤那段我来带路。")).to_have_count(1)
    tabs = in_tabs(his, post)

    [(member,)] = house.rows("SELECT m.id FROM organizations_member m JOIN identity_user u ON u.id = m.user_id"
                             " WHERE u.username = 'liqiang'")  # fmt: skip
    sign_in(officer, house.address(f"/officer/members/{member}/deactivate/"), "zhangwei")
    officer.fill("[name=reason]", "组织关系已转出")
    officer.locator("form button.dj-btn-danger, form button.dj-btn-primary").last.click()
    expect(officer.get_by_text("账号已停用").first).to_be_visible()
    for page in (liqiang, *tabs):
        has_ended(page)
    is_live(wangfang)
    assert house.rows("SELECT is_untold FROM identity_user WHERE username = 'liqiang'") == [(True,)]

    # He tries again: the realm still knows him, and the door says whom to ask.
    liqiang.goto(post)
    liqiang.get_by_role("link", name="登录", exact=True).click()
    expect(liqiang.get_by_text("已经停用")).to_be_visible()
    assert not [
        found
        for found in Axe().run(liqiang).response["violations"]
        if found["impact"] in {"serious", "critical"}
    ]


def test_the_realms_word_ends_three_sockets(
    house: House,
    deployment: Deployment,
    context: Callable[..., BrowserContext],  # noqa: F811
    a_post: int,
    allowed: list[str],  # noqa: F811
) -> None:
    allowed.append("401")
    post = house.address(f"/posts/{a_post}/")
    hers = context()
    first = hers.new_page()
    sign_in(first, post, "wangfang")
    tabs = in_tabs(hers, post)
    [(subject,)] = house.rows("SELECT subject FROM identity_user WHERE username = 'wangfang'")
    administrator(deployment, "huiji").end_sessions(subject)
    for page in (first, *tabs):
        has_ended(page)
    assert house.rows("SELECT 1 FROM identity_session s JOIN identity_user u ON u.id = s.user_id"
                      " WHERE u.username = 'wangfang'") == []  # fmt: skip


def test_signing_out_leads_through_the_realm_and_back(
    house: House,
    context: Callable[..., BrowserContext],  # noqa: F811
) -> None:
    page = context(**PHONE).new_page()
    sign_in(page, house.address("/me/"), "wangfang")
    page.get_by_role("button", name="退出登录").last.click()
    expect(page.get_by_text("已经退出登录")).to_be_visible()
    page.goto(house.address("/me/"))
    expect(page.locator("[name=password]")).to_be_visible()  # the realm asks again
