"""我的支部 and the help sheet."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from dangjian.audit.models import AuditRow
from dangjian.identity.models import User
from dangjian.organizations import branch_views
from dangjian.organizations.models import Member, Office, OfficeKind
from tenants.context import in_district
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
SHEET = "/branch/help-sheet/"


def signed_in_before(world: SimpleNamespace, username: str) -> None:
    with in_district(world.huiji):
        User.objects.filter(username=username).update(first_signed_in_at="2026-01-01T00:00+08:00")


def test_the_secretary_sees_state_and_masked_telephone(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        Member.objects.filter(pk=world.liqiang.pk).update(phone="13812342671", status="probationary")
    page = client_of("wangfang").get("/branch/").content.decode()
    assert page.index("王芳") < page.index("李强")
    for words in ("支部书记", "138****2671", "预备党员", "还没登录过"):
        assert words in page
    assert "13812342671" not in page


def test_a_member_sees_names_and_posts(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        Member.objects.filter(pk=world.wangfang.pk).update(phone="13812342671")
    page = client_of("liqiang").get("/branch/").content.decode()
    assert "王芳" in page
    assert "支部书记" in page
    assert "周杰" not in page
    for words in ("138", "还没登录过", "正式党员", SHEET):
        assert words not in page


def test_one_branch_is_not_the_others(client_of: ClientOf) -> None:
    page = client_of("zhoujie").get("/branch/").content.decode()
    assert "周杰" in page
    assert "李强" not in page


def test_the_page_costs_the_same_however_many_there_are(
    client_of: ClientOf, world: SimpleNamespace, budget: Budget
) -> None:
    with in_district(world.huiji):
        for number in range(30):
            user = User.objects.create(username=f"u{number}", name=f"人{number}")
            Member.objects.create(
                user=user, branch=world.huiji_orgs.grid3, name=f"人{number}", pinyin="ren", initials="r"
            )
    client = client_of("wangfang")
    client.get("/branch/")
    with budget(6):
        client.get("/branch/")
    with budget(7):
        client.get(SHEET)


def test_the_sheet_is_the_secretarys(client_of: ClientOf) -> None:
    for who in ("liqiang", "zhoujie", "zhangwei", "liuna"):
        client = client_of(who)
        assert client.get(SHEET).status_code == 404
        assert client.post(SHEET, {"member": "1"}).status_code == 404


def test_a_sheet_without_passwords_changes_nothing(client_of: ClientOf, world: SimpleNamespace) -> None:
    signed_in_before(world, "wangfang")
    page = client_of("wangfang").get(SHEET).content.decode()
    for words in ("李强", "liqiang", "http://huiji.localhost/", "登录不了，找王芳"):
        assert words in page
    with in_district(world.huiji):
        assert not AuditRow.objects.exists()
        assert not User.objects.get(username="liqiang").must_change_password


def test_passwords_are_made_when_asked_for(client_of: ClientOf, world: SimpleNamespace) -> None:
    signed_in_before(world, "wangfang")
    answer = client_of("wangfang").post(SHEET, {"member": [world.liqiang.pk, world.zhoujie.pk]})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    [(member, password)] = answer.context["slips"]
    assert member == world.liqiang
    with in_district(world.huiji):
        user = User.objects.get(username="liqiang")
        assert user.check_password(password)
        assert user.must_change_password
        [row] = AuditRow.objects.all()
        assert (row.action, row.actor_name, row.object_name) == ("password.reset", "王芳", "李强")
        assert not User.objects.get(username="zhoujie").must_change_password


def test_nobody_chosen_or_too_many(client_of: ClientOf, world: SimpleNamespace, monkeypatch: Any) -> None:
    client = client_of("wangfang")
    assert client.post(SHEET).status_code == 422
    monkeypatch.setattr(branch_views, "PASSWORDS_A_SHEET", 0)
    answer = client.post(SHEET, {"member": world.liqiang.pk})
    assert answer.status_code == 422
    assert "请分几次" in answer.content.decode()


def test_whoever_has_been_in_or_holds_an_office_gets_no_password(
    client_of: ClientOf, world: SimpleNamespace
) -> None:
    with in_district(world.huiji):
        Office.objects.create(
            member=world.liqiang, kind=OfficeKind.OFFICER, organization=world.huiji_orgs.root
        )
    client = client_of("wangfang")
    assert client.post(SHEET, {"member": world.liqiang.pk}).status_code == 422
    with in_district(world.huiji):
        Office.objects.filter(member=world.liqiang).delete()
    signed_in_before(world, "liqiang")
    assert client.post(SHEET, {"member": world.liqiang.pk}).status_code == 422


def test_an_account_without_a_member_has_no_branch(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        User.objects.create(username="nobody", name="无")
    client = client_of("liqiang")
    with in_district(world.huiji):
        from dangjian.identity.sessions import SessionStore

        key = SessionStore.for_user(User.objects.get(username="nobody"))
    from django.conf import settings

    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert client.get("/branch/").status_code == 404
    assert client.get("/officer/members/").status_code == 404
    assert client.get("/api/v1/members/").status_code == 403
