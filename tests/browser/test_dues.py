"""The month's sheet by keyboard, on two screens, and without a script."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Person
from tests.browser.house import House
from tests.browser.test_pages import grave

OPEN = "#dues-months a:nth-child(1)"


def test_the_sheet_by_keyboard_and_on_both_screens(house: House, person: Person, allowed: list[str]) -> None:
    allowed += ["409", "422"]
    page = person("wangfang", "/branch/dues/")
    page.locator(OPEN).click()
    expect(page.get_by_text("实时更新中")).to_be_visible()
    other = person("zhangwei", re.sub(r"^https?://[^/]+", "", page.url), **PHONE)
    expect(other.get_by_text("实时更新中")).to_be_visible()

    assert grave(page) == []
    assert grave(other) == []

    fields = page.locator("[name^=paid-]")
    before = fields.count()
    fields.nth(0).focus()
    page.keyboard.type("一块")
    page.keyboard.press("Enter")
    expect(fields.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(fields.nth(0)).to_be_focused()
    page.get_by_role("button", name="记账", exact=True).click()
    expect(page.get_by_text("有 1 行要改，见红字。什么都还没有写入。")).to_be_visible()
    expect(fields.nth(0)).to_have_value("一块")

    fields.nth(0).fill(fields.nth(0).get_attribute("data-missing") or "")
    expect(page.locator("[data-now-sum]")).not_to_have_text("0.00")
    # Somebody writes on the other screen: it stays, and is told that it came second.
    other.locator("[name^=paid-]").nth(1).fill("5")
    page.get_by_role("button", name="记账", exact=True).click()
    expect(page.get_by_text("已记账。")).to_be_visible()
    expect(page.locator("[name^=paid-]")).to_have_count(before - 1)
    expect(other.locator("#dues-sums")).not_to_contain_text("0.00 ")
    expect(other.locator("[name^=paid-]").nth(1)).to_have_value("5")
    other.get_by_role("button", name="记账", exact=True).click()
    expect(other.get_by_text("这张表刚刚有人记过账。请看过最新的数字再提交。")).to_be_visible()
    paid = "SELECT count(*) FROM organizations_duespayment p JOIN organizations_duescharge c ON c.id = p.charge_id"
    month = "WHERE c.month = (SELECT max(month) FROM organizations_duessheet WHERE branch_id = c.branch_id)"
    branch = "AND c.branch_id = (SELECT branch_id FROM organizations_member WHERE name = '王芳')"
    assert house.rows(f"{paid} {month} {branch}") == [(1,)]


def test_without_a_script_everybody_is_entered_at_once(person: Person) -> None:
    page = person("wangfang", "/branch/dues/", java_script_enabled=False, **PHONE)
    page.locator("#dues-months a:nth-child(2)").click()
    if page.get_by_role("button", name="全部收齐").count():
        page.get_by_role("button", name="全部收齐").click()
        expect(page.get_by_text("已记账。")).to_be_visible()
        page.get_by_role("button", name="记账并确认").click()
    expect(page.locator("#dues-sums").get_by_text("已确认")).to_be_visible()
