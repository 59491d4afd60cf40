"""What a page shows after events equals what a fresh load shows, whatever happened and in whatever order it is heard.

The reducer here is the contract for every client: things by id, a higher version wins, and a ``post.removed`` of one
topic does not undo a ``post.created`` of the same version on another (a post whose audience changed moves so).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from dangjian.api.problems import Problem
from dangjian.interaction import services, topics
from dangjian.interaction.models import Comment, Post
from tenants.context import in_district
from tests.contract.test_permissions import undone

pytestmark = pytest.mark.django_db

PER_READER = {"liked", "like_count", "comment_count", "view_count", "live"}


class Page:
    """A reader's screen: the feed and one open post, loaded once and then kept by events alone."""

    def __init__(self, client: Client) -> None:
        self.client = client
        feed = self.get("/api/v1/feed/")
        self.posts = {post["id"]: shown(post) for post in feed["results"]}
        self.versions = {pk: post["version"] for pk, post in self.posts.items()}
        self.live = {entry["topic"]: entry for entry in feed["live"]}
        self.threads: dict[int, dict[int, Any]] = {}

    def get(self, path: str) -> Any:
        response = self.client.get(path)
        assert response.status_code == 200, (path, response.content)
        return json.loads(response.content)

    def open(self, post: int) -> None:
        thread = self.get(f"/api/v1/posts/{post}/comments/")
        self.threads[post] = {comment["id"]: comment for comment in thread["results"]}
        self.live |= {entry["topic"]: entry for entry in thread["live"]}

    def hear(self, order: random.Random) -> None:
        """Everything since, topic by topic in an accidental order."""
        names = list(self.live)
        order.shuffle(names)
        for name in names:
            position = self.live[name]
            address = f"/api/v1/events/?topic={name}&since={position['seq']}&epoch={position['epoch']}"
            response = self.client.get(address)
            if response.status_code == 404:  # the post went away, and with it its topic
                self.threads.pop(int(name.partition(":")[2]), None)
                del self.live[name]
                continue
            answer = json.loads(response.content)
            assert answer["recovered"]
            for event in answer["events"]:
                assert event["seq"] == position["seq"] + 1, "a hole or a double"
                position = {**position, "seq": event["seq"]}
                self.apply(event)
            assert answer["seq"] == position["seq"]
            self.live[name] = position

    def apply(self, event: dict[str, Any]) -> None:
        kind, data = event["kind"], event["data"]
        known = self.versions.get(data["id"], 0) if kind.startswith("post.") else 0
        if kind in {"post.created", "post.updated"} and data["version"] >= known:
            self.posts[data["id"]] = shown(data)
            self.versions[data["id"]] = data["version"]
        elif kind == "post.removed" and data["version"] > known:
            self.posts.pop(data["id"], None)
            self.versions[data["id"]] = data["version"]
        elif kind.startswith("comment."):
            thread = self.threads[int(event["topic"].partition(":")[2])]
            before = thread.get(data["id"])
            if before is None or data["version"] >= before["version"]:
                thread[data["id"]] = data

    def equals(self, fresh: Page) -> None:
        assert self.posts == fresh.posts
        for post, thread in self.threads.items():
            fresh.open(post)
            assert thread == fresh.threads[post]
        for post in self.posts:  # what events do not carry comes as gauges, absolute
            counts = topics._counts([post])[post]
            full = self.get(f"/api/v1/posts/{post}/")
            assert (counts["likes"], counts["comments"]) == (full["like_count"], full["comment_count"])


def shown(post: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in post.items() if key not in PER_READER}


class Town:
    """People who do things; each act names who, what, and on which of the things there are."""

    def __init__(self, world: SimpleNamespace) -> None:
        self.people = [world.wangfang, world.liqiang, world.zhoujie, world.zhangwei]

    def act(self, what: str, who: int, which: int, word: str) -> None:
        person = self.people[who % len(self.people)]
        posts = list(Post.objects.order_by("created_at", "id"))
        comments = list(Comment.objects.select_related("post", "reply_to").order_by("created_at", "id"))
        post = posts[which % len(posts)] if posts else None
        comment = comments[which % len(comments)] if comments else None
        officer = self.people[3]
        try:
            if what == "post":
                visibility = ("district", "committee", "branch")[which % 3]
                services.create_post(author=person, kind="snapshot", text=word, visibility=visibility)
            elif what == "edit" and post:
                services.edit_post(post=post, by=post.author, text=word)
            elif what == "widen" and post:
                visibility = ("district", "committee", "branch")[which % 3]
                services.edit_post(post=post, by=post.author, visibility=visibility)
            elif what == "delete" and post:
                services.delete_post(post=post, by=post.author)
            elif what == "hide" and post:
                services.hide_post(post=post, by=officer, reason=word)
            elif what == "unhide" and post:
                services.unhide_post(post=post, by=officer, reason=word)
            elif what == "comment" and post and post.deleted_at is None and post.hidden_at is None:
                services.add_comment(post=post, author=person, text=word)
            elif what == "reply" and comment:
                services.add_comment(post=comment.post, author=person, text=word, reply_to=comment.pk)
            elif what == "edit comment" and comment:
                services.edit_comment(comment=comment, by=comment.author, text=word)
            elif what == "delete comment" and comment:
                services.delete_comment(comment=comment, by=comment.author)
            elif what == "hide comment" and comment:
                services.hide_comment(comment=comment, by=officer, reason=word)
            elif what == "unhide comment" and comment:
                services.unhide_comment(comment=comment, by=officer, reason=word)
            elif what == "like" and post and post.deleted_at is None:
                services.like(post=post, member=person)
            elif what == "unlike" and post:
                services.unlike(post=post, member=person)
        except Problem:
            pass  # gone, hidden already, too late: refused acts tell nothing


