"""我的: what was answered to me, what I wrote, and who I am."""

from __future__ import annotations

from typing import Any

from dangjian.interaction import queries, services, topics
from dangjian.interaction.models import Post
from tenants.context import in_district


def test_me(world: Any, api_of: Any) -> None:
    body = api_of("wangfang").get("me/").json()
    grid3 = {"id": world.huiji_orgs.grid3.pk, "name": "金河社区第三网格党支部"}
    assert body == {
        "id": world.wangfang.pk,
        "name": "王芳",
        "branch": grid3,
        "posts_held": [{"post": "secretary", "name": "支部书记", "organization": grid3}],
        "offices": [],
        "topics": body["topics"],
        "unread": 0,
    }
    officer = api_of("zhangwei").get("me/").json()
    assert [(office["kind"], office["organization"]["name"]) for office in officer["offices"]] == [
        ("officer", "区委")
    ]


def test_me_signed_out(world: Any, client: Any) -> None:
    answer = client.get("/api/v1/me/", headers={"host": "huiji.localhost"})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"]
    assert answer.cookies["csrftoken"].value


def test_unsafe_calls_need_the_token(world: Any, client_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    client = client_of("liqiang", enforce_csrf_checks=True)
    refused = client.put(f"/api/v1/posts/{pk}/like/")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    client.get("/api/v1/me/")
    token = client.cookies["csrftoken"].value
    assert client.put(f"/api/v1/posts/{pk}/like/", headers={"X-CSRFToken": token}).status_code == 200


def test_whom_a_comment_is_news_to(api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    path = f"posts/{pk}/comments/"
    first = api_of("liqiang").post(path, {"text": "一"}).json()  # below 王芳's post: to her
    api_of("zhoujie").post(path, {"text": "二", "reply_to": first["id"]})  # to 李强, not to 王芳
    api_of("liqiang").post(path, {"text": "三", "reply_to": first["id"]})  # answers himself: to 王芳
    api_of("wangfang").post(path, {"text": "四"})  # her own post: to nobody
    unread = {name: api_of(name).get("me/").json()["unread"] for name in ("wangfang", "liqiang", "zhoujie")}
    assert unread == {"wangfang": 2, "liqiang": 1, "zhoujie": 0}
    listed = api_of("wangfang").get("me/replies/").json()
    assert [(reply["text"], reply["post"]["id"], reply["read"]) for reply in listed["results"]] == [
        ("三", pk, False),
        ("一", pk, False),
    ]
    assert listed["next"] is None


def test_reading_replies(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    for text in ("一", "二", "三"):
        api_of("liqiang").post(f"posts/{pk}/comments/", {"text": text})
    api = api_of("wangfang")
    oldest = api.get("me/replies/").json()["results"][-1]
    assert api.post("me/replies/read/", {"up_to": oldest["notice"]}).json() == {"unread": 2}
    assert api.post("me/replies/read/").json() == {"unread": 0}
    assert [reply["read"] for reply in api.get("me/replies/").json()["results"]] == [True] * 3
    with in_district(world.huiji):
        assert topics._unread([world.wangfang.user_id, 999]) == {world.wangfang.user_id: {"unread": 0}}


def test_replies_below_what_is_gone_or_out_of_sight(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang", visibility="committee")
    first = api_of("liqiang").post(f"posts/{pk}/comments/", {"text": "一"}).json()
    api_of("wangfang").post(f"posts/{pk}/comments/", {"text": "答你", "reply_to": first["id"]})
    with in_district(world.huiji):
        world.liqiang.branch = world.huiji_orgs.sunzhuang
        world.liqiang.save()
    assert api_of("liqiang").get("me/replies/").json()["results"] == []
    assert len(api_of("wangfang").get("me/replies/").json()["results"]) == 1
    api_of("wangfang").delete(f"posts/{pk}/")
    assert api_of("wangfang").get("me/replies/").json()["results"] == []
    assert api_of("wangfang").get("me/").json()["unread"] == 0


def test_many_replies_in_pages(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    with in_district(world.huiji):
        post = Post.objects.select_related("author").get(pk=pk)
        for number in range(25):
            services.add_comment(post=post, author=world.liqiang, text=str(number))
    api = api_of("wangfang")
    first = api.get("me/replies/").json()
    second = api.get(first["next"]).json()
    assert [reply["text"] for reply in first["results"] + second["results"]] == [
        str(number) for number in range(24, -1, -1)
    ]
    assert second["next"] is None


def test_my_posts_and_comments(world: Any, make_post: Any) -> None:
    hidden, kept = make_post("liqiang", text="一"), make_post("liqiang", text="二")
    gone = make_post("liqiang", text="三")
    with in_district(world.huiji):
        services.hide_post(post=_post(hidden), by=world.zhangwei, reason="重复了")
        services.delete_post(post=_post(gone), by=world.liqiang)
        rows, following = queries.my_posts(world.liqiang)
        assert [(row.id, row.hidden_by, row.hidden_reason) for row in rows] == [
            (kept, None, ""),
            (hidden, "张伟", "重复了"),
        ]
        assert following is None
        for text in ("甲", "乙"):
            services.add_comment(post=_post(kept), author=world.liqiang, text=text)
        comments, following = queries.my_comments(world.liqiang)
        assert [comment.text for comment in comments] == ["乙", "甲"]
        assert following is None


def _post(pk: int) -> Post:
    return Post.objects.select_related("author", "branch").get(pk=pk)
