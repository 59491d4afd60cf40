"""Leaving the register and coming back: what speaks against it, what ends by it, and who is counted when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from dangjian.api.problems import Problem
from dangjian.audit.models import AuditRow
from dangjian.identity import roster
from dangjian.identity.models import Session, User
from dangjian.interaction import topics
from dangjian.organizations import (
    access,
    changes,
    contacts,
    entering,
    queries,
    sealing,
    statistics,
    structure,
    timeline,
)
from dangjian.organizations import services as people
from dangjian.organizations.admission.models import AdmissionCase, AdmissionStep
from dangjian.organizations.changes import Stay
from dangjian.organizations.corrections import services as corrections
from dangjian.organizations.corrections.models import Correction
from dangjian.organizations.dues import queries as dues
from dangjian.organizations.dues.models import DuesCharge
from dangjian.organizations.imports import judging
from dangjian.organizations.imports.judging import Known, Register, Row, Unit, Units
from dangjian.organizations.imports.register import register_for
from dangjian.organizations.leaving import judgement, services
from dangjian.organizations.leaving.judgement import Person
from dangjian.organizations.models import (
    Import,
    Leaving,
    Member,
    Membership,
    MemberStatus,
    Office,
    Organization,
    OrganizationKind,
    PostHeld,
)
from dangjian.organizations.particulars import Particulars
from dangjian.organizations.transfers import services as transfers
from dangjian.organizations.transfers.models import Transfer
from realtime.models import Event
from tenants import lifecycle
from tenants.context import in_district
from tests.organizations.conftest import Budget
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)

ClientOf = Callable[..., Any]
NUMBER = "410108198403240017"
TODAY = timezone.localdate


def ago(days: int) -> date:
    return TODAY() - timedelta(days=days)


def now(member: Member) -> Member:
    return Member.ever.select_related("user", "branch").get(pk=member.pk)


def leave(world: SimpleNamespace, **more: Any) -> None:
    given = {"actor": world.zhangwei, "member": world.liqiang, "kind": Leaving.RESIGNED, "reason": "本人申请"}
    services.leave(**(given | more))


def restore(world: SimpleNamespace, **more: Any) -> None:
    given = {
        "actor": world.zhangwei, "member": world.liqiang, "branch": world.huiji_orgs.grid4, "reason": "复查纠正",
    }  # fmt: skip
    services.restore(**(given | more))


def on_probation(member: Member) -> AdmissionCase:
    case = AdmissionCase.objects.create(
        branch=member.branch, member=member, name=member.name, born_on=date(1990, 1, 1)
    )
    AdmissionStep.objects.create(case=case, key="apply", on=ago(900))
    return case


def refusal(run: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        run()
    problem = caught.value
    assert all(error.detail.endswith("。") for error in problem.errors)
    return problem.status, problem.errors[0].code if problem.errors else problem.code


# --- the judgement ---------------------------------------------------------------------------------------------------

DAY = date(2026, 6, 1)
PERSON = Person("李强", MemberStatus.FULL, date(2020, 5, 1), date(2024, 3, 1), date(2025, 7, 1))


@pytest.mark.parametrize(
    ("person", "kind", "on", "said"),
    [
        (PERSON, "resigned", DAY, None),
        (PERSON, "resigned", date(2025, 7, 1), None),
        (PERSON, "resigned", date(2025, 6, 30), "before_last_change"),
        (replace(PERSON, changed_on=None), "resigned", date(2024, 3, 2), None),
        (replace(PERSON, changed_on=None), "resigned", date(2024, 3, 1), "before_last_change"),
        (replace(PERSON, changed_on=None, since=None), "resigned", date(2020, 5, 1), "before_joining"),
        (Person("李强", MemberStatus.FULL), "deceased", date(1950, 1, 1), None),
        (Person("李强", MemberStatus.FULL), "deceased", date(1911, 10, 10), "too_early"),
        (PERSON, "deceased", DAY + timedelta(days=1), "in_future"),
        (PERSON, "probation_cancelled", DAY, "not_probationary"),
        (replace(PERSON, status=MemberStatus.PROBATIONARY), "probation_cancelled", DAY, None),
        (PERSON, "", DAY, "unknown"),
        (PERSON, "fled", DAY, "unknown"),
        (replace(PERSON, left_on=date(2026, 5, 1), left_kind="expelled"), "resigned", DAY, "left"),
    ],
)
def test_who_may_leave_how_and_when(person: Person, kind: str, on: date, said: str | None) -> None:
    fault = judgement.leaving(person, kind=kind, on=on, today=DAY)
    assert (fault.code if fault else None) == said


@pytest.mark.parametrize(
    ("kind", "on", "said"),
    [
        ("expelled", DAY, None),
        ("expelled", date(2026, 5, 1), None),
        ("expelled", date(2026, 4, 30), "before_leaving"),
        ("moved_away", DAY + timedelta(days=1), "in_future"),
        ("deceased", DAY, "deceased"),
        ("", DAY, "present"),
    ],
)
def test_who_may_come_back_and_when(kind: str, on: date, said: str | None) -> None:
    person = replace(PERSON, left_on=date(2026, 5, 1) if kind else None, left_kind=kind)
    fault = judgement.coming_back(person, on=on, today=DAY)
    assert (fault.code if fault else None) == said
    assert (judgement.taking_back(person) is None) == bool(kind)


# --- what ends by it -------------------------------------------------------------------------------------------------


def test_everything_ends_in_one_act_and_nothing_is_deleted(inside: SimpleNamespace) -> None:
    world, member = inside, inside.wangfang
    Office.objects.create(member=member, kind="information_editor", organization=world.huiji_orgs.grid3)
    on_probation(member)
    corrections.ask(member=member, field="education", wanted="bachelor", reason="毕业证在手")
    epoch, day = member.user.session_epoch, ago(3)
    PostHeld.objects.filter(member=member).update(since=ago(400))
    Session.objects.create(
        session_key="k", user=member.user, user_epoch=epoch, expire_date=timezone.now() + timedelta(days=1)
    )
    leave(world, member=member, kind="expelled", on=day, reason="严重违纪", document=" 惠纪〔2026〕3 号 ")

    gone = now(member)
    assert (gone.left_on, gone.left_kind, gone.branch) == (day, "expelled", world.huiji_orgs.grid3)
    [stay] = Membership.objects.filter(member=member)
    assert (stay.until, stay.ended, stay.ended_reason, stay.ended_document) == (
        day, "expelled", "严重违纪", "惠纪〔2026〕3 号",
    )  # fmt: skip
    assert list(PostHeld.ever.filter(member=member).values_list("until", flat=True)) == [day]
    assert not PostHeld.objects.filter(member=member).exists()
    assert not Office.objects.filter(member=member).exists()
    user = User.objects.get(pk=member.user_id)
    assert not user.is_active
    assert user not in roster.without_account(world.huiji)
    assert user.session_epoch > epoch
    assert not Session.objects.filter(user=user).exists()
    case = AdmissionCase.objects.get(member=member)
    assert case.state == "cancelled"
    assert case.transitions.get().action == "leave"
    assert Correction.objects.get(member=member).state == "withdrawn"
    actions = set(AuditRow.objects.filter(object_id=member.user_id).values_list("action", flat=True))
    assert actions >= {
        "member.leave",
        "post.end",
        "office.take",
        "account.deactivate",
        "correction.withdrawn",
    }
    row = member.history.latest()
    assert (row.history_user, row.history_change_reason, row.left_kind) == (
        world.zhangwei.user, "严重违纪", "expelled",
    )  # fmt: skip
    told = Event.objects.filter(kind=services.EVENT).values_list("topic", flat=True)
    assert f"organization:{world.huiji_orgs.grid3.pk}" in told
    assert timeline.disagreements() == []


def test_a_pending_transfer_is_taken_back(inside: SimpleNamespace) -> None:
    made = transfers.propose(
        actor=inside.wangfang, member=inside.liqiang, receiving=inside.huiji_orgs.sunzhuang, reason="搬家"
    )
    leave(inside)
    assert Transfer.objects.get(pk=made.pk).state == "withdrawn"
    assert refusal(lambda: transfers.accept(actor=inside.zhangwei, transfer=made)) == (409, "settled_already")


def test_nothing_more_is_done_to_them(inside: SimpleNamespace) -> None:
    leave(inside)
    officer, gone = inside.zhangwei, inside.liqiang
    given = {"actor": officer, "member": gone, "reason": "试"}
    grid3 = inside.huiji_orgs.grid3
    for act in (
        lambda: leave(inside),
        lambda: people.set_post(**given, organization=grid3, post="publicity", since=None),
        lambda: people.give_office(**given, organization=grid3, kind="officer"),
        lambda: people.move_member(**given, branch=inside.huiji_orgs.grid4),
        lambda: people.reactivate_member(**given),
        lambda: people.reset_password(**given),
    ):
        assert refusal(act) == (422, "left")
    people.rename_member(**given, name="李刚")
    assert refusal(lambda: corrections.ask(member=gone, field="phone", wanted="13812342671", reason="换号")) == (
        404, "not_found",
    )  # fmt: skip
    assert queries.member_of(User.objects.get(pk=gone.user_id)) is None


def test_not_oneself_and_only_in_ones_care(inside: SimpleNamespace) -> None:
    assert refusal(lambda: leave(inside, member=inside.zhangwei)) == (422, "self")
    assert refusal(lambda: leave(inside, actor=inside.wangfang)) == (404, "not_found")
    assert refusal(lambda: leave(inside, reason=" ")) == (422, "required")
    assert refusal(lambda: leave(inside, kind="probation_cancelled")) == (422, "not_probationary")
    held = PostHeld.objects.get(member=inside.wangfang)
    PostHeld.objects.filter(pk=held.pk).update(since=ago(10))
    people.end_post(actor=inside.zhangwei, held=held, reason="换届", until=ago(2))
    late = refusal(lambda: leave(inside, member=inside.wangfang, on=ago(5)))
    assert late == (422, "before_last_change")


def test_of_two_officers_at_once_one_is_told(fresh: Callable[..., dict[str, Any]]) -> None:  # noqa: F811
    """The second waits for the first and then hears of it."""
    district = lifecycle.create_district(
        **fresh("leaving"), options={"officer_username": "first", "officer_name": "甲"}
    )
    with in_district(district):
        officer = Member.objects.select_related("user", "branch").get()
        user = User.objects.create_user("goes", None, name="乙")
        member = Member.objects.create(user=user, branch=officer.branch, name="乙", pinyin="yi", initials="y")
    start, said = threading.Barrier(2), []

    def act() -> None:
        try:
            start.wait(10)
            with in_district(district):
                services.leave(actor=officer, member=member, kind="resigned", reason="本人申请")
            said.append("done")
        except Problem as problem:
            said.append(problem.errors[0].code)
        finally:
            connection.close()

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(said) == ["done", "left"]


def test_a_transfer_accepted_at_the_same_moment_is_settled_once(
    fresh: Callable[..., dict[str, Any]],  # noqa: F811
) -> None:
    """Whoever is second hears of the first; nobody waits for the other for ever."""
    district = lifecycle.create_district(
        **fresh("accepting"), options={"officer_username": "first", "officer_name": "甲"}
    )
    with in_district(district):
        officer = Member.objects.select_related("user", "branch").get()
        tree: Any = Organization.objects
        given = {"name": "二支部", "short_name": "二支部", "kind": OrganizationKind.BRANCH}
        second = tree.add_child(Organization.objects.get(depth=1), given)
        user = User.objects.create_user("goes", None, name="乙")
        member = Member.objects.create(user=user, branch=officer.branch, name="乙", pinyin="yi", initials="y")
        made = transfers.propose(actor=officer, member=member, receiving=second, reason="调动")
    start, said = threading.Barrier(2), []

    def act(run: Callable[..., Any], **given: Any) -> None:
        try:
            start.wait(10)
            with in_district(district):
                run(actor=officer, **given)
            said.append(200)
        except Problem as problem:
            said.append(problem.status)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=act, args=(transfers.accept,), kwargs={"transfer": made}),
        threading.Thread(
            target=act,
            args=(services.leave,),
            kwargs={"member": member, "kind": "resigned", "reason": "申请"},
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(said) in ([200, 409], [200, 422])
    with in_district(district):
        assert timeline.disagreements() == []


# --- coming back -----------------------------------------------------------------------------------------------------


def test_coming_back_leaves_a_gap(inside: SimpleNamespace) -> None:
    on_probation(inside.liqiang)
    leave(inside, on=ago(30))
    restore(inside, on=ago(10))
    back = now(inside.liqiang)
    assert (back.left_on, back.left_kind, back.branch, back.user.is_active) == (
        None, "", inside.huiji_orgs.grid4, True,
    )  # fmt: skip
    case = AdmissionCase.objects.get(member=back)
    assert (case.state, case.branch) == ("active", inside.huiji_orgs.grid4)
    counted = {
        days: [pk for pk in (inside.huiji_orgs.grid3.pk, inside.huiji_orgs.grid4.pk)
               if Membership.objects.filter(timeline.on(ago(days)), member=back, branch=pk).exists()]
        for days in (31, 30, 11, 10, 0)
    }  # fmt: skip
    grid3, grid4 = inside.huiji_orgs.grid3.pk, inside.huiji_orgs.grid4.pk
    assert counted == {31: [grid3], 30: [], 11: [], 10: [grid4], 0: [grid4]}
    assert timeline.disagreements() == []
    assert refusal(lambda: restore(inside)) == (422, "present")


def test_what_cannot_be_come_back_to(inside: SimpleNamespace) -> None:
    orgs, officer = inside.huiji_orgs, inside.zhangwei
    leave(inside, on=ago(5))
    assert refusal(lambda: restore(inside, branch=orgs.guxing)) == (422, "no_branch")
    assert refusal(lambda: restore(inside, on=ago(6))) == (422, "before_leaving")
    young = structure.found(
        act=structure.Act(officer, ago(2), "新设", ""), parent=orgs.guxing, name="新设党支部",
        kind=OrganizationKind.BRANCH,
    )  # fmt: skip
    assert refusal(lambda: restore(inside, branch=young, on=ago(3))) == (422, "before_branch")
    structure.merge(
        act=structure.Act(officer, TODAY(), "合并", ""), organization=orgs.grid3, version=1, into=orgs.grid4
    )
    assert refusal(lambda: restore(inside, branch=orgs.grid3)) == (422, "dissolved")
    taken_back = refusal(lambda: services.take_back(actor=officer, member=inside.liqiang, reason="错"))
    assert taken_back == (422, "dissolved")
    restore(inside, account=False)
    assert not now(inside.liqiang).user.is_active


def test_a_number_that_is_somebody_elses_by_now(inside: SimpleNamespace, settings: Any) -> None:
    """Two keys have two indexes, which the database cannot compare."""
    settings.SEALING_KEYS = ["old" * 12]
    member = now(inside.liqiang)
    member.id_number = NUMBER
    member.save()
    leave(inside)
    settings.SEALING_KEYS = ["new" * 12, "old" * 12]
    other = now(inside.zhoujie)
    other.id_number = NUMBER
    other.save()
    assert refusal(lambda: restore(inside)) == (422, "taken")
    assert refusal(
        lambda: services.take_back(actor=inside.zhangwei, member=inside.liqiang, reason="记错了")
    ) == (422, "taken")


def test_a_mistake_is_taken_back_as_if_it_had_not_been(inside: SimpleNamespace) -> None:
    leave(inside, kind="deceased", on=ago(20))
    assert refusal(lambda: restore(inside)) == (422, "deceased")
    services.take_back(actor=inside.zhangwei, member=inside.liqiang, reason="记错了人")
    back = now(inside.liqiang)
    assert (back.left_on, back.branch, back.user.is_active) == (None, inside.huiji_orgs.grid3, True)
    [stay] = Membership.objects.filter(member=back)
    assert (stay.until, stay.ended, stay.ended_reason) == (None, "", "")
    assert timeline.disagreements() == []
    assert AuditRow.objects.get(action="member.take_back").reason == "记错了人"


def test_with_a_mistake_the_posts_come_back_that_nobody_has_taken(inside: SimpleNamespace) -> None:
    leader, grid3 = inside.wangfang, inside.huiji_orgs.grid3
    PostHeld.objects.filter(member=leader).update(since=ago(300))
    given = {"actor": inside.zhangwei, "member": leader, "organization": grid3, "reason": "增补"}
    people.set_post(**given, post="publicity", since=ago(200))
    other = people.set_post(**given, post="discipline", since=ago(200))
    people.end_post(actor=inside.zhangwei, held=other, reason="分工调整", until=ago(4))
    leave(inside, member=leader, kind="deceased", on=ago(4), reason="同名弄错")
    people.set_post(**given | {"member": inside.liqiang}, post="secretary", since=ago(3))
    services.take_back(actor=inside.zhangwei, member=leader, reason="不是本人")
    assert list(PostHeld.objects.filter(member=leader).values_list("post", "since")) == [
        ("publicity", ago(200))
    ]
    held = {row.post: row.until for row in PostHeld.ever.filter(member=leader)}
    assert held == {"secretary": ago(4), "publicity": None, "discipline": ago(4)}
    assert access.standing(now(inside.liqiang)).secretary_of == grid3


# --- who is counted when ---------------------------------------------------------------------------------------------


def test_in_no_list_of_today_and_in_those_of_before(inside: SimpleNamespace) -> None:
    grid3, officer, secretary = inside.huiji_orgs.grid3, inside.zhangwei, inside.wangfang
    leave(inside, on=ago(2))
    before, today = ago(3), TODAY()
    assert (timeline.counts(before)[grid3.pk], timeline.counts(today)[grid3.pk]) == (2, 1)
    assert [statistics.members(secretary, by="kind", day=day).total for day in (before, today)] == [2, 1]
    found = [
        [one.name for one in statistics.of_group(secretary, by="kind", key="full", day=day).order_by("pk")]
        for day in (before, today)
    ]
    assert found == [["王芳", "李强"], ["王芳"]]
    names = [{one.name for one in queries.visible_members_on(secretary, day)} for day in (before, today)]
    assert names == [{"王芳", "李强"}, {"王芳"}]
    assert inside.liqiang not in access.managed_members(officer)
    assert inside.liqiang in access.ever_managed_members(officer)
    assert [one.name for one in queries.of_branch(grid3)] == ["王芳"]
    [counted] = queries.counted(Organization.objects.filter(pk=grid3.pk))
    assert counted.members_all == counted.members_full == grid3.members.count() == 1
    assert counted.members_inactive == 0
    gone = now(inside.liqiang)
    assert not access.may_see_phone(secretary, gone)
    assert not access.may_see_member(secretary, gone)
    assert access.may_manage_member(officer, gone)


def test_dues_end_with_the_month(inside: SimpleNamespace) -> None:
    grid3 = inside.huiji_orgs.grid3
    leave(inside, on=date(2026, 10, 15))
    restore(inside, branch=grid3, on=date(2026, 11, 20))
    owing = {month: inside.liqiang in dues.owing(grid3, date(2026, month, 1)) for month in (9, 10, 11)}
    assert owing == {9: True, 10: True, 11: True}
    leave(inside, on=date(2026, 11, 25))
    assert inside.liqiang in dues.owing(grid3, date(2026, 11, 1))
    assert inside.liqiang not in dues.owing(grid3, date(2026, 12, 1))


def test_whom_nobody_is_asked_to_talk_with(inside: SimpleNamespace) -> None:
    DuesCharge.objects.create(
        member=inside.liqiang,
        branch=inside.huiji_orgs.grid3,
        month=date(2026, 9, 1),
        amount=5,
        confirmed=True,
    )
    assert len(dues.arrears(inside.huiji_orgs.grid3)) == 1
    leave(inside)
    assert dues.arrears(inside.huiji_orgs.grid3) == []
    assert DuesCharge.objects.get().member == inside.liqiang


def test_a_branch_was_there_as_long_as_somebody_in_it(inside: SimpleNamespace) -> None:
    """Dissolved on an earlier day than the departure, it would be counted where there is none."""
    orgs = inside.huiji_orgs
    leave(inside, member=inside.zhoujie, on=ago(5))
    dissolved = {"organization": orgs.sunzhuang, "version": 1}
    early = structure.Act(inside.zhangwei, ago(6), "撤村并居", "")
    assert refusal(lambda: structure.dissolve(act=early, **dissolved)) == (422, "before_last_change")
    structure.dissolve(act=structure.Act(inside.zhangwei, ago(5), "撤村并居", ""), **dissolved)
    assert now(inside.zhoujie).branch == orgs.sunzhuang


def test_no_topic_and_no_contact(inside: SimpleNamespace) -> None:
    user = inside.liqiang.user_id
    assert topics._feed_readers([user], inside.huiji_orgs.root.pk) == {user}
    leave(inside)
    assert topics._feed_readers([user], inside.huiji_orgs.root.pk) == set()
    reader = now(inside.wangfang)
    shown = [one.name for letter in contacts.of_branch(reader, reader.branch) for one in letter.contacts]
    assert shown == ["王芳"]
    assert contacts.named(now(inside.zhangwei), "李强") == []


def test_a_new_key_reaches_them_too(inside: SimpleNamespace, settings: Any) -> None:
    settings.SEALING_KEYS = ["old" * 12]
    member = now(inside.liqiang)
    member.id_number = NUMBER
    member.save()
    leave(inside)
    settings.SEALING_KEYS = ["new" * 12, "old" * 12]
    call_command("reseal")
    settings.SEALING_KEYS = ["new" * 12]
    assert now(inside.liqiang).id_number == NUMBER


def stay(since: str, until: str = "", ended: str = "", inside: bool = True) -> Stay:
    return Stay(
        1,
        date.fromisoformat(since) if since else None,
        date.fromisoformat(until) if until else None,
        ended,
        inside,
    )


@pytest.mark.parametrize(
    ("stays", "said"),
    [
        ([stay("")], {}),
        ([stay("2025-12-31")], {}),
        ([stay("2026-01-01")], {"entered": 1}),
        ([stay("2026-06-01")], {"entered": 1}),
        ([stay("2026-06-02")], {}),
        ([stay("2026-03-01", inside=False)], {}),
        ([stay("", "2026-01-01", "deceased")], {"deceased": 1}),
        ([stay("", "2025-12-31", "deceased")], {}),
        ([stay("", "2026-06-02", "deceased")], {}),
        ([stay("", "2026-03-01", "deceased", inside=False)], {}),
        ([stay("", "2026-03-01"), stay("2026-03-01")], {}),
        ([stay("", "2026-03-01", inside=False), stay("2026-03-01")], {"moved_in": 1}),
        ([stay("", "2026-03-01"), stay("2026-03-01", inside=False)], {"moved_out": 1}),
        ([stay("", "2026-02-01", "expelled"), stay("2026-04-01")], {"expelled": 1, "restored": 1}),
        ([stay("", "2020-02-01", "expelled", inside=False), stay("2026-04-01")], {"restored": 1}),
        (
            [stay("2026-02-01", "2026-03-01"), stay("2026-03-01", "2026-05-01", "resigned")],
            {"entered": 1, "resigned": 1},
        ),
    ],
)
def test_what_a_year_brought_and_took(stays: list[Stay], said: dict[str, int]) -> None:
    assert dict(+changes.flows(stays, first=date(2026, 1, 1), day=date(2026, 6, 1))) == said


def test_the_year_of_a_branch_adds_up(inside: SimpleNamespace) -> None:
    secretary, grid3 = inside.wangfang, inside.huiji_orgs.grid3
    Membership.objects.update(since=date(2020, 1, 1))
    first, day = date(2026, 1, 1), date(2026, 11, 20)
    people.move_member(
        actor=inside.zhangwei, member=inside.zhoujie, branch=grid3, since=date(2026, 3, 1), reason="搬家"
    )
    leave(inside, kind="deceased", on=date(2026, 5, 1))
    year = changes.of_year(secretary, day=day)
    assert (year.first, year.before, year.now) == (first, 2, 2)
    assert [(each.key, each.count) for each in (*year.came, *year.went)] == [
        ("moved_in", 1),
        ("deceased", 1),
    ]
    whole = changes.of_year(inside.zhangwei, day=day)
    assert (whole.before, whole.now, [each.key for each in whole.went]) == (5, 4, ["deceased"])
    below = changes.of_year(inside.zhangwei, day=day, within=inside.huiji_orgs.guxing.pk)
    assert ([each.key for each in below.went], below.now) == (["moved_out"], 0)
    assert changes.of_year(inside.liuna, day=day).before == 0, "who may count nothing"


# --- not entered anew ------------------------------------------------------------------------------------------------


def test_a_number_is_found_among_those_who_left(inside: SimpleNamespace) -> None:
    member = now(inside.liqiang)
    member.id_number = NUMBER
    member.save()
    leave(inside, on=ago(2))
    fault = people.number_fault(NUMBER)
    assert fault is not None
    assert fault.code == "left"
    assert "李强" in fault.detail
    assert "恢复" in fault.detail


def test_nobody_is_entered_anew(inside: SimpleNamespace) -> None:
    """By admission and by roster alike."""
    member = now(inside.liqiang)
    member.id_number = NUMBER
    member.save()
    leave(inside, on=ago(2))
    wanted = Particulars(name="李强", status="probationary", id_number=NUMBER)
    given = {
        "by": inside.zhangwei,
        "branch": inside.huiji_orgs.grid4,
        "wanted": wanted,
        "reason": "接收预备党员",
    }
    assert refusal(lambda: entering.enter(**given)) == (422, "left")
    register = register_for(Import(kind="members", by=now(inside.zhangwei)))
    cells = {
        "name": "李强",
        "id_number": NUMBER,
        "branch": str(inside.huiji_orgs.grid4.name),
        "status": "正式党员",
    }
    [judged] = judging.members([Row(2, cells)], register)
    assert [fault.code for fault in judged.faults] == ["left"]
    assert "退党" in judged.faults[0].message
    # Of another officer's branches no more is told than of who is there.
    Office.objects.filter(member=inside.zhangwei).update(organization=inside.huiji_orgs.guxing)
    away = register_for(Import(kind="members", by=now(inside.zhangwei)))
    [judged] = judging.members([Row(2, cells | {"branch": str(inside.huiji_orgs.sunzhuang.name)})], away)
    assert [fault.code for fault in judged.faults] == ["not_yours"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"id_number": NUMBER}, ["left"]),
        ({"born_on": "1984-03-24"}, ["left"]),
        ({"id_number": "410108198403240033"}, []),
    ],
)
def test_a_roster_names_who_has_left(given: dict[str, str], said: list[str]) -> None:
    values = Particulars(name="李强", status="full", born_on=date(1984, 3, 24))
    gone = Known(7, 1, sealing.index(NUMBER), values, True, (date(2026, 3, 1), "退党"))
    unit = Unit(1, "金河党支部", "金河", OrganizationKind.BRANCH, None, "", True)
    row = Row(2, {"name": "李强", "branch": "金河党支部", "status": "正式党员"} | given)
    [judged] = judging.members([row], Register(DAY, Units([unit], {}), [gone]))
    assert [fault.code for fault in judged.faults] == said
    if said:
        assert "2026-03-01" in judged.faults[0].message


# --- pages and API ---------------------------------------------------------------------------------------------------

LIST = "/officer/members/"


def test_the_officer_records_it_beside_the_list_and_finds_them_again(
    client_of: ClientOf, world: SimpleNamespace, budget: Budget
) -> None:
    officer, pk = client_of("zhangwei"), world.liqiang.pk
    gone = client_of("liqiang")
    assert gone.get("/branch/").status_code == 200
    form = officer.get(f"{LIST}{pk}/leave/")
    assert "开除党籍" in form.content.decode()
    assert "取消预备党员资格" not in form.content.decode(), "a full member has none"
    assert officer.get(f"{LIST}{world.zhangwei.pk}/leave/").status_code == 404
    given = {
        "kind": "probation_cancelled",
        "on": ago(3).isoformat(),
        "reason": "本人申请",
        "document": "惠组 9 号",
    }
    wrong = officer.post(f"{LIST}{pk}/leave/", given)
    assert wrong.status_code == 422
    assert "没有预备党员资格可以取消" in wrong.content.decode()
    done = officer.post(f"{LIST}{pk}/leave/", given | {"kind": "resigned"}, follow=True)
    said = done.content.decode()
    for words in ("已离开名册", "退党", "惠组 9 号", "本人申请", "恢复党籍", "撤回离开记录"):
        assert words in said
    assert "转支部" not in said

    assert gone.get("/branch/").status_code == 302, "signed out"
    assert [row.name for row, _ in officer.get(LIST).context["rows"]] == ["刘娜", "王芳", "张伟", "周杰"]
    with budget(6):
        left = officer.get(LIST, {"state": "left"})
    assert [row.name for row, _ in left.context["rows"]] == ["李强"]
    assert "退党" in left.content.decode()
    assert [
        row.name for row, _ in officer.get(LIST, {"state": "left", "left": "resigned"}).context["rows"]
    ] == ["李强"]
    assert officer.get(LIST, {"state": "left", "left": "deceased"}).context["rows"] == []
    table = officer.get("/officer/members.xlsx", {"state": "left"})
    assert table.status_code == 200
    with budget(12):
        record = officer.get(f"/members/{pk}/record/").content.decode()
    assert "离开名册：退党" in record
    assert client_of("wangfang").get(f"/members/{pk}/record/").status_code == 404
    assert client_of("wangfang").get("/branch/members/", {"state": "left"}).context["rows"] == []
    assert "已离开" not in client_of("wangfang").get("/branch/members/").content.decode()

    # Who was second is told, and comes to how things stand.
    again = officer.post(f"{LIST}{pk}/leave/", given, follow=True).content.decode()
    assert f"李强已于 {ago(3).isoformat()} 离开名册（退党）。" in again
    back = officer.post(
        f"{LIST}{pk}/restore/",
        {"branch": world.huiji_orgs.grid4.pk, "on": TODAY().isoformat(), "reason": "复查", "account": "on"},
        follow=True,
    )
    assert "重新计入名册" in back.content.decode()
    assert (
        "就在名册里" in officer.post(f"{LIST}{pk}/take-back/", {"reason": "错"}, follow=True).content.decode()
    )
    facts = officer.get(f"/members/{pk}/record/").content.decode()
    assert "恢复党籍，编入" in facts


def test_the_same_by_api(client_of: ClientOf, world: SimpleNamespace) -> None:
    officer, path = client_of("zhangwei"), f"/api/v1/members/{world.liqiang.pk}/"

    def act(key: str, **given: Any) -> Any:
        return officer.post(f"{path}acts/{key}/", {"reason": "核实"} | given, content_type="application/json")

    wrong = act("leave", kind="resigned", on=(TODAY() + timedelta(days=1)).isoformat())
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/on")
    left = act("leave", kind="deceased", on=ago(4).isoformat(), document="证明 3 号").json()["member"]
    assert (left["left_on"], left["left_kind"]) == (ago(4).isoformat(), "deceased")
    assert left["acts"] == ["rename", "correct", "take-back"]
    refused = act("move", branch=world.huiji_orgs.grid4.pk)
    assert (refused.status_code, refused.json()["code"]) == (409, "left")

    def listed(client: Any, **asked: str) -> Any:
        return [
            (row["name"], row["left_kind"]) for row in client.get("/api/v1/members/", asked).json()["results"]
        ]

    assert ("李强", "deceased") not in listed(officer)
    assert ("李强", "deceased") in listed(officer, as_of=ago(5).isoformat())
    assert listed(officer, left="any") == listed(officer, left="deceased") == [("李强", "deceased")]
    assert listed(officer, left="expelled") == listed(officer, left="any", as_of=ago(5).isoformat()) == []
    assert client_of("wangfang").get("/api/v1/members/", {"left": "any"}).status_code == 403
    assert officer.get("/api/v1/members/", {"left": "gone"}).status_code == 400
    facts = officer.get(f"{path}record/").json()["facts"]
    assert (facts[0]["kind"], facts[0]["document"]) == ("left", "证明 3 号")
    back = act("take-back", account=False).json()["member"]
    assert (back["left_on"], back["left_kind"]) == (None, "")
    with in_district(world.huiji):
        assert not now(world.liqiang).user.is_active


def test_the_year_by_api(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        leave(world)
    path = "/api/v1/statistics/changes/"
    year = client_of("zhangwei").get(path).json()
    assert (year["before"], year["now"], year["came"]) == (5, 4, [])
    assert [(each["key"], each["count"]) for each in year["went"]] == [("resigned", 1)]
    assert client_of("zhangwei").get(path, {"organization": 999_999}).status_code == 404
    assert client_of("zhoujie").get(path).status_code == 403


def test_looked_up_by_number_they_are_found(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        member = now(world.liqiang)
        member.id_number = NUMBER
        member.save()
        leave(world)
    officer = client_of("zhangwei")
    found = officer.post(f"{LIST}look-up/", {"id_number": NUMBER}, follow=True)
    assert "已离开名册" in found.content.decode()
    path, given = "/api/v1/members/look-up/", {"id_number": NUMBER}
    answer = officer.post(path, given, content_type="application/json").json()
    assert answer["member"]["left_kind"] == "resigned"
    secretary = client_of("wangfang").post(path, given, content_type="application/json").json()
    assert secretary == {"member": None}
