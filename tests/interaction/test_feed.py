"""The feed: newest first, whole pages in few statements, steady while posts arrive."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import translation

from dangjian.interaction import fragments, queries, services
from dangjian.interaction.models import Photo, Post, PostCounter
from dangjian.organizations.services import rename_member
from tenants.context import in_district


@pytest.fixture
def full_feed(world: SimpleNamespace) -> list[int]:
    """60 posts of four people with photos, the newest with comments and likes; ids, newest first."""
    people = [world.wangfang, world.liqiang, world.zhoujie, world.zhangwei]
    with in_district(world.huiji):
        ids = []
        for number in range(60):
            author = people[number % 4]
            post = services.create_post(
                author=author,
                kind="branch_news" if number % 8 == 0 else "snapshot",
                text=f"第 {number} 条",
                visibility=("district", "district", "committee", "branch")[number // 4 % 4],
            )
            Photo.objects.bulk_create(
                Photo(owner=author, post=post, position=place, file=f"p{place}.jpg", width=4, height=3)
                for place in range(number % 10)
            )
            for talker in people[: number % 5 if number > 35 else 0]:
                services.like(post=post, member=talker)
                services.add_comment(post=post, author=talker, text=f"{talker.name}说 {number}")
            ids.append(post.pk)
    return ids[::-1]


def pages(api: Any, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        page = api.get(following).json()
        assert len(page["results"]) <= 20
        found += page["results"]
        following = page["next"]
        assert following is None or following.startswith("/api/v1/feed/?")
    return found


def test_the_officer_sees_everything_newest_first(api_of: Any, full_feed: list[int]) -> None:
    found = pages(api_of("zhangwei"), "feed/")
    assert [post["id"] for post in found] == full_feed
    assert [len(post["photos"]) for post in found] == [(59 - place) % 10 for place in range(60)]


@pytest.mark.parametrize("scope", ["district", "branch"])
@pytest.mark.parametrize("kind", ["", "branch_news", "snapshot"])
def test_filters(scope: str, kind: str, world: Any, api_of: Any, full_feed: list[int]) -> None:
    query = f"feed/?scope={scope}" + (f"&kind={kind}" if kind else "")
    found = [post["id"] for post in pages(api_of("liqiang"), query)]
    with in_district(world.huiji):
        from dangjian.interaction import access

        expected = access.visible_posts(world.liqiang).order_by("-created_at", "-id")
        if scope == "branch":
            expected = expected.filter(branch=world.liqiang.branch)
        if kind:
            expected = expected.filter(kind=kind)
        assert found == list(expected.values_list("id", flat=True))


def test_the_feed_says_where_its_topics_stood(world: Any, api_of: Any, full_feed: list[int]) -> None:
    api = api_of("liqiang")
    live = api.get("feed/").json()["live"]
    orgs = world.huiji_orgs
    topics = ["feed", *(f"feed:{each.pk}" for each in (orgs.root, orgs.xincheng, orgs.grid3))]
    assert [each["topic"] for each in live] == topics == api.get("me/").json()["topics"]
    head = live[0]["seq"]
    api.post("posts/", {"kind": "snapshot", "text": "新的", "visibility": "district"})
    missed = api.get(f"events/?topic=feed&since={head}&epoch={live[0]['epoch']}").json()
    assert missed["recovered"] is True
    assert [event["kind"] for event in missed["events"]] == ["post.created"]


def test_heads_are_read_before_the_rows(world: Any, statements: Any, full_feed: list[int]) -> None:
    with in_district(world.huiji):
        queries.feed(world.liqiang)
        with statements() as ran:
            queries.feed(world.liqiang)
            queries.thread(full_feed[0])
    order = [
        "head" if "realtime_topichead" in sql else "row"
        for sql in ran
        if "interaction_" in sql or "realtime" in sql
    ]
    assert order == ["head", "row", "head", "row"]


def test_at_most_eight_statements_whatever_the_page_holds(
    api_of: Any, full_feed: list[int], statements: Any
) -> None:
    for username in ("liqiang", "zhangwei"):
        api = api_of(username)
        api.get("feed/")
        with statements() as ran:
            api.get("feed/")
        assert len(ran) <= 7, ran


def test_posts_that_arrive_move_no_page(world: Any, api_of: Any, full_feed: list[int]) -> None:
    api = api_of("zhangwei")
    first = api.get("feed/").json()
    seen = [post["id"] for post in first["results"]]
    following = first["next"]
    while following:
        with in_district(world.huiji):
            services.create_post(author=world.liqiang, kind="snapshot", text="插进来", visibility="district")
        page = api.get(following).json()
        seen += [post["id"] for post in page["results"]]
        following = page["next"]
    assert seen == full_feed


def test_posts_of_one_moment_are_not_skipped(world: Any, api_of: Any, full_feed: list[int]) -> None:
    with in_district(world.huiji):
        Post.objects.update(created_at=Post.objects.get(pk=full_feed[0]).created_at)
    assert [post["id"] for post in pages(api_of("zhangwei"), "feed/")] == full_feed


@pytest.mark.parametrize(
    "query",
    [
        "scope=everything",
        "kind=advert",
        "cursor=nonsense",
        "cursor=%00",
        "cursor=" + "x" * 4000,
        "cursor=a:b:c",
    ],
)
def test_bad_queries(query: str, api_of: Any) -> None:
    answer = api_of("liqiang").get(f"feed/?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_cursor_belongs_to_its_filter_and_district(api_of: Any, full_feed: list[int]) -> None:
    api = api_of("zhangwei")
    cursor = api.get("feed/").json()["next"].partition("cursor=")[2]
    assert api.get(f"feed/?cursor={cursor}").status_code == 200
    assert api.get(f"feed/?scope=district&cursor={cursor}").status_code == 200
    for other in ("scope=branch", "kind=snapshot"):
        answer = api.get(f"feed/?{other}&cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")
    assert api_of("sunli").get(f"feed/?cursor={cursor}").status_code == 400


# --- fragments -----------------------------------------------------------------------------------------------------


def cards(reader: Any) -> tuple[list[fragments.Card], list[int]]:
    rendered: list[int] = []

    def render(post: Any) -> str:
        rendered.append(post.id)
        return f"{post.text}|{len(post.photos)}|{[comment.text for comment in post.talk]}"

    page = queries.feed(reader)
    return fragments.render_cards(page.posts, render, render), rendered


def test_two_readers_share_the_cards_and_not_their_state(
    world: Any, full_feed: list[int], statements: Any
) -> None:
    with in_district(world.huiji):
        first, rendered = cards(world.zhangwei)
        assert len(rendered) == 20 + sum(1 for card in first if card.post.comment_count)
        again, rendered = cards(world.liuna)
        assert rendered == []
        assert [card.body for card in again] == [card.body for card in first]
        assert any(card.post.liked for card in first)
        assert not any(card.post.liked for card in again)
        with statements() as ran:
            cards(world.liuna)
        assert len(ran) == 2, ran


def test_a_card_is_rendered_anew_when_what_it_shows_changed(world: Any, full_feed: list[int]) -> None:
    with in_district(world.huiji):
        cards(world.zhangwei)
        post = Post.objects.select_related("author", "branch").get(pk=full_feed[1])
        services.like(post=post, member=world.liuna)
        assert cards(world.zhangwei)[1] == []
        services.add_comment(post=post, author=world.liuna, text="新评论")
        shown, rendered = cards(world.zhangwei)
        assert rendered == [post.pk]
        assert "新评论" in shown[1].talk
        services.edit_post(post=post, by=post.author, text="改过的")
        assert cards(world.zhangwei)[1] == [post.pk]
        post.author.version += 1
        post.author.save()
        page = queries.feed(world.zhangwei).posts
        queries.attach_talk(page)
        named = {row.id: [row.author_id, *(said.author_id for said in row.talk)] for row in page}
        assert set(cards(world.zhangwei)[1]) == {
            pk for pk, people in named.items() if post.author_id in people
        }
        with translation.override("en"):
            assert len(cards(world.zhangwei)[1]) > 20


def test_a_renamed_person_is_called_so_at_once_wherever_the_feed_names_them(
    world: Any, make_post: Any, client_of: Any
) -> None:
    pk = make_post("wangfang")
    with in_district(world.huiji):
        post = Post.objects.select_related("author", "branch").get(pk=pk)
        asked = services.add_comment(post=post, author=world.liqiang, text="几点集合？")
        services.add_comment(post=post, author=world.zhoujie, text="八点。", reply_to=asked.pk)
    reader = client_of("liuna")
    assert "李强" in reader.get("/feed/").content.decode()
    for member, name in ((world.liqiang, "李蔷"), (world.zhoujie, "周洁"), (world.wangfang, "王芳芳")):
        with in_district(world.huiji):
            rename_member(actor=world.zhangwei, member=member, name=name, reason="登记时写错")
        page = reader.get("/feed/").content.decode()
        assert page.count(f">{name}<") == (2 if name == "李蔷" else 1)  # asking, and answered
        assert f">{member.name}<" not in page


def test_two_districts_share_no_card(world: Any, make_post: Any) -> None:
    ours, theirs = make_post("liqiang", text="惠济"), make_post("zhaomin", text="洛阳")
    with in_district(world.huiji):
        Post.objects.filter(pk=ours).update(version=7)
        cards(world.liqiang)
    with in_district(world.luoyang):
        Post.objects.filter(pk=theirs).update(version=7)
        assert cards(world.zhaomin)[1] == [theirs]
        key = f"post.body:{theirs}:7.1.1:0:zh-hans"
        assert cache.get(key) is not None
    with in_district(world.huiji):
        assert theirs == ours or cache.get(key) is None


def test_the_talk_holds_the_three_newest_that_are_there(world: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    with in_district(world.huiji):
        post = Post.objects.select_related("author", "branch").get(pk=pk)
        comments = [
            services.add_comment(post=post, author=world.liqiang, text=str(number)) for number in range(6)
        ]
        services.delete_comment(comment=comments[4], by=world.liqiang)
        page = queries.feed(world.zhoujie)
        queries.attach_talk(page.posts)
        assert [comment.text for comment in page.posts[0].talk] == ["2", "3", "5"]
        assert page.posts[0].comment_count == PostCounter.objects.get(post=pk).comments == 5


def test_likers_are_the_last_three(world: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    with in_district(world.huiji):
        post = Post.objects.select_related("author").get(pk=pk)
        for member in (world.liqiang, world.zhoujie, world.zhangwei, world.liuna):
            services.like(post=post, member=member)
        from dangjian.interaction.models import Like

        for place, like in enumerate(Like.objects.order_by("id")):
            Like.objects.filter(pk=like.pk).update(created_at=f"2026-11-01T08:0{place}:00+08:00")
        assert queries.feed(world.liqiang).posts[0].likers == ["刘娜", "张伟", "周杰"]
