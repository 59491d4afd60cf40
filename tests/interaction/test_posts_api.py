"""Writing posts: who may post what, what is refused and why, what everybody else hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from dangjian.interaction.models import POST_MAX_LENGTH
from tenants.context import in_district

KEYS = {
    "id", "kind", "text", "visibility", "author", "branch", "created_at", "edited_at", "comment_count",
    "like_count", "view_count", "liked", "photos", "version",
}  # fmt: skip
NEW = {"kind": "snapshot", "text": "三号楼的坡道修好了。", "visibility": "district"}


def test_a_post_as_the_api_shows_it(world: Any, api_of: Any) -> None:
    made = api_of("liqiang").post("posts/", NEW)
    assert made.status_code == 201
    body = made.json()
    assert body.keys() == KEYS
    assert body["author"] == {"id": world.liqiang.pk, "name": "李强"}
    assert body["branch"] == {"id": world.huiji_orgs.grid3.pk, "name": "金河社区第三网格党支部"}
    assert body["created_at"].endswith("+08:00")
    assert (body["comment_count"], body["like_count"], body["view_count"]) == (0, 0, 0)
    assert (body["liked"], body["photos"], body["version"], body["edited_at"]) == (False, [], 1, None)


@pytest.mark.parametrize(
    ("username", "may"),
    [("wangfang", True), ("liqiang", False), ("zhoujie", False), ("zhangwei", True), ("liuna", True)],
)
def test_branch_news_is_for_those_who_speak_for_the_branch(username: str, may: bool, api_of: Any) -> None:
    answer = api_of(username).post("posts/", NEW | {"kind": "branch_news"})
    assert answer.status_code == (201 if may else 403)
    assert api_of(username).post("posts/", NEW).status_code == 201


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"text": ""}, "/text"),
        ({"text": "\u200b\u202e"}, "/text"),
        ({"text": "长" * (POST_MAX_LENGTH + 1)}, "/text"),
        ({"text": 7}, "/text"),
        ({"text": None}, "/text"),
        ({"kind": "advert"}, "/kind"),
        ({"visibility": "everybody"}, "/visibility"),
        ({"photos": [999]}, "/photos/0"),
        ({"photos": [10**30]}, "/photos/0"),
        ({"photos": "1"}, "/photos"),
        ({"photos": list(range(1, 11))}, "/photos"),
        ({"photos": [True, {}]}, "/photos/1"),
    ],
)
def test_refused_content_names_its_place(change: dict[str, Any], pointer: str, api_of: Any) -> None:
    answer = api_of("liqiang").post("posts/", NEW | change)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    errors = answer.json()["errors"]
    assert pointer in [error["pointer"] for error in errors]
    assert all(error.keys() == {"pointer", "code", "detail"} for error in errors)


@pytest.mark.parametrize(
    "body", ["[]", "{", '"text"', "[" * 100_000, '{"text": NaN}', "9" * 5000, b"\xff\xfe"]
)
def test_malformed_bodies(body: Any, api_of: Any) -> None:
    answer = api_of("liqiang").post("posts/", body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_body_that_is_too_large(api_of: Any) -> None:
    assert api_of("liqiang").post("posts/", '{"text": "' + "a" * 3_000_000 + '"}').status_code == 413


def test_another_media_type(api_of: Any) -> None:
    answer = api_of("liqiang").client.post("/api/v1/posts/", data="text=1", content_type="text/plain")
    assert answer.status_code == 415


def test_a_branch_without_a_committee_above(world: Any, api_of: Any) -> None:
    with in_district(world.huiji):
        direct = world.huiji_orgs.root.add_child(name="直属党支部", short_name="直属党支部", kind="branch")
        world.liqiang.branch = direct
        world.liqiang.save()
    answer = api_of("liqiang").post("posts/", NEW | {"visibility": "committee"})
    assert answer.json()["errors"][0]["code"] == "no_committee"
    assert api_of("liqiang").post("posts/", NEW | {"visibility": "branch"}).status_code == 201


def test_events_of_a_post(world: Any, api_of: Any, events: Any) -> None:
    api = api_of("liqiang")
    everybody = api.post("posts/", NEW).json()
    committee = api.post("posts/", NEW | {"visibility": "committee"}).json()
    del everybody["liked"], committee["liked"]
    assert events(world.huiji) == [
        ("feed", "post.created", everybody),
        (f"feed:{world.huiji_orgs.xincheng.pk}", "post.created", committee),
    ]
    assert events(world.luoyang) == []


def test_editing_needs_the_version_that_was_read(
    world: Any, api_of: Any, make_post: Any, events: Any
) -> None:
    pk = make_post("liqiang")
    api = api_of("liqiang")
    tag = api.get(f"posts/{pk}/")["ETag"]
    api_of("wangfang").put(f"posts/{pk}/like/")  # somebody's like does not stand in the way
    changed = api.patch(f"posts/{pk}/", {"text": "改过的"}, **{"If-Match": tag})
    assert changed.status_code == 200
    assert (changed.json()["text"], changed.json()["version"]) == ("改过的", 2)
    assert changed.json()["edited_at"].endswith("+08:00")
    assert events(world.huiji)[-1][:2] == ("feed", "post.updated")
    # The other window still holds the old version: nothing is overwritten.
    stale = api.patch(f"posts/{pk}/", {"text": "另一个窗口"}, **{"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert api.get(f"posts/{pk}/").json()["text"] == "改过的"
    assert api.patch(f"posts/{pk}/", {"text": "没有写版本"}).status_code == 428
    assert api.patch(f"posts/{pk}/", {"text": "按版本号"}, **{"If-Match": '"2"'}).status_code == 200
    assert api.patch(f"posts/{pk}/", {"text": "弱标签"}, **{"If-Match": 'W/"3-abc;gzip"'}).status_code == 200
    assert api.patch(f"posts/{pk}/", {"text": "别的标签"}, **{"If-Match": '"abc"'}).status_code == 412
    assert api.patch(f"posts/{pk}/", {"text": " "}, **{"If-Match": "*"}).status_code == 422


def test_only_the_author_edits_and_deletes(api_of: Any, make_post: Any) -> None:
    pk = make_post("liqiang")
    for username in ("wangfang", "zhangwei"):
        assert api_of(username).patch(f"posts/{pk}/", {"text": "x"}, **{"If-Match": "*"}).status_code == 403
        assert api_of(username).delete(f"posts/{pk}/").status_code == 403
    assert api_of("liqiang").delete(f"posts/{pk}/").status_code == 204
    assert api_of("liqiang").delete(f"posts/{pk}/").status_code == 404


def test_a_change_of_visibility_leaves_one_feed_and_enters_another(
    world: Any, api_of: Any, make_post: Any, events: Any
) -> None:
    pk = make_post("liqiang")
    api = api_of("liqiang")
    answer = api.patch(f"posts/{pk}/", {"visibility": "branch"}, **{"If-Match": '"1"'})
    assert answer.json()["visibility"] == "branch"
    told = {(topic, kind) for topic, kind, _ in events(world.huiji)[1:]}
    assert told == {
        ("feed", "post.removed"),
        (f"feed:{world.huiji_orgs.grid3.pk}", "post.created"),
        ("control", "topic.recheck"),
    }
    # What those hear who may no longer read it holds nothing of the post.
    removed = next(data for topic, kind, data in events(world.huiji) if kind == "post.removed")
    assert removed == {"id": pk, "version": 2}


def test_deleting_tells_everybody_and_keeps_the_row(
    world: Any, api_of: Any, make_post: Any, events: Any
) -> None:
    from dangjian.interaction.models import Post

    pk = make_post("liqiang")
    api_of("liqiang").delete(f"posts/{pk}/")
    assert {(topic, kind) for topic, kind, _ in events(world.huiji)[1:]} == {
        ("feed", "post.removed"),
        ("control", "topic.closed"),
    }
    with in_district(world.huiji):
        row = Post.objects.get(pk=pk)
        assert row.deleted_by_id == world.liqiang.pk
        assert row.text


def test_reads_are_tagged(api_of: Any, make_post: Any) -> None:
    pk = make_post("liqiang")
    api = api_of("wangfang")
    for path in (f"posts/{pk}/", "feed/", f"posts/{pk}/comments/", "me/"):
        api.get(path)
        first = api.get(path)
        again = api.get(path, **{"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b""), path
    tag = api.get(f"posts/{pk}/")["ETag"]
    api.put(f"posts/{pk}/like/")
    assert api.get(f"posts/{pk}/", **{"If-None-Match": tag}).status_code == 200
