"""Who may watch which topic, and: an old page and the events give what a fresh load gives."""

from __future__ import annotations

from typing import Any

import pytest

from dangjian.interaction import queries, services, topics
from dangjian.interaction.models import Comment, Post
from realtime import outbox
from realtime.topics import Forbidden, UnknownTopic, parse
from tenants.context import in_district


def admits(name: str, member: Any) -> bool:
    """Whether the member may join the topic of that name, asked alone and among others."""
    topic = parse(name, member.user_id)
    alone = topic.admits(member.user_id)
    assert (member.user_id in topic.admitted([member.user_id, 999_999])) is alone
    return alone


def test_feeds(world: Any) -> None:
    orgs = world.huiji_orgs
    with in_district(world.huiji):
        for member in (world.wangfang, world.zhoujie, world.zhangwei):
            assert admits("feed", member)
            for topic in queries.feed_topics(member):
                assert admits(topic, member)
        assert not admits(f"feed:{orgs.sunzhuang.pk}", world.liqiang)
        assert not admits(f"feed:{orgs.guxing.pk}", world.liqiang)
        # Officers too join their own path alone; what else they may read appears on load.
        assert not admits(f"feed:{orgs.grid3.pk}", world.zhangwei)
        assert not admits("feed:999999", world.zhangwei)


BAD_IDS = ["", "x", "-1", "0", "99999999999999999999", "1:2", "\u0661"]


@pytest.mark.parametrize(
    "name", [f"{kind}:{bad}" for kind in ("feed", "post") for bad in BAD_IDS] + ["post", "me:1"]
)
def test_unreadable_ids(name: str, world: Any) -> None:
    with pytest.raises(Forbidden):
        parse(name, 1)
    with pytest.raises(UnknownTopic):
        parse("poll:1", 1)


def test_posts(world: Any, make_post: Any) -> None:
    pk = make_post("liqiang", visibility="branch")
    with in_district(world.huiji):
        assert admits(f"post:{pk}", world.wangfang)
        assert admits(f"post:{pk}", world.zhangwei)
        assert not admits(f"post:{pk}", world.zhoujie)
        services.delete_post(post=Post.objects.get(pk=pk), by=world.liqiang)
        assert not admits(f"post:{pk}", world.liqiang)
    with in_district(world.luoyang):
        assert not admits("post:999999", world.zhaomin)


def test_me_is_oneself(world: Any) -> None:
    with in_district(world.huiji):
        assert parse("me", world.liqiang.user_id).key == f"me:{world.liqiang.user_id}"
        assert admits("me", world.liqiang)


def test_gauges(world: Any, make_post: Any) -> None:
    open_to_all, of_branch = make_post("liqiang"), make_post("liqiang", visibility="branch")
    with in_district(world.huiji):
        for pk in (open_to_all, of_branch):
            post = Post.objects.select_related("author").get(pk=pk)
            services.like(post=post, member=world.wangfang)
            services.add_comment(post=post, author=world.wangfang, text="好")
        assert topics._counts([of_branch, 999_999]) == {of_branch: {"likes": 1, "comments": 1, "views": 0}}
        grid3 = world.huiji_orgs.grid3.pk
        assert topics._touched([None, grid3], 60) == {None: [open_to_all], grid3: [of_branch]}
        assert topics._touched([world.huiji_orgs.guxing.pk], 60) == {}


