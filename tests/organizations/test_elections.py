"""任期与换届: recording, submitting, approving; what changes hands on one day; who is told when a term runs out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from dangjian.api.problems import Problem
from dangjian.audit.models import AuditRow
from dangjian.identity.models import User
from dangjian.organizations import services as people
from dangjian.organizations import tasks, timeline
from dangjian.organizations.elections import queries, services
from dangjian.organizations.elections.models import Election, ElectionCandidate
from dangjian.organizations.elections.services import Minutes, Stood
from dangjian.organizations.models import (
    Member,
    MemberStatus,
    Office,
    OfficeKind,
    Organization,
    Post,
    PostHeld,
)
from dangjian.rules.book import book
from dangjian.rules.months import add_years
from realtime.models import Event
from tenants import lifecycle
from tenants.context import in_district
from tests.organizations.conftest import Budget
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)

ClientOf = Callable[..., Any]
TODAY = timezone.localdate


def comrades(branch: Organization, number: int) -> list[Member]:
    made = []
    for each in range(number):
        user = User.objects.create(username=f"e{branch.pk}x{each}", name=f"党员{each}")
        made.append(
            Member.objects.create(user=user, branch=branch, name=f"党员{each}", pinyin="d", initials="d")
        )
    return made


@pytest.fixture
def branch(inside: SimpleNamespace) -> SimpleNamespace:
    """The third grid's branch with ten full members, led by 王芳; 李强 and two others are to be elected."""
    inside.more = comrades(inside.huiji_orgs.grid3, 8)
    return inside


def minutes(world: SimpleNamespace, **more: Any) -> Minutes:
    """Lawful ones: ten eligible, nine present, four for three seats."""
    given: dict[str, Any] = {
        "held_on": TODAY() - timedelta(days=5), "document": "金三支〔2026〕3号", "committee": True, "seats": 3,
        "eligible": 10, "present": 9, "issued": 9, "returned": 9, "valid": 9, "invalid": 0,
        "candidates": (
            Stood(world.liqiang.pk, 9, Post.SECRETARY),
            Stood(world.more[0].pk, 8, Post.ORGANIZATION),
            Stood(world.more[1].pk, 6, Post.PUBLICITY),
            Stood(world.more[2].pk, 3),
        ),
    }  # fmt: skip
    return Minutes(**given | more)


def record(world: SimpleNamespace, **more: Any) -> Election:
    return services.record(
        actor=world.wangfang, organization=world.huiji_orgs.grid3, minutes=minutes(world, **more)
    )


def submitted(world: SimpleNamespace, **more: Any) -> Election:
    return services.submit(actor=world.wangfang, election=record(world, **more))


def refusal(run: Callable[[], Any]) -> tuple[int, list[str]]:
    with pytest.raises(Problem) as caught:
        run()
    problem = caught.value
    return problem.status, [each.code for each in problem.errors] or [problem.code]


def past(world: SimpleNamespace, held_on: date, organization: Organization | None = None) -> Election:
    """An approved election of long ago, as the register has it."""
    return Election.objects.create(
        organization=organization or world.huiji_orgs.grid3, state="approved", held_on=held_on,
        document="旧", committee=True, seats=3, eligible=10, present=10, issued=10, returned=10, valid=10,
        invalid=0, approved_on=held_on,
    )  # fmt: skip


def posts(organization: Organization) -> dict[str, str]:
    return dict(PostHeld.objects.filter(organization=organization).values_list("post", "member__name"))


