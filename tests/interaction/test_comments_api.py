"""Comments: a flat thread, answers, ten minutes to edit, and a line for what is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dangjian.interaction import services
from dangjian.interaction.models import COMMENT_MAX_LENGTH, Comment, Post
from tenants.context import in_district

KEYS = {"id", "text", "author", "reply_to", "created_at", "edited_at", "deleted"}


def test_a_comment_and_its_answer(world: Any, api_of: Any, make_post: Any, events: Any) -> None:
    pk = make_post("wangfang")
    first = api_of("liqiang").post(f"posts/{pk}/comments/", {"text": "下次我来带路。"})
    assert first.status_code == 201
    assert first.json().keys() >= KEYS
    answer = api_of("wangfang").post(
        f"posts/{pk}/comments/", {"text": "好。", "reply_to": first.json()["id"]}
    )
    assert answer.json()["reply_to"] == first.json()["id"]
    assert answer.json()["reply_to_author"] == {"id": world.liqiang.pk, "name": "李强"}
    thread = api_of("zhoujie").get(f"posts/{pk}/comments/").json()
    assert thread["results"] == [first.json(), answer.json()]
    assert thread["next"] is None
    assert [live["topic"] for live in thread["live"]] == [f"post:{pk}"]
    assert thread["live"][0]["seq"] == 2
    assert events(world.huiji)[1:] == [
        (f"me:{world.wangfang.user_id}", "reply.created", first.json() | {"post": pk}),
        (f"post:{pk}", "comment.created", first.json()),
        (f"me:{world.liqiang.user_id}", "reply.created", answer.json() | {"post": pk}),
        (f"post:{pk}", "comment.created", answer.json()),
    ]
    assert api_of("liqiang").get(f"posts/{pk}/").json()["comment_count"] == 2


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"text": ""}, "/text", "empty"),
        ({"text": " \u200b\n"}, "/text", "empty"),
        ({"text": "字" * (COMMENT_MAX_LENGTH + 1)}, "/text", "too_long"),
        ({"text": ["一"]}, "/text", "invalid"),
        ({}, "/text", "required"),
        ({"text": "好", "reply_to": 999}, "/reply_to", "unknown_comment"),
        ({"text": "好", "reply_to": "一"}, "/reply_to", "invalid"),
        ({"text": "好", "reply_to": 2**63}, "/reply_to", "max_value"),
    ],
)
def test_refused_comments(body: Any, pointer: str, code: str, api_of: Any, make_post: Any) -> None:
    answer = api_of("liqiang").post(f"posts/{make_post('wangfang')}/comments/", body)
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


def test_what_is_kept_of_odd_texts(api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    for written, kept in (
        ("𠮷" * COMMENT_MAX_LENGTH, "𠮷" * COMMENT_MAX_LENGTH),
        ("👍\u202e倒\u200b写", "👍倒写"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ):
        assert api_of("liqiang").post(f"posts/{pk}/comments/", {"text": written}).json()["text"] == kept


def test_an_answer_to_a_comment_of_another_post(api_of: Any, make_post: Any) -> None:
    elsewhere = api_of("liqiang").post(f"posts/{make_post('wangfang')}/comments/", {"text": "别处"}).json()
    answer = api_of("liqiang").post(
        f"posts/{make_post('wangfang')}/comments/", {"text": "好", "reply_to": elsewhere["id"]}
    )
    assert answer.status_code == 422


def test_ten_minutes_to_edit(world: Any, api_of: Any, make_post: Any, events: Any) -> None:
    pk = make_post("wangfang")
    api = api_of("liqiang")
    comment = api.post(f"posts/{pk}/comments/", {"text": "错字"}).json()
    path = f"posts/{pk}/comments/{comment['id']}/"
    changed = api.patch(path, {"text": "对了"})
    assert (changed.status_code, changed.json()["text"], changed.json()["version"]) == (200, "对了", 2)
    assert changed.json()["edited_at"]
    assert events(world.huiji)[-1] == (f"post:{pk}", "comment.updated", changed.json())
    assert api_of("wangfang").patch(path, {"text": "别人的"}).status_code == 403
    assert api_of("zhaomin").patch(path, {"text": "别处的"}).status_code == 404
    with in_district(world.huiji):
        Comment.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    late = api.patch(path, {"text": "太晚"})
    assert late.status_code == 403
    assert "10 分钟" in late.json()["detail"]


def test_a_deleted_comment_leaves_its_line(world: Any, api_of: Any, make_post: Any, events: Any) -> None:
    pk = make_post("wangfang")
    comment = api_of("liqiang").post(f"posts/{pk}/comments/", {"text": "说错了"}).json()
    path = f"posts/{pk}/comments/{comment['id']}/"
    assert api_of("wangfang").delete(path).status_code == 403
    assert api_of("liqiang").delete(path).status_code == 204
    assert api_of("liqiang").delete(path).status_code == 404
    line = api_of("wangfang").get(f"posts/{pk}/comments/").json()["results"][0]
    assert (line["deleted"], line["text"], line["hidden"]) == (True, "", None)
    assert events(world.huiji)[-1] == (f"post:{pk}", "comment.removed", line)
    assert api_of("wangfang").get(f"posts/{pk}/").json()["comment_count"] == 0
    # Nobody is sent to read what is gone.
    assert api_of("wangfang").get("me/").json()["unread"] == 0


def test_a_post_deleted_while_being_commented_on(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    with in_district(world.huiji):
        seen = Post.objects.select_related("author").get(pk=pk)  # read before, written after
        services.delete_post(post=Post.objects.get(pk=pk), by=world.wangfang)
        with pytest.raises(services.Problem) as refusal:
            services.add_comment(post=seen, author=world.liqiang, text="写到一半")
    assert (refusal.value.status, refusal.value.code) == (404, "post_deleted")
    answer = api_of("liqiang").post(f"posts/{pk}/comments/", {"text": "写到一半"})
    assert (answer.status_code, answer.json()["code"]) == (404, "post_deleted")
    assert answer.json()["detail"] == "这条动态已由作者删除。"


def test_a_long_thread_in_pages(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    other = make_post("wangfang")
    with in_district(world.huiji):
        post = Post.objects.select_related("author").get(pk=pk)
        for number in range(45):
            services.add_comment(post=post, author=world.liqiang, text=str(number))
    api = api_of("zhoujie")
    seen, path = [], f"posts/{pk}/comments/"
    while path:
        page = api.get(path).json()
        assert len(page["results"]) <= 20
        seen += [comment["text"] for comment in page["results"]]
        path = page["next"]
    assert seen == [str(number) for number in range(45)]
    # A cursor belongs to its thread.
    cursor = api.get(f"posts/{pk}/comments/").json()["next"].partition("cursor=")[2]
    assert api.get(f"posts/{other}/comments/?cursor={cursor}").status_code == 400


def test_a_thread_takes_few_statements(world: Any, api_of: Any, make_post: Any, statements: Any) -> None:
    pk = make_post("wangfang")
    api = api_of("zhoujie")
    api.post(f"posts/{pk}/comments/", {"text": "一"})
    api.get(f"posts/{pk}/comments/")
    with statements() as few:
        api.get(f"posts/{pk}/comments/")
    for number in range(15):
        api.post(f"posts/{pk}/comments/", {"text": str(number)})
    with statements() as many:
        api.get(f"posts/{pk}/comments/")
    assert len(many) == len(few) <= 6, many
