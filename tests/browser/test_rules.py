"""制度依据 in a browser: reckoning without leaving the page, by keyboard alone, and without scripts."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Person
from tests.browser.house import House

WAY = {
    "born_on": "1998-06-15", "applied_on": "2022-03-01", "talked_on": "2022-03-20", "activist_on": "2022-05-10",
    "candidate_on": "2023-05-20", "introducers": "2", "political_review_on": "2023-06-15", "training_days": "3",
    "vote_on": "2023-07-01", "due": "20", "present": "18", "yes": "10",
}  # fmt: skip


def fill(page: Page, values: dict[str, str]) -> None:
    for name, value in values.items():
        page.fill(f"[name={name}]", value)


def test_what_a_district_tightened_is_seen_on_its_own_host(person: Person, house: House) -> None:
    page = person("liqiang", "/rules/", **PHONE)
    row = page.locator('[data-rule="study.member"]')
    expect(row).to_contain_text("至少 40 学时")
    expect(row).to_contain_text("全国：一般至少 32 学时")
    expect(row).to_contain_text("本地规定")
    page.fill("[name=on]", "2025-06-30")
    page.get_by_role("button", name="查看").click()
    expect(page.locator('[data-rule="study.member"]')).not_to_contain_text("本地规定")
    expect(page).to_have_url(house.address("/rules/?on=2025-06-30"))
    there = person("zhaomin", "/rules/")
    expect(there.locator('[data-rule="study.member"]')).to_contain_text("至少 32 学时")
    expect(there.locator("main")).not_to_contain_text("惠组")


def test_an_answer_comes_into_the_page_and_takes_the_focus(person: Person, allowed: list[str]) -> None:
    allowed.append("422")
    page = person("liqiang", "/rules/dues/")
    page.wait_for_function("() => window.htmx")
    page.evaluate("window.stayed = true")
    # With a delay, a quick Enter would find a form that nobody listens to yet.
    assert page.evaluate("htmx.config.defaultSettleDelay") == 0
    page.get_by_label("身份").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # nothing entered yet
    expect(page.get_by_text("请填写每月收入，比如 5000.00。")).to_be_visible()
    expect(page.locator("[name=monthly_base]")).to_be_focused()
    page.keyboard.type("3000.01")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="每月应交")).to_be_focused()
    expect(page.locator(".dj-fig")).to_have_text("30.00 元")
    expect(page.locator("[name=monthly_base]")).to_have_value("3000.01")
    assert page.evaluate("window.stayed")


def test_an_admission_is_judged_and_judged_again(person: Person) -> None:
    page = person("liqiang", "/rules/admission/", **PHONE)
    page.wait_for_function("() => window.htmx")
    fill(page, WAY)
    page.get_by_role("button", name="看结论").click()
    vote = page.locator("[data-step=vote]")
    expect(vote).to_have_attribute("data-state", "unlawful")
    expect(vote).to_contain_text("至少 11 票")
    page.fill("[name=yes]", "11")
    page.get_by_role("button", name="看结论").click()
    expect(vote).to_have_attribute("data-state", "done")
    expect(page.locator("[data-step=approve]")).to_have_attribute("data-state", "late")
    expect(page.locator("[name=born_on]")).to_have_value("1998-06-15")


def test_without_scripts(person: Person, house: House) -> None:
    page = person("liqiang", "/rules/term/", java_script_enabled=False)
    page.get_by_label("哪一种党组织").select_option("村党支部")
    page.get_by_label("本届当选日期").fill("2021-12-20")
    page.get_by_role("button", name="推算").click()
    expect(page.locator(".dj-fig-day")).to_have_text("2026 年 12 月 20 日")
    expect(page).to_have_url(house.address("/rules/term/"))
