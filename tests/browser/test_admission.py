"""发展党员 and the import of a roster in browsers: by keyboard, with axe, on two screens at once."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.benchmarks.register_worker import workbook
from tests.browser.conftest import DESK, PHONE, Person
from tests.browser.house import PATIENCE, ROOT, House
from tests.browser.test_pages import grave

HERS = (
    "SELECT c.id FROM organizations_admissioncase c JOIN organizations_member m ON m.branch_id = c.branch_id"
    " JOIN identity_user u ON u.id = m.user_id WHERE u.username = 'wangfang' AND c.stage = %s ORDER BY c.id"
)
ASKED = (
    "SELECT r.id, r.case_id FROM organizations_admissionrequest r"
    " WHERE r.answer = '' AND r.step = 'activist_filing' ORDER BY r.id LIMIT 1"
)


@pytest.fixture
def jobs(house: House, tmp_path: Path) -> Iterator[None]:
    """A worker on the house's database, ready for jobs: on a busy machine its start takes longer than a page waits."""
    told = tmp_path / "worker.log"
    with told.open("wb") as log:
        command = [sys.executable, "platform/manage.py", "worker"]
        worker = subprocess.Popen(command, cwd=ROOT, env=house.environment, stdout=log, stderr=log)
        for _ in range(PATIENCE * 10):
            assert worker.poll() is None, told.read_text()[-3000:]
            if house.rows("SELECT FROM procrastinate_workers", schema="public"):
                break
            time.sleep(0.1)
        yield
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_grave(house: House, person: Person, size: dict[str, Any]) -> None:
    applicant, candidate = (house.rows(HERS, stage)[0][0] for stage in ("applicant", "candidate"))
    pages = {
        "wangfang": [
            "/admission/", "/admission/calendar/", "/admission/new/", f"/admission/{applicant}/",
            f"/admission/{applicant}/steps/talk/", f"/admission/{candidate}/", f"/admission/{candidate}/files/",
            f"/admission/{candidate}/steps/introducers/", f"/admission/{candidate}/what-if/?vote=2027-05-12",
        ],
        "zhangwei": [
            "/admission/superior/", "/admission/calendar/", f"/admission/requests/{house.rows(ASKED)[0][0]}/",
            "/officer/imports/",
        ],
    }  # fmt: skip
    found = {}
    for who, paths in pages.items():
        page = person(who, **size)
        for path in paths:
            page.goto(house.address(path))
            found[path] = grave(page)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, path
    assert {path: each for path, each in found.items() if each} == {}


def test_an_answer_is_seen_on_the_branchs_screen_at_once(house: House, person: Person) -> None:
    asked, case = house.rows(ASKED)[0]
    secretary = person("wangfang", f"/admission/{case}/", **PHONE)
    expect(secretary.get_by_text("已报上级，等答复")).to_be_visible()
    secretary.evaluate("window.stayed = true")
    officer = person("zhangwei", f"/admission/requests/{asked}/")
    officer.get_by_label("意见或原因").fill("会议记录没有签名")
    officer.get_by_role("button", name="退回支部").click()
    expect(officer.get_by_text("退回了，支部看得到原因。")).to_be_visible()
    expect(secretary.get_by_text("张伟退回：会议记录没有签名")).to_be_visible()
    assert secretary.evaluate("window.stayed")


def test_a_step_by_keyboard_alone(house: House, person: Person, allowed: list[str]) -> None:
    allowed.append("422")
    [case] = house.rows(HERS, "applicant")[0]
    page = person("wangfang", f"/admission/{case}/")
    page.get_by_role("link", name="记下这一步").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/steps/talk/$"))
    page.get_by_label("日期").fill("2020-01-01")
    page.keyboard.press("Enter")
    expect(page.get_by_text("请核实两个日期")).to_be_visible()
    expect(page.get_by_label("日期")).to_be_focused()
    expect(page.get_by_label("日期")).to_have_value("2020-01-01")


def test_a_roster_goes_in_and_out_again(house: House, person: Person, jobs: None, tmp_path: Path) -> None:
    branches = [
        row[0] for row in house.rows("SELECT name FROM organizations_organization WHERE kind = 'branch'")
    ]
    members = house.rows("SELECT count(*) FROM organizations_member")[0][0]
    file = tmp_path / "名册.xlsx"
    file.write_bytes(workbook(200, [*branches, "没有这个支部"]).read())
    page = person("zhangwei", "/officer/imports/")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="上传并核对").click()
    page.wait_for_url(re.compile(r"/officer/imports/\d+/"))
    address = page.url

    def until(words: str) -> None:
        for _ in range(60):
            page.goto(address)
            if page.get_by_text(words).count():
                return
            page.wait_for_timeout(500)
        raise AssertionError(page.locator("main").inner_text())

    until("还没有写入任何数据")
    wrong = 200 // (len(branches) + 1)
    assert grave(page) == []
    page.get_by_role("button", name=f"导入 {200 - wrong} 行").click()
    until("已写入")
    assert house.rows("SELECT count(*) FROM organizations_member")[0][0] == members + 200 - wrong
    page.get_by_role("button", name="整批撤回").click()
    expect(page.get_by_text("名册和导入以前一样")).to_be_visible()
    assert house.rows("SELECT count(*) FROM organizations_member")[0][0] == members


@pytest.mark.parametrize("elsewhere", [False, True], ids=["nothing", "something else"])
def test_rows_that_were_read_meanwhile_are_announced_and_gone_on_from(
    person: Person, request: pytest.FixtureRequest, elsewhere: bool
) -> None:
    """The keyboard goes on from the result, unless it is somewhere else."""
    page = person("zhangwei", "/officer/imports/")
    text = "姓名,所在支部\n王五,甲支部\n"
    page.set_input_files("#file", {"name": "名册.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_text("正在核对每一行")).to_be_visible()
    link = page.locator(".dj-rail a").first
    if elsewhere:
        link.focus()
    request.getfixturevalue("jobs")
    result = page.get_by_role("heading", name="核对结果")
    expect(result).to_be_visible()
    expect(link if elsewhere else result).to_be_focused()
    expect(page.locator("main [role=status]").first).to_contain_text("还没有写入任何数据")
