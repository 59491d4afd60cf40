"""The officer's desk by keyboard, and without a script; the help sheet on paper."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Person

LIST = "/officer/members/"


def test_a_member_opens_beside_the_list_and_esc_closes(person: Person) -> None:
    page = person("zhangwei", LIST)
    page.fill("[name=q]", "王fang")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="王芳", exact=True)
    link.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="党员详情")
    expect(panel.get_by_role("heading", name="王芳")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/officer/members/\d+/\?q="))
    expect(page.locator("tr.is-open")).to_have_count(1)

    page.keyboard.press("Escape")
    expect(panel.get_by_role("heading")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/officer/members/\?q="))
    expect(link).to_be_focused()

    page.go_back()
    expect(panel.get_by_role("heading", name="王芳")).to_be_visible()
    page.reload()
    expect(panel.get_by_role("heading", name="王芳")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("王fang")


def test_a_form_in_the_panel_says_what_is_missing(person: Person, allowed: list[str]) -> None:
    allowed.append("422")
    page = person("zhangwei", f"{LIST}?q=liqiang")
    page.get_by_role("link", name="李强", exact=True).click()
    page.get_by_role("link", name="授予职责").click()
    page.get_by_label("职责", exact=True).select_option("moderator")
    page.get_by_label("原因").fill("协助处理举报")
    page.get_by_role("button", name="授予职责").click()
    expect(page.get_by_text("请选择负责范围。")).to_be_visible()
    expect(page.get_by_label("原因")).to_have_value("协助处理举报")
    expect(page.get_by_label("职责", exact=True)).to_have_value("moderator")


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_without_a_script_every_step_is_a_page(person: Person, size: str) -> None:
    page = person(
        "zhangwei", f"{LIST}?q=liqiang", java_script_enabled=False, **(PHONE if size == "phone" else {})
    )
    page.get_by_role("link", name="李强", exact=True).click()
    expect(page.get_by_role("heading", name="李强", level=2)).to_be_visible()
    page.get_by_role("link", name="更正姓名").click()
    expect(page.get_by_label("姓名", exact=True)).to_have_value("李强")
    page.get_by_role("link", name="关闭").click()
    expect(page).to_have_url(re.compile(r"/officer/members/\?q=liqiang$"))


def test_the_help_sheet_prints_slips_alone(person: Person) -> None:
    page = person("wangfang", "/branch/")
    page.get_by_role("link", name="打印帮助单").click()
    expect(page.get_by_role("button", name="打印")).to_be_visible()
    slips = page.locator(".dj-slip").count()
    assert slips > 0
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation").first).to_be_hidden()
    expect(page.get_by_role("button", name="生成一次性密码")).to_be_hidden()
    assert page.locator(".dj-slip:visible").count() == slips
