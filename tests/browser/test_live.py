"""Two browsers in Huiji and one in Luoyang: what one does appears on the other, once, and never on the third."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PHONE, Person
from tests.browser.house import House, Line

A_POST = re.compile(r"/posts/\d+/$")
AS_HTMX = "url => fetch(url, { headers: { 'HX-Request': 'true' } }).then((answer) => answer.text())"
HTMX_READY = "() => window.htmx && document.querySelector('#thread .dj-older a')['htmx-internal-data']"
# When a form was sent, and when a comment's text appeared, in ms of the one clock both browsers have.
CLOCKS = """() => {
  window.shownAt = {};
  document.addEventListener('submit', () => { window.sentAt = Date.now(); }, true);
  new MutationObserver(() => document.querySelectorAll('#thread [data-text]').forEach((said) => {
    window.shownAt[said.textContent] = window.shownAt[said.textContent] || Date.now();
  })).observe(document.getElementById('thread'), { childList: true, subtree: true });
}"""
SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    if (!entry.hadRecentInput) window.shifts.push([entry.value, entry.sources.map((source) => {
      const node = source.node;
      return node && node.nodeType === 1 ? node.className || node.tagName : String(node && node.nodeName);
    })]);
  })).observe({ type: 'layout-shift', buffered: false });
}"""


def is_live(page: Page) -> None:
    expect(page.locator("[data-live-state] .dj-dot:not(.dj-dot-off)").first).to_be_attached()


def write(page: Page, text: str) -> None:
    page.fill("#write textarea", text)
    page.click("#write button.dj-btn-primary")
    expect(page.locator("#thread [data-text]", has_text=text)).to_be_visible()


def likes(page: Page) -> int:
    return int(page.locator("article [data-likes]").first.get_attribute("data-likes") or 0)


def frames_of(page: Page) -> list[str]:
    """Every frame the page's sockets bring from now on."""
    heard: list[str] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: heard.append(str(frame))))
    return heard


def test_a_comment_and_a_like_cross_to_the_other_browser_and_not_to_the_other_district(
    house: House, person: Person, a_post: int
) -> None:
    third = person("zhaomin", "/feed/")
    heard = frames_of(third)
    [(theirs,)] = house.rows("SELECT id FROM interaction_post WHERE id = %s", a_post, schema="luoyang") or [
        (0,)
    ]
    third.goto(house.address(f"/posts/{theirs or a_post}/", district="luoyang"))
    first, second = person("wangfang", f"/posts/{a_post}/"), person("liqiang", f"/posts/{a_post}/", **PHONE)
    for page in (first, second):
        is_live(page)
    before = likes(second)
    for page in (first, second):
        page.evaluate(CLOCKS)

    write(first, "大堤那段我来带路。")
    expect(second.locator("#thread [data-text]", has_text="大堤那段我来带路。")).to_have_count(1)
    crossed = second.evaluate("window.shownAt['大堤那段我来带路。']") - first.evaluate("window.sentAt")
    print(f"a comment, from its sending to the other browser's page: {crossed:.0f} ms")
    expect(second.locator("#thread .dj-cmt.dj-fresh")).to_have_count(1)
    first.click("article [data-like] button")
    liked = first.locator("article [data-like] button").get_attribute("aria-pressed") == "true"
    second.wait_for_function(
        "(wanted) => Number(document.querySelector('article [data-likes]').dataset.likes) === wanted",
        arg=before + (1 if liked else -1),
    )
    count = second.locator("#ct [data-comments]").get_attribute("data-comments") or ""
    expect(first.locator("#ct [data-comments]")).to_have_attribute("data-comments", count)

    second.fill("#write textarea", "")
    write(second, "那我拿袋子。")
    expect(first.locator("#thread [data-text]", has_text="那我拿袋子。")).to_have_count(1)
    assert third.get_by_text("大堤那段我来带路。").count() == 0
    assert not [frame for frame in heard if "带路" in frame or "袋子" in frame]
    assert heard, "the third browser heard nothing at all: its socket was not open"


def test_a_like_in_one_feed_rolls_the_number_in_another(person: Person) -> None:
    first, second = person("zhoujie", "/feed/"), person("liqiang", "/feed/", **PHONE)
    for page in (first, second):
        is_live(page)
    top = first.locator("[data-post]").first.get_attribute("data-post")
    place = second.locator(f"#post-{top} [data-likes]")
    before = int(place.get_attribute("data-likes") or 0)
    first.click(f"#post-{top} [data-like] button")
    second.wait_for_function(
        "([id, before]) => Number(document.querySelector(`#post-${id} [data-likes]`).dataset.likes) !== before",
        arg=[top, before],
    )


