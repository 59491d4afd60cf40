"""What officers do to members: the effect, the audit row, what the sockets are told; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from dangjian.api.problems import Problem
from dangjian.audit.models import AuditRow
from dangjian.identity.models import Session, User
from dangjian.identity.sessions import SessionStore
from dangjian.organizations import access, services
from dangjian.organizations.models import Member, Office, OfficeKind, Post, PostHeld
from realtime.models import Event

REASON = "组织部研究决定"


def told(kind: str) -> list[Any]:
    """What the hubs were told on the control topic."""
    return list(
        Event.objects.filter(topic="control", kind=kind).order_by("seq").values_list("data", flat=True)
    )


def last_row() -> AuditRow:
    return AuditRow.objects.latest("id")


def refusal(error: pytest.ExceptionInfo[Problem]) -> tuple[int, str]:
    return error.value.status, error.value.errors[0].code if error.value.errors else error.value.code


def test_a_post_ends_on_the_day_that_is_named(inside: SimpleNamespace) -> None:
    officer, today = inside.zhangwei, timezone.localdate()
    row = services.set_post(
        actor=officer, member=inside.liqiang, organization=inside.huiji_orgs.grid3, post=Post.PUBLICITY,
        since=today - timedelta(days=30), reason=REASON,
    )  # fmt: skip
    for until, code in (
        (today + timedelta(days=1), "in_future"),
        (today - timedelta(days=31), "before_it_began"),
    ):
        with pytest.raises(Problem) as caught:
            services.end_post(actor=officer, held=row, reason=REASON, until=until)
        assert [each.code for each in caught.value.errors] == [code]
    services.end_post(actor=officer, held=row, reason=REASON, until=today - timedelta(days=3))
    assert PostHeld.ever.get(pk=row.pk).until == today - timedelta(days=3)


def test_deactivating_ends_sessions_and_sockets(inside: SimpleNamespace) -> None:
    user = inside.liqiang.user
    for _ in range(3):
        SessionStore.for_user(user)
    services.deactivate_member(actor=inside.zhangwei, member=inside.liqiang, reason=REASON)
    user.refresh_from_db()
    assert not user.is_active
    assert not Session.objects.filter(user=user).exists()
    assert told("person.ended") == [{"person": user.pk}]
    row = last_row()
    assert (row.action, row.actor_name, row.object_name, row.reason) == (
        "account.deactivate",
        "张伟",
        "李强",
        REASON,
    )


def test_deactivating_takes_no_post_and_no_office(inside: SimpleNamespace) -> None:
    Office.objects.create(
        member=inside.wangfang, kind=OfficeKind.EDITOR, organization=inside.huiji_orgs.grid3
    )
    services.deactivate_member(actor=inside.zhangwei, member=inside.wangfang, reason=REASON)
    assert inside.wangfang.posts_held.count() == 1
    assert inside.wangfang.offices.count() == 1
    services.reactivate_member(actor=inside.zhangwei, member=inside.wangfang, reason="回来了")
    assert User.objects.get(pk=inside.wangfang.user_id).is_active
    assert last_row().action == "account.reactivate"


def test_nobody_shuts_themselves_out(inside: SimpleNamespace) -> None:
    with pytest.raises(Problem) as error:
        services.deactivate_member(actor=inside.zhangwei, member=inside.zhangwei, reason=REASON)
    assert refusal(error) == (422, "self")
    with pytest.raises(Problem) as error:
        services.reset_password(actor=inside.zhangwei, member=inside.zhangwei, reason=REASON)
    assert refusal(error) == (422, "self")
    office = Office.objects.get(member=inside.zhangwei)
    with pytest.raises(Problem) as error:
        services.take_office(actor=inside.zhangwei, office=office, reason=REASON)
    assert refusal(error) == (422, "own_last_office")
    narrower = services.give_office(
        actor=inside.zhangwei,
        member=inside.zhangwei,
        kind=OfficeKind.OFFICER,
        organization=inside.huiji_orgs.guxing,
        reason=REASON,
    )
    services.take_office(actor=inside.zhangwei, office=narrower, reason=REASON)
    assert Office.objects.filter(pk=office.pk).exists()


def test_an_office_is_given_and_taken(inside: SimpleNamespace) -> None:
    office = services.give_office(
        actor=inside.zhangwei,
        member=inside.liqiang,
        kind=OfficeKind.MODERATOR,
        organization=inside.huiji_orgs.xincheng,
        reason=REASON,
    )
    row = last_row()
    assert (row.action, row.object_kind, row.object_id) == ("office.give", "user", inside.liqiang.user_id)
    assert row.detail["organization_name"] == "新城街道党工委"
    assert told("person.recheck") == [{"person": inside.liqiang.user_id}]
    access.forget_standing(inside.liqiang)
    assert access.is_moderator(inside.liqiang, inside.huiji_orgs.grid4)

    with pytest.raises(Problem) as error:
        services.give_office(
            actor=inside.zhangwei,
            member=inside.liqiang,
            kind=OfficeKind.MODERATOR,
            organization=inside.huiji_orgs.xincheng,
            reason=REASON,
        )
    assert refusal(error) == (422, "already_held")

    services.take_office(actor=inside.zhangwei, office=office, reason=REASON)
    access.forget_standing(inside.liqiang)
    assert not access.is_moderator(inside.liqiang, inside.huiji_orgs.grid4)
    assert len(told("person.recheck")) == 2
    with pytest.raises(Problem) as error:
        services.take_office(actor=inside.zhangwei, office=office, reason=REASON)
    assert error.value.status == 404


def test_an_officer_below_gives_nothing_above(inside: SimpleNamespace) -> None:
    Office.objects.create(
        member=inside.zhoujie, kind=OfficeKind.OFFICER, organization=inside.huiji_orgs.xincheng
    )
    for organization in (inside.huiji_orgs.root, inside.huiji_orgs.guxing):
        with pytest.raises(Problem) as error:
            services.give_office(
                actor=inside.zhoujie,
                member=inside.liqiang,
                kind=OfficeKind.OFFICER,
                organization=organization,
                reason=REASON,
            )
        assert error.value.status == 404
    with pytest.raises(Problem) as error:
        services.reset_password(actor=inside.zhoujie, member=inside.zhangwei, reason=REASON)
    assert error.value.status == 404


@pytest.mark.parametrize("who", ["wangfang", "liqiang", "liuna"])
def test_nobody_else_acts_on_others(inside: SimpleNamespace, who: str) -> None:
    actor = getattr(inside, who)
    attempts: list[Callable[[], Any]] = [
        lambda: services.reset_password(actor=actor, member=inside.zhoujie, reason=REASON),
        lambda: services.deactivate_member(actor=actor, member=inside.zhoujie, reason=REASON),
        lambda: services.rename_member(actor=actor, member=inside.zhoujie, name="周", reason=REASON),
        lambda: services.move_member(
            actor=actor, member=inside.zhoujie, branch=inside.huiji_orgs.grid4, reason=REASON
        ),
    ]
    for attempt in attempts:
        with pytest.raises(Problem) as error:
            attempt()
        assert error.value.status == 404
    assert not AuditRow.objects.exists()


def test_a_reason_is_asked_for(inside: SimpleNamespace) -> None:
    for reason, code in (("  ", "required"), ("因" * 201, "too_long")):
        with pytest.raises(Problem) as error:
            services.deactivate_member(actor=inside.zhangwei, member=inside.liqiang, reason=reason)
        assert refusal(error) == (422, code)
        assert error.value.errors[0].pointer == "/reason"
    assert User.objects.get(pk=inside.liqiang.user_id).is_active


def test_one_secretary_a_branch(inside: SimpleNamespace) -> None:
    given = {"organization": inside.huiji_orgs.grid3, "since": None, "reason": REASON}
    with pytest.raises(Problem) as error:
        services.set_post(actor=inside.zhangwei, member=inside.liqiang, post=Post.SECRETARY, **given)
    assert refusal(error) == (422, "already_held")
    assert "王芳" in error.value.detail
    services.end_post(actor=inside.zhangwei, held=PostHeld.objects.get(member=inside.wangfang), reason=REASON)
    services.set_post(actor=inside.zhangwei, member=inside.liqiang, post=Post.SECRETARY, **given)
    access.forget_standing(inside.liqiang)
    assert access.is_secretary_of(inside.liqiang, inside.huiji_orgs.grid3)
    assert [row.action for row in AuditRow.objects.order_by("id")] == ["post.end", "post.set"]


def test_a_post_is_held_on_the_own_way_up(inside: SimpleNamespace) -> None:
    given = {"post": Post.DISCIPLINE, "since": None, "reason": REASON}
    services.set_post(
        actor=inside.zhangwei, member=inside.liqiang, organization=inside.huiji_orgs.xincheng, **given
    )
    with pytest.raises(Problem) as error:
        services.set_post(
            actor=inside.zhangwei, member=inside.liqiang, organization=inside.huiji_orgs.grid4, **given
        )
    assert refusal(error) == (422, "elsewhere")


def test_moving_to_another_branch(inside: SimpleNamespace) -> None:
    before = inside.liqiang.version
    services.move_member(
        actor=inside.zhangwei, member=inside.liqiang, branch=inside.huiji_orgs.sunzhuang, reason=REASON
    )
    moved = Member.objects.get(pk=inside.liqiang.pk)
    assert moved.branch == inside.huiji_orgs.sunzhuang
    assert moved.version == before + 1
    assert told("person.recheck") == [{"person": inside.liqiang.user_id}]
    assert last_row().detail["to_name"] == "孙庄村党支部"


def test_moving_leaves_no_post_behind(inside: SimpleNamespace) -> None:
    with pytest.raises(Problem) as error:
        services.move_member(
            actor=inside.zhangwei, member=inside.wangfang, branch=inside.huiji_orgs.grid4, reason=REASON
        )
    assert refusal(error) == (422, "holds_posts")
    assert "支部书记" in error.value.detail
    assert Member.objects.get(pk=inside.wangfang.pk).branch == inside.huiji_orgs.grid3


@pytest.mark.parametrize(("branch", "code"), [("xincheng", "no_branch"), ("grid3", "same")])
def test_only_into_another_branch(inside: SimpleNamespace, branch: str, code: str) -> None:
    with pytest.raises(Problem) as error:
        services.move_member(
            actor=inside.zhangwei,
            member=inside.liqiang,
            branch=getattr(inside.huiji_orgs, branch),
            reason=REASON,
        )
    assert refusal(error) == (422, code)


def test_a_corrected_name_is_found_and_shown(inside: SimpleNamespace) -> None:
    services.rename_member(actor=inside.zhangwei, member=inside.liqiang, name=" 单 强", reason=REASON)
    renamed = Member.objects.get(pk=inside.liqiang.pk)
    assert (renamed.name, renamed.pinyin, renamed.initials) == ("单 强", "shanqiang", "sq")
    assert renamed.version == inside.liqiang.version + 1
    assert User.objects.get(pk=inside.liqiang.user_id).name == "单 强"
    for name, code in (("", "required"), ("强" * 51, "too_long"), ("李\u202e强", "unprintable")):
        with pytest.raises(Problem) as error:
            services.rename_member(actor=inside.zhangwei, member=inside.liqiang, name=name, reason=REASON)
        assert refusal(error) == (422, code)


def test_a_new_password_must_be_changed(inside: SimpleNamespace) -> None:
    SessionStore.for_user(inside.liqiang.user)
    password = services.reset_password(actor=inside.zhangwei, member=inside.liqiang, reason=REASON)
    user = User.objects.get(pk=inside.liqiang.user_id)
    assert user.check_password(password)
    assert user.must_change_password
    assert not Session.objects.filter(user=user).exists()
    assert password not in str(list(AuditRow.objects.values()))
    assert told("person.ended") == [{"person": user.pk}]


def test_rights_are_asked_again_under_the_lock(inside: SimpleNamespace) -> None:
    """The officer lost the office, or the account, after the page was opened."""
    access.standing(inside.zhangwei)
    Office.objects.filter(member=inside.zhangwei).delete()
    with pytest.raises(Problem) as error:
        services.deactivate_member(actor=inside.zhangwei, member=inside.liqiang, reason=REASON)
    assert error.value.status == 404


def test_a_deactivated_officer_does_nothing_more(inside: SimpleNamespace) -> None:
    User.objects.filter(pk=inside.zhangwei.user_id).update(is_active=False)
    with pytest.raises(Problem) as error:
        services.deactivate_member(actor=inside.zhangwei, member=inside.liqiang, reason=REASON)
    assert error.value.status == 404


def test_a_secretary_helps_in_only_those_who_have_never_been_in(inside: SimpleNamespace) -> None:
    password = services.help_in(secretary=inside.wangfang, member=inside.liqiang)
    assert User.objects.get(pk=inside.liqiang.user_id).check_password(password)
    row = last_row()
    assert (row.action, row.actor_id, row.object_id) == (
        "password.reset",
        inside.wangfang.user_id,
        inside.liqiang.user_id,
    )
    User.objects.filter(pk=inside.liqiang.user_id).update(first_signed_in_at="2026-01-01T00:00+08:00")
    for member in (inside.liqiang, inside.zhoujie, inside.zhangwei):
        with pytest.raises(Problem) as error:
            services.help_in(secretary=inside.wangfang, member=member)
        assert error.value.status == 404