def test_from_the_minutes_to_the_new_committee(branch: SimpleNamespace) -> None:
    grid3 = branch.huiji_orgs.grid3
    made = submitted(branch)
    assert made.state == "submitted"
    assert posts(grid3) == {"secretary": "王芳"}

    done = services.approve(actor=branch.zhangwei, election=made, document="新街组〔2026〕9号")
    assert (done.state, done.approved_on, done.approval_document) == (
        "approved",
        TODAY(),
        "新街组〔2026〕9号",
    )
    assert posts(grid3) == {"secretary": "李强", "organization": "党员0", "publicity": "党员1"}
    old = PostHeld.ever.get(member=branch.wangfang)
    assert old.until == TODAY()
    # On no day two secretaries, on no day none.
    day = TODAY()
    for each, name in ((day - timedelta(days=1), "王芳"), (day, "李强")):
        held = timeline.posts(each).filter(organization=grid3, post=Post.SECRETARY)
        assert list(held.values_list("member__name", flat=True)) == [name]

    assert old.history.latest().history_change_reason.endswith("换届选举，金三支〔2026〕3号")
    assert old.history.latest().history_user_id == branch.zhangwei.user_id
    acts = AuditRow.objects.filter(object_kind="organization", object_id=grid3.pk).order_by("at", "id")
    assert list(acts.values_list("action", "actor_name")) == [
        ("election.record", "王芳"), ("election.submit", "王芳"), ("election.approve", "张伟"),
    ]  # fmt: skip
    on_people = AuditRow.objects.filter(action__startswith="post.").values_list("action", "object_name")
    assert sorted(on_people) == [
        ("post.end", "王芳"), ("post.set", "党员0"), ("post.set", "党员1"), ("post.set", "李强"),
    ]  # fmt: skip
    told = set(
        Event.objects.filter(kind="election.changed", data__state="approved").values_list("topic", flat=True)
    )
    orgs = branch.huiji_orgs
    assert told == {f"organization:{each.pk}" for each in (orgs.root, orgs.xincheng, grid3)} | {
        f"me:{each.user_id}" for each in (branch.wangfang, branch.liqiang, *branch.more[:2])
    }
    assert timeline.disagreements() == []


def test_who_is_elected_again_begins_anew(branch: SimpleNamespace) -> None:
    stood = (Stood(branch.wangfang.pk, 9, Post.SECRETARY), *minutes(branch).candidates[1:])
    made = submitted(branch, candidates=stood)
    services.approve(actor=branch.zhangwei, election=made, on=TODAY() - timedelta(days=2))
    rows = PostHeld.ever.filter(member=branch.wangfang).order_by("id")
    assert [(row.since, row.until) for row in rows] == [
        (None, TODAY() - timedelta(days=2)),
        (TODAY() - timedelta(days=2), None),
    ]


def test_who_may_do_what(branch: SimpleNamespace) -> None:
    orgs, given = branch.huiji_orgs, minutes(branch)
    for actor, status in ((branch.liqiang, 404), (branch.zhoujie, 404)):
        run = lambda actor=actor: services.record(actor=actor, organization=orgs.grid3, minutes=given)  # noqa: E731
        assert refusal(run)[0] == status
    made = record(branch)
    assert refusal(lambda: services.submit(actor=branch.zhoujie, election=made)) == (404, ["not_found"])
    services.submit(actor=branch.wangfang, election=made)
    # The branch does not approve its own election, and a committee's secretary is no officer of it.
    assert refusal(lambda: services.approve(actor=branch.wangfang, election=made)) == (403, ["forbidden"])
    PostHeld.objects.create(member=branch.liuna, organization=orgs.guxing, post=Post.SECRETARY)
    assert refusal(lambda: services.approve(actor=branch.liuna, election=made)) == (404, ["not_found"])
    PostHeld.objects.create(member=branch.liuna, organization=orgs.xincheng, post=Post.SECRETARY)
    liuna = Member.objects.get(pk=branch.liuna.pk)
    assert refusal(lambda: services.submit(actor=liuna, election=made)) == (403, ["forbidden"])
    assert services.approve(actor=liuna, election=made).state == "approved"


def test_an_officer_of_a_committee_answers_below_it_alone(branch: SimpleNamespace) -> None:
    made = submitted(branch)
    Office.objects.create(
        member=branch.zhoujie, kind=OfficeKind.OFFICER, organization=branch.huiji_orgs.xincheng
    )
    zhoujie = Member.objects.get(pk=branch.zhoujie.pk)
    assert [row.node.name for row in rows_of(zhoujie)] == [
        "新城街道党工委",
        "金河社区第三网格党支部",
        "金河社区第四网格党支部",
    ]
    assert services.send_back(actor=zhoujie, election=made, reason="缺会议记录").state == "returned"


