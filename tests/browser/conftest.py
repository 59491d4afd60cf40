"""People in real browsers on the real server.

``person("wangfang")`` is a signed-in page. Whatever a page complains about (an exception, a refused script or style,
a file that is not there) fails the test when it ends; tests that provoke one say so with `allowed`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.house import House, Line, standing

PASSWORD = "dangjian-demo"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1440, "height": 900}}
DISTRICTS = {"zhaomin": "luoyang", "sunli": "luoyang", "chenjing": "central"}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

# ms, for machines that do much else at the same time; nothing here asserts how long a thing took
PATIENCE = 60_000

Person = Callable[..., Page]
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _chromium() is not None or os.environ.get("CI") == "true":
        return
    missing = pytest.mark.skip(reason="no Chromium here; install it: apt-get install chromium")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(missing)


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with standing(os.environ["DATABASE_URL"], tmp_path_factory.mktemp("house")) as opened:
        yield opened


# Playwright keeps an event loop running in this thread while it stands, and Django refuses queries beside one:
# it ends with this folder's tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    executable = _chromium()
    assert executable, "no Chromium here; install it: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def _signed_in() -> dict[tuple[str, int], Any]:
    """Cookies by person and port, so that a password is checked once a run and not once a test."""
    return {}


@pytest.fixture
def allowed() -> list[str]:
    """Pieces of complaints a test expects."""
    return []


@pytest.fixture
def context(browser: Browser, allowed: list[str]) -> Iterator[Callable[..., BrowserContext]]:
    """``context(**options)``: a browser of its own; options as Playwright's, a desk in Chinese by default."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: said.type == "error" and complaints.append(f"{page.url}: {said.text}"),
        )

    def open_context(**options: Any) -> BrowserContext:
        made = browser.new_context(**{"locale": "zh-CN", "timezone_id": "Asia/Shanghai"} | DESK | options)
        made.set_default_timeout(PATIENCE)
        made.on("page", watch)
        opened.append(made)
        return made

    yield open_context
    for made in opened:
        made.close()
    unexpected = [said for said in complaints if not any(piece in said for piece in allowed)]
    assert unexpected == []


@pytest.fixture
def person(
    house: House, context: Callable[..., BrowserContext], _signed_in: dict[tuple[str, int], Any]
) -> Person:
    """``person("liqiang", "/feed/")``: a page of somebody signed in; `line` to go through one."""

    def open_page(username: str, path: str = "/", *, line: Line | None = None, **options: Any) -> Page:
        port = line.port if line is not None else house.port
        district = DISTRICTS.get(username, "huiji")
        known = _signed_in.get((username, port))
        made = context(**options)
        page = made.new_page()
        if known is None:
            sign_in(page, house.address("/sign-in/", district=district, port=port), username)
            _signed_in[username, port] = made.cookies()
        else:
            made.add_cookies(known)
        page.goto(house.address(path, district=district, port=port))
        return page

    return open_page


def sign_in(page: Page, address: str, username: str) -> None:
    """As a person does it, on the page at `address`."""
    page.goto(address)
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.click("form button.dj-btn-primary")
    page.wait_for_url(lambda url: "/sign-in/" not in url)


@pytest.fixture
def line(house: House) -> Iterator[Line]:
    with Line(house.port) as opened:
        yield opened


@pytest.fixture
def a_post(house: House) -> int:
    """A post everybody in Huiji may see; in Luoyang that id is another post, seen by everybody there."""
    seen = (
        "SELECT id FROM interaction_post"
        " WHERE visibility = 'district' AND deleted_at IS NULL AND hidden_at IS NULL"
    )
    both = set(house.rows(seen)) & set(house.rows(seen, schema="luoyang"))
    return int(max(both)[0])


@pytest.fixture
def a_group(house: House, person: Person) -> tuple[int, int]:
    """A Party group of 王芳's branch, formed once a run as she does it: ids of the branch and of the group."""
    [(branch,)] = house.rows(
        "SELECT m.branch_id FROM organizations_member m JOIN identity_user u ON u.id = m.user_id"
        " WHERE u.username = 'wangfang'"
    )
    standing = (
        "SELECT id FROM organizations_partygroup WHERE branch_id = %s AND dissolved_on IS NULL ORDER BY id"
    )
    if not house.rows(standing, branch):
        page = person("wangfang", f"/organizations/{branch}/groups/new/")
        page.get_by_label("名称").fill("第一党小组")
        for name in ("王芳", "李强"):
            page.locator("label.dj-check", has_text=name).first.click()
        page.get_by_label("组长").select_option(label="李强")
        page.get_by_label("从哪天起").fill("2026-01-05")
        page.get_by_label("原因").fill("支委会决定")
        page.get_by_role("button", name="划分党小组").click()
        expect(page.get_by_text("党小组已经划分。")).to_be_visible()
        page.context.close()
    return branch, int(house.rows(standing, branch)[0][0])
