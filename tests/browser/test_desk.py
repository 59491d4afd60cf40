"""The officer's desk by keyboard, and without a script; the help sheet on paper."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Person
from tests.browser.house import House

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


# How many lines the text inside the element takes.
LINES = """(place) => {
  const range = document.createRange();
  range.selectNodeContents(place);
  return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
}"""
OVERLAP = """([one, other]) => {
  const range = document.createRange();
  range.selectNodeContents(document.querySelector(one));
  const [a, b] = [range.getBoundingClientRect(), document.querySelector(other).getBoundingClientRect()];
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}"""


def test_a_phone_leads_an_officer_everywhere(person: Person) -> None:
    page = person("zhangwei", "/management/", **PHONE)
    for name in (
        "党员",
        "资料更正申请",
        "组织架构",
        "党员统计",
        "任期与换届",
        "组织关系转接",
        "党费",
        "名册导入",
        "发展党员",
    ):
        assert page.locator(".dj-rows a", has_text=name).count(), name
    page.goto(page.url.replace("/management/", "/statistics/"))
    expect(page.locator(".dj-tabbar [aria-current]")).to_contain_text("管理")


def test_a_long_word_keeps_its_line_where_there_is_room(person: Person) -> None:
    page = person("zhangwei", "/statistics/", **PHONE)
    row = page.locator("section[aria-labelledby=year] tbody th").first
    row.evaluate("(place) => { place.textContent = '取消预备党员资格'; }")
    assert row.evaluate(LINES) == 1


def test_the_steps_of_an_import_stand_in_one_line_on_a_phone(person: Person) -> None:
    page = person("zhangwei", "/officer/imports/", **PHONE)
    file = {"name": "名册.csv", "mimeType": "text/csv", "buffer": "姓名,所在支部\n王五,甲支部\n".encode()}
    page.locator("[type=file]").set_input_files(file)
    page.get_by_role("button", name="上传并核对").click()
    expect(page.locator(".dj-flow")).to_be_visible()
    tops = page.locator(".dj-flow li").evaluate_all("steps => steps.map((step) => step.offsetTop)")
    assert len(tops) == 4
    assert len(set(tops)) == 1


def test_nothing_lies_over_something_else_in_english_on_a_phone(person: Person, house: House) -> None:
    page = person("zhangwei", **PHONE)
    page.context.add_cookies([{"name": "dj_language", "value": "en", "url": house.address("/")}])
    page.goto(house.address("/officer/terms/"))
    row = page.locator(".dj-terms tbody tr").first
    expect(row).to_be_visible()
    row.locator("th").evaluate("(place) => { place.firstChild.data = '花园口镇杨桥村'.repeat(2); }")
    row.locator(".dj-state").evaluate(
        "(place) => { place.lastChild.textContent = 'Time to prepare the election'; }"
    )
    assert not page.evaluate(OVERLAP, [".dj-terms tbody th", ".dj-terms tbody .dj-state"])
    page.goto(house.address("/admission/calendar/"))
    for button in (".dj-adm-months a:first-child", ".dj-adm-months a:last-child"):
        assert not page.evaluate(OVERLAP, [".dj-adm-months h2", button])


def test_a_case_s_papers_fit_a_phone_in_english(person: Person, house: House) -> None:
    [(case,)] = house.rows("SELECT min(id) FROM organizations_admissioncase")
    page = person("zhangwei", **PHONE)
    page.context.add_cookies([{"name": "dj_language", "value": "en", "url": house.address("/")}])
    page.goto(house.address(f"/admission/{case}/files/"))
    expect(page.locator(".dj-adm-list")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_month_keeps_its_line_in_large_text(person: Person, house: House) -> None:
    page = person("liqiang", **PHONE)
    page.context.add_cookies([{"name": "dj_text", "value": "xlarge", "url": house.address("/")}])
    page.goto(house.address("/me/dues/"))
    row = page.locator(".dj-dues-month .dj-row-main").first
    expect(row).to_be_visible()
    top = row.evaluate(
        "(place) => { const r = document.createRange(); r.selectNode(place.firstChild);"
        " return [...r.getClientRects()].filter((box) => box.width).length; }"
    )
    assert top == 1