def rows_of(reader: Member, day: date | None = None) -> list[queries.Row]:
    return queries.rows(reader, day=day or TODAY(), book=book())


def test_returned_corrected_and_submitted_again(branch: SimpleNamespace) -> None:
    made = submitted(branch)
    again = minutes(branch, document="金三支〔2026〕4号")
    assert refusal(
        lambda: services.revise(actor=branch.wangfang, election=made, minutes=again, version=made.version)
    ) == (409, ["not_the_moment"])
    back = services.send_back(actor=branch.zhangwei, election=made, reason="文号不对")
    told = Event.objects.filter(kind="election.changed", data__state="returned").values_list(
        "topic", flat=True
    )
    assert f"me:{branch.wangfang.user_id}" in told
    fixed = services.revise(actor=branch.wangfang, election=made, minutes=again, version=back.version)
    assert (fixed.state, fixed.document) == ("recorded", "金三支〔2026〕4号")
    services.submit(actor=branch.wangfang, election=made)
    services.approve(actor=branch.zhangwei, election=made)
    assert list(made.steps.order_by("at", "id").values_list("act", flat=True)) == [
        "record", "submit", "return", "revise", "submit", "approve",
    ]  # fmt: skip


def test_who_corrects_an_old_version_is_told(branch: SimpleNamespace) -> None:
    made = record(branch)
    run = lambda: services.revise(  # noqa: E731
        actor=branch.zhangwei, election=made, minutes=minutes(branch, seats=4), version=1
    )
    run()
    assert refusal(run) == (409, ["changed_meanwhile"])


def test_a_record_is_set_aside_and_another_begun(branch: SimpleNamespace) -> None:
    made = record(branch)
    assert refusal(lambda: record(branch)) == (422, ["open_already"])
    assert refusal(lambda: services.discard(actor=branch.wangfang, election=made, reason=" "))[0] == 422
    services.discard(actor=branch.wangfang, election=made, reason="重新选举")
    assert record(branch).pk != made.pk
    assert refusal(lambda: services.submit(actor=branch.wangfang, election=made)) == (409, ["not_the_moment"])


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        (lambda w: {"held_on": TODAY() + timedelta(days=1)}, ["in_future"]),
        (lambda w: {"document": " "}, ["required"]),
        (lambda w: {"candidates": ()}, ["required"]),
        (lambda w: {"candidates": (Stood(w.zhoujie.pk, 9),)}, ["elsewhere"]),
        (lambda w: {"candidates": (Stood(w.liqiang.pk, 9), Stood(w.liqiang.pk, 3))}, ["twice"]),
        (lambda w: {"candidates": (Stood(w.liqiang.pk, 9, "king"),)}, ["unknown"]),
        (
            lambda w: {
                "candidates": (Stood(w.liqiang.pk, 9, Post.SECRETARY), Stood(w.more[0].pk, 8, Post.SECRETARY))
            },
            ["two_secretaries"],
        ),
        (lambda w: {"shift_by": w.huiji_orgs.guxing.pk}, ["not_above", "required", "required"]),
        (lambda w: {"shift_document": "组〔2026〕1号"}, ["not_above", "required"]),
    ],
)
def test_what_cannot_be_recorded(branch: SimpleNamespace, more: Any, codes: list[str]) -> None:
    assert refusal(lambda: record(branch, **more(branch))) == (422, codes)
    assert not Election.objects.exists()


def test_what_the_rules_object_to_is_kept_and_not_submitted(branch: SimpleNamespace) -> None:
    """A probationary member counted among those with a vote and put up for election, too few present, no margin."""
    more = branch.more
    Member.objects.filter(pk=more[1].pk).update(status=MemberStatus.PROBATIONARY)
    made = record(branch, present=7, issued=7, returned=7, valid=7, candidates=(
        Stood(branch.liqiang.pk, 7, Post.SECRETARY), Stood(more[0].pk, 3, Post.ORGANIZATION),
        Stood(more[1].pk, 6, Post.PUBLICITY),
    ))  # fmt: skip
    with pytest.raises(Problem) as caught:
        services.submit(actor=branch.wangfang, election=made)
    errors = caught.value.errors
    assert [(each.pointer, each.code) for each in errors] == [
        ("/eligible", "eligible_above_register"), ("/present", "quorum_short"), ("/candidates", "margin_short"),
        ("/candidates", "candidate_without_vote"), ("/candidates", "majority_short"),
    ]  # fmt: skip
    assert all("条" in each.detail for each in errors)
    assert "党员1" in errors[3].detail


