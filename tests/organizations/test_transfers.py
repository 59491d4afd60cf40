"""组织关系转接: both legs, the days, who may do what, and that nobody is ever counted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangjian.api.problems import Problem
from dangjian.audit.models import AuditRow
from dangjian.identity.models import User
from dangjian.organizations import services as people
from dangjian.organizations import timeline
from dangjian.organizations.models import (
    Member,
    Membership,
    Office,
    OfficeKind,
    Organization,
    OrganizationKind,
    Post,
    PostHeld,
)
from dangjian.organizations.transfers import access, judgement, queries, services
from dangjian.organizations.transfers.models import Transfer
from dangjian.rules.book import book
from realtime.models import Event
from tenants import lifecycle
from tenants.context import in_district
from tests.contract.test_permissions import undone
from tests.organizations.conftest import Budget
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)

ClientOf = Callable[..., Any]
TODAY = timezone.localdate


def propose(world: SimpleNamespace, **more: Any) -> Transfer:
    given = {
        "actor": world.wangfang, "member": world.liqiang, "receiving": world.huiji_orgs.sunzhuang,
        "reason": "搬到孙庄村居住",
    } | more  # fmt: skip
    return services.propose(**given)


def lead(world: SimpleNamespace, member: Member, organization: Organization) -> None:
    PostHeld.objects.create(member=member, organization=organization, post=Post.SECRETARY)


def refusal(run: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        run()
    problem = caught.value
    return problem.status, problem.errors[0].code if problem.errors else problem.code


@pytest.mark.parametrize(
    ("state", "today", "said"),
    [
        ("proposed", date(2026, 3, 31), "waiting"),
        ("proposed", date(2026, 4, 1), "late"),
        ("proposed", date(2026, 5, 31), "late"),
        ("proposed", date(2026, 6, 1), "lapsed"),
        ("accepted", date(2026, 12, 1), "settled"),
        ("returned", date(2026, 12, 1), "settled"),
    ],
)
def test_the_clock(state: str, today: date, said: str) -> None:
    assert (
        judgement.clock(state, answer_by=date(2026, 3, 31), valid_until=date(2026, 5, 31), today=today)
        == said
    )


def test_deadlines_come_from_the_rules() -> None:
    until = judgement.deadlines(book(), date(2026, 11, 30))
    assert (until.answer_by, until.valid_until) == (date(2026, 12, 30), date(2027, 2, 28))
    assert [rule.confidence for rule in until.rules] == ["local_custom", "to_be_confirmed"]


def test_from_proposal_to_acceptance(inside: SimpleNamespace) -> None:
    orgs = inside.huiji_orgs
    lead(inside, inside.zhoujie, orgs.sunzhuang)
    made = propose(inside, dues_until=date(2026, 11, 20))
    assert (made.number, made.state) == (f"〔{TODAY().year}〕0001", "proposed")
    assert made.dues_until == date(2026, 11, 1)
    inside.liqiang.refresh_from_db()
    assert inside.liqiang.branch == orgs.grid3

    done = services.accept(actor=inside.zhoujie, transfer=made)
    assert (done.state, done.accepted_on) == ("accepted", TODAY())
    inside.liqiang.refresh_from_db()
    assert inside.liqiang.branch == orgs.sunzhuang
    now = Membership.objects.get(member=inside.liqiang, until=None)
    assert (now.branch, now.since, now.document) == (orgs.sunzhuang, TODAY(), made.number)
    assert [(step.act, step.by) for step in made.steps.order_by("at", "id")] == [
        ("propose", inside.wangfang),
        ("accept", inside.zhoujie),
    ]
    written = AuditRow.objects.filter(action__startswith="transfer.", object_id=inside.liqiang.user_id)
    assert list(written.order_by("at", "id").values_list("action", "actor_name")) == [
        ("transfer.propose", "王芳"),
        ("transfer.accept", "周杰"),
    ]
    told = set(
        Event.objects.filter(kind="transfer.changed", data__state="accepted").values_list("topic", flat=True)
    )
    ways = (orgs.root, orgs.xincheng, orgs.grid3, orgs.guxing, orgs.sunzhuang)
    assert told == {f"organization:{each.pk}" for each in ways} | {f"me:{inside.liqiang.user_id}"}
    assert timeline.disagreements() == []


def test_who_may_do_what(inside: SimpleNamespace) -> None:
    orgs = inside.huiji_orgs
    assert refusal(lambda: propose(inside, actor=inside.liqiang)) == (404, "not_found")
    assert refusal(lambda: propose(inside, actor=inside.zhoujie)) == (404, "not_found")
    assert refusal(lambda: propose(inside, actor=inside.wangfang, member=inside.liuna)) == (404, "not_found")
    made = propose(inside)
    # The leaving side may not accept for the other, nor the member for anybody.
    assert refusal(lambda: services.accept(actor=inside.wangfang, transfer=made)) == (403, "forbidden")
    assert refusal(lambda: services.accept(actor=inside.liqiang, transfer=made)) == (403, "forbidden")
    assert refusal(lambda: services.accept(actor=inside.zhoujie, transfer=made)) == (404, "not_found")
    lead(inside, inside.zhoujie, orgs.sunzhuang)
    inside.zhoujie = Member.objects.get(pk=inside.zhoujie.pk)
    assert refusal(lambda: services.withdraw(actor=inside.zhoujie, transfer=made, reason="错了")) == (
        403,
        "forbidden",
    )
    # An officer over one committee alone acts for its branches alone.
    Office.objects.create(member=inside.liuna, kind=OfficeKind.OFFICER, organization=orgs.guxing)
    assert refusal(lambda: services.withdraw(actor=inside.liuna, transfer=made, reason="错了")) == (
        403,
        "forbidden",
    )
    assert services.send_back(actor=inside.liuna, transfer=made, reason="材料不全").state == "returned"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (lambda w: {"receiving": w.huiji_orgs.grid3}, "same"),
        (lambda w: {"receiving": w.huiji_orgs.guxing}, "no_branch"),
        (lambda w: {"reason": " "}, "required"),
        (lambda w: {"reason": "长" * 201}, "too_long"),
        (lambda w: {"on": TODAY() + timedelta(days=1)}, "in_future"),
        (lambda w: {"on": TODAY() - timedelta(days=400)}, "too_early"),
        (lambda w: {"member": w.wangfang}, "holds_posts"),
    ],
)
def test_what_cannot_be_proposed(inside: SimpleNamespace, more: Any, expected: str) -> None:
    assert refusal(lambda: propose(inside, **more(inside))) == (422, expected)
    assert not Transfer.objects.exists()


def test_one_open_transfer_at_a_time_and_again_after_its_end(inside: SimpleNamespace) -> None:
    made = propose(inside)
    assert refusal(lambda: propose(inside)) == (422, "open_already")
    services.withdraw(actor=inside.wangfang, transfer=made, reason="写错了支部")
    assert propose(inside, receiving=inside.huiji_orgs.grid4).serial == 2


def test_acceptance_is_not_before_the_letter_nor_ahead(inside: SimpleNamespace) -> None:
    day = TODAY() - timedelta(days=3)
    made = propose(inside, on=day)
    officer = inside.zhangwei
    for on, code in (
        (day - timedelta(days=1), "before_proposal"),
        (TODAY() + timedelta(days=1), "in_future"),
    ):
        assert refusal(lambda on=on: services.accept(actor=officer, transfer=made, on=on)) == (422, code)
    assert services.accept(actor=officer, transfer=made, on=day).accepted_on == day


def test_who_was_moved_meanwhile_is_not_accepted(inside: SimpleNamespace) -> None:
    made = propose(inside)
    people.move_member(
        actor=inside.zhangwei, member=inside.liqiang, branch=inside.huiji_orgs.grid4, reason="网格调整"
    )
    assert refusal(lambda: services.accept(actor=inside.zhangwei, transfer=made)) == (409, "moved_meanwhile")
    services.withdraw(actor=inside.wangfang, transfer=made, reason="已调整")


def test_a_post_taken_up_meanwhile_is_ended_first(inside: SimpleNamespace) -> None:
    made = propose(inside)
    PostHeld.objects.create(member=inside.liqiang, organization=inside.huiji_orgs.grid3, post=Post.PUBLICITY)
    assert refusal(lambda: services.accept(actor=inside.zhangwei, transfer=made)) == (422, "holds_posts")


def test_who_is_second_is_told_who_was_first(inside: SimpleNamespace) -> None:
    made = propose(inside)
    services.accept(actor=inside.zhangwei, transfer=made)
    with pytest.raises(Problem) as caught:
        services.send_back(actor=inside.zhangwei, transfer=made, reason="名额已满")
    assert caught.value.status == 409
    assert "张伟" in caught.value.detail
    assert "接收" in caught.value.detail


def test_two_at_once_settle_it_once(fresh: Callable[..., dict[str, Any]]) -> None:  # noqa: F811
    district = lifecycle.create_district(
        **fresh("settling"), options={"officer_username": "first", "officer_name": "甲"}
    )
    with in_district(district):
        officer = Member.objects.select_related("user", "branch").get()
        root = Organization.objects.get(depth=1)
        given = {"name": "二支部", "short_name": "二支部", "kind": OrganizationKind.BRANCH}
        second = Organization.objects.add_child(root, given)
        user = User.objects.create_user("goes", None, name="乙")
        member = Member.objects.create(user=user, branch=officer.branch, name="乙", pinyin="yi", initials="y")
        made = services.propose(actor=officer, member=member, receiving=second, reason="调动")
    start, answers = threading.Barrier(3), []

    def settle(run: Callable[..., Any], **more: Any) -> None:
        try:
            start.wait(10)
            with in_district(district):
                run(actor=officer, transfer=made, **more)
            answers.append(200)
        except Problem as problem:
            answers.append(problem.status)
        finally:
            connection.close()

    acts: list[tuple[Any, dict[str, Any]]] = [
        (services.accept, {}),
        (services.send_back, {"reason": "名额已满"}),
        (services.withdraw, {"reason": "不转了"}),
    ]
    threads = [threading.Thread(target=settle, args=(run,), kwargs=more) for run, more in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == [200, 409, 409]
    with in_district(district):
        assert Transfer.objects.get().steps.count() == 2
        assert timeline.disagreements() == []


BRANCHES = ("grid3", "grid4", "sunzhuang", "office")
PEOPLE = ("liqiang", "zhoujie", "liuna")
who, where_to, numbers = st.sampled_from(PEOPLE), st.sampled_from(BRANCHES), st.integers(0, 40)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("propose"), who, where_to, numbers),
        st.tuples(st.sampled_from(("accept", "return", "withdraw")), who, st.just(""), numbers),
        st.tuples(st.just("move"), who, where_to, numbers),
    ),
    max_size=16,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts)
def test_everybody_is_counted_once_on_every_day(world: SimpleNamespace, done: list[tuple[Any, ...]]) -> None:
    """Whatever is proposed, settled and moved, with whatever days: one branch a person a day, as a plain list says."""
    start = TODAY() - timedelta(days=40)
    with in_district(world.huiji), undone():
        where: dict[str, dict[date, str]] = {}
        keys = {getattr(world.huiji_orgs, key).pk: key for key in BRANCHES}
        span = [start + timedelta(days=number) for number in range(41)]
        for name in PEOPLE:
            home = keys[Member.objects.get(user__username=name).branch_id]
            where[name] = dict.fromkeys(span, home)
        for what, name, key, number in done:
            goes_to = key
            member = Member.objects.select_related("user", "branch").get(user__username=name)
            day, officer = start + timedelta(days=number), world.zhangwei
            to = getattr(world.huiji_orgs, key) if key else None
            transfer = Transfer.objects.filter(member=member, state="proposed").first()
            try:
                if what == "propose":
                    services.propose(actor=officer, member=member, receiving=to, reason="调动", on=day)
                    continue
                if what == "move":
                    people.move_member(actor=officer, member=member, branch=to, reason="调整", since=day)
                elif transfer is None:
                    continue
                elif what == "accept":
                    services.accept(actor=officer, transfer=transfer, on=day)
                    goes_to = keys[transfer.receiving_id]
                else:
                    run = services.send_back if what == "return" else services.withdraw
                    run(actor=officer, transfer=transfer, reason="再议")
                    continue
            except Problem:
                continue
            for each in span:
                if each >= day:
                    where[name][each] = goes_to
        everybody = Member.objects.count()
        for day in (span[0], span[13], span[27], span[-1]):
            assert sum(timeline.counts(day).values()) == everybody
            found = Membership.objects.filter(timeline.on(day), member__user__username__in=where)
            assert {
                row.member.user.username: keys[row.branch_id] for row in found.select_related("member__user")
            } == {name: days[day] for name, days in where.items()}
        assert timeline.disagreements() == []


# --- pages and API ---------------------------------------------------------------------------------------------------


@pytest.fixture
def proposed(world: SimpleNamespace) -> Transfer:
    with in_district(world.huiji):
        lead(world, world.zhoujie, world.huiji_orgs.sunzhuang)
        return propose(world)


def test_the_secretary_proposes_on_a_page(client_of: ClientOf, world: SimpleNamespace) -> None:
    client = client_of("wangfang")
    page = client.get("/branch/transfers/new/").content.decode()
    assert "李强" in page
    assert "周杰" not in page
    assert "孙庄村党支部" in page
    given = {
        "member": world.liqiang.pk,
        "receiving": world.huiji_orgs.sunzhuang.pk,
        "on": TODAY(),
        "reason": "调动",
    }
    missing = client.post("/branch/transfers/new/", given | {"receiving": "", "dues_until": "2026-13"})
    assert missing.status_code == 422
    page = missing.content.decode()
    assert "请选择一个支部。" in page
    assert "月份写成 2026-11 这样。" in page
    assert "调动" in page
    made = client.post("/branch/transfers/new/", given | {"dues_until": "2026-11"})
    assert made.status_code == 302
    page = client.get(made["Location"]).content.decode()
    assert "待接收" in page
    assert "孙庄村党支部" in page
    assert "2026 年 11 月" in page


def test_an_officer_finds_the_member_first(client_of: ClientOf, world: SimpleNamespace) -> None:
    client = client_of("zhangwei")
    assert f"?member={world.liqiang.pk}" in client.get("/branch/transfers/new/?q=liq").content.decode()
    page = client.get(f"/branch/transfers/new/?member={world.liqiang.pk}").content.decode()
    assert f'value="{world.liqiang.pk}" selected' in page


def test_the_receiving_side_accepts_on_a_page(client_of: ClientOf, proposed: Transfer) -> None:
    client = client_of("zhoujie")
    page = client.get("/branch/transfers/").content.decode()
    assert "李强" in page
    assert "转入" in page
    address = f"/branch/transfers/{proposed.pk}/"
    assert "从哪天起编入本支部" in client.get(address).content.decode()
    assert client.post(f"{address}return/", {"return-reason": ""}).status_code == 422
    assert client.post(f"{address}accept/", {"accept-on": TODAY()}).status_code == 302
    assert "已接收" in client.get(address).content.decode()
    late = client.post(f"{address}return/", {"return-reason": "名额已满"})
    assert late.status_code == 409
    assert "周杰 已在" in late.content.decode()
    assert "名额已满" in late.content.decode()


def test_the_member_sees_it_and_cannot_act(client_of: ClientOf, proposed: Transfer) -> None:
    client = client_of("liqiang")
    assert f"/branch/transfers/{proposed.pk}/" in client.get("/me/").content.decode()
    page = client.get(f"/branch/transfers/{proposed.pk}/")
    assert "正等 孙庄村党支部 接收" in page.content.decode()
    assert "/withdraw/" not in page.content.decode()
    assert (
        client.post(f"/branch/transfers/{proposed.pk}/withdraw/", {"withdraw-reason": "x"}).status_code == 403
    )
    assert client.get("/branch/transfers/").status_code == 404


def test_the_letter_has_three_parts(client_of: ClientOf, proposed: Transfer) -> None:
    page = client_of("wangfang").get(f"/branch/transfers/{proposed.pk}/letter/").content.decode()
    for words in (
        "存根",
        "中国共产党党员组织关系介绍信",
        "回执联",
        "（演示，无效）",
        proposed.number,
        "有效期",
    ):
        assert words in page


def test_the_letter_names_the_committee_not_the_general_branch(
    client_of: ClientOf, world: SimpleNamespace, proposed: Transfer
) -> None:
    with in_district(world.huiji):
        above = proposed.leaving.path_prefixes()[:-1]
        Organization.objects.filter(path=above[-1]).update(kind="general_branch", name="金河社区党总支")
        Organization.objects.filter(path=above[-2]).update(kind="committee", name="新城街道党工委")
    page = client_of("wangfang").get(f"/branch/transfers/{proposed.pk}/letter/").content.decode()
    assert "原所在基层党委：新城街道党工委<" in page


def test_the_officer_filters(client_of: ClientOf, world: SimpleNamespace, proposed: Transfer) -> None:
    with in_district(world.huiji):
        Transfer.objects.update(answer_by=TODAY() - timedelta(days=1))
    client, grid4 = client_of("zhangwei"), world.huiji_orgs.grid4.pk
    guxing = world.huiji_orgs.guxing.pk
    expected = {
        "": True,
        "?show=late": True,
        "?show=accepted": False,
        "?q=lq": True,
        "?q=wf": False,
        f"?organization={grid4}": False,
        f"?organization={guxing}&way=in": True,
        f"?organization={guxing}&way=out": False,
    }
    for query, found in expected.items():
        assert ("李强" in client.get(f"/officer/transfers/{query}").content.decode()) is found, query
    assert "超期未答复" in client.get("/officer/transfers/").content.decode()


def test_lists_cost_the_same_however_many_there_are(
    client_of: ClientOf, world: SimpleNamespace, budget: Budget
) -> None:
    with in_district(world.huiji):
        for number in range(40):
            user = User.objects.create(username=f"t{number}", name=f"甲{number}")
            member = Member.objects.create(
                user=user, branch=world.huiji_orgs.grid3, name=f"甲{number}", pinyin="jia", initials="j"
            )
            propose(world, member=member)
    client = client_of("zhangwei")
    with budget(11):  # session, member, standing and the bell among them
        assert client.get("/officer/transfers/").status_code == 200
    with budget(10):
        assert len(client.get("/api/v1/transfers/").json()["results"]) > 10
    with in_district(world.huiji), budget(2):
        assert queries.counts(queries.listed(world.zhangwei), TODAY())["open"] == 40


def test_by_api(client_of: ClientOf, world: SimpleNamespace, proposed: Transfer) -> None:
    client = client_of("zhoujie")
    shown = client.get(f"/api/v1/transfers/{proposed.pk}/").json()
    assert (shown["state"], shown["clock"], shown["member"]["name"]) == ("proposed", "waiting", "李强")
    assert (
        client.post(
            f"/api/v1/transfers/{proposed.pk}/withdraw/", {"reason": "x"}, "application/json"
        ).status_code
        == 403
    )
    done = client.post(f"/api/v1/transfers/{proposed.pk}/accept/", {}, "application/json").json()
    assert (done["state"], [step["act"] for step in done["steps"]]) == ("accepted", ["propose", "accept"])
    again = client.post(f"/api/v1/transfers/{proposed.pk}/accept/", {}, "application/json")
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (
        409,
        "settled_already",
        "accepted",
    )
    mine = client_of("wangfang")
    names = [branch["name"] for branch in mine.get("/api/v1/transfers/receivers/").json()]
    assert "孙庄村党支部" in names
    assert "古荥镇党委" not in names
    given = {"member": world.wangfang.pk, "receiving": world.huiji_orgs.grid4.pk, "reason": "调动"}
    refused = mine.post("/api/v1/transfers/", given, "application/json")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/member")


def test_the_sibling_district_has_its_own(
    client_of: ClientOf, world: SimpleNamespace, proposed: Transfer
) -> None:
    assert client_of("sunli").get(f"/branch/transfers/{proposed.pk}/").status_code == 404
    with in_district(world.luoyang):
        assert not Transfer.objects.exists()
        assert not access.visible(world.sunli).exists()
