"""Likes are idempotent by nature, and their count is exact."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from dangjian.interaction import services
from dangjian.interaction.models import Like, Post, PostCounter
from dangjian.organizations.models import Member
from tenants.context import in_district


def test_like_and_unlike_twice(api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    api = api_of("liqiang")
    assert api.put(f"posts/{pk}/like/").json() == {"liked": True, "like_count": 1}
    assert api.put(f"posts/{pk}/like/").json() == {"liked": True, "like_count": 1}
    assert api_of("zhoujie").put(f"posts/{pk}/like/").json() == {"liked": True, "like_count": 2}
    assert api.get(f"posts/{pk}/").json()["liked"] is True
    assert api_of("wangfang").get(f"posts/{pk}/").json()["liked"] is False
    assert api.delete(f"posts/{pk}/like/").json() == {"liked": False, "like_count": 1}
    assert api.delete(f"posts/{pk}/like/").json() == {"liked": False, "like_count": 1}


def test_sixteen_people_change_their_minds(committed: Any) -> None:
    world = committed
    with in_district(world.huiji):
        post = services.create_post(
            author=world.wangfang, kind="snapshot", text="一起来", visibility="district"
        )
    people = [world.wangfang, world.liqiang, world.zhoujie, world.zhangwei]
    start = threading.Barrier(16)

    def restless(number: int) -> None:
        try:
            with in_district(world.huiji):
                member = Member.objects.get(pk=people[number % 4].pk)
                mine = Post.objects.select_related("author").get(pk=post.pk)
                start.wait(30)
                for turn in range(12):
                    (services.like if (turn + number) % 3 else services.unlike)(post=mine, member=member)
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(restless, range(16)))
    with in_district(world.huiji):
        assert PostCounter.objects.get(post=post).likes == Like.objects.filter(post=post).count()


def test_comments_and_deletions_at_once_leave_exact_counts(committed: Any) -> None:
    world = committed
    with in_district(world.huiji):
        post = services.create_post(
            author=world.wangfang, kind="snapshot", text="一起来", visibility="district"
        )
    start = threading.Barrier(8)

    def talk(number: int) -> None:
        try:
            with in_district(world.huiji):
                mine = Post.objects.select_related("author", "branch").get(pk=post.pk)
                start.wait(30)
                for turn in range(5):
                    comment = services.add_comment(post=mine, author=world.liqiang, text=f"{number}-{turn}")
                    if turn % 2:
                        services.delete_comment(comment=comment, by=world.liqiang)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(talk, range(8)))
    with in_district(world.huiji):
        counter = PostCounter.objects.get(post=post)
        assert counter.comments == post.comments.filter(deleted_at=None).count() == 24
        assert counter.talk_version == 8 * (5 + 2)