def test_converted_later_is_probationary_on_the_day(branch: SimpleNamespace) -> None:
    Member.objects.filter(pk=branch.liqiang.pk).update(
        joined_on=TODAY() - timedelta(days=400), converted_on=TODAY() - timedelta(days=4)
    )
    codes = [each.code for each in services.objections(record(branch))]
    assert codes == ["eligible_above_register", "candidate_without_vote"]


@pytest.mark.parametrize(
    ("years_ago", "code"), [(5, None), (4.2, "election_early"), (5.5, "election_late"), (9, "election_late")]
)
def test_early_and_late_need_an_approval(branch: SimpleNamespace, years_ago: float, code: str | None) -> None:
    past(branch, TODAY() - timedelta(days=round(years_ago * 365.25)))
    made = record(branch)
    if code is None:
        assert services.submit(actor=branch.wangfang, election=made).state == "submitted"
        return
    assert refusal(lambda: services.submit(actor=branch.wangfang, election=made)) == (422, [code])
    named = minutes(
        branch,
        shift_by=branch.huiji_orgs.xincheng.pk,
        shift_document="组〔2026〕7号",
        shift_reason="网格调整",
    )
    made = services.revise(actor=branch.wangfang, election=made, minutes=named, version=made.version)
    remarks = [each.code for each in services.objections(made)]
    assert remarks == (["beyond_shift"] if years_ago == 9 else [])
    assert services.submit(actor=branch.wangfang, election=made).state == "submitted"


def test_not_before_the_last_election(branch: SimpleNamespace) -> None:
    past(branch, TODAY() - timedelta(days=5))
    assert refusal(lambda: record(branch)) == (422, ["before_last"])


def test_days_of_the_approval(branch: SimpleNamespace) -> None:
    made, officer = submitted(branch), branch.zhangwei
    for on, code in (
        (TODAY() + timedelta(days=1), "in_future"),
        (TODAY() - timedelta(days=6), "before_election"),
    ):
        assert refusal(lambda on=on: services.approve(actor=officer, election=made, on=on)) == (422, [code])
    # Somebody was appointed after the day that is named.
    people.set_post(
        actor=officer, member=branch.more[4], organization=branch.huiji_orgs.grid3, post=Post.PUBLICITY,
        since=TODAY(), reason="补充",
    )  # fmt: skip
    early = TODAY() - timedelta(days=1)
    assert refusal(lambda: services.approve(actor=officer, election=made, on=early)) == (
        422,
        ["before_it_began"],
    )
    assert posts(branch.huiji_orgs.grid3) == {"secretary": "王芳", "publicity": "党员4"}
    services.approve(actor=officer, election=made)
    assert posts(branch.huiji_orgs.grid3)["publicity"] == "党员1"


def test_who_moved_away_meanwhile_does_not_take_up_the_post(branch: SimpleNamespace) -> None:
    made = submitted(branch)
    people.move_member(
        actor=branch.zhangwei, member=branch.liqiang, branch=branch.huiji_orgs.grid4, reason="网格调整"
    )
    assert refusal(lambda: services.approve(actor=branch.zhangwei, election=made)) == (
        409,
        ["moved_meanwhile"],
    )
    assert posts(branch.huiji_orgs.grid3) == {"secretary": "王芳"}


def test_a_branch_without_a_committee(inside: SimpleNamespace) -> None:
    inside.more = comrades(inside.huiji_orgs.grid3, 3)
    made = submitted(
        inside, committee=False, seats=1, eligible=5, present=4, issued=4, returned=4, valid=4,
        candidates=(Stood(inside.wangfang.pk, 4, Post.SECRETARY),),
    )  # fmt: skip
    services.approve(actor=inside.zhangwei, election=made)
    assert posts(inside.huiji_orgs.grid3) == {"secretary": "王芳"}


