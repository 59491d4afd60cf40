"""A transfer on three screens at once: what one side does, the others see without touching the page."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Person
from tests.browser.test_pages import grave


def test_the_others_see_the_answer_at_once(person: Person, allowed: list[str]) -> None:
    allowed.append("409")
    hers = person("wangfang", "/branch/transfers/?way=in&show=open", **PHONE)
    hers.get_by_role("link", name="周杰").click()
    expect(hers.get_by_text("实时更新中")).to_be_visible()
    officers = person("zhangwei", re.sub(r"^https?://[^/]+", "", hers.url))
    expect(officers.get_by_text("实时更新中")).to_be_visible()
    his = person("zhoujie", "/me/")
    expect(his.get_by_text("待接收")).to_be_visible()

    assert grave(hers) == []
    assert grave(officers) == []

    # What the officer is writing stays; what nobody writes in is renewed.
    officers.get_by_text("撤回这份转接").click()
    officers.get_by_label("撤回的原因").fill("地址要核实")
    hers.get_by_text("不能接收，退回").click()
    hers.get_by_label("退回的原因").fill("党费交到哪个月没有写明")
    hers.get_by_role("button", name="退回", exact=True).click()
    expect(hers.get_by_text("已退回，转出支部会看到原因。")).to_be_visible()
    expect(officers.locator("#transfer-state .dj-state")).to_have_text("已退回")
    expect(officers.get_by_text("王芳：退回，党费交到哪个月没有写明")).to_be_visible()
    expect(officers.get_by_label("撤回的原因")).to_have_value("地址要核实")
    expect(his.get_by_text("没有转成，仍在原支部")).to_be_visible()

    officers.get_by_role("button", name="撤回", exact=True).click()
    expect(officers.get_by_text(re.compile("王芳 已在 .* 办理了“退回”"))).to_be_visible()
    expect(officers.get_by_text("地址要核实")).to_be_visible()
