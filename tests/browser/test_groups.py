"""Party groups in browsers: formed by keyboard alone on a phone, and there on the officer's screen at once."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Person
from tests.browser.house import House
from tests.browser.test_pages import grave

NAME = "河堤党小组"


def tab_to(page: Page, selector: str) -> None:
    expect(page.locator(selector).first).to_be_attached()
    for _ in range(200):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {selector}")


def where(page: Page) -> str:
    return re.sub(r"^https?://[^/]+", "", page.url)


def test_a_group_is_formed_by_keyboard_on_a_phone_and_is_there_on_the_other_screen(
    house: House, person: Person, allowed: list[str]
) -> None:
    allowed.append("422")
    hers = person("wangfang", "/branch/", **PHONE)
    tab_to(hers, "main a[href$='/groups/']")
    hers.keyboard.press("Enter")
    expect(hers.get_by_role("heading", level=1, name="党小组")).to_be_visible()
    overview = where(hers)
    officers = person("zhangwei", overview)
    expect(officers.get_by_text("实时更新中")).to_be_visible()
    expect(officers.get_by_role("heading", name=NAME)).to_have_count(0)
    loaded = officers.evaluate("performance.timeOrigin")

    tab_to(hers, "a[href$='/groups/new/']")
    hers.keyboard.press("Enter")
    tab_to(hers, "#id_name")
    hers.keyboard.type(NAME)
    for place in range(3):
        tab_to(hers, f"#id_members_{place}")
        hers.keyboard.press("Space")
    chosen = hers.locator("input[name=members]:checked")
    expect(chosen).to_have_count(3)
    names = [hers.locator(f"label[for=id_members_{place}] span").first.inner_text() for place in range(3)]
    first = chosen.first.get_attribute("value")
    assert first
    tab_to(hers, "#id_leader")
    # Below 以后再定 stands whoever heads the list.
    hers.keyboard.press("ArrowDown")
    expect(hers.locator("#id_leader")).to_have_value(first)
    tab_to(hers, "main form button[type=submit]")
    hers.keyboard.press("Enter")

    # Without a reason: said beside the field, everything else is still there.
    expect(hers.get_by_text("请写明原因")).to_be_visible()
    expect(hers.locator("#id_name")).to_have_value(NAME)
    expect(chosen).to_have_count(3)
    assert grave(hers) == []
    tab_to(hers, "#id_reason")
    hers.keyboard.type("按居住地划分")
    hers.keyboard.press("Enter")
    expect(hers.get_by_text("党小组已经划分。")).to_be_visible()
    assert where(hers) == overview
    for page in (hers, officers):
        card = page.get_by_role("region", name=NAME)
        expect(card).to_contain_text("3 名党员")
        expect(card.locator(".dj-tag")).to_have_text("组长")
        for name in names:
            expect(card).to_contain_text(name.splitlines()[0])
        assert grave(page) == []
    assert officers.evaluate("performance.timeOrigin") == loaded, "the officer's page was not loaded again"

    # What the officer does crosses back in the same way, and by keyboard too.
    officers.get_by_role("region", name=NAME).get_by_role("link", name="撤销").press("Enter")
    officers.get_by_label("原因").fill("人少")
    officers.get_by_label("原因").press("Enter")
    expect(officers.get_by_text("先不办")).to_be_visible()  # formed today, it cannot end today
    expect(officers.get_by_text("不能同一天撤销")).to_be_visible()
    officers.goto(house.address(overview))
    officers.get_by_role("region", name=NAME).get_by_role("link", name="更名").press("Enter")
    officers.get_by_label("新名称").fill("大堤党小组")
    officers.get_by_label("原因").fill("支部建议")
    officers.get_by_label("原因").press("Enter")
    expect(officers.get_by_text("名称已经更改。")).to_be_visible()
    expect(hers.get_by_role("region", name="大堤党小组")).to_contain_text("3 名党员")
    expect(hers.get_by_role("region", name=NAME)).to_have_count(0)


def test_the_sheet_works_without_a_script(house: House, person: Person, a_group: tuple[int, int]) -> None:
    branch, group = a_group
    page = person("wangfang", f"/organizations/{branch}/groups/arrange/", java_script_enabled=False, **PHONE)
    field = page.locator("select[name^=member_]").first
    expect(field).to_be_visible()
    name = field.get_attribute("name") or ""
    wanted = "" if field.input_value() == str(group) else str(group)
    field.select_option(wanted)
    page.get_by_label("原因").fill("调整")
    page.get_by_role("button", name="保存编组").click()
    expect(page.get_by_text("编组已经调整。")).to_be_visible()
    page.goto(house.address(f"/organizations/{branch}/groups/arrange/"))
    expect(page.locator(f"select[name={name}]")).to_have_value(wanted)
