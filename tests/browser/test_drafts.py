"""What a person writes stays with them through a reload, an expired session and being offline, and goes out once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import PHONE, Person, sign_in
from tests.browser.house import House

A_POST = re.compile(r"/posts/\d+/$")


@pytest.fixture
def photo(tmp_path: Path) -> str:
    """A photo as a phone makes it: large, with a place in it."""
    path = tmp_path / "bridge.jpg"
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    Image.effect_noise((3000, 2000), 60).convert("RGB").save(path, quality=95, exif=exif)
    return str(path)


def written(house: House, text: str) -> int:
    [(count,)] = house.rows("SELECT count(*) FROM interaction_post WHERE text = %s", text)
    return int(count)


def ready(page: Page) -> None:
    page.wait_for_selector("#compose[data-ready]")


def publish(page: Page) -> None:
    page.locator("[data-submit]:visible").click()


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]:visible")).to_contain_text("草稿已保存")


def uploaded(page: Page, number: int) -> None:
    expect(page.locator("#tiles [data-veil][hidden]")).to_have_count(number)
    expect(page.locator("#tiles [data-retry]:visible")).to_have_count(0)


def test_text_photos_and_choices_survive_a_reload(house: House, person: Person, photo: str) -> None:
    page = person("wangfang", "/posts/new/", **PHONE)
    ready(page)
    page.fill("#text", "坡道修好了，照片在下面。")
    page.get_by_label("支部动态").check()
    page.get_by_label("仅本支部").check()
    page.set_input_files("#photos", [photo])
    uploaded(page, 1)
    saved(page)

    page.reload()
    ready(page)
    assert page.input_value("#text") == "坡道修好了，照片在下面。"
    expect(page.locator("#tiles img")).to_have_count(1)
    expect(page.locator("#notice")).to_contain_text("上次没发完的草稿")
    publish(page)
    page.wait_for_url(A_POST)
    expect(page.locator("article .dj-post-text")).to_have_text("坡道修好了，照片在下面。")
    expect(page.locator("article")).to_contain_text("仅本支部可见")
    expect(page.locator("article a[data-photo]")).to_have_count(1)

    page.goto(house.address("/posts/new/"))
    ready(page)
    assert page.input_value("#text") == ""


def test_photos_are_made_smaller_before_they_travel(house: House, person: Person, photo: str) -> None:
    page = person("liqiang", "/posts/new/", **PHONE)
    ready(page)
    sizes: list[int] = []
    page.on(
        "request",
        lambda request: "/uploads/" in request.url and sizes.append(len(request.post_data_buffer or b"")),
    )
    page.set_input_files("#photos", [photo])
    uploaded(page, 1)
    assert sizes
    assert sizes[0] < Path(photo).stat().st_size / 2
    page.locator("[data-remove]").click()
    expect(page.locator("#tiles img")).to_have_count(0)


def test_a_draft_is_sent_after_an_expired_session_and_a_new_sign_in(
    house: House, context: Callable[..., BrowserContext], photo: str, allowed: list[str]
) -> None:
    allowed.append("401")
    page = context(**PHONE).new_page()
    sign_in(page, house.address("/sign-in/?next=/posts/new/"), "zhoujie")  # a session of this test's own
    ready(page)
    page.fill("#text", "写着写着登录过期了。")
    page.set_input_files("#photos", [photo])
    uploaded(page, 1)
    house.rows(
        "DELETE FROM identity_session s USING identity_user u WHERE u.id = s.user_id AND u.username = 'zhoujie'"
    )
    publish(page)
    expect(page.locator("#notice")).to_contain_text("登录已过期")
    assert written(house, "写着写着登录过期了。") == 0

    page.click("#notice a")
    page.fill("[name=username]", "zhoujie")
    page.fill("[name=password]", "dangjian-demo")
    page.click("form button.dj-btn-primary")
    page.wait_for_url(A_POST)
    expect(page.locator("article a[data-photo]")).to_have_count(1)
    assert written(house, "写着写着登录过期了。") == 1


def test_somebody_else_on_the_same_browser_does_not_find_it(
    house: House, context: Callable[..., BrowserContext]
) -> None:
    page = context().new_page()
    sign_in(page, house.address("/sign-in/?next=/posts/new/"), "liuna")
    ready(page)
    page.fill("#text", "只有我自己看得到。")
    saved(page)
    page.goto(house.address("/me/"))
    page.get_by_text("退出登录").last.click()
    sign_in(page, house.address("/sign-in/?next=/posts/new/"), "zhangwei")
    ready(page)
    assert page.input_value("#text") == ""


def test_offline_it_waits_and_goes_out_once_when_the_network_is_back(
    house: House, person: Person, photo: str, allowed: list[str]
) -> None:
    allowed += ["ERR_INTERNET_DISCONNECTED", "ERR_NETWORK"]
    page = person("liqiang", "/posts/new/", **PHONE)
    ready(page)
    page.context.set_offline(True)
    page.fill("#text", "山里没有信号。")
    page.set_input_files("#photos", [photo])
    expect(page.locator("#tiles")).to_contain_text("等待网络")
    publish(page)
    expect(page.locator("#notice")).to_contain_text("现在没有网络")
    saved(page)
    page.context.set_offline(False)
    page.wait_for_url(A_POST)
    expect(page.locator("article a[data-photo]")).to_have_count(1)
    assert written(house, "山里没有信号。") == 1


def test_closed_while_offline_it_goes_out_when_opened_again(
    house: House, person: Person, allowed: list[str]
) -> None:
    allowed += ["ERR_INTERNET_DISCONNECTED", "ERR_NETWORK"]
    page = person("liqiang", "/posts/new/", **PHONE)
    ready(page)
    page.context.set_offline(True)
    page.fill("#text", "关掉以前没发出去。")
    publish(page)
    expect(page.locator("#notice")).to_contain_text("现在没有网络")
    page.close()
    again = page.context.new_page()
    page.context.set_offline(False)
    again.goto(house.address("/posts/new/"))
    again.wait_for_url(A_POST)
    assert written(house, "关掉以前没发出去。") == 1


def test_an_answer_lost_on_the_way_does_not_double_the_post(
    house: House, person: Person, allowed: list[str]
) -> None:
    allowed += ["ERR_FAILED"]
    page = person("liqiang", "/posts/new/", **PHONE)
    ready(page)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        house.take(route.request)
        lost.append(route.request.url)
        route.abort()

    page.route("**/api/v1/posts/", lose)
    page.fill("#text", "回执丢在半路。")
    publish(page)
    page.get_by_text("现在再试").click()
    page.wait_for_url(A_POST)
    assert lost
    assert written(house, "回执丢在半路。") == 1


def test_pressing_twice_and_two_windows_send_it_once(
    house: House, person: Person, allowed: list[str]
) -> None:
    allowed.append("409 (Conflict)")  # the other window's is still under way; this one asks again
    page = person("liqiang", "/posts/new/")
    ready(page)
    page.fill("#text", "按了好几下。")
    saved(page)
    other = page.context.new_page()
    other.goto(house.address("/posts/new/"))
    ready(other)
    for window in (page, other):
        window.evaluate(
            "() => { const f = document.getElementById('compose'); f.requestSubmit(); f.requestSubmit(); }"
        )
    page.wait_for_url(A_POST)
    other.wait_for_url(A_POST)
    assert page.url == other.url
    assert written(house, "按了好几下。") == 1


def test_a_photo_that_is_none_says_why_and_can_be_taken_out(
    house: House, person: Person, tmp_path: Path, allowed: list[str]
) -> None:
    allowed.append("415")
    fake = tmp_path / "photo.jpg"
    fake.write_text("<script>alert(1)</script>")
    page = person("liqiang", "/posts/new/", **PHONE)
    ready(page)
    page.fill("#text", "这张不是照片。")
    page.set_input_files("#photos", [str(fake)])
    expect(page.locator("[data-retry]")).to_contain_text("这张不能用")
    expect(page.locator("#notice")).to_contain_text("第 1 张：这不是能用的照片")
    publish(page)
    expect(page.locator("#notice")).to_contain_text("第 1 张：这不是能用的照片")
    expect(page.locator("[data-submit]:visible")).to_be_enabled()
    assert written(house, "这张不是照片。") == 0
    page.locator("[data-remove]").click()
    publish(page)
    page.wait_for_url(A_POST)
    assert written(house, "这张不是照片。") == 1


def test_nothing_written_is_told_and_a_refused_text_stays(
    house: House, person: Person, allowed: list[str]
) -> None:
    allowed.append("422")
    page = person("liqiang", "/posts/new/")
    ready(page)
    publish(page)
    expect(page.locator("#notice")).to_contain_text("写点什么")
    page.fill("#text", "\u200b\u200b")
    publish(page)
    expect(page.locator("#notice")).to_contain_text("还没有写内容")
    page.fill("#text", "")


def test_a_post_changed_elsewhere_is_not_overwritten(
    house: House, person: Person, allowed: list[str]
) -> None:
    allowed.append("412")
    page = person("liqiang", "/posts/new/")
    ready(page)
    page.fill("#text", "第一稿。")
    publish(page)
    page.wait_for_url(A_POST)
    number = page.url.rstrip("/").rsplit("/", 1)[1]
    other = page.context.new_page()
    for window in (page, other):
        window.goto(house.address(f"/posts/{number}/edit/"))
        ready(window)
    other.fill("#text", "第二稿。")
    publish(other)
    other.wait_for_url(A_POST)
    page.fill("#text", "另一个第二稿。")
    publish(page)
    expect(page.locator("#notice")).to_contain_text("在别处改过了")
    assert page.input_value("#text") == "另一个第二稿。"
    assert house.rows("SELECT text FROM interaction_post WHERE id = %s", int(number)) == [("第二稿。",)]


def test_a_comment_keeps_its_draft_and_is_sent_once(
    house: House, person: Person, a_post: int, allowed: list[str]
) -> None:
    allowed += ["ERR_FAILED"]
    path = f"/posts/{a_post}/"
    page = person("zhoujie", path, **PHONE)
    page.fill("#write textarea", "评论写到一半")
    expect(page.locator(".dj-saved")).to_be_visible()
    page.reload()
    expect(page.locator("#write textarea")).to_have_value("评论写到一半")

    lost: list[Any] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
            return
        house.take(route.request)
        lost.append(route.request.url)
        route.abort()

    page.route("**/comments/", lose)
    page.click("#write button.dj-btn-primary")
    expect(page.locator("#write-error")).to_contain_text("重新发送")
    page.locator("#write-error button").click()
    expect(page.locator("#write textarea")).to_have_value("")
    expect(page.locator("#thread [data-text]", has_text="评论写到一半")).to_have_count(1)
    assert house.rows("SELECT count(*) FROM interaction_comment WHERE text = '评论写到一半'") == [(1,)]