def test_comments_below_a_card_are_fresh_when_it_comes_into_view_and_nothing_moves(
    house: House, person: Person
) -> None:
    reader = person("liqiang", "/feed/", **PHONE)
    is_live(reader)
    below = reader.locator("[data-post]").nth(8)
    number = below.get_attribute("data-post")
    writer = person("zhoujie", f"/posts/{number}/")
    card = reader.locator(f"#post-{number}")
    before = int(card.locator("[data-comments]").get_attribute("data-comments") or 0)
    write(writer, "路过的都来看看。")
    expect(card.locator("[data-comments]")).to_have_attribute("data-comments", str(before + 1))
    expect(card.locator(".dj-talk li", has_text="路过的都来看看。")).to_have_count(0)
    reader.evaluate(SHIFTS)
    while (card.bounding_box() or {"y": 0})["y"] > 500:
        reader.evaluate("window.scrollBy(0, 160)")
        reader.wait_for_timeout(150)
    expect(card.locator(".dj-talk li", has_text="路过的都来看看。")).to_be_visible()

    write(writer, "我也来。")  # the card is being looked at now
    expect(card.locator("[data-comments]")).to_have_attribute("data-comments", str(before + 2))
    if before + 1 > 3:
        expect(card.locator(".dj-talk-all")).to_have_text(f"查看全部 {before + 2} 条评论")
    expect(card.locator(".dj-talk li", has_text="我也来。")).to_have_count(0)
    assert reader.evaluate("window.shifts") == []


def test_new_posts_wait_in_the_pill_and_nothing_moves(house: House, person: Person) -> None:
    reader, author = person("liqiang", "/feed/", **PHONE), person("wangfang", "/posts/new/")
    is_live(reader)
    reader.evaluate(SHIFTS)
    first = reader.locator("[data-post]").first.get_attribute("data-post")
    for text in ("河边的第一张。", "河边的第二张。"):
        author.goto(house.address("/posts/new/"))
        author.fill("#text", text)
        author.locator("[data-submit]:visible").click()
        author.wait_for_url(A_POST)
    expect(reader.locator("#pill")).to_have_text("有 2 条新动态")
    assert reader.locator("[data-post]").first.get_attribute("data-post") == first
    assert reader.evaluate("window.shifts") == []

    reader.click("#pill")
    expect(reader.locator("[data-post].dj-fresh")).to_have_count(2)
    expect(reader.locator("[data-post]").first).to_contain_text("河边的第二张。")
    expect(reader.locator("#pill")).to_be_hidden()


def test_nothing_shifts_when_comments_and_likes_come(house: House, person: Person) -> None:
    [(much_said,)] = house.rows(
        "SELECT p.id FROM interaction_post p JOIN interaction_postcounter n ON n.post_id = p.id"
        " WHERE p.visibility = 'district' AND n.comments < 40 ORDER BY n.comments DESC LIMIT 1"
    )  # with those to come it still fits the thread's first page, which has fifty
    path = f"/posts/{much_said}/"
    reader, writer = person("liqiang", path, **PHONE), person("zhoujie", path)
    is_live(reader)
    is_live(writer)
    reader.evaluate("window.scrollTo(0, 0)")
    reader.evaluate(SHIFTS)
    for number in range(3):
        write(writer, f"第 {number} 次想起来。")
        writer.click("article [data-like] button")
    expect(reader.locator("#thread [data-text]", has_text="第 2 次想起来。")).to_have_count(1)
    expect(reader.locator("#pill")).to_be_visible()
    assert reader.evaluate("window.shifts") == []


def test_what_is_being_typed_is_not_touched(person: Person, a_post: int) -> None:
    reader, writer = person("liqiang", f"/posts/{a_post}/"), person("wangfang", f"/posts/{a_post}/")
    is_live(reader)
    field = reader.locator("#write textarea")
    field.fill("写到一半的")
    field.evaluate("field => { field.setSelectionRange(2, 4); window.typed = field; }")
    write(writer, "我插一句。")
    expect(reader.locator("#thread [data-text]", has_text="我插一句。")).to_have_count(1)
    state: Any = field.evaluate(
        "field => [field.value, field.selectionStart, field.selectionEnd, field === window.typed,"
        " document.activeElement === field]"
    )
    assert state == ["写到一半的", 2, 4, True, True]
    field.fill("")


