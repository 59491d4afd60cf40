"""Reports, and hiding with a reason: each with its audit row."""

from __future__ import annotations

from typing import Any

import pytest

from dangjian.api.problems import Problem
from dangjian.audit.models import AuditRow
from dangjian.interaction import access, queries, services
from dangjian.interaction.models import Comment, Post, Report
from tenants.context import in_district


def _post(pk: int) -> Post:
    return Post.objects.select_related("author", "branch", "audience").get(pk=pk)


def test_hiding_and_showing_a_post(world: Any, api_of: Any, make_post: Any, events: Any) -> None:
    pk = make_post("liqiang")
    with in_district(world.huiji):
        for person in (world.wangfang, world.liqiang, world.liuna):
            with pytest.raises(Problem) as refusal:
                services.hide_post(post=_post(pk), by=person, reason="看不惯")
            assert refusal.value.status == 403
        with pytest.raises(Problem) as refusal:
            services.hide_post(post=_post(pk), by=world.zhangwei, reason=" ")
        assert refusal.value.errors[0].pointer == "/reason"
        services.hide_post(post=_post(pk), by=world.zhangwei, reason="含有电话号码")
        with pytest.raises(Problem) as refusal:
            services.hide_post(post=_post(pk), by=world.zhangwei, reason="再来一次")
        assert (refusal.value.status, refusal.value.code) == (404, "post_hidden")
    assert api_of("liqiang").get("feed/").json()["results"] == []
    assert api_of("liqiang").put(f"posts/{pk}/like/").status_code == 404
    told = events(world.huiji)
    assert ("control", "topic.closed", {"topic": f"post:{pk}", "code": "gone"}) in told
    with in_district(world.huiji):
        hidden = access.moderated_post(world.zhangwei, pk)
        services.unhide_post(post=hidden, by=world.zhangwei, reason="已经改好")
        with pytest.raises(Problem) as refusal:
            services.unhide_post(post=hidden, by=world.zhangwei, reason="再来")
        assert refusal.value.status == 409
        rows = AuditRow.objects.order_by("id").values_list("action", "actor_name", "object_id", "reason")
        assert list(rows) == [
            ("post.hide", "张伟", pk, "含有电话号码"),
            ("post.unhide", "张伟", pk, "已经改好"),
        ]
    assert [post["id"] for post in api_of("liqiang").get("feed/").json()["results"]] == [pk]
    assert events(world.huiji)[-1][:2] == ("feed", "post.created")


def test_hiding_and_showing_a_comment(world: Any, api_of: Any, make_post: Any, events: Any) -> None:
    pk = make_post("wangfang")
    made = api_of("liqiang").post(f"posts/{pk}/comments/", {"text": "不好听的"}).json()
    with in_district(world.huiji):
        comment = access.readable_comment(world.zhangwei, pk, made["id"])
        with pytest.raises(Problem):
            services.hide_comment(comment=comment, by=world.wangfang, reason="不好听")
        services.hide_comment(comment=comment, by=world.zhangwei, reason="不文明")
    line = api_of("zhoujie").get(f"posts/{pk}/comments/").json()["results"][0]
    assert (line["text"], line["deleted"]) == ("", True)
    assert line["hidden"] == {"by": "张伟", "reason": "不文明"}
    assert events(world.huiji)[-1] == (f"post:{pk}", "comment.removed", line)
    assert api_of("zhoujie").get(f"posts/{pk}/").json()["comment_count"] == 0
    told = api_of("liqiang").patch(f"posts/{pk}/comments/{made['id']}/", {"text": "改"})
    assert (told.status_code, told.json()["code"]) == (404, "comment_hidden")
    with in_district(world.huiji):
        comment = access.readable_comment(world.zhangwei, pk, made["id"])
        services.unhide_comment(comment=comment, by=world.zhangwei, reason="误会")
    assert api_of("zhoujie").get(f"posts/{pk}/comments/").json()["results"][0]["text"] == "不好听的"
    assert api_of("zhoujie").get(f"posts/{pk}/").json()["comment_count"] == 1


def test_a_hidden_comment_deleted_afterwards_is_counted_once(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    made = api_of("liqiang").post(f"posts/{pk}/comments/", {"text": "一"}).json()
    with in_district(world.huiji):
        comment = Comment.objects.select_related("post__branch", "author").get(pk=made["id"])
        services.hide_comment(comment=comment, by=world.zhangwei, reason="不文明")
        services.delete_comment(comment=comment, by=world.liqiang)
        assert _post(pk).counter.comments == 0


def test_reports_reach_the_moderators_and_are_settled(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("liqiang")
    comment = api_of("zhoujie").post(f"posts/{pk}/comments/", {"text": "一"}).json()["id"]
    first = api_of("wangfang").post(f"posts/{pk}/reports/", {"reason": "是广告"})
    assert first.status_code == 201
    assert api_of("wangfang").post(f"posts/{pk}/reports/", {"reason": "是广告"}).json() == first.json()
    api_of("zhoujie").post(f"posts/{pk}/reports/", {"reason": "广告"})
    api_of("wangfang").post(f"posts/{pk}/reports/", {"reason": "骂人", "comment": comment})
    assert api_of("wangfang").post(f"posts/{pk}/reports/", {"reason": ""}).status_code == 422
    assert api_of("wangfang").post(f"posts/{pk}/reports/", {"reason": "x", "comment": 999}).status_code == 404
    with in_district(world.huiji):
        assert [report.reason for report in queries.open_reports(world.zhangwei)] == [
            "骂人",
            "广告",
            "是广告",
        ]
        assert not queries.open_reports(world.liuna).exists()
        about_comment, about_post, _ = queries.open_reports(world.zhangwei)
        with pytest.raises(Problem):
            services.settle_report(report=about_post, by=world.wangfang, hide=True, reason="是广告")
        services.settle_report(report=about_comment, by=world.zhangwei, hide=False, reason="没有骂人")
        services.settle_report(report=about_post, by=world.zhangwei, hide=True, reason="是广告")
        with pytest.raises(Problem) as refusal:
            services.settle_report(report=about_post, by=world.zhangwei, hide=True, reason="是广告")
        assert refusal.value.status == 409
        assert not queries.open_reports(world.zhangwei).exists()
        outcomes = Report.objects.order_by("id").values_list("outcome", "settled_by__name")
        assert list(outcomes) == [("hidden", "张伟"), ("hidden", "张伟"), ("kept", "张伟")]
        actions = AuditRow.objects.order_by("id").values_list("action", flat=True)
        assert list(actions) == ["report.keep", "post.hide"]
    assert api_of("wangfang").get(f"posts/{pk}/").json()["code"] == "post_hidden"
