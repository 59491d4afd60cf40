"""The tree's pages: what an officer sees of a day, and the acts as they are filled in, rehearsed and confirmed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from dangjian.audit.models import AuditRow
from dangjian.identity.models import User
from dangjian.identity.sessions import SessionStore
from dangjian.organizations import timeline
from dangjian.organizations.admission.services import open_case
from dangjian.organizations.models import (
    Member,
    Office,
    OfficeKind,
    Organization,
    OrganizationKind,
    Post,
    PostHeld,
)
from dangjian.organizations.transfers.services import propose
from dangjian.organizations.tree import reading
from dangjian.rules.book import book
from tenants import lifecycle
from tenants.context import in_district
from tests.organizations.conftest import Budget
from tests.organizations.test_officer_pages import crowd
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)

ClientOf = Callable[..., Any]
TREE = "/officer/organizations/"
ON = "2026-03-01"


@pytest.fixture
def officer(client_of: ClientOf) -> Any:
    return client_of("zhangwei")


def address(organization: Organization, act: str = "") -> str:
    return f"{TREE}{organization.pk}/{act + '/' if act else ''}"


def given(organization: Organization, **more: Any) -> dict[str, Any]:
    version = Organization.objects.get(pk=organization.pk).version
    return {"version": version, "on": ON, "reason": "机构调整", "document": "惠组〔2026〕12 号"} | more


def test_the_outline_counts_what_is_below_and_names_who_leads(officer: Any, world: SimpleNamespace) -> None:
    answer = officer.get(TREE)
    assert answer.status_code == 200
    entries = answer.context["outline"].entries
    assert entries[world.huiji_orgs.root.pk].members == 5
    assert entries[world.huiji_orgs.xincheng.pk].members == 2
    assert entries[world.huiji_orgs.grid3.pk].secretary == "王芳"
    assert "书记 王芳" in answer.content.decode()


def test_warnings_can_be_asked_for_one_kind_at_a_time(officer: Any, world: SimpleNamespace) -> None:
    listed = officer.get(TREE, {"warning": "no_secretary"}).context["listed"]
    assert [str(entry.node) for entry in listed] == [
        world.huiji_orgs.grid4.name, world.huiji_orgs.sunzhuang.name, world.huiji_orgs.office.name,
    ]  # fmt: skip
    crowd(world, 51)
    counted = officer.get(TREE).context["outline"].warned()
    assert (counted["above_size"], counted["committee_due"], counted["below_founding"]) == (1, 1, 3)
    assert "一般不超过 50 名" in officer.get(address(world.huiji_orgs.grid4)).content.decode()


def test_a_secretary_and_a_deputy_are_no_committee(world: SimpleNamespace) -> None:
    crowd(world, 8)
    with in_district(world.huiji):
        people = list(Member.objects.filter(branch=world.huiji_orgs.grid4)[:3])
        for member, post in zip(people, (Post.SECRETARY, Post.DEPUTY_SECRETARY), strict=False):
            PostHeld.objects.create(member=member, organization=world.huiji_orgs.grid4, post=post)

        def codes() -> list[str]:
            found = reading.outline(world.zhangwei, day=date(2026, 11, 1), book=book("huiji"))
            return [problem.code for problem in found.entries[world.huiji_orgs.grid4.pk].problems]

        assert codes() == ["committee_due"]
        PostHeld.objects.create(
            member=people[2], organization=world.huiji_orgs.grid4, post=Post.COMMITTEE_MEMBER
        )
        assert codes() == []


@pytest.mark.parametrize("day", ["2026-02-30", "2999-01-01", "x", "1066-01-01"])
def test_a_day_that_cannot_be_is_named_and_today_shown(officer: Any, day: str) -> None:
    answer = officer.get(TREE, {"as_of": day})
    assert answer.status_code == 422
    assert "今天的情况" in answer.content.decode()


def test_an_outline_of_many_branches_takes_no_more_statements(
    client_of: ClientOf, world: SimpleNamespace, budget: Budget
) -> None:
    with in_district(world.huiji):
        above = Organization.objects.get(pk=world.huiji_orgs.guxing.pk)
        for number in range(290):
            name = f"第 {number} 党支部"
            Organization.objects.add_child(
                above, {"name": name, "short_name": name, "kind": OrganizationKind.BRANCH}
            )
    crowd(world, 60)
    with in_district(world.huiji):
        officer = Member.objects.select_related("branch").get(pk=world.zhangwei.pk)
        with budget(4):  # standing, tree, memberships, posts
            reading.outline(officer, day=date(2026, 11, 1), book=book("huiji"))
    client = client_of("zhangwei")
    client.get(TREE)
    with budget(6):  # and, as on every page, the session with the member, and the bell's one
        answer = client.get(TREE)
    assert len(answer.context["outline"].entries) == 298


def test_an_act_is_rehearsed_before_it_is_done(officer: Any, world: SimpleNamespace) -> None:
    grid3, guxing = world.huiji_orgs.grid3, world.huiji_orgs.guxing
    with in_district(world.huiji):
        filled = given(grid3, parent=guxing.pk)
    preview = officer.post(address(grid3, "move"), filled)
    assert preview.status_code == 200
    shown = preview.content.decode()
    assert guxing.name in shown
    assert "2 名" in shown
    assert "惠组〔2026〕12 号" in shown
    with in_district(world.huiji):
        assert Organization.objects.get(pk=grid3.pk).parent_path == world.huiji_orgs.xincheng.path
        assert not AuditRow.objects.filter(action="organization.move").exists()

    back = officer.post(address(grid3, "move"), filled | {"edit": "1"})
    assert f'value="{filled["reason"]}"' in back.content.decode()

    done = officer.post(address(grid3, "move"), filled | {"confirm": "1"}, follow=True)
    assert "隶属关系已经调整" in done.content.decode()
    assert "惠组〔2026〕12 号" in done.content.decode()
    with in_district(world.huiji):
        assert Organization.objects.get(pk=grid3.pk).parent_path == guxing.path
        assert AuditRow.objects.filter(action="organization.move").count() == 1
        assert timeline.tree(date(2026, 2, 1)).nodes[grid3.pk].parent == world.huiji_orgs.xincheng.pk
    before = officer.get(TREE, {"as_of": "2026-02-01"}).context["outline"].entries
    assert before[world.huiji_orgs.xincheng.pk].members == 2


def test_the_members_of_a_dissolved_branch_must_go_somewhere(officer: Any, world: SimpleNamespace) -> None:
    grid3, grid4 = world.huiji_orgs.grid3, world.huiji_orgs.grid4
    with in_district(world.huiji):
        filled = given(grid3, confirm="1")
    refused = officer.post(address(grid3, "dissolve"), filled)
    assert refused.status_code == 422
    assert "还有 2 名党员" in refused.content.decode()
    assert 'value="机构调整"' in refused.content.decode()
    assert officer.post(address(grid3, "dissolve"), filled | {"into": grid4.pk}).status_code == 302
    with in_district(world.huiji):
        assert Member.objects.filter(branch=grid4).count() == 2
        assert not PostHeld.objects.filter(organization=grid3).exists()
    page = officer.get(address(grid3)).content.decode()
    assert "已撤销" in page
    assert grid4.name in page
    assert "机构调整" in page
    assert officer.get(address(grid3, "rename")).status_code == 404


def test_splitting_takes_those_who_were_chosen(officer: Any, world: SimpleNamespace) -> None:
    grid3 = world.huiji_orgs.grid3
    with in_district(world.huiji):
        filled = given(grid3, name="金河社区第五网格党支部", members=[world.liqiang.pk], confirm="1")
    assert officer.post(address(grid3, "split"), filled).status_code == 302
    with in_district(world.huiji):
        assert Member.objects.get(pk=world.liqiang.pk).branch.name == "金河社区第五网格党支部"
        assert Member.objects.get(pk=world.wangfang.pk).branch == grid3


@pytest.mark.parametrize(
    ("act", "more", "said"),
    [
        ("rename", {"name": " "}, "请填写组织名称"),
        ("rename", {"name": "孙庄村党支部"}, "已经有一个组织叫这个名字"),
        ("rename", {"name": "金河党支部", "on": "2026-02-31"}, "这个日期不存在"),
        ("rename", {"name": "金河党支部", "on": "2999-01-01"}, "日期在今天之后"),
        ("rename", {"name": "金河党支部", "reason": ""}, "请写明原因"),
        ("split", {"name": "新支部"}, "请选择分到新支部的党员"),
        ("move", {"parent": "999999"}, "请选择一个组织"),
        ("move", {"parent": "9" * 40}, "请选择一个组织"),
        ("dissolve", {"version": "x"}, ""),
    ],
)
def test_what_cannot_be_done_is_said_before_it_is_confirmed(
    officer: Any, world: SimpleNamespace, act: str, more: dict[str, Any], said: str
) -> None:
    grid3 = world.huiji_orgs.grid3
    with in_district(world.huiji):
        filled = given(grid3) | more
    answer = officer.post(address(grid3, act), filled)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_an_act_before_the_last_change_names_that_day(officer: Any, world: SimpleNamespace) -> None:
    grid3 = world.huiji_orgs.grid3
    with in_district(world.huiji):
        filled = given(grid3, name="金河第三党支部", confirm="1")
    assert officer.post(address(grid3, "rename"), filled).status_code == 302
    with in_district(world.huiji):
        late = given(grid3, name="金河三网格党支部", on="2026-02-01")
    answer = officer.post(address(grid3, "rename"), late)
    assert answer.status_code == 422
    assert "2026-03-01 已有一次变动" in answer.content.decode()


def test_a_short_name_goes_along_or_is_remarked_upon(officer: Any, world: SimpleNamespace) -> None:
    grid3, old = world.huiji_orgs.grid3, world.huiji_orgs.grid3.name
    with in_district(world.huiji):
        filled = given(grid3, name="金河社区第三党支部", short_name=old)
    preview = officer.post(address(grid3, "rename"), filled)
    assert old not in preview.content.decode().partition("名单里显示")[2].partition("</dl>")[0]
    assert "简称没有改" not in preview.content.decode()
    officer.post(address(grid3, "rename"), filled | {"confirm": "1"})
    with in_district(world.huiji):
        assert Organization.objects.get(pk=grid3.pk).short_name == "金河社区第三党支部"
        filled = given(grid3, name="金河社区第三党支部", short_name="金河三支部", confirm="1")
    officer.post(address(grid3, "rename"), filled)

    def remarked(**more: str) -> bool:
        with in_district(world.huiji):
            asked = given(grid3, short_name="金河三支部") | more
        shown = officer.post(address(grid3, "rename"), asked)
        assert shown.status_code == 200
        return "名单里仍然显示“金河三支部”" in shown.content.decode()

    assert remarked(name="银河社区第三党支部")
    assert not remarked(name="银河社区第三党支部", short_name="银河三支部")
    assert not remarked(name="银河社区第三党支部", short_name="")
    assert not remarked(name="惠济区金河三支部")
    assert not remarked(name="金河社区第三党支部", sector="community")
    with in_district(world.huiji):
        filled = given(grid3, name="银河社区第三党支部", short_name="金河三支部", confirm="1")
    officer.post(address(grid3, "rename"), filled)
    with in_district(world.huiji):
        assert str(Organization.objects.get(pk=grid3.pk)) == "金河三支部"


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    officer: Any, world: SimpleNamespace
) -> None:
    grid3 = world.huiji_orgs.grid3
    with in_district(world.huiji):
        filled = given(grid3, name="金河第三党支部", confirm="1")
    assert officer.post(address(grid3, "rename"), filled).status_code == 302
    stale = filled | {"name": "金河三网格党支部", "on": "2026-04-01"}
    answer = officer.post(address(grid3, "rename"), stale)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "刚刚被别人改过" in page
    assert 'value="金河三网格党支部"' in page
    # What was filled in is still there, on the new version: sent again, it is taken.
    version = answer.context["form"]["version"].value()
    assert officer.post(address(grid3, "rename"), stale | {"version": version}).status_code == 302


def test_nothing_can_be_put_below_a_branch_or_below_itself(officer: Any, world: SimpleNamespace) -> None:
    orgs = world.huiji_orgs
    assert officer.get(address(orgs.grid3, "found")).status_code == 404
    choices = officer.get(address(orgs.xincheng, "move")).context["form"]["parent"].field.queryset
    with in_district(world.huiji):
        offered = {str(each) for each in choices.all()}
        filled = given(orgs.xincheng, parent=orgs.xincheng.pk)
    assert offered == {str(orgs.root), str(orgs.guxing), str(orgs.offices)}
    refused = officer.post(address(orgs.xincheng, "move"), filled)
    assert refused.status_code == 422
    assert "移过去会绕成一圈" in refused.content.decode()


@pytest.mark.parametrize("who", ["wangfang", "liqiang", "liuna"])
def test_to_everybody_else_the_tree_does_not_exist(
    client_of: ClientOf, world: SimpleNamespace, who: str
) -> None:
    client, grid3 = client_of(who), world.huiji_orgs.grid3
    for path in (TREE, address(grid3), address(grid3, "rename")):
        assert client.get(path).status_code == 404


def test_an_officer_of_one_committee_sees_that_committee_alone(
    client_of: ClientOf, world: SimpleNamespace
) -> None:
    with in_district(world.huiji):
        Office.objects.create(
            member=world.liqiang, kind=OfficeKind.OFFICER, organization=world.huiji_orgs.xincheng
        )
    client = client_of("liqiang")
    assert set(client.get(TREE).context["outline"].entries) == {
        each.pk for each in (world.huiji_orgs.xincheng, world.huiji_orgs.grid3, world.huiji_orgs.grid4)
    }
    assert client.get(address(world.huiji_orgs.guxing)).status_code == 404
    assert client.get(address(world.huiji_orgs.sunzhuang, "rename")).status_code == 404


def test_two_officers_who_move_one_branch_at_once(fresh: Callable[..., dict[str, Any]]) -> None:  # noqa: F811
    """On two connections of their own: one move stands, the other is told of it, and nothing is half done."""
    names = fresh("moving")
    district = lifecycle.create_district(**names, options={"officer_username": "first", "officer_name": "甲"})
    tree: Any = Organization.objects
    with in_district(district):
        first = Member.objects.select_related("user", "branch").get()
        root = Organization.objects.get(depth=1)
        user = User.objects.create_user("second", None, name="乙")
        second = Member.objects.create(user=user, branch=first.branch, name="乙", pinyin="yi", initials="y")
        Office.objects.create(member=second, kind=OfficeKind.OFFICER, organization=root)
        above = []
        for name in ("东", "南", "西"):
            fields = {"name": name, "short_name": name, "kind": OrganizationKind.COMMITTEE}
            above.append(tree.add_child(Organization.objects.get(pk=root.pk), fields))
        fields = {"name": "支部", "short_name": "支部", "kind": OrganizationKind.BRANCH}
        branch = tree.add_child(Organization.objects.get(pk=above[0].pk), fields)
        User.objects.update(must_change_password=False)
        clients = []
        for member in (first, second):
            client = Client(headers={"host": names["hosts"][0]})
            client.cookies[settings.SESSION_COOKIE_NAME] = SessionStore.for_user(member.user)
            clients.append(client)
        filled = given(branch, confirm="1")

    start = threading.Barrier(2)
    answers: list[tuple[int, str]] = []

    def move(client: Client, parent: Organization) -> None:
        try:
            start.wait(10)
            answer = client.post(address(branch, "move"), filled | {"parent": parent.pk})
            answers.append((answer.status_code, answer.get("Location", "")))
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=pair) for pair in zip(clients, above[1:], strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [(302, address(branch)), (409, "")]
    with in_district(district):
        assert timeline.disagreements() == []
        assert AuditRow.objects.filter(action="organization.move").count() == 1


def test_a_branch_with_a_transfer_on_its_way_is_not_ended(officer: Any, world: SimpleNamespace) -> None:
    grid3, sunzhuang = world.huiji_orgs.grid3, world.huiji_orgs.sunzhuang
    with in_district(world.huiji):
        propose(actor=world.zhangwei, member=world.liqiang, receiving=sunzhuang, reason="搬家")
    for organization in (grid3, sunzhuang):
        with in_district(world.huiji):
            filled = given(organization, into=world.huiji_orgs.grid4.pk)
        refused = officer.post(address(organization, "merge"), filled | {"confirm": "1"})
        assert refused.status_code == 422
        assert "还有 1 份组织关系转接没有办完（李强）" in refused.content.decode()


def test_cases_of_admission_go_where_the_members_go(officer: Any, world: SimpleNamespace) -> None:
    grid4 = world.huiji_orgs.grid4
    with in_district(world.huiji):
        case = open_case(
            actor=world.zhangwei,
            branch=grid4,
            name="孙燕",
            born_on=date(1998, 6, 15),
            applied_on=date(2025, 3, 1),
        )
        filled = given(grid4, on="2026-11-20")
    refused = officer.post(address(grid4, "dissolve"), filled | {"confirm": "1"})
    assert "1 份在办的入党档案" in refused.content.decode()
    into = {"into": world.huiji_orgs.sunzhuang.pk}
    preview = officer.post(address(grid4, "dissolve"), filled | into).content.decode()
    assert "一起转走的入党档案" in preview
    assert officer.post(address(grid4, "dissolve"), filled | into | {"confirm": "1"}).status_code == 302
    with in_district(world.huiji):
        case.refresh_from_db()
        assert case.branch == world.huiji_orgs.sunzhuang
        last = case.transitions.order_by("-id")[0]
        assert (last.action, last.on, last.reason) == ("carry", date(2026, 11, 20), "机构调整")
        assert last.detail["from"] == str(grid4)


def test_acts_by_api_are_rehearsed_done_and_refused(officer: Any, world: SimpleNamespace) -> None:
    grid3 = world.huiji_orgs.grid3
    read = f"/api/v1/organizations/{grid3.pk}/"
    before = officer.get(read).json()
    assert before["acts"] == ["rename", "cover", "move", "split", "merge", "dissolve"]

    def act(key: str, pk: int = grid3.pk, **more: Any) -> Any:
        body = {"version": before["version"], "on": ON, "reason": "机构调整"} | more
        return officer.post(f"/api/v1/organizations/{pk}/acts/{key}/", body, content_type="application/json")

    told = act("move", parent=world.huiji_orgs.guxing.pk, rehearse=True)
    assert told.status_code == 200
    assert {"label": "一起移动的党员", "value": "2 名"} in told.json()["consequences"]
    assert officer.get(read).json() == before

    done = act("rename", name="金河社区第三党支部")
    assert done.json()["done"] is True
    after = officer.get(read).json()
    assert after["name"] == "金河社区第三党支部"
    assert [period["act"] for period in after["periods"]][-1] == "rename"

    stale = act("rename", name="又一个名字")
    assert (stale.status_code, stale.json()["code"]) == (409, "changed_meanwhile")
    assert act("found", name="下级").json()["code"] == "not_offered"
    assert act("explode").status_code == 404
    nameless = act("rename", version=after["version"])
    assert nameless.status_code == 422
    assert [error["pointer"] for error in nameless.json()["errors"]] == ["/name"]
    for key, into, code in (
        ("xincheng", "grid3", "cycle"),
        ("guxing", "guxing", "cycle"),
        ("guxing", "grid3", "branch"),
    ):
        moved = getattr(world.huiji_orgs, key)
        refused = act("move", pk=moved.pk, parent=getattr(world.huiji_orgs, into).pk, version=1)
        assert refused.status_code == 422
        error = refused.json()["errors"][0]
        assert (error["pointer"], error["code"]) == ("/parent", code)
        assert ("绕成一圈" in error["detail"]) == (code == "cycle")
    assert act("move", pk=world.huiji_orgs.guxing.pk, parent=2**63 - 1, version=1).status_code == 422

    with in_district(world.huiji):
        version = Organization.objects.get(pk=grid3.pk).version
    parted = act("split", version=version, name="分出的支部", members=[world.liqiang.pk], on="2026-11-20")
    with in_district(world.huiji):
        assert Member.objects.get(pk=world.liqiang.pk).branch_id == parted.json()["organization"]

    made = act("found", pk=world.huiji_orgs.xincheng.pk, kind="branch", name="新支部", on="2026-11-20")
    with in_district(world.huiji):
        assert Organization.objects.get(pk=made.json()["organization"]).name == "新支部"


def test_the_units_of_a_joint_branch_count_and_are_kept_by_day(officer: Any, world: SimpleNamespace) -> None:
    grid4 = world.huiji_orgs.grid4
    units = "第一公司\n第二公司\n  第三公司 \n\n第二公司\n第四公司\n第五公司\n第六公司"
    assert "正式党员 0 名" in officer.get(address(grid4)).content.decode()
    with in_district(world.huiji):
        filled = given(grid4, units=units, on="2026-11-20")
    assert (
        "只有一个单位"
        in officer.post(address(grid4, "cover"), filled | {"units": "第一公司"}).content.decode()
    )
    assert officer.post(address(grid4, "cover"), filled | {"confirm": "1"}).status_code == 302
    page = officer.get(address(grid4)).content.decode()
    assert "联合党支部覆盖 6 个单位，一般不超过 5 个" in page
    assert "正式党员 0 名" not in page
    assert "第三公司" in page
    with in_district(world.huiji):
        assert timeline.tree(date(2026, 11, 20)).nodes[grid4.pk].units.count("\n") == 5
        assert timeline.tree(date(2026, 11, 19)).nodes[grid4.pk].units == ""
        assert timeline.disagreements() == []
        filled = given(grid4, units="", on="2026-11-21")
    officer.post(address(grid4, "cover"), filled | {"confirm": "1"})
    assert "不再是联合党支部" in officer.get(address(grid4)).content.decode()