def test_enter_while_a_word_is_being_composed_sends_nothing(
    house: House, person: Person, a_post: int
) -> None:
    page = person("liqiang", f"/posts/{a_post}/")
    is_live(page)
    [(before,)] = house.rows("SELECT count(*) FROM interaction_comment")
    page.fill("#write textarea", "zhongwen")
    page.locator("#write textarea").evaluate(
        "field => field.dispatchEvent(new KeyboardEvent('keydown',"
        " { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))"
    )
    assert page.input_value("#write textarea") == "zhongwen"
    assert house.rows("SELECT count(*) FROM interaction_comment") == [(before,)]
    page.fill("#write textarea", "")


def test_after_a_cut_everything_is_there_once(
    line: Line, person: Person, a_post: int, allowed: list[str]
) -> None:
    allowed.append("Error during WebSocket handshake")
    reader, writer = (
        person("liqiang", f"/posts/{a_post}/", line=line),
        person("wangfang", f"/posts/{a_post}/"),
    )
    is_live(reader)
    is_live(writer)
    line.cut()
    expect(reader.locator("[data-live-state] .dj-dot-off").first).to_be_attached()
    texts = [f"断网的时候写的，第 {number} 条。" for number in range(4)]
    for text in texts:
        write(writer, text)
    line.mend()
    for text in texts:
        expect(reader.locator("#thread [data-text]", has_text=text)).to_have_count(1)
    is_live(reader)
    write(writer, "网又通了。")
    expect(reader.locator("#thread [data-text]", has_text="网又通了。")).to_have_count(1)
    shown = reader.locator("#thread [data-text]").all_text_contents()
    assert [text for text in shown if text in texts] == texts


def long_thread(house: House) -> int:
    """A post with more comments than its page shows at first."""
    [(post,)] = house.rows(
        "SELECT p.id FROM interaction_post p"
        " WHERE p.visibility = 'district' AND p.deleted_at IS NULL AND p.hidden_at IS NULL"
        " AND (SELECT count(*) FROM interaction_comment c WHERE c.post_id = p.id) < 20 ORDER BY p.id LIMIT 1"
    )
    house.rows(
        "INSERT INTO interaction_comment (post_id, author_id, text, version, created_at, hidden_reason)"
        " SELECT %s, min(m.id), '排队的第 ' || place, 1, now() - make_interval(mins => 200 - place), ''"
        " FROM organizations_member m, generate_series(1, 60) place GROUP BY place",
        post,
    )
    return int(post)


@pytest.mark.parametrize("where", ["top", "end"])
def test_ones_own_comment_is_shown_though_the_thread_goes_on(
    house: House, person: Person, where: str
) -> None:
    post = long_thread(house)
    page = person("zhoujie", f"/posts/{post}/")
    is_live(page)
    expect(page.locator("#thread .dj-older")).to_have_count(1)
    if where == "end":
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    write(page, "后面还有很多，我的也要看得见。")
    expect(page.locator("#thread .dj-older")).to_have_count(0)
    expect(page.locator("#thread .dj-cmt").last).to_contain_text("我的也要看得见。")
    expect(page.locator("#thread .dj-cmt").last).to_be_in_viewport()
    expect(page.locator("#pill")).to_be_hidden()
    page.locator("#write textarea").fill("")


def test_a_comment_that_comes_while_the_end_is_being_loaded_is_there_once(
    house: House, person: Person
) -> None:
    post = long_thread(house)
    reader, writer = (person(name, f"/posts/{post}/") for name in ("liqiang", "zhoujie"))
    is_live(reader)
    for page in (reader, writer):
        page.locator("#thread .dj-older").scroll_into_view_if_needed()
        page.wait_for_function(HTMX_READY)

    asked: list[Route] = []
    reader.route(lambda url: "cursor=" in url, lambda route: asked.append(route))  # noqa: PLW0108  (Playwright marks it)
    reader.locator("#thread .dj-older a").click(no_wait_after=True)
    while not asked:
        reader.wait_for_timeout(50)
    read = writer.evaluate(AS_HTMX, asked[0].request.url)
    writer.locator("#thread .dj-older a").click()
    expect(writer.locator("#thread .dj-older")).to_have_count(0)
    write(writer, "刚好赶在这时候。")
    expect(reader.locator("#pill")).to_be_visible()
    asked[0].fulfill(body=read, content_type="text/html; charset=utf-8")

    said = reader.locator("#thread [data-text]", has_text="刚好赶在这时候。")
    expect(said).to_have_count(1)
    expect(reader.locator("#thread .dj-cmt").last).to_contain_text("刚好赶在这时候。")
    reader.click("#pill")
    expect(said).to_be_in_viewport()