def test_a_committee_is_elected_by_its_members(branch: SimpleNamespace) -> None:
    """Delegates may elect it, so how many are eligible is not measured by the register."""
    xincheng = branch.huiji_orgs.xincheng
    made = services.record(
        actor=branch.zhangwei, organization=xincheng, minutes=minutes(branch, eligible=60, present=50)
    )
    assert [each.code for each in services.objections(made)] == ["majority_short"] * 3
    assert refusal(
        lambda: services.record(
            actor=branch.zhangwei, organization=branch.huiji_orgs.root, minutes=minutes(branch)
        )
    ) == (422, ["no_term"])


def test_two_superiors_at_once_settle_it_once(fresh: Callable[..., dict[str, Any]]) -> None:  # noqa: F811
    district = lifecycle.create_district(
        **fresh("electing"), options={"officer_username": "first", "officer_name": "甲"}
    )
    with in_district(district):
        officer = Member.objects.select_related("user", "branch").get()
        world = SimpleNamespace(liqiang=officer, wangfang=officer, more=comrades(officer.branch, 9))
        world.huiji_orgs = SimpleNamespace(grid3=officer.branch)
        made = submitted(world)
    start, answers = threading.Barrier(2), []

    def settle(run: Callable[..., Any], **more: Any) -> None:
        try:
            start.wait(10)
            with in_district(district):
                run(actor=officer, election=made, **more)
            answers.append(200)
        except Problem as problem:
            answers.append(problem.status)
        finally:
            connection.close()

    acts: list[tuple[Any, dict[str, Any]]] = [
        (services.approve, {}),
        (services.send_back, {"reason": "材料不全"}),
    ]
    threads = [threading.Thread(target=settle, args=(run,), kwargs=more) for run, more in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == [200, 409]
    with in_district(district):
        assert Election.objects.get().steps.count() == 3


# --- terms -----------------------------------------------------------------------------------------------------------


def test_terms_as_of_any_day(inside: SimpleNamespace) -> None:
    """A community branch elected five years and a month ago: running, to be reminded of, overdue, by the day asked."""
    grid3 = inside.huiji_orgs.grid3
    first = add_years(TODAY(), -5) - timedelta(days=31)
    past(inside, first)

    def state(day: date) -> str:
        return next(row.term.state for row in rows_of(inside.zhangwei, day) if row.node.id == grid3.pk)

    assert state(TODAY()) == "overdue"
    assert state(add_years(first, 5)) == "remind"
    assert state(first) == "running"
    assert state(first - timedelta(days=1)) == "unknown"
    past(inside, TODAY() - timedelta(days=2))
    assert state(TODAY()) == "running"
    assert state(TODAY() - timedelta(days=3)) == "overdue"
    assert inside.huiji_orgs.root.pk not in {row.node.id for row in rows_of(inside.zhangwei)}
    assert [row.node.id for row in rows_of(inside.wangfang)] == [grid3.pk]


def test_the_most_pressing_comes_first(inside: SimpleNamespace) -> None:
    orgs = inside.huiji_orgs
    for organization, years in ((orgs.grid3, 5.2), (orgs.grid4, 7), (orgs.sunzhuang, 4.8), (orgs.office, 1)):
        past(inside, TODAY() - timedelta(days=round(years * 365.25)), organization)
    found = [(row.term.state, row.node.id) for row in rows_of(inside.zhangwei)]
    assert found[:5] == [
        ("beyond_extension", orgs.grid4.pk), ("overdue", orgs.grid3.pk), ("remind", orgs.sunzhuang.pk),
        ("running", orgs.office.pk), ("unknown", orgs.xincheng.pk),
    ]  # fmt: skip


def reminded(district: Any) -> dict[str, int]:
    with in_district(district):
        events = Event.objects.filter(kind="term.due").values_list("topic", flat=True)
        return {topic: list(events).count(topic) for topic in events}


def test_both_sides_are_reminded_once_in_each_district(world: SimpleNamespace) -> None:
    in_time, due = TODAY() - timedelta(days=400), add_years(TODAY(), -5) + timedelta(days=90)
    for district, orgs in ((world.huiji, world.huiji_orgs), (world.luoyang, world.luoyang_orgs)):
        with in_district(district):
            leader = world.wangfang if district == world.huiji else world.zhaomin
            PostHeld.objects.get_or_create(member=leader, organization=orgs.grid3, post=Post.SECRETARY)
            PostHeld.objects.create(member=leader, organization=orgs.xincheng, post=Post.DEPUTY_SECRETARY)
            past(world, due, orgs.grid3)
            past(world, in_time, orgs.grid4)
    with in_district(world.huiji):
        PostHeld.objects.create(
            member=world.liqiang, organization=world.huiji_orgs.xincheng, post=Post.SECRETARY
        )
    tasks.remind_of_terms(district="huiji")
    orgs = world.huiji_orgs
    expected = {f"organization:{each.pk}": 1 for each in (orgs.root, orgs.xincheng, orgs.grid3)}
    expected |= {f"me:{world.wangfang.user_id}": 1, f"me:{world.liqiang.user_id}": 1}
    assert reminded(world.huiji) == expected
    assert reminded(world.luoyang) == {}
    tasks.remind_of_terms(district="huiji")
    assert reminded(world.huiji) == expected
    tasks.remind_of_terms(district="luoyang")
    assert f"me:{world.zhaomin.user_id}" in reminded(world.luoyang)
    assert reminded(world.huiji) == expected
    with in_district(world.huiji):
        assert Election.objects.get(organization=orgs.grid3).reminded_on == TODAY()
        assert AuditRow.objects.get(action="term.remind").object_name == "金河社区第三网格党支部"


def test_the_next_term_is_told_of_again(inside: SimpleNamespace) -> None:
    past(inside, add_years(TODAY(), -5))
    assert services.remind() == 1
    past(inside, TODAY() - timedelta(days=1))
    assert services.remind() == 0
    assert services.remind(add_years(TODAY(), 5)) == 1


# --- pages and API ---------------------------------------------------------------------------------------------------


def posted(world: SimpleNamespace, **more: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    given: dict[str, Any] = {
        "held_on": TODAY() - timedelta(days=5), "document": "金三支〔2026〕3号", "committee": "yes", "seats": 3,
        "eligible": 10, "present": 9, "issued": 9, "returned": 9, "valid": 9, "invalid": 0,
        "stood-TOTAL_FORMS": 6, "stood-INITIAL_FORMS": 0,
    }  # fmt: skip
    stood = (
        ("李强", 9, "secretary"),
        ("党员0", 8, "organization"),
        ("党员1", 6, "publicity"),
        ("党员2", 3, ""),
    )
    for number, (name, votes, post) in enumerate(stood):
        given |= {
            f"stood-{number}-name": name, f"stood-{number}-votes": votes, f"stood-{number}-post": post
        }  # fmt: skip
    return given | more


@pytest.fixture
def filled(world: SimpleNamespace) -> SimpleNamespace:
    with in_district(world.huiji):
        world.more = comrades(world.huiji_orgs.grid3, 8)
    return world


def test_recorded_and_approved_on_pages(client_of: ClientOf, filled: SimpleNamespace) -> None:
    hers, his = client_of("wangfang"), client_of("zhangwei")
    page = hers.get("/branch/elections/new/").content.decode()
    assert 'name="eligible" value="10"' in page
    assert '<option value="党员3">' in page
    wrong = hers.post(
        "/branch/elections/new/", posted(filled, **{"stood-1-name": "无名氏", "stood-4-votes": 2})
    )
    assert wrong.status_code == 422
    page = wrong.content.decode()
    assert "里没有叫“无名氏”的党员" in page
    assert "请写上候选人的姓名。" in page
    made = hers.post("/branch/elections/new/", posted(filled, present=7))
    page = hers.get(made["Location"]).content.decode()
    assert "至少 8 人" in page
    assert "/submit/" not in page
    edit = f"{made['Location']}edit/"
    page = hers.get(edit).content.decode()
    assert 'value="李强"' in page
    saved = hers.post(edit, posted(filled, version=1))
    assert saved.status_code == 302
    address = saved["Location"]
    assert "合规定" in hers.get(address).content.decode()
    assert hers.post(f"{address}submit/").status_code == 302
    assert "待审批" in his.get("/officer/terms/?state=waiting").content.decode()
    assert "正等上级审批" in hers.get(address).content.decode()
    assert his.post(f"{address}return/", {"return-reason": ""}).status_code == 422
    assert his.post(f"{address}approve/", {"approve-on": TODAY()}).status_code == 302
    page = his.get(address).content.decode()
    assert "已批准" in page
    assert hers.post(f"{address}submit/").status_code == 404  # no secretary any more


def test_more_rows_keep_what_was_filled_in(client_of: ClientOf, filled: SimpleNamespace) -> None:
    page = client_of("wangfang").post("/branch/elections/new/", posted(filled, more="1", seats=""))
    assert page.status_code == 200
    text = page.content.decode()
    assert 'name="stood-9-name"' in text
    assert 'value="李强"' in text
    assert "dj-err" not in text


def test_two_of_one_name_are_told_apart(client_of: ClientOf, filled: SimpleNamespace) -> None:
    with in_district(filled.huiji):
        comrades(filled.huiji_orgs.grid4, 1)
    officer, orgs = client_of("zhangwei"), filled.huiji_orgs
    address = f"/branch/elections/new/?organization={orgs.xincheng.pk}"
    assert officer.get("/branch/elections/new/")["Location"] == "/officer/terms/"
    assert '<option value="secretary">书记</option>' in officer.get(address).content.decode()
    page = officer.post(address, posted(filled))
    assert "党员0（金河社区第三网格党支部）、党员0（金河社区第四网格党支部）" in page.content.decode()
    given = posted(filled, **{"stood-1-name": "党员0（金河社区第四网格党支部）"})
    assert officer.post(address, given).status_code == 302
    with in_district(filled.huiji):
        found = ElectionCandidate.objects.get(votes=8).member
        assert found.branch == orgs.grid4


def test_the_terms_page_filters(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        past(world, add_years(TODAY(), -5) + timedelta(days=60))
    client = client_of("zhangwei")
    expected = {
        "": True, "?state=remind": True, "?state=running": False, "?q=第三": True, "?q=孙庄": False,
        f"?state=running&as_of={TODAY() - timedelta(days=300)}": True,
        f"?state=unknown&as_of={TODAY() - timedelta(days=2000)}": True,
    }  # fmt: skip
    for query, found in expected.items():
        page = client.get(f"/officer/terms/{query}").content.decode()
        assert ("金河社区第三网格党支部" in page) is found, query
    assert client.get("/officer/terms/?as_of=2026-02-31").status_code == 422
    assert "该准备换届了" in client_of("wangfang").get("/branch/terms/").content.decode()
    assert client_of("liqiang").get("/branch/terms/").status_code == 404


def test_the_tree_warns(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        past(world, add_years(TODAY(), -6))
    client = client_of("zhangwei")
    page = client.get("/officer/organizations/?warning=term_overdue").content.decode()
    assert "金河社区第三网格党支部" in page
    assert "孙庄" not in page
    page = client.get(f"/officer/organizations/{world.huiji_orgs.grid3.pk}/").content.decode()
    assert "已经届满，应当换届" in page


def test_the_notice_stands_where_people_look(client_of: ClientOf, world: SimpleNamespace) -> None:
    assert "/branch/terms/" not in client_of("wangfang").get("/me/").content.decode()
    with in_district(world.huiji):
        past(world, add_years(TODAY(), -5) + timedelta(days=60))
    for username, address, words in (
        ("wangfang", "/me/", "准备换届"),
        ("wangfang", "/management/", "准备换届"),
        ("zhangwei", "/management/", "1 个组织快要届满"),
    ):
        assert words in client_of(username).get(address).content.decode(), (username, address)
    assert "准备换届" not in client_of("liqiang").get("/me/").content.decode()


def test_pages_cost_the_same_however_many_there_are(
    client_of: ClientOf, world: SimpleNamespace, budget: Budget
) -> None:
    with in_district(world.huiji):
        above = Organization.objects.get(pk=world.huiji_orgs.xincheng.pk)
        for number in range(40):
            name = f"新{number}支部"
            given = {"name": name, "short_name": name, "kind": "branch", "sector": "new"}
            made = Organization.objects.add_child(Organization.objects.get(pk=above.pk), given)
            past(world, TODAY() - timedelta(days=number * 40 + 1), made)
    officer, hers = client_of("zhangwei"), client_of("wangfang")
    officer.get("/officer/terms/")
    hers.get("/branch/terms/")
    with budget(6):  # session, member, the bell's two, standing, terms
        assert "下一页" in officer.get("/officer/terms/").content.decode()
    with budget(6):
        hers.get("/branch/terms/")
    found, address = [], "/api/v1/terms/"
    while address:
        answer = officer.get(address).json()
        found += [each["id"] for each in answer["results"]]
        address = answer["next"]
    assert len(found) == len(set(found)) == 47  # 40 new ones, three committees, four branches


def test_the_same_by_api(client_of: ClientOf, filled: SimpleNamespace) -> None:
    hers, his = client_of("wangfang"), client_of("zhangwei")
    given = {
        "organization": filled.huiji_orgs.grid3.pk, "held_on": str(TODAY() - timedelta(days=5)),
        "document": "金三支〔2026〕3号", "committee": True, "seats": 3, "eligible": 10, "present": 7, "issued": 7,
        "returned": 7, "valid": 7, "invalid": 0,
        "candidates": [
            {"member": filled.liqiang.pk, "votes": 7, "post": "secretary"},
            {"member": filled.more[0].pk, "votes": 5, "post": "organization"},
            {"member": filled.more[1].pk, "votes": 5, "post": "publicity"},
            {"member": filled.more[2].pk, "votes": 3},
        ],
    }  # fmt: skip

    def send(client: Any, address: str, body: Any, method: str = "post") -> Any:
        return getattr(client, method)(address, body, content_type="application/json")

    made = send(hers, "/api/v1/elections/", given)
    assert made.status_code == 201
    told = made.json()
    assert [(each["code"], each["blocks"], each["rule"]["id"]) for each in told["objections"]] == [
        ("quorum_short", True, "election.quorum")
    ]
    address = f"/api/v1/elections/{told['id']}/"
    refused = send(hers, f"{address}submit/", {})
    assert (refused.status_code, refused["Content-Type"]) == (422, "application/problem+json")
    assert refused.json()["errors"][0]["pointer"] == "/present"
    body = given | {"present": 8, "version": told["version"]}
    body.pop("organization")
    assert send(hers, address, body, "put").json()["objections"] == []
    assert send(hers, address, body, "put").status_code == 409
    assert send(hers, f"{address}approve/", {}).status_code == 403
    assert send(hers, f"{address}submit/", {}).json()["state"] == "submitted"
    assert len(his.get("/api/v1/elections/?state=submitted").json()["results"]) == 1
    assert send(his, f"{address}return/", {"reason": "补会议记录"}).json()["state"] == "returned"
    assert send(hers, f"{address}submit/", {}).status_code == 200
    done = send(his, f"{address}approve/", {"document": "新街组〔2026〕9号"}).json()
    assert (done["state"], done["approved_on"]) == ("approved", str(TODAY()))
    assert [step["act"] for step in done["steps"]][-1] == "approve"
    terms = his.get("/api/v1/terms/?state=running").json()["results"]
    assert [(each["id"], each["election"]) for each in terms] == [(filled.huiji_orgs.grid3.pk, told["id"])]
    assert terms[0]["committee"][0] == {"post": "secretary", "name": "李强"}
    assert his.get("/api/v1/terms/?state=nothing").status_code == 400
    assert client_of("zhoujie").get(address).status_code == 404


def test_what_was_recorded_of_an_election_is_equal_to_what_was_given(branch: SimpleNamespace) -> None:
    given = minutes(branch)
    made = record(branch)
    kept = {name: getattr(made, name) for name in ("held_on", "document", "seats", "present", "valid")}
    assert kept == {name: getattr(given, name) for name in kept}
    assert [
        (each.member_id, each.votes, each.post) for each in queries.candidates().filter(election=made)
    ] == [(each.member, each.votes, each.post) for each in given.candidates]
