"""党员档案: what was so from which day on, and who wrote what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from dangjian.organizations import member_record, services
from dangjian.organizations.models import Member, PostHeld
from tenants.context import in_district
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
NUMBER = "11010519491231002X"


@pytest.fixture
def story(world: SimpleNamespace) -> Member:
    """李强, full since 2013, corrected twice, made a deputy, relieved, and moved."""
    with in_district(world.huiji):
        Member.objects.filter(pk=world.liqiang.pk).update(
            joined_on=date(2012, 9, 3), converted_on=date(2013, 9, 3)
        )
        officer, liqiang = world.zhangwei, Member.objects.get(pk=world.liqiang.pk)

        def correct(reason: str, **given: Any) -> None:
            services.correct_member(actor=officer, member=liqiang, reason=reason, **given)

        correct("毕业证", education="bachelor", phone="13812342671")
        correct("对照证件", id_number=NUMBER, joined_on=None, converted_on=None)
        services.set_post(
            actor=officer, member=liqiang, organization=world.huiji_orgs.grid3, post="deputy_secretary",
            since=date(2026, 3, 1), reason="增补",
        )  # fmt: skip
        services.end_post(actor=officer, held=PostHeld.objects.get(member=liqiang), reason="调动")
        services.move_member(
            actor=officer, member=liqiang, branch=world.huiji_orgs.grid4, since=date(2026, 11, 20), reason="搬家",
            document="惠组〔2026〕30 号",
        )  # fmt: skip
        return Member.objects.select_related("user", "branch").get(pk=liqiang.pk)


def test_facts_stand_by_their_day_and_changes_by_when_they_were_written(
    story: Member, world: SimpleNamespace
) -> None:
    with in_district(world.huiji):
        record = member_record.of(story)
        grid3, grid4 = world.huiji_orgs.grid3, world.huiji_orgs.grid4
    facts = [(fact.day, fact.kind, fact.text) for fact in record.facts if fact.kind != "post_ended"]
    assert facts == [
        (date(2026, 11, 20), "branch", f"转入 {grid4}"),
        (date(2026, 3, 1), "post", f"任 {grid3} 副书记"),
        (None, "branch", f"编入 {grid3}"),
    ]
    moved = next(fact for fact in record.facts if fact.text.startswith("转入"))
    assert (moved.document, moved.reason) == ("惠组〔2026〕30 号", "搬家")
    told = [(change.text, change.reason, change.by) for change in record.changes]
    assert ("更正身份证号", "对照证件", "张伟") in told
    assert [text.partition("：")[0] for text, reason, _by in told if reason == "增补"] == ["任职"]
    (schooling,) = [change for change in record.changes if change.reason == "毕业证"]
    assert schooling.fields[-2:] == (("学历", "", "大学本科"), ("手机号", "", "138****2671"))
    assert NUMBER not in str(record)


def test_who_may_see_it(story: Member, world: SimpleNamespace, client_of: ClientOf, budget: Budget) -> None:
    page, api = f"/members/{story.pk}/record/", f"/api/v1/members/{story.pk}/record/"
    for name, status in (("liqiang", 200), ("zhangwei", 200), ("wangfang", 404), ("zhoujie", 404)):
        client = client_of(name)
        assert client.get(page).status_code == status, name  # 王芳 led the branch he left
        assert client.get(api).status_code == status
    client = client_of("liqiang")
    with budget(11):
        shown = client.get(page).content.decode()
    assert "学历 — → 大学本科" in shown
    assert "13812342671" not in shown
    answer = client.get(api).json()
    assert answer["facts"][0]["day"] >= "2026-11-20"
    assert {"label": "学历", "before": "", "after": "大学本科"} in [
        each for change in answer["changes"] for each in change["fields_changed"]
    ]


def test_somebody_of_whom_nothing_was_ever_changed(world: SimpleNamespace, client_of: ClientOf) -> None:
    with in_district(world.huiji):
        world.liqiang.history.all().delete()
    page = client_of("liqiang").get(f"/members/{world.liqiang.pk}/record/")
    assert "登记以来没有改过" in page.content.decode()
