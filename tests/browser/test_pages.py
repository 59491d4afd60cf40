"""Every page: whole, light, readable by machines and by keyboard alone, and usable without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import DESK, PHONE, Person, sign_in
from tests.browser.house import House

OF_A_MEMBER = [
    "/feed/", "/feed/?tab=branch", "/posts/new/", "/me/", "/me/posts/", "/me/comments/", "/me/replies/", "/news/",
    "/learning/", "/management/", "/sessions/", "/password/", "/branch/", "/rules/", "/rules/dues/", "/rules/term/",
    "/rules/admission/", "/branch/transfers/", "/branch/transfers/new/", "/branch/dues/", "/me/dues/",
    "/branch/terms/", "/branch/elections/new/",
    "/me/corrections/",
]  # fmt: skip
OF_A_SECRETARY = ["/branch/members/?columns=phone,born_on", "/branch/corrections/"]
OF_AN_OFFICER = [
    "/officer/members/",
    "/officer/transfers/",
    "/officer/terms/",
    "/officer/dues/",
    "/officer/reports/",
    "/officer/audit/",
    "/ui/",
    "/management/",
    "/officer/members/?sex=male&columns=sex,phone,education",
    "/branch/corrections/",
]
SIGNED_OUT = ["/sign-in/", "/forgotten/"]
A_POST = re.compile(r"/posts/\d+/$")


def grave(page: Page) -> list[str]:
    """What axe calls serious or critical on the page, each with the first place it found."""
    page.emulate_media(reduced_motion="reduce")  # a colour halfway through its fade is nobody's colour
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:160]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]


def of_post(pk: int) -> list[str]:
    return [f"/posts/{pk}/", f"/posts/{pk}/report/"]


def of_groups(branch: int, group: int) -> list[str]:
    return [
        *(f"/organizations/{branch}/groups/{what}" for what in ("", "?as_of=2026-03-01", "new/", "arrange/")),
        *(f"/groups/{group}/{what}/" for what in ("rename", "dissolve")),
    ]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_grave_for_a_member(
    house: House, person: Person, a_post: int, a_group: tuple[int, int], size: dict[str, Any]
) -> None:
    page = person("wangfang", **size)
    found = {}
    for path in [*OF_A_MEMBER, *OF_A_SECRETARY, *of_groups(*a_group), *of_post(a_post)]:
        page.goto(house.address(path))
        found[path] = grave(page)
    page.goto(house.address("/me/"))
    page.get_by_role("link", name="我的党员档案").click()
    found["record"] = grave(page)
    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_grave_for_an_officer(
    house: House, person: Person, a_post: int, size: dict[str, Any]
) -> None:
    page = person("zhangwei", **size)
    found = {}
    for path in [*OF_AN_OFFICER, f"/posts/{a_post}/hide/"]:
        page.goto(house.address(path))
        found[path] = grave(page)
    assert {path: each for path, each in found.items() if each} == {}


def test_axe_finds_nothing_grave_signed_out_nor_at_the_centre(
    house: House, person: Person, context: Callable[..., BrowserContext], allowed: list[str]
) -> None:
    allowed.append("404")
    page = context(**PHONE).new_page()
    found = {}
    for path in SIGNED_OUT:
        page.goto(house.address(path))
        found[path] = grave(page)
    page.goto(house.address("/nothing-here/"))
    found["404"] = grave(page)
    centre = person("chenjing", "/")
    found["centre"] = grave(centre)
    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize("text", ["", "large", "xlarge"])
def test_nothing_scrolls_sideways_on_a_phone(
    house: House, person: Person, a_post: int, a_group: tuple[int, int], text: str
) -> None:
    wide = []
    for username, paths in {
        "zhangwei": [*OF_A_MEMBER, *OF_AN_OFFICER, *of_post(a_post)],
        "wangfang": [*OF_A_SECRETARY, *of_groups(*a_group)],
    }.items():
        page = person(username, **PHONE)
        page.context.add_cookies([{"name": "dj_text", "value": text, "url": house.address()}])
        for path in paths:
            page.goto(house.address(path))
            assert page.locator("html").get_attribute("data-text") == (text or None)
            # Not innerWidth, which a phone's browser widens to what does not fit.
            if page.evaluate("document.documentElement.scrollWidth") > PHONE["viewport"]["width"]:
                wide.append(path)
    assert wide == []


def test_the_feed_is_light_on_first_load(house: House, person: Person) -> None:
    """Without photos, uncompressed: what a phone has to read through, whatever the proxy in front does."""
    page = person("liqiang", "/me/", **PHONE)
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: dict[str, int] = {}
    kinds: dict[str, str] = {}
    urls: dict[str, str] = {}

    def received(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]
        urls[event["requestId"]] = event["response"]["url"]

    def data(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = sizes.get(event["requestId"], 0) + event["dataLength"]

    client.on("Network.responseReceived", received)
    client.on("Network.dataReceived", data)
    page.goto(house.address("/feed/"), wait_until="networkidle")
    counted = {urls[key]: size for key, size in sizes.items() if "/media/" not in urls.get(key, "/media/")}
    print(sorted(counted.items(), key=lambda each: -each[1]))
    assert any(url.endswith("/feed/") for url in counted)
    assert sum(counted.values()) <= 200 * 1024


def test_older_posts_are_fetched_into_the_page_and_each_is_there_once(house: House, person: Person) -> None:
    page = person("liqiang", "/feed/")
    before = page.locator("[data-post]").count()
    page.locator(".dj-older a").scroll_into_view_if_needed()
    page.wait_for_function("() => window.htmx")  # until it is there the button is a link to the next page
    page.click(".dj-older a")
    expect(page.locator("[data-post]").nth(before)).to_be_attached()
    ids = page.locator("[data-post]").evaluate_all("cards => cards.map((card) => card.dataset.post)")
    assert len(ids) == len(set(ids)) > before
    assert page.url.endswith("/feed/")


def test_older_posts_come_while_a_picture_is_still_on_its_way(house: House, person: Person) -> None:
    """Between DOMContentLoaded and load htmx would wait for ever for the former, which is over."""
    held: list[Route] = []
    page = person("liqiang")

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/slow.png", hold)
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { window.slow = new Image(); window.slow.src = '/slow.png'; })"
    )
    page.goto(house.address("/feed/"), wait_until="domcontentloaded")
    page.locator(".dj-older a").scroll_into_view_if_needed()
    page.wait_for_timeout(1000)  # for whatever would not wait for the picture
    held[0].fulfill(status=204)
    page.wait_for_function("() => window.htmx")
    before = page.locator("[data-post]").count()
    page.click(".dj-older a")
    expect(page.locator("[data-post]").nth(before)).to_be_attached()
    assert page.url.endswith("/feed/")


def test_a_whole_errand_by_keyboard_alone(house: House, person: Person, a_post: int) -> None:
    page = person("liqiang", "/feed/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "dj-skip"

    def tab_to(selector: str) -> None:
        for _ in range(80):
            if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to {selector}")

    tab_to("[data-like] button")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    card = page.locator("[data-post]").first
    before = card.locator("[data-like] button").get_attribute("aria-pressed")
    page.keyboard.press("Enter")
    expect(card.locator("[data-like] button")).not_to_have_attribute("aria-pressed", str(before))

    page.goto(house.address(f"/posts/{a_post}/"))
    tab_to("#write textarea")
    page.keyboard.type("只用键盘写的。")
    page.keyboard.press("Enter")
    expect(page.locator("#thread [data-text]", has_text="只用键盘写的。")).to_be_visible()

    page.goto(house.address("/posts/new/"))
    tab_to("#text")
    page.keyboard.type("键盘也能发动态。")
    tab_to("button[data-submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(A_POST)
    expect(page.locator("article .dj-post-text")).to_have_text("键盘也能发动态。")
    tab_to("summary.dj-bar-btn")
    page.keyboard.press("Enter")
    expect(page.locator(".dj-post-head .dj-menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".dj-post-head .dj-menu")).to_be_hidden()


def test_photos_open_large_and_close_with_the_keyboard(house: House, person: Person) -> None:
    [(pk,)] = house.rows(
        "SELECT p.id FROM interaction_post p JOIN interaction_photo f ON f.post_id = p.id"
        " WHERE p.visibility = 'district' GROUP BY p.id HAVING count(*) > 1 ORDER BY p.id LIMIT 1"
    )
    page = person("liqiang", f"/posts/{pk}/")
    first = page.locator("a[data-photo]").first
    first.focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog")
    expect(viewer).to_contain_text("1 /")
    page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("2 /")
    assert grave(page) == []
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    assert first.evaluate("link => link === document.activeElement")


def test_read_write_and_like_without_scripts(
    house: House, context: Callable[..., BrowserContext], a_post: int, tmp_path: Any, allowed: list[str]
) -> None:
    allowed.append("422")
    from PIL import Image

    photo = tmp_path / "river.jpg"
    Image.new("RGB", (900, 600), "teal").save(photo)
    page = context(java_script_enabled=False, **PHONE).new_page()
    sign_in(page, house.address("/sign-in/?next=/feed/"), "liqiang")
    before = page.locator("[data-post]").count()
    page.click(".dj-older a")
    assert page.locator("[data-post]").count() > 0
    assert before == 20

    page.goto(house.address("/feed/"))
    button = page.locator("[data-like] button").first
    pressed = button.get_attribute("aria-pressed")
    button.click()
    assert page.locator("[data-like] button").first.get_attribute("aria-pressed") != pressed

    page.goto(house.address(f"/posts/{a_post}/"))
    page.fill("#write textarea", "没有脚本也能说话。")
    page.click("#write button.dj-btn-primary")
    item = page.locator("#thread .dj-cmt", has_text="没有脚本也能说话。")
    expect(item).to_have_count(1)
    item.get_by_text("回复", exact=True).click()
    expect(page.locator(".dj-dock-to")).to_contain_text("李强")
    page.fill("#write textarea", "")
    page.click("#write button.dj-btn-primary")
    expect(page.locator("#write-error")).to_have_text("还没有写内容。")

    page.goto(house.address("/posts/new/"))
    page.fill("#text", "没有脚本也能发照片。")
    page.set_input_files("#photos", [str(photo)])
    page.locator("[data-submit]:visible").click()
    page.wait_for_url(A_POST)
    expect(page.locator("article .dj-post-text")).to_have_text("没有脚本也能发照片。")
    expect(page.locator("article a[data-photo]")).to_have_count(1)
    path = page.url

    page.locator("summary:visible").first.click()
    page.locator(".dj-menu:visible").get_by_text("修改").click()
    page.fill("#text", "没有脚本也能改。")
    page.locator("[data-submit]:visible").click()
    page.wait_for_url(path)
    expect(page.locator("article .dj-post-text")).to_have_text("没有脚本也能改。")
    expect(page.locator("article a[data-photo]")).to_have_count(1)


def test_language_and_text_size_stay_with_the_account(
    house: House, context: Callable[..., BrowserContext]
) -> None:
    page = context().new_page()
    page.goto(house.address("/sign-in/"))
    page.get_by_text("English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator("button[lang=zh-Hans]").click()
    sign_in(page, house.address("/sign-in/?next=/me/"), "zhoujie")
    page.locator("main").get_by_text("特大").click()
    expect(page.locator("html")).to_have_attribute("data-text", "xlarge")

    elsewhere = context().new_page()
    sign_in(elsewhere, house.address("/sign-in/?next=/me/"), "zhoujie")
    expect(elsewhere.locator("html")).to_have_attribute("data-text", "xlarge")
    elsewhere.locator("main").get_by_text("标准").click()
    assert elsewhere.locator("html").get_attribute("data-text") is None


def test_no_page_asks_for_a_style_or_script_the_policy_refuses(person: Person, allowed: list[str]) -> None:
    """A refusal is a console error, which the `context` fixture does not forgive; this makes sure it would be seen."""
    allowed.append("Content Security Policy")
    page = person("wangfang", "/feed/")
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text))
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    page.wait_for_timeout(100)
    assert any("Content Security Policy" in text for text in refused)
    page.close()
