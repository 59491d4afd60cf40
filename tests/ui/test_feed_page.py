"""What the feed page costs, and that what is kept between readers holds nothing of theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from dangjian.interaction import services
from tenants import registry
from tenants.context import in_district

BUDGET = 8  # statements, whatever the page holds; SET is not counted


@contextmanager
def counted() -> Iterator[list[str]]:
    found: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.lstrip().upper().startswith(("SET ", "SAVEPOINT", "RELEASE")):
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


@pytest.fixture(autouse=True)
def _slow_machines_remember_the_district(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process reads whose host it is once a second, whatever it serves: no page's cost."""
    monkeypatch.setattr(registry, "REMEMBER_SECONDS", 3600.0)


@pytest.fixture
def talked(world: Any) -> list[int]:
    """Thirty posts of 王芳, each with four comments and a like of 李强."""
    made = []
    with in_district(world.huiji):
        for number in range(30):
            post = services.create_post(
                author=world.wangfang, kind="branch_news", text=f"第 {number} 条", visibility="district"
            )
            for author in (world.liqiang, world.wangfang, world.liqiang, world.zhoujie):
                services.add_comment(post=post, author=author, text="看到了")
            services.like(post=post, member=world.liqiang)
            made.append(post.pk)
    return made


def card(page: str, pk: int) -> str:
    found = re.search(rf'<article class="dj-post" id="post-{pk}".*?</article>', page, re.DOTALL)
    assert found, pk
    return found.group()


@pytest.mark.parametrize("username", ["liqiang", "wangfang", "zhangwei"])
@pytest.mark.parametrize("tab", ["", "branch", "branch_news", "snapshot"])
def test_the_feed_keeps_its_budget_cold_and_warm(
    world: Any, client_of: Callable[..., Client], talked: list[int], username: str, tab: str
) -> None:
    client = client_of(username)
    client.get("/feed/?tab=snapshot")  # the session's minute is noted
    with counted() as cold:
        assert client.get(f"/feed/?tab={tab}").status_code == 200
    with counted() as warm:
        assert client.get(f"/feed/?tab={tab}").status_code == 200
    assert len(cold) <= BUDGET, "\n".join(cold)
    assert len(warm) <= len(cold)


def test_two_readers_share_a_card_and_neither_sees_the_others_state(
    world: Any, client_of: Callable[..., Client], talked: list[int]
) -> None:
    pk = talked[-1]
    elsewhere = card(client_of("zhoujie").get("/feed/").content.decode(), pk)
    second = card(client_of("wangfang").get("/feed/").content.decode(), pk)
    with counted() as statements:
        first = card(client_of("liqiang").get("/feed/").content.decode(), pk)
    assert not [sql for sql in statements if "interaction_photo" in sql], "the card was drawn anew"

    assert 'aria-pressed="true"' in first
    assert 'aria-pressed="false"' in second
    assert 'data-menu=""' in first
    assert 'data-menu="own"' in second
    assert 'data-menu=""' in elsewhere
    tokens = [re.search(r'csrfmiddlewaretoken" value="(\w+)"', each) for each in (first, second)]
    assert all(tokens)
    assert tokens[0].group(1) != tokens[1].group(1)  # type: ignore[union-attr]


def test_an_edit_and_a_comment_replace_what_was_kept(
    world: Any, client_of: Callable[..., Client], talked: list[int]
) -> None:
    pk, client = talked[-1], client_of("zhoujie")
    client.get("/feed/")
    with in_district(world.huiji):
        from dangjian.interaction.models import Post

        post = Post.objects.get(pk=pk)
        services.edit_post(post=post, by=world.wangfang, text="改过的字")
        services.add_comment(post=post, author=world.liqiang, text="最新的一句")
    shown = card(client.get("/feed/").content.decode(), pk)
    assert "改过的字" in shown
    assert "最新的一句" in shown
    assert "查看全部 5 条评论" in shown


def test_the_talk_is_kept_a_language_apart(
    world: Any, client_of: Callable[..., Client], talked: list[int]
) -> None:
    with in_district(world.huiji):
        from dangjian.interaction.models import Comment, Post

        post = Post.objects.get(pk=talked[-1])
        above = Comment.objects.filter(post=post).first()
        assert above is not None
        services.add_comment(post=post, author=world.zhoujie, text="那就周六", reply_to=above.pk)
    client = client_of("zhoujie")
    chinese = card(client.get("/feed/").content.decode(), post.pk)
    english = card(client.get("/feed/", headers={"accept-language": "en"}).content.decode(), post.pk)
    assert "回复" in chinese
    assert "回复" not in english


def test_script_in_a_text_stays_text(world: Any, client_of: Callable[..., Client]) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    with in_district(world.huiji):
        post = services.create_post(author=world.liqiang, kind="snapshot", text=evil, visibility="district")
        services.add_comment(post=post, author=world.liqiang, text=evil)
    for address in ("/feed/", f"/posts/{post.pk}/", "/me/posts/", "/me/comments/"):
        page = client_of("liqiang").get(address).content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_the_post_page_shows_down_to_the_comment_asked_for(
    world: Any, client_of: Callable[..., Client]
) -> None:
    with in_district(world.huiji):
        post = services.create_post(
            author=world.liqiang, kind="snapshot", text="很多人说话", visibility="district"
        )
        made = [
            services.add_comment(post=post, author=world.zhoujie, text=f"第 {number} 句").pk
            for number in range(60)
        ]
    client = client_of("liqiang")
    page = client.get(f"/posts/{post.pk}/").content.decode()
    assert f'id="c{made[49]}"' in page
    assert f'id="c{made[50]}"' not in page
    assert f'id="c{made[55]}"' in client.get(f"/posts/{post.pk}/?comment={made[55]}").content.decode()
    following = re.search(r'hx-get="([^"]+)"', page)
    assert following
    rest = client.get(following.group(1), headers={"hx-request": "true"}).content.decode()
    assert f'id="c{made[59]}"' in rest
    assert "<html" not in rest
