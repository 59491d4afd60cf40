"""Who sees which post: 王芳 and 李强 share a branch, 周杰 is under another committee, 张伟 is the officer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from dangjian.interaction import access
from dangjian.organizations.models import Office, OfficeKind
from tenants.context import in_district

# visibility of a post of 李强's → who finds it
READERS = {
    "district": {"wangfang", "liqiang", "zhoujie", "zhangwei", "liuna"},
    "committee": {"wangfang", "liqiang", "zhangwei", "liuna"},
    "branch": {"wangfang", "liqiang", "zhangwei", "liuna"},
}


@pytest.mark.parametrize("visibility", READERS)
def test_readers_of_each_visibility(visibility: str, world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("liqiang", visibility=visibility)
    for username in READERS["district"]:
        sees = username in READERS[visibility]
        api = api_of(username)
        assert api.get(f"posts/{pk}/").status_code == (200 if sees else 404)
        assert api.get(f"posts/{pk}/comments/").status_code == (200 if sees else 404)
        assert (pk in [post["id"] for post in api.get("feed/").json()["results"]]) is sees
        with in_district(world.huiji):
            assert access.visible_posts(getattr(world, username)).filter(pk=pk).exists() is sees


def test_an_author_sees_the_own_post_wherever_they_go(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("liqiang", visibility="branch")
    with in_district(world.huiji):
        world.liqiang.branch = world.huiji_orgs.sunzhuang
        world.liqiang.save()
    assert api_of("liqiang").get(f"posts/{pk}/").status_code == 200
    assert pk in [post["id"] for post in api_of("liqiang").get("feed/").json()["results"]]


def test_an_office_reaches_its_subtree_alone(world: Any, api_of: Any, make_post: Any) -> None:
    below, beside = make_post("liqiang", visibility="branch"), make_post("zhangwei", visibility="branch")
    with in_district(world.huiji):
        Office.objects.create(
            member=world.zhoujie, kind=OfficeKind.MODERATOR, organization=world.huiji_orgs.xincheng
        )
    assert api_of("zhoujie").get(f"posts/{below}/").status_code == 200
    assert api_of("zhoujie").get(f"posts/{beside}/").status_code == 404
    listed = [post["id"] for post in api_of("zhoujie").get("feed/").json()["results"]]
    assert below in listed
    assert beside not in listed


def test_two_districts_with_the_same_ids(world: Any, api_of: Any, make_post: Any) -> None:
    for district in (world.huiji, world.luoyang):
        with in_district(district), connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence('interaction_post', 'id'), 100000)")
    ours, foreign = make_post("liqiang", text="惠济的动态"), make_post("liqiang", text="惠济的第二条")
    theirs = make_post("zhaomin", text="洛阳的动态")
    assert ours == theirs
    zhaomin = api_of("zhaomin")
    assert zhaomin.get(f"posts/{theirs}/").json()["text"] == "洛阳的动态"
    assert [post["text"] for post in zhaomin.get("feed/").json()["results"]] == ["洛阳的动态"]
    for method, path, body in (
        ("get", f"posts/{foreign}/", None),
        ("get", f"posts/{foreign}/comments/", None),
        ("put", f"posts/{foreign}/like/", None),
        ("post", f"posts/{foreign}/comments/", {"text": "看得到吗"}),
        ("post", f"posts/{foreign}/reports/", {"reason": "看得到吗"}),
    ):
        args = [path] if method == "get" else [path, body]
        answer = getattr(zhaomin, method)(*args)
        assert answer.status_code == 404, path
        assert "惠济" not in answer.content.decode()


def test_a_session_of_one_district_is_nobody_in_the_other(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("zhaomin")
    huiji_session = api_of("liqiang")
    huiji_session.client.defaults["HTTP_HOST"] = "luoyang.localhost"
    answer = huiji_session.client.get(f"/api/v1/posts/{pk}/", headers={"host": "luoyang.localhost"})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


def test_gone_posts_say_by_whom_and_why(world: Any, api_of: Any, make_post: Any) -> None:
    from dangjian.interaction import services
    from dangjian.interaction.models import Post

    hidden, deleted = make_post("liqiang"), make_post("liqiang", visibility="branch")
    with in_district(world.huiji):
        services.hide_post(post=_post(hidden), by=world.zhangwei, reason="含有电话号码")
        services.delete_post(post=Post.objects.get(pk=deleted), by=world.liqiang)
    told = api_of("wangfang").get(f"posts/{hidden}/")
    assert told.status_code == 404
    assert told.json()["code"] == "post_hidden"
    assert "张伟" in told.json()["detail"]
    assert "含有电话号码" in told.json()["detail"]
    assert api_of("wangfang").get(f"posts/{deleted}/").json()["code"] == "post_deleted"
    # Who could not have read it learns nothing.
    assert api_of("zhoujie").get(f"posts/{deleted}/").json()["code"] == "not_found"


def _post(pk: int) -> Any:
    from dangjian.interaction.models import Post

    return Post.objects.select_related("author", "branch", "audience").get(pk=pk)


def test_an_account_without_a_member_is_told_so(world: SimpleNamespace) -> None:
    from django.conf import settings
    from django.test import Client

    from dangjian.identity.models import User
    from dangjian.identity.sessions import SessionStore

    with in_district(world.huiji):
        key = SessionStore.for_user(User.objects.create_user("guest", None, name="来客"))
    client = Client(headers={"host": "huiji.localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert client.get("/api/v1/feed/").status_code == 403
    assert client.get("/api/v1/me/").json()["branch"] is None