ACTS = ["post", "post", "edit", "widen", "delete", "hide", "unhide", "comment", "comment", "reply", "edit comment",
        "delete comment", "hide comment", "unhide comment", "like", "unlike"]  # fmt: skip
ACT = st.tuples(
    st.sampled_from(ACTS),
    st.integers(0, 3),
    st.integers(0, 8),
    st.sampled_from(["春耕", "𠮷祥", "收到👍", "a<b>"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=st.lists(ACT, max_size=6), acts=st.lists(ACT, min_size=1, max_size=12), seed=st.integers(0, 9))
@pytest.mark.parametrize("reader", ["liqiang", "zhoujie"])
def test_an_old_page_and_its_events_equal_a_fresh_load(
    world: SimpleNamespace,
    client_of: Callable[..., Client],
    reader: str,
    before: list[Any],
    acts: list[Any],
    seed: int,
) -> None:
    note(f"{before} | {acts}")
    order = random.Random(seed)
    with undone():
        town, client = Town(world), client_of(reader)
        with in_district(world.huiji):
            services.create_post(author=world.wangfang, kind="snapshot", text="开头", visibility="district")
            for act in before:
                town.act(*act)
        page = Page(client)
        for post in list(page.posts)[:3]:
            page.open(post)
        for number, act in enumerate(acts):
            with in_district(world.huiji):
                town.act(*act)
            if number % 4 == 3:
                page.hear(order)
        page.hear(order)
        with in_district(world.huiji):
            page.equals(Page(client))


def test_a_comment_committed_between_render_and_join_is_heard(
    world: SimpleNamespace, client_of: Callable[..., Client]
) -> None:
    """The position is read before the rows: what is written in between is in the events, and perhaps in both."""
    with in_district(world.huiji):
        post = services.create_post(
            author=world.wangfang, kind="snapshot", text="开头", visibility="district"
        )
        services.add_comment(post=post, author=world.wangfang, text="先前的")
    page = Page(client_of("liqiang"))
    written: list[int] = []

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Before each statement of the page that reads comments, somebody writes one."""
        if (
            "interaction_comment" in sql
            and sql.lstrip().upper().startswith(("SELECT", "WITH"))
            and not written
        ):
            written.append(0)
            made = services.add_comment(post=post, author=world.zhoujie, text="就在这时")
            written[0] = made.pk
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        page.open(post.pk)
    late = services_comment(world, post, "之后的")
    page.hear(random.Random(1))
    assert written[0] in page.threads[post.pk]
    assert late in page.threads[post.pk]
    with in_district(world.huiji):
        page.equals(Page(client_of("liqiang")))


def services_comment(world: SimpleNamespace, post: Post, text: str) -> int:
    with in_district(world.huiji):
        return services.add_comment(post=post, author=world.zhoujie, text=text).pk


def test_a_post_committed_between_render_and_join_is_heard(
    world: SimpleNamespace, client_of: Callable[..., Client]
) -> None:
    written: list[int] = []

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        reads_posts = "interaction_post p" in sql or 'FROM "interaction_post"' in sql
        if reads_posts and sql.lstrip().upper().startswith(("SELECT", "WITH")) and not written:
            written.append(0)
            made = services.create_post(
                author=world.zhoujie, kind="snapshot", text="就在这时", visibility="district"
            )
            written[0] = made.pk
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        page = Page(client_of("liqiang"))
    page.hear(random.Random(1))
    assert written
    assert written[0] in page.posts
    with in_district(world.huiji):
        page.equals(Page(client_of("liqiang")))


def test_the_comparison_sees_a_lost_event(world: SimpleNamespace, client_of: Callable[..., Client]) -> None:
    page = Page(client_of("liqiang"))
    with in_district(world.huiji):
        services.create_post(author=world.wangfang, kind="snapshot", text="开头", visibility="district")
        with pytest.raises(AssertionError):
            page.equals(Page(client_of("liqiang")))


def test_events_of_one_district_are_not_the_others(
    world: SimpleNamespace, client_of: Callable[..., Client]
) -> None:
    """The same topic names and colliding ids on both sides, interleaved."""
    pages = {name: Page(client_of(name)) for name in ("liqiang", "zhaomin")}
    for number in range(12):
        for district, author in ((world.huiji, world.wangfang), (world.luoyang, world.sunli)):
            with in_district(district):
                text = f"{district.schema_name} {number}"
                services.create_post(author=author, kind="snapshot", text=text, visibility="district")
    for name, page in pages.items():
        page.hear(random.Random(1))
        schema = "huiji" if name == "liqiang" else "luoyang"
        assert len(page.posts) == 12
        assert {post["text"].partition(" ")[0] for post in page.posts.values()} == {schema}
