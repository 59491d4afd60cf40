"""The organisation tree in a browser: the outline for everybody, the chart where there is room."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Person
from tests.browser.house import House

TREE = "/officer/organizations/"
LENGTHS = """(name) => {
  const node = name.firstChild, range = document.createRange(), lines = new Map();
  for (let at = 0; at < node.length; at++) {
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    const top = Math.round(range.getBoundingClientRect().top);
    lines.set(top, (lines.get(top) || 0) + 1);
  }
  return [...lines.values()];
}"""


def test_the_chart_goes_down_and_up_by_keyboard_alone(person: Person) -> None:
    page = person("zhangwei", TREE)
    expect(page.locator("[data-canvas] canvas")).to_have_count(0)  # a megabyte nobody asked for
    page.get_by_role("button", name="结构图").press("Enter")
    chart = page.get_by_role("img", name="结构图：惠济区委")
    expect(chart.locator("canvas")).to_be_visible()
    expect(page.locator(".dj-outline")).to_be_hidden()

    below = page.get_by_label("往下看")
    below.focus()
    below.press("ArrowDown")
    here = page.locator("[data-here]")
    expect(here).not_to_have_text("惠济区委")
    expect(here).to_be_focused()
    page.locator("[data-path]").get_by_role("button", name="惠济区委").press("Enter")
    expect(here).to_have_text("惠济区委")
    here.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("惠济区委")


def test_a_phone_and_a_browser_without_scripts_have_the_outline(person: Person) -> None:
    for options in (PHONE, {"java_script_enabled": False}):
        page = person("zhangwei", TREE, **options)
        expect(page.locator(".dj-outline").first).to_be_visible()
        expect(page.locator("[data-views]")).to_be_hidden()
        page.locator(".dj-outline details details summary .dj-icon").first.click()
        expect(page.locator(".dj-outline details details > ul").first).to_be_visible()


def test_a_long_name_leaves_no_single_character_on_a_line(person: Person, house: House) -> None:
    page = person("zhangwei", **PHONE)
    page.context.add_cookies([{"name": "dj_text", "value": "xlarge", "url": house.address("/")}])
    page.goto(house.address(TREE))
    name = page.locator(".dj-outline details details .dj-entry-name a").first
    expect(name).to_be_visible()
    name.evaluate("(name) => { name.textContent = '老鸦陈街道党工委'; }")
    assert min(name.evaluate(LENGTHS)) > 2
    name.evaluate("(name) => { name.textContent = '党委'; }")  # what is beside a short one opens the row
    assert name.evaluate("(name) => name.offsetWidth < name.parentElement.offsetWidth / 2")