def test_rest_twin(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("liqiang", visibility="branch")
    api = api_of("wangfang")
    api.post(f"posts/{pk}/comments/", {"text": "一"})
    page = api.get(f"events/?topic=post:{pk}&since=0").json()
    assert page.keys() == {"topic", "epoch", "seq", "recovered", "events", "gauges"}
    assert page["gauges"] == {"likes": 0, "comments": 1, "views": 0}
    assert (page["topic"], page["seq"], page["recovered"]) == (f"post:{pk}", 1, True)
    assert page["events"][0].keys() == {"op", "topic", "seq", "kind", "at", "data"}
    assert page["events"][0]["at"].endswith("+08:00")
    assert api.get(f"events/?topic=post:{pk}&since=1&epoch={page['epoch']}").json()["events"] == []
    assert api.get(f"events/?topic=post:{pk}&since=0&epoch=other").json()["recovered"] is False
    for name in (f"post:{pk + 1}", "poll:1", "control", "me:1", "post:x", "x" * 500):
        assert api.get(f"events/?topic={name}").status_code == 404
    assert api_of("zhoujie").get(f"events/?topic=post:{pk}&since=0").status_code == 404
    for query in (
        "",
        "topic=",
        "topic=feed&since=x",
        "topic=feed&since=-1",
        "topic=feed&since=99999999999999999999",
    ):
        assert api.get(f"events/?{query}").status_code == 400
    assert api_of("liqiang").get("events/?topic=me&since=0").json()["topic"] == "me"


def replay(page: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """What `live.js` does with a page it holds: by id and version, so that an event twice changes nothing."""
    rows = {row["id"]: row for row in page["results"]}
    for event in events:
        data, verb = event["data"], event["kind"].split(".")[1]
        if event["kind"] == "post.removed":
            rows.pop(data["id"], None)
        elif data["id"] not in rows or rows[data["id"]]["version"] <= data["version"]:
            rows[data["id"]] = rows.get(data["id"], {}) | data
        assert verb in {"created", "updated", "removed"}
    page["results"] = list(rows.values())


def test_an_old_thread_and_its_events_are_a_fresh_thread(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    api = api_of("zhoujie")
    with in_district(world.huiji):
        post = Post.objects.select_related("author", "branch").get(pk=pk)
        first, second, third = (
            services.add_comment(post=post, author=world.liqiang, text=text) for text in ("一", "二", "三")
        )
        old = api.get(f"posts/{pk}/comments/").json()
        services.edit_comment(comment=first, by=world.liqiang, text="改")
        services.delete_comment(comment=second, by=world.liqiang)
        services.hide_comment(comment=third, by=world.zhangwei, reason="不文明")
        services.unhide_comment(
            comment=Comment.objects.select_related("post__branch").get(pk=third.pk),
            by=world.zhangwei,
            reason="误会",
        )
        services.add_comment(post=post, author=world.wangfang, text="四", reply_to=first.pk)
    live = old["live"][0]
    missed = api.get(f"events/?topic={live['topic']}&since={live['seq']}&epoch={live['epoch']}").json()
    replay(old, missed["events"])
    assert old["results"] == api.get(f"posts/{pk}/comments/").json()["results"]


def test_an_old_feed_and_its_events_are_a_fresh_feed(world: Any, api_of: Any, make_post: Any) -> None:
    kept, edited, moved, hidden, deleted = (make_post("liqiang", text=str(n)) for n in range(5))
    appears = make_post("liqiang", visibility="branch")
    api = api_of("zhoujie")
    old = api.get("feed/").json()
    assert kept in [post["id"] for post in old["results"]]
    with in_district(world.huiji):

        def post(pk: int) -> Post:
            return Post.objects.select_related("author", "branch", "audience").get(pk=pk)

        services.edit_post(post=post(edited), by=world.liqiang, text="改过")
        services.edit_post(post=post(moved), by=world.liqiang, visibility="branch")
        services.edit_post(post=post(appears), by=world.liqiang, visibility="district")
        services.hide_post(post=post(hidden), by=world.zhangwei, reason="重复")
        services.delete_post(post=post(deleted), by=world.liqiang)
    make_post("wangfang", text="新的")
    for live in old["live"]:
        missed = api.get(f"events/?topic={live['topic']}&since={live['seq']}&epoch={live['epoch']}").json()
        assert missed["recovered"]
        replay(old, missed["events"])
    fresh = api.get("feed/").json()["results"]
    held = sorted(old["results"], key=lambda row: (row["created_at"], row["id"]), reverse=True)
    assert [row | {"liked": False} for row in held] == fresh


def test_a_comment_between_the_page_and_the_join_is_not_missed(
    world: Any, make_post: Any, monkeypatch: Any
) -> None:
    pk = make_post("wangfang")
    with in_district(world.huiji):
        post = Post.objects.select_related("author").get(pk=pk)
        rows = queries._comments

        def late(*args: Any) -> Any:
            monkeypatch.undo()
            services.add_comment(post=post, author=world.liqiang, text="正好在中间")
            return rows(*args)

        monkeypatch.setattr(queries, "_comments", late)
        page = queries.thread(pk)
        assert [comment.text for comment in page.comments] == ["正好在中间"]
        missed = outbox.read(topic=f"post:{pk}", since=page.live[0]["seq"], epoch=page.live[0]["epoch"])
        assert [event["data"]["text"] for event in missed.events] == ["正好在中间"]


def test_metrics_are_what_the_officer_sees(world: Any, make_post: Any) -> None:
    from tenants import rollups

    first, gone = make_post("liqiang"), make_post("liqiang")
    with in_district(world.huiji):
        for pk in (first, gone):
            post = Post.objects.select_related("author").get(pk=pk)
            services.like(post=post, member=world.wangfang)
            services.add_comment(post=post, author=world.wangfang, text="好")
        services.delete_post(post=Post.objects.get(pk=gone), by=world.liqiang)
        found = {metric.key: metric.count() for metric in rollups.metrics()}
    assert {key: found[key] for key in ("posts", "comments")} == {"posts": 1, "comments": 1}
    assert not {"likes", "views"} & found.keys()