def test_a_deleted_comment_leaves_its_line_and_an_edited_one_changes_in_place(
    house: House, person: Person, a_post: int
) -> None:
    reader, writer = person("zhoujie", f"/posts/{a_post}/"), person("liqiang", f"/posts/{a_post}/")
    is_live(reader)
    write(writer, "一会儿就改。")
    item = writer.locator("#thread .dj-cmt", has_text="一会儿就改。")
    number = item.get_attribute("data-comment")
    expect(reader.locator(f"#c{number}")).to_be_visible()

    writer.goto(house.address(f"/posts/{a_post}/comments/{number}/edit/"))
    writer.fill("#text", "已经改好了。")
    writer.click(".dj-dialog-foot button")
    expect(reader.locator(f"#c{number} [data-text]")).to_have_text("已经改好了。")
    expect(reader.locator(f"#c{number} [data-edited]")).to_be_visible()

    writer.goto(house.address(f"/posts/{a_post}/comments/{number}/delete/"))
    writer.click(".dj-dialog-foot button")
    expect(reader.locator(f"#c{number}")).to_have_text("这条评论已由作者删除")


def test_a_hidden_post_says_so_where_it_is_open_and_who_did_it_and_why(
    house: House, person: Person, allowed: list[str]
) -> None:
    allowed.append("404")  # the page that says why
    author = person("liqiang", "/posts/new/")
    author.fill("#text", "这条不太合适。")
    author.locator("[data-submit]:visible").click()
    author.wait_for_url(A_POST)
    path = author.evaluate("location.pathname")
    reader, moderator = person("wangfang", path), person("zhangwei", f"{path}hide/")
    is_live(reader)
    reader.fill("#write textarea", "写了一半")
    moderator.fill("#reason", "有别人的电话号码")
    moderator.click(".dj-dialog-foot button")
    moderator.wait_for_url("**/officer/reports/")
    expect(reader.locator("#gone")).to_be_visible()
    assert reader.input_value("#write textarea") == "写了一半"
    reader.reload()
    expect(reader.locator("main")).to_contain_text("张伟")
    expect(reader.locator("main")).to_contain_text("有别人的电话号码")


def test_replies_to_me_count_up_wherever_i_am(house: House, person: Person, a_post: int) -> None:
    me, other = person("liqiang", f"/posts/{a_post}/"), person("zhoujie", f"/posts/{a_post}/")
    is_live(me)
    write(me, "谁知道几点集合？")
    number = me.locator("#thread .dj-cmt", has_text="谁知道几点集合？").get_attribute("data-comment")
    me.goto(house.address("/me/"))
    badge = me.locator("[data-bell]:visible [data-unread]")
    before = int(badge.get_attribute("data-unread") or 0)
    other.click(f"#c{number} [data-reply]")
    write(other, "八点，大堤口。")
    expect(badge).to_have_attribute("data-unread", str(before + 1))
    expect(badge).to_be_visible()

    me.goto(house.address("/me/replies/"))
    expect(me.locator(".dj-cmt.dj-unread").first).to_contain_text("八点，大堤口。")
    expect(me.locator("[data-bell]:visible [data-unread]")).to_have_attribute("data-unread", "0")


def test_how_many_look_is_said_quietly_and_not_to_one_alone(person: Person, a_post: int) -> None:
    first = person("wangfang", f"/posts/{a_post}/")
    is_live(first)
    here = first.locator("#here")
    expect(here).to_be_empty()
    first.evaluate(SHIFTS)
    second = person("liqiang", f"/posts/{a_post}/", **PHONE)
    is_live(second)
    for page in (first, second):
        expect(page.locator("#here")).to_have_text("2 人正在看")
        expect(page.locator("#here")).to_be_visible()
    shots = os.environ.get("HERE_SHOTS")
    if shots:
        first.screenshot(path=f"{shots}/here-wide.png")
        second.screenshot(path=f"{shots}/here-phone.png")
    assert (
        first.locator("[aria-live] #here").count() == 0
    )  # a reader aloud is not told of every coming and going
    second.close()
    expect(here).to_be_empty()
    assert first.evaluate("window.shifts") == []
