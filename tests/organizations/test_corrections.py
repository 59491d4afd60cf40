"""A member asks to have the own particulars corrected; the secretary settles it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from dangjian.api.problems import Problem
from dangjian.audit.models import AuditRow
from dangjian.organizations import member_record
from dangjian.organizations import services as people
from dangjian.organizations.corrections import services
from dangjian.organizations.corrections.models import Correction
from dangjian.organizations.models import Member
from realtime.models import Event
from tenants.context import in_district
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
OWN = "/me/corrections/"


def fresh(member: Member) -> Member:
    return Member.objects.select_related("user", "branch").get(pk=member.pk)


def ask(member: Member, field: str = "education", wanted: str = "bachelor") -> Correction:
    return services.ask(member=fresh(member), field=field, wanted=wanted, reason="毕业证在手")


def test_accepted_it_stands_in_the_register_with_who_and_why(inside: SimpleNamespace) -> None:
    asked = ask(inside.liqiang)
    services.accept(actor=fresh(inside.wangfang), correction=asked)
    member = fresh(inside.liqiang)
    assert member.education == "bachelor"
    row = member.history.latest()
    assert (row.history_user, row.history_change_reason) == (inside.wangfang.user, "毕业证在手")
    assert set(AuditRow.objects.values_list("action", flat=True)) >= {
        "correction.ask", "member.correct", "correction.accepted",
    }  # fmt: skip
    mine = Event.objects.filter(kind=services.EVENT, topic=f"me:{inside.liqiang.user_id}")
    assert [event.data["state"] for event in mine.order_by("id")] == ["open", "accepted"]


def test_of_a_member_loaded_without_history_it_is_told_with_before_and_after(inside: SimpleNamespace) -> None:
    Member.objects.filter(pk=inside.liqiang.pk).update(education="college", nationality="汉族")
    inside.liqiang.history.all().delete()
    for field, wanted in (("education", "bachelor"), ("nationality", "回族")):
        services.accept(actor=fresh(inside.wangfang), correction=ask(inside.liqiang, field, wanted))
    changes = member_record.of(fresh(inside.liqiang)).changes
    told = [change for change in changes if change.fields]
    assert [change.fields for change in told] == [
        (("民族", "汉族", "回族"),), (("学历", "大学专科", "大学本科"),),
    ]  # fmt: skip
    assert {(change.by, change.reason) for change in told} == {("王芳", "毕业证在手")}
    assert [change.text for change in changes].count("进入名册") == 1


@pytest.mark.parametrize(
    ("field", "wanted", "code"),
    [
        ("education", "", "required"),
        ("education", "博士后", "unknown"),
        ("born_on", "1984-02-31", "no_date"),
        ("born_on", "2999-01-01", "in_future"),
        ("phone", "1381234", "phone"),
        ("nationality", "研究生", "unknown_word"),
        ("name", "李\u200b强", "unprintable"),
        ("name", "李强", "same"),
        ("id_number", "11010519491231002X", "unknown"),
        ("status", "full", "unknown"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_asked(
    inside: SimpleNamespace, field: str, wanted: str, code: str
) -> None:
    with pytest.raises(Problem) as refused:
        ask(inside.liqiang, field, wanted)
    assert refused.value.errors[0].code == code
    assert not Correction.objects.exists()


def test_one_open_request_a_field_and_a_new_one_after_it(inside: SimpleNamespace) -> None:
    first = ask(inside.liqiang)
    with pytest.raises(Problem) as refused:
        ask(inside.liqiang, wanted="master")
    assert refused.value.errors[0].code == "open_already"
    ask(inside.liqiang, "nationality", "回")
    services.withdraw(member=fresh(inside.liqiang), correction=first)
    ask(inside.liqiang, wanted="master")
    with pytest.raises(Problem) as late:
        services.accept(actor=fresh(inside.wangfang), correction=first)
    assert late.value.status == 409


def test_who_settles_what(inside: SimpleNamespace) -> None:
    hers, name = ask(inside.wangfang), ask(inside.liqiang, "name", "李刚强")

    def status(actor: Member, correction: Correction) -> int:
        with pytest.raises(Problem) as refused:
            services.accept(actor=fresh(actor), correction=correction)
        return refused.value.status

    assert status(inside.wangfang, hers) == 403  # nobody settles the own
    assert status(inside.wangfang, name) == 403  # names are the officer's
    assert status(inside.liqiang, hers) == 404
    assert status(inside.zhoujie, name) == 404
    services.accept(actor=fresh(inside.zhangwei), correction=name)
    services.accept(actor=fresh(inside.zhangwei), correction=hers)
    assert fresh(inside.liqiang).name == fresh(inside.liqiang).user.name == "李刚强"


def test_a_register_that_changed_meanwhile_is_not_overwritten(inside: SimpleNamespace) -> None:
    asked = ask(inside.liqiang)
    people.correct_member(
        actor=fresh(inside.zhangwei), member=fresh(inside.liqiang), education="master", reason="档案"
    )
    with pytest.raises(Problem) as refused:
        services.accept(actor=fresh(inside.wangfang), correction=asked)
    assert refused.value.code == "changed_meanwhile"
    assert "硕士" in refused.value.detail
    assert fresh(inside.liqiang).education == "master"


def test_after_a_move_the_new_branch_settles(inside: SimpleNamespace) -> None:
    asked = ask(inside.liqiang)
    people.move_member(
        actor=fresh(inside.zhangwei), member=fresh(inside.liqiang), branch=inside.huiji_orgs.sunzhuang,
        since=date(2026, 11, 20), reason="搬家",
    )  # fmt: skip
    assert not services.settleable(fresh(inside.wangfang)).exists()
    with pytest.raises(Problem) as refused:
        services.decline(actor=fresh(inside.wangfang), correction=asked, reason="不在了")
    assert refused.value.status == 404
    services.decline(actor=fresh(inside.zhangwei), correction=asked, reason="请到新支部提")


def test_through_the_pages(client_of: ClientOf, world: SimpleNamespace, budget: Budget) -> None:
    member, secretary = client_of("liqiang"), client_of("wangfang")
    wrong = member.post(OWN, {"field": "phone", "wanted": "1381234", "reason": "换号"})
    assert wrong.status_code == 422
    page = wrong.content.decode()
    assert 'value="1381234"' in page
    assert "手机号应该是 11 位数字" in page
    member.post(OWN, {"field": "phone", "wanted": "13812342671", "reason": "换号"})
    assert "138****2671" in member.get(OWN).content.decode()

    assert '<span class="dj-badge">1</span>' in secretary.get("/branch/").content.decode()
    with budget(7):
        listed = secretary.get("/branch/corrections/").content.decode()
    assert "138****2671" in listed
    assert "13812342671" not in listed
    with in_district(world.huiji):
        asked = Correction.objects.get()
    settle = f"/branch/corrections/{asked.pk}/"
    assert "请写明原因" in secretary.post(f"{settle}decline/", {"reason": ""}, follow=True).content.decode()
    assert client_of("zhoujie").post(f"{settle}accept/").status_code == 404
    assert member.post(f"{settle}accept/").status_code == 404
    assert "已经更正" in secretary.post(f"{settle}accept/", follow=True).content.decode()
    with in_district(world.huiji):
        assert fresh(world.liqiang).phone == "13812342671"
    assert "已更正" in member.get(OWN).content.decode()
    record = member.get(f"/members/{world.liqiang.pk}/record/").content.decode()
    assert "同意更正申请" in record


def test_through_the_api(client_of: ClientOf, world: SimpleNamespace) -> None:
    member, secretary = client_of("liqiang"), client_of("wangfang")

    def post(client: Any, path: str, **body: Any) -> Any:
        return client.post(f"/api/v1/corrections/{path}", body, content_type="application/json")

    made = post(member, "", field="education", wanted="bachelor", reason="毕业证")
    assert made.status_code == 201
    pk = made.json()["id"]
    assert secretary.get("/api/v1/corrections/").json()["results"][0]["wanted"] == "大学本科"
    assert client_of("zhoujie").get("/api/v1/corrections/").json()["results"] == []
    declined = post(secretary, f"{pk}/decline/", reason="证书没看到")
    assert declined.json()["state"] == "declined"
    again = post(secretary, f"{pk}/accept/")
    assert (again.status_code, again.json()["code"]) == (409, "settled_already")
