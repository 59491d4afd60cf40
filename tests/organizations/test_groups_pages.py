"""Party groups on their pages and by API: who sees what of which day, and what a form keeps when it is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from html.parser import HTMLParser
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from dangjian.audit.models import AuditRow
from dangjian.identity.models import User
from dangjian.identity.sessions import SessionStore
from dangjian.organizations import services as people
from dangjian.organizations import structure, timeline
from dangjian.organizations.groups import services
from dangjian.organizations.groups.models import GroupMembership, PartyGroup
from dangjian.organizations.imports.writing import _referred_to
from dangjian.organizations.models import Member, Membership, Organization, PostHeld
from realtime import outbox
from tenants import lifecycle
from tenants.context import in_district
from tests.organizations.conftest import Budget
from tests.organizations.test_groups import act, ago, formed, places
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)

ClientOf = Callable[..., Any]
TODAY = timezone.localdate


class _Filled(HTMLParser):
    """What a browser sends of the page's posted form as it stands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.data: dict[str, list[str]] = {}
        self._inside, self._select, self._first = False, "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self._inside = has.get("method") == "post" and "data-once" in has
        if not self._inside:
            return
        name, value = has.get("name") or "", has.get("value") or ""
        if tag == "select":
            self._select, self._first = name, True
        elif tag == "option" and (self._first or "selected" in has):
            self.data[self._select], self._first = [value], False
        elif tag == "input" and name and (has.get("type") != "checkbox" or "checked" in has):
            self.data.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def filled(answer: Any, **more: Any) -> dict[str, Any]:
    """The form of `answer`, with some of it filled in."""
    return _Filled(answer.content.decode()).data | more


def page_of(world: SimpleNamespace, what: str = "", branch: str = "grid3") -> str:
    return f"/organizations/{getattr(world.huiji_orgs, branch).pk}/groups/{what}"


def api_of(world: SimpleNamespace, what: str = "", branch: str = "grid3") -> str:
    return f"/api/v1/organizations/{getattr(world.huiji_orgs, branch).pk}/party-groups/{what}"


def version(world: SimpleNamespace) -> int:
    with in_district(world.huiji):
        return services.version_of(world.huiji_orgs.grid3)


@pytest.fixture
def grouped(world: SimpleNamespace) -> SimpleNamespace:
    """The third grid with a group led by 李强 since thirty days ago; 王芳 is in none."""
    with in_district(world.huiji):
        world.first = formed(world, leader=world.liqiang.pk)
    return world


# --- the overview ----------------------------------------------------------------------------------------------------


def test_everybody_in_the_branch_sees_names_and_who_arranges_what_to_look_after(
    client_of: ClientOf, grouped: SimpleNamespace
) -> None:
    pages = {who: client_of(who).get(page_of(grouped)) for who in ("liqiang", "wangfang", "zhangwei")}
    for who, answer in pages.items():
        page = answer.content.decode()
        assert answer.status_code == 200, who
        for words in ("第一党小组", "组长 李强", "没有编入党小组", "王芳", "1 名党员"):
            assert words in page, (who, words)
        for words in (
            "正式 1，预备 0",
            "dj-warnings",
            "/groups/new/",
            "/groups/arrange/",
            "/rename/",
            "/dissolve/",
        ):
            assert (words in page) is (who != "liqiang"), (who, words)
    assert [code.code for _group, found in pages["wangfang"].context["groups"] for code in found] == [
        "group_too_small"
    ]
    assert (
        f'href="/officer/organizations/{grouped.huiji_orgs.grid3.pk}/"' in pages["zhangwei"].content.decode()
    )


@pytest.mark.parametrize("who", ["zhoujie", "liuna", "zhaomin", "sunli"])
@pytest.mark.parametrize("what", ["", "new/", "arrange/"])
def test_to_others_there_is_nothing(
    client_of: ClientOf, grouped: SimpleNamespace, who: str, what: str
) -> None:
    client = client_of(who)
    shown = client.get(page_of(grouped, what))
    if who in {"zhaomin", "sunli"} and shown.status_code == 200:  # the same id is a branch of their own
        assert "李强" not in shown.content.decode()
    else:
        assert shown.status_code == 404
    for act_on in ("rename", "dissolve"):
        assert client.get(f"/groups/{grouped.first.pk}/{act_on}/").status_code == 404


def test_only_a_branch_has_groups_and_only_a_member_sees_them(
    client_of: ClientOf, world: SimpleNamespace
) -> None:
    assert client_of("zhangwei").get(page_of(world, branch="xincheng")).status_code == 404
    for what in ("new/", "arrange/"):
        assert client_of("liqiang").get(page_of(world, what)).status_code == 404
        assert client_of("liqiang").post(page_of(world, what), {}).status_code == 404


def test_a_branch_without_groups_is_told_what_they_are_for(
    client_of: ClientOf, world: SimpleNamespace
) -> None:
    page = client_of("wangfang").get(page_of(world)).content.decode()
    assert "没有划分党小组" in page
    assert "不用报批" in page
    assert "第 13 条" in page
    assert "没有编入党小组" not in page
    assert "/groups/arrange/" not in page
    assert "/groups/" not in client_of("liqiang").get("/branch/").content.decode()
    assert "没有划分党小组" in client_of("wangfang").get("/branch/").content.decode()
    page = client_of("wangfang").get(page_of(world), {"as_of": ago(9)}).content.decode()
    assert "那天没有党小组" in page
    assert "/groups/new/" not in page


def test_another_day_has_its_names_and_nothing_to_be_done(
    client_of: ClientOf, grouped: SimpleNamespace
) -> None:
    with in_district(grouped.huiji):
        services.rename(act(grouped, on=ago(10)), group=grouped.first, name="河西党小组")
        services.arrange(act(grouped, on=ago(5)), members={grouped.liqiang.pk: None})
    client = client_of("wangfang")

    def shown(day: date) -> str:
        return client.get(page_of(grouped), {"as_of": day}).content.decode()

    assert "那天没有党小组" in shown(ago(31))
    assert "第一党小组" in shown(ago(11))
    assert "组长 李强" in shown(ago(6))
    assert "河西党小组" in shown(ago(6))
    assert "第一党小组" not in shown(ago(6))
    assert "组长空缺" in shown(ago(5))
    assert "还没有编入党员" in shown(TODAY())
    assert "/groups/arrange/" in shown(TODAY())
    for words in ("/groups/arrange/", "/rename/", "/dissolve/"):
        assert words not in shown(ago(6)), words


@pytest.mark.parametrize("day", ["2026-02-30", "2999-01-01", "x", "1066-01-01"])
def test_a_day_that_cannot_be_is_named_and_today_shown(
    client_of: ClientOf, grouped: SimpleNamespace, day: str
) -> None:
    answer = client_of("liqiang").get(page_of(grouped), {"as_of": day})
    assert answer.status_code == 422
    assert "今天的情况" in answer.content.decode()
    assert "第一党小组" in answer.content.decode()


def test_statements_do_not_grow_with_the_branch(
    client_of: ClientOf, grouped: SimpleNamespace, budget: Budget
) -> None:
    with in_district(grouped.huiji):
        made = _crowd(grouped, 40)
        for number in range(10):
            formed(grouped, f"{number}组", members=made[number * 4 : number * 4 + 4], leader=made[number * 4])
    for who, path, allowed in (
        ("liqiang", "", 8),
        ("wangfang", "", 8),
        ("zhangwei", "", 8),
        ("wangfang", "new/", 7),
        ("wangfang", "arrange/", 7),
    ):
        client = client_of(who)
        client.get(page_of(grouped, path))
        with budget(allowed):
            assert client.get(page_of(grouped, path)).status_code == 200
    client = client_of("wangfang")
    with budget(5):
        assert len(client.get(api_of(grouped)).json()["groups"]) == 11
    for path, allowed in (
        ("/branch/", 6),
        ("/branch/members/?columns=group&group=inside", 6),
        ("/contacts/", 5),
    ):
        client.get(path)
        with budget(allowed):
            assert client.get(path).status_code == 200
    officer = client_of("zhangwei")
    officer.get("/officer/organizations/")
    with budget(6):
        officer.get("/officer/organizations/")


def _crowd(world: SimpleNamespace, many: int) -> list[int]:
    """Ids of members more in the third grid."""
    return [
        Member.objects.create(
            user=User.objects.create(username=f"g{number}", name=f"人{number}"),
            branch=world.huiji_orgs.grid3, name=f"人{number}", pinyin="ren", initials="r",
        ).pk
        for number in range(many)
    ]  # fmt: skip


# --- the acts on their pages -----------------------------------------------------------------------------------------


def test_a_group_is_formed_on_a_page(client_of: ClientOf, world: SimpleNamespace) -> None:
    client = client_of("wangfang")
    page = client.get(page_of(world, "new/"))
    assert "李强" in page.content.decode()
    assert "周杰" not in page.content.decode()
    given = filled(
        page, name="河西党小组", members=[world.liqiang.pk, world.wangfang.pk], leader=world.wangfang.pk,
        on=ago(3), reason="按居住地划分", document="纪要 3 号",
    )  # fmt: skip
    done = client.post(page_of(world, "new/"), given, follow=True)
    assert done.redirect_chain == [(page_of(world), 302)]
    assert "党小组已经划分。" in done.content.decode()
    assert "组长 王芳" in done.content.decode()
    with in_district(world.huiji):
        assert places(ago(4)) == {}
        assert places(ago(3)) == {"王芳": ("河西党小组", True), "李强": ("河西党小组", False)}
        assert AuditRow.objects.get(action="group.form").detail["document"] == "纪要 3 号"
    picks = client.get(page_of(world, "new/")).context["form"].picks
    assert [group for _choice, group in picks] == ["河西党小组", "河西党小组"]


@pytest.mark.parametrize(
    ("more", "field", "says"),
    [
        ({"name": ""}, "name", "请填写党小组的名称"),
        ({"name": "第一党小组"}, "name", "已经有一个党小组叫这个名字"),
        ({"name": "组" * 21}, "name", "名称太长了"),
        ({"members": []}, "members", "请选择编入这个党小组的党员"),
        ({"leader": "liqiang"}, "leader", "组长要在这个党小组里"),
        ({"on": TODAY() + timedelta(days=2)}, "on", "到了那一天再办"),
        ({"on": "2026-02-30"}, "on", ""),
        ({"on": ""}, "on", ""),
        ({"reason": " "}, "reason", "请写明原因"),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_the_rest_stays(
    client_of: ClientOf, grouped: SimpleNamespace, more: dict[str, Any], field: str, says: str
) -> None:
    client = client_of("wangfang")
    given = {
        "name": "河东党小组", "members": [grouped.wangfang.pk], "on": ago(2).isoformat(), "reason": "按居住地划分",
        "document": "纪要 4 号",
    }  # fmt: skip
    given |= {key: getattr(grouped, value).pk if key == "leader" else value for key, value in more.items()}
    page = client.get(page_of(grouped, "new/"))
    answer = client.post(page_of(grouped, "new/"), filled(page) | given)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert f'id="id_{field}_error"' in shown
    assert says in shown
    assert 'aria-invalid="true"' in shown
    assert list(answer.context["form"].errors) == [field]
    kept = filled(answer)
    for name, value in given.items():
        values = value if isinstance(value, list) else [value]
        if name != field:
            assert kept.get(name, []) == [str(each) for each in values], name
    with in_district(grouped.huiji):
        assert PartyGroup.objects.count() == 1


def test_groups_and_leaders_are_arranged_on_one_screen(client_of: ClientOf, grouped: SimpleNamespace) -> None:
    with in_district(grouped.huiji):
        second = formed(grouped, "第二党小组", members=[grouped.wangfang.pk])
    client, address = client_of("wangfang"), page_of(grouped, "arrange/")
    page = client.get(address)
    untouched = filled(page, reason="看看")
    nothing = client.post(address, untouched)
    assert nothing.status_code == 422
    assert "什么都没有变。" in nothing.content.decode()
    assert filled(nothing)["reason"] == ["看看"]
    changed = untouched | {
        f"member_{grouped.wangfang.pk}": grouped.first.pk,
        f"member_{grouped.liqiang.pk}": second.pk,
        f"leader_{grouped.first.pk}": grouped.wangfang.pk,
        f"leader_{second.pk}": grouped.liqiang.pk,
        "on": ago(1),
        "reason": "对调",
    }
    done = client.post(address, changed, follow=True)
    assert "编组已经调整。" in done.content.decode()
    with in_district(grouped.huiji):
        assert places(ago(2)) == {"李强": ("第一党小组", True), "王芳": ("第二党小组", False)}
        assert places(ago(1)) == {"王芳": ("第一党小组", True), "李强": ("第二党小组", True)}


def test_a_leader_from_elsewhere_is_told_at_the_group(client_of: ClientOf, grouped: SimpleNamespace) -> None:
    client, address = client_of("zhangwei"), page_of(grouped, "arrange/")
    field = f"leader_{grouped.first.pk}"
    given = filled(client.get(address), reason="改选") | {field: grouped.wangfang.pk}
    answer = client.post(address, given)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert "王芳不在这个党小组里" in answer.content.decode()
    assert filled(answer)[field] == [str(grouped.wangfang.pk)]


def test_somebody_who_moved_away_meanwhile_cannot_be_chosen(
    client_of: ClientOf, grouped: SimpleNamespace
) -> None:
    client, address = client_of("wangfang"), page_of(grouped, "new/")
    page = client.get(address)
    with in_district(grouped.huiji):
        people.move_member(
            actor=grouped.zhangwei, member=grouped.liqiang, branch=grouped.huiji_orgs.grid4, since=ago(1),
            reason="搬家",
        )  # fmt: skip
    both = [grouped.liqiang.pk, grouped.wangfang.pk]
    answer = client.post(address, filled(page, name="河西党小组", members=both, reason="划分"))
    assert answer.status_code == 409
    assert "选中的党员已不在这个支部" in answer.content.decode()
    again = filled(answer)
    assert (again["name"], again["members"]) == (["河西党小组"], [str(grouped.wangfang.pk)])
    assert client.post(address, again).status_code == 302
    with in_district(grouped.huiji):
        assert places(TODAY()) == {"王芳": ("河西党小组", False)}


@pytest.mark.parametrize("what", ["new/", "arrange/", "rename", "dissolve"])
def test_who_comes_second_keeps_the_choices_and_saves_again(
    client_of: ClientOf, grouped: SimpleNamespace, what: str
) -> None:
    client = client_of("wangfang")
    address = page_of(grouped, what) if what.endswith("/") else f"/groups/{grouped.first.pk}/{what}/"
    by_act: dict[str, dict[str, Any]] = {
        "new/": {"name": "河西党小组", "members": [str(grouped.wangfang.pk)]},
        "arrange/": {f"member_{grouped.wangfang.pk}": str(grouped.first.pk)},
        "rename": {"name": "河西党小组"},
        "dissolve": {"into": ""},
    }
    choices = by_act[what] | {"reason": "先填的", "on": TODAY().isoformat()}
    given = filled(client.get(address)) | choices
    with in_district(grouped.huiji):
        formed(grouped, "河东党小组", members=[grouped.liqiang.pk], actor=grouped.zhangwei, on=ago(5))
    answer = client.post(address, given)
    assert answer.status_code == 409
    assert "刚刚被别人改过" in answer.content.decode()
    kept = filled(answer)
    assert kept["version"] == [str(version(grouped))]
    for name, value in choices.items():
        assert kept.get(name, []) == (value if isinstance(value, list) else [value]), name
    assert client.post(address, kept).status_code == 302
    with in_district(grouped.huiji):
        # What the other one did is there as well.
        assert places(TODAY())["李强"] == ("河东党小组", False)


def test_a_sheet_older_than_the_end_of_a_group_undoes_nothing(
    client_of: ClientOf, grouped: SimpleNamespace
) -> None:
    """李强's group went into another while the sheet was open: who did not touch 李强 leaves him there."""
    with in_district(grouped.huiji):
        second = formed(grouped, "第二党小组", members=_crowd(grouped, 1))
    client, address = client_of("wangfang"), page_of(grouped, "arrange/")
    old = filled(client.get(address), reason="编入")
    with in_district(grouped.huiji):
        services.dissolve(act(grouped, on=ago(1)), group=grouped.first, into=second)
    answer = client.post(address, old | {f"member_{grouped.wangfang.pk}": second.pk})
    assert answer.status_code == 409
    assert "刚刚被别人改过" in answer.content.decode()
    again = filled(answer)
    assert again[f"member_{grouped.liqiang.pk}"] == again[f"member_{grouped.wangfang.pk}"] == [str(second.pk)]
    assert client.post(address, again).status_code == 302
    with in_district(grouped.huiji):
        assert places(TODAY())["李强"] == places(TODAY())["王芳"] == ("第二党小组", False)
    # Whoever had chosen the group that is no more is asked to choose again.
    answer = client.post(address, old | {f"member_{grouped.wangfang.pk}": grouped.first.pk})
    assert answer.status_code == 409
    assert set(answer.context["form"].errors) == {"__all__", f"member_{grouped.wangfang.pk}"}
    assert "这个党小组已经不在了" in answer.content.decode()


def test_a_group_is_renamed_on_a_page(client_of: ClientOf, grouped: SimpleNamespace) -> None:
    client, address = client_of("wangfang"), f"/groups/{grouped.first.pk}/rename/"
    page = client.get(address)
    assert filled(page)["name"] == ["第一党小组"]
    same = client.post(address, filled(page, reason="更名"))
    assert same.status_code == 422
    assert "名称没有变。" in same.content.decode()
    done = client.post(address, filled(page, name="河西党小组", reason="更名"), follow=True)
    assert "名称已经更改。" in done.content.decode()
    assert "河西党小组" in done.content.decode()


def test_a_group_is_dissolved_into_another_and_into_none(
    client_of: ClientOf, grouped: SimpleNamespace
) -> None:
    with in_district(grouped.huiji):
        second = formed(grouped, "第二党小组", members=[grouped.wangfang.pk])
    client, address = client_of("wangfang"), f"/groups/{grouped.first.pk}/dissolve/"
    page = client.get(address)
    assert [str(value) for value, _label in page.context["form"].fields["into"].choices] == [
        "",
        str(second.pk),
    ]
    assert "dj-btn-danger" in page.content.decode()
    refused = client.post(address, filled(page, into=grouped.first.pk, reason="合并"))
    assert refused.status_code == 422
    early = client.post(address, filled(page, on=ago(30), reason="合并"))
    assert "第一党小组 在这一天才划分，不能同一天撤销。" in early.content.decode()
    with in_district(grouped.huiji):
        services.rename(act(grouped, on=ago(9)), group=grouped.first, name="河西党小组")
    page = client.get(address)
    early = client.post(address, filled(page, on=ago(9), reason="合并"))
    assert "河西党小组 在这一天才更名，不能同一天撤销。" in early.content.decode()
    done = client.post(address, filled(page, into=second.pk, reason="合并"), follow=True)
    assert "党小组已经撤销，记录保留。" in done.content.decode()
    with in_district(grouped.huiji):
        assert places(TODAY()) == {"李强": ("第二党小组", False), "王芳": ("第二党小组", False)}
    assert client.get(address).status_code == 404
    other = f"/groups/{second.pk}/dissolve/"
    assert client.post(other, filled(client.get(other), reason="人少")).status_code == 302
    with in_district(grouped.huiji):
        assert places(TODAY()) == {}
        assert len(places(ago(1))) == 2


def test_a_branch_that_is_no_more_keeps_its_days(client_of: ClientOf, grouped: SimpleNamespace) -> None:
    with in_district(grouped.huiji):
        PostHeld.objects.all().delete()
        branch = Organization.objects.get(pk=grouped.huiji_orgs.grid3.pk)
        structure.merge(
            act=structure.Act(grouped.zhangwei, ago(3), "人少"), organization=branch, version=branch.version,
            into=grouped.huiji_orgs.grid4,
        )  # fmt: skip
    client = client_of("zhangwei")
    assert "第一党小组" in client.get(page_of(grouped), {"as_of": ago(4)}).content.decode()
    assert "没有划分党小组" in client.get(page_of(grouped)).content.decode()
    for address in (page_of(grouped, "new/"), f"/groups/{grouped.first.pk}/rename/"):
        assert client.get(address).status_code == 404


# --- where groups are shown besides ----------------------------------------------------------------------------------


def test_the_member_list_has_a_column_and_a_filter(client_of: ClientOf, grouped: SimpleNamespace) -> None:
    expected = {"inside": {"李强"}, "none": {"王芳", "周杰", "张伟", "刘娜"}, "leader": {"李强"}}
    client = client_of("zhangwei")
    for value, names in expected.items():
        page = client.get("/officer/members/", {"group": value, "columns": "group"})
        assert {one.name for one, _cells in page.context["rows"]} == names, value
        answer = client.get("/officer/members.xlsx", {"group": value, "columns": "group"})
        titles, *rows = list(load_workbook(BytesIO(answer.content)).active.values)
        assert titles == ("姓名", "党小组")
        assert {(name, group or "") for name, group in rows} == {
            (name, "第一党小组组长" if name == "李强" else "") for name in names
        }
        found = client.get("/api/v1/members/", {"group": value}).json()["results"]
        assert {row["name"] for row in found} == names, value
    assert "第一党小组组长" in client.get("/officer/members/?columns=group").content.decode()
    assert client.get("/api/v1/members/", {"group": "other"}).status_code == 400
    own = client_of("wangfang").get("/branch/members/?group=none&columns=group")
    assert [one.name for one, _cells in own.context["rows"]] == ["王芳"]


def test_the_list_of_a_day_has_the_groups_of_that_day(client_of: ClientOf, grouped: SimpleNamespace) -> None:
    with in_district(grouped.huiji):
        services.rename(act(grouped, on=ago(10)), group=grouped.first, name="河西党小组")
        services.arrange(
            act(grouped, on=ago(5)),
            members={grouped.liqiang.pk: None, grouped.wangfang.pk: grouped.first.pk},
        )
    client = client_of("zhangwei")

    def told(day: date, **more: Any) -> dict[str, Any]:
        rows = client.get("/api/v1/members/", {"as_of": day, **more}).json()["results"]
        return {row["name"]: row["party_group"] for row in rows}

    pk = grouped.first.pk
    assert told(ago(31), group="inside") == {}
    assert set(told(ago(31)).values()) == {None}
    assert told(ago(11), group="inside") == {"李强": {"id": pk, "name": "第一党小组", "leads": True}}
    assert told(ago(6), group="leader") == {"李强": {"id": pk, "name": "河西党小组", "leads": True}}
    assert told(ago(5), group="inside") == {"王芳": {"id": pk, "name": "河西党小组", "leads": False}}
    assert told(ago(5), group="leader") == {}
    assert "李强" in told(ago(5), group="none")


def test_the_page_of_the_branch_and_the_contacts_name_them(
    client_of: ClientOf, grouped: SimpleNamespace
) -> None:
    for who in ("liqiang", "wangfang"):
        page = client_of(who).get("/branch/").content.decode()
        assert page_of(grouped) in page, who
        assert "谁在哪个组，谁是组长" in page
        assert "第一党小组组长" in page
        assert "第一党小组组长" in client_of(who).get("/contacts/").content.decode()
    answer = client_of("liqiang").get("/api/v1/contacts/").json()
    labels = {one["name"]: one["posts"] for letter in answer["letters"] for one in letter["contacts"]}
    assert labels == {"李强": ["第一党小组组长"], "王芳": ["支部书记"]}
    with in_district(grouped.huiji):
        services.arrange(act(grouped), members={}, leaders={grouped.first.pk: None})
    assert "组长" not in client_of("liqiang").get("/contacts/").content.decode()
    assert page_of(grouped, branch="sunzhuang") not in client_of("zhoujie").get("/branch/").content.decode()


def test_the_record_tells_since_when(client_of: ClientOf, grouped: SimpleNamespace) -> None:
    with in_district(grouped.huiji):
        services.rename(act(grouped, on=ago(20)), group=grouped.first, name="河西党小组")
        second = formed(grouped, "第二党小组", members=[grouped.wangfang.pk])
        services.arrange(
            act(grouped, on=ago(10), reason="搬了家", document="纪要 5 号"),
            members={grouped.liqiang.pk: second.pk},
        )
        services.arrange(act(grouped, on=ago(4)), members={grouped.liqiang.pk: None})
    client = client_of("liqiang")
    answer = client.get(f"/api/v1/members/{grouped.liqiang.pk}/record/").json()
    facts = [
        (each["day"], each["kind"], each["text"], each["reason"], each["document"])
        for each in answer["facts"]
        if each["kind"].startswith("group")
    ]
    assert facts == [
        (ago(4).isoformat(), "group_left", "离开第二党小组", "", ""),
        (ago(10).isoformat(), "group", "编入第二党小组", "搬了家", "纪要 5 号"),
        (ago(30).isoformat(), "group", "任第一党小组组长", "支委会决定", ""),
    ]
    page = client.get(f"/members/{grouped.liqiang.pk}/record/").content.decode()
    for words in (
        "离开第二党小组",
        "编入第二党小组",
        "任第一党小组组长",
        "纪要 5 号",
        "编组：— → 第一党小组，组长",
    ):
        assert words in page, words


def test_the_tree_has_groups_below_the_branch_as_of_a_day(
    client_of: ClientOf, grouped: SimpleNamespace
) -> None:
    with in_district(grouped.huiji):
        services.arrange(act(grouped, on=ago(5)), members={}, leaders={grouped.first.pk: None})
    client, grid3 = client_of("zhangwei"), grouped.huiji_orgs.grid3

    def seen(day: date) -> tuple[list[tuple[str, str | None, int, int]], set[str]]:
        answer = client.get("/officer/organizations/", {"as_of": day})
        entry = answer.context["outline"].entries[grid3.pk]
        assert ("第一党小组" in answer.content.decode()) is bool(entry.groups)
        groups = [(part.name, part.leader, part.members, part.full) for part in entry.groups]
        return groups, {each.code for each in entry.problems if each.code.startswith("group_")}

    assert seen(ago(31)) == ([], set())
    assert seen(ago(30)) == ([("第一党小组", "李强", 1, 1)], {"group_too_small"})
    assert seen(TODAY()) == ([("第一党小组", None, 1, 1)], {"group_too_small", "group_without_leader"})
    for code, words in (("group_without_leader", "党小组缺组长"), ("group_too_small", "党小组人太少")):
        answer = client.get("/officer/organizations/", {"warning": code})
        assert [entry.node.id for entry in answer.context["listed"]] == [grid3.pk]
        assert words in answer.content.decode()
    own = f"/officer/organizations/{grid3.pk}/"
    shown = client.get(own).content.decode()
    assert "组长空缺" in shown
    assert page_of(grouped) in shown
    other = f"/officer/organizations/{grouped.huiji_orgs.grid4.pk}/"
    assert "没有划分党小组" in client.get(other).content.decode()


def test_a_group_of_probationary_members_alone_is_remarked_on(
    client_of: ClientOf, world: SimpleNamespace
) -> None:
    with in_district(world.huiji):
        made = _crowd(world, 3)
        Member.objects.filter(pk__in=made).update(status="probationary")
        formed(world, members=made, leader=made[0])
    answer = client_of("wangfang").get(page_of(world))
    assert "正式 0，预备 3" in answer.content.decode()
    assert [each.code for _group, found in answer.context["groups"] for each in found] == [
        "group_without_full"
    ]


def test_a_post_with_nothing_in_it_is_told_what_is_missing(
    client_of: ClientOf, grouped: SimpleNamespace
) -> None:
    for address in (
        page_of(grouped, "new/"),
        page_of(grouped, "arrange/"),
        f"/groups/{grouped.first.pk}/rename/",
    ):
        answer = client_of("wangfang").post(address)
        assert answer.status_code == 409, address
        assert "请写明原因" in answer.content.decode()
        assert filled(answer)["version"] == [str(version(grouped))]


def test_a_group_with_people_in_it_keeps_its_roster_from_being_taken_back(grouped: SimpleNamespace) -> None:
    """`_referred_to` looks at every table that refers to a member; places in groups are among them."""
    with in_district(grouped.huiji):
        ids = Member.objects.filter(pk=grouped.liqiang.pk).values("pk")
        assert "李强" in _referred_to(Member, ids, ignored={Membership})


# --- by API ----------------------------------------------------------------------------------------------------------


def ask(client: Any, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


def group_api(group: PartyGroup, what: str) -> str:
    return f"/api/v1/party-groups/{group.pk}/{what}/"


def told(answer: Any) -> tuple[Any, ...]:
    """Status, and the code of a refusal or the pointer and code of each fault."""
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    faults = [(each["pointer"], each["code"]) for each in body.get("errors", [])]
    return (answer.status_code, *(faults or [body["code"]]))


def test_the_division_of_a_day_by_api(client_of: ClientOf, grouped: SimpleNamespace) -> None:
    liqiang, wangfang = ({"id": each.pk, "name": each.name} for each in (grouped.liqiang, grouped.wangfang))
    with in_district(grouped.huiji):
        services.rename(act(grouped, on=ago(10)), group=grouped.first, name="河西党小组")
    today = {
        "branch": grouped.huiji_orgs.grid3.pk,
        "version": version(grouped),
        "groups": [
            {
                "id": grouped.first.pk, "name": "河西党小组", "since": ago(30).isoformat(), "leader": liqiang,
                "members": [liqiang],
            }
        ],
        "rest": [wangfang],
    }  # fmt: skip
    for who in ("liqiang", "wangfang", "zhangwei"):
        assert client_of(who).get(api_of(grouped)).json() == today, who
    client = client_of("liqiang")
    earlier = client.get(api_of(grouped), {"as_of": ago(11)}).json()
    assert earlier["groups"] == [today["groups"][0] | {"name": "第一党小组"}]
    assert client.get(api_of(grouped), {"as_of": ago(31)}).json() == today | {
        "groups": [], "rest": [liqiang, wangfang],
    }  # fmt: skip
    for day, code in (("x", "bad_parameter"), ("2026-02-30", "bad_parameter"), ("2999-01-01", "in_future")):
        assert told(client.get(api_of(grouped), {"as_of": day})) == (400, code)
    for who in ("zhoujie", "liuna"):
        assert told(client_of(who).get(api_of(grouped)))[0] == 404
    assert (
        client_of("zhaomin").get(api_of(grouped)).json()["groups"] == []
    )  # the same id in the other district
    assert told(client_of("zhangwei").get(api_of(grouped, branch="xincheng")))[0] == 404


def test_the_acts_by_api(client_of: ClientOf, world: SimpleNamespace) -> None:
    client, told_why = client_of("wangfang"), {"reason": "支委会决定", "document": "纪要 6 号"}
    liqiang, wangfang = world.liqiang.pk, world.wangfang.pk

    def run(path: str, **body: Any) -> dict[str, Any]:
        answer = ask(client, path, told_why | {"version": version(world)} | body)
        assert answer.status_code == 200, answer.content.decode()
        found: dict[str, Any] = answer.json()
        assert found["version"] == version(world)
        return found

    def shape(found: dict[str, Any]) -> list[tuple[str, str | None, list[str]]]:
        return [
            (each["name"], (each["leader"] or {}).get("name"), [one["name"] for one in each["members"]])
            for each in found["groups"]
        ]

    first = run(api_of(world), name="第一党小组", members=[liqiang], leader=liqiang, on=str(ago(9)))
    assert shape(first) == [("第一党小组", "李强", ["李强"])]
    second = run(api_of(world), name="第二党小组", members=[wangfang], on=str(ago(9)))
    one, two = (each["id"] for each in second["groups"])
    arranged = run(
        api_of(world, "arrange/"), on=str(ago(5)),
        members=[{"member": wangfang, "group": one}, {"member": liqiang, "group": two}],
        leaders=[{"group": one, "member": wangfang}],
    )  # fmt: skip
    assert shape(arranged) == [("第一党小组", "王芳", ["王芳"]), ("第二党小组", None, ["李强"])]
    renamed = run(f"/api/v1/party-groups/{one}/rename/", name="河西党小组", on=str(ago(3)))
    assert shape(renamed)[0][0] == "河西党小组"
    ended = run(f"/api/v1/party-groups/{one}/dissolve/", into=two)
    assert shape(ended) == [("第二党小组", None, ["李强", "王芳"])]
    last = run(f"/api/v1/party-groups/{two}/dissolve/")
    assert (shape(last), [each["name"] for each in last["rest"]]) == ([], ["李强", "王芳"])
    with in_district(world.huiji):
        rows = AuditRow.objects.filter(action__startswith="group.")
        assert {row.detail["document"] for row in rows} == {"纪要 6 号"}
        assert rows.count() == 6


@pytest.mark.parametrize(
    ("what", "body", "expected"),
    [
        ("form", {}, (422, ("/version", "required"), ("/reason", "required"), ("/name", "required"),
                      ("/members", "required"))),
        ("form", {"version": -1, "reason": "因", "name": "组", "members": [1]}, (422, ("/version", "min_value"))),
        ("form", {"reason": " ", "name": "河西", "members": ["wangfang"]}, (422, ("/reason", "blank"))),
        ("form", {"reason": "因", "name": "河西", "members": ["x", 0]},
         (422, ("/members/0", "invalid"), ("/members/1", "min_value"))),
        ("form", {"reason": "因", "name": "河西", "members": []}, (422, ("/members", "none"))),
        ("form", {"reason": "因", "name": "河西", "members": ["zhoujie"]}, (422, ("/members", "elsewhere"))),
        ("form", {"reason": "因", "name": "第一党小组", "members": ["wangfang"]}, (422, ("/name", "taken"))),
        ("form", {"reason": "因", "name": "河西", "members": ["wangfang"], "leader": "liqiang"},
         (422, ("/leader", "elsewhere"))),
        ("form", {"reason": "因", "name": "河西", "members": ["wangfang"], "on": "2999-01-01"},
         (422, ("/on", "in_future"))),
        ("form", {"reason": "因", "name": "河西", "members": ["wangfang"], "on": "2026-02-30"},
         (422, ("/on", "invalid"))),
        ("arrange", {"reason": "因"}, (422, ("", "same"))),
        ("arrange", {"reason": "因", "members": [{"member": "liqiang", "group": "first"}]}, (422, ("", "same"))),
        ("arrange", {"reason": "因", "members": [{"member": "zhoujie", "group": "first"}]},
         (422, ("/members", "elsewhere"))),
        ("arrange", {"reason": "因", "members": [{"member": "liqiang", "group": 2**62}]},
         (422, ("/members", "no_group"))),
        ("arrange", {"reason": "因", "members": [{"member": "liqiang"}]}, (422, ("/members/0/group", "required"))),
        ("arrange", {"reason": "因", "members": [{"member": "liqiang", "group": None}] * 2},
         (422, ("/members", "twice"))),
        ("arrange", {"reason": "因", "leaders": [{"group": "first", "member": None}] * 2},
         (422, ("/leaders", "twice"))),
        ("arrange", {"reason": "因", "leaders": [{"group": "second", "member": None},
                                               {"group": "first", "member": "wangfang"}]},
         (422, ("/leaders/1", "elsewhere"))),
        ("rename", {"reason": "因", "name": "第一党小组"}, (422, ("/name", "same"))),
        ("rename", {"reason": "因", "name": "第二党小组"}, (422, ("/name", "taken"))),
        ("rename", {"reason": "因", "name": "新名", "on": "2020-01-01"}, (422, ("/on", "before_last_change"))),
        ("dissolve", {"reason": "因", "into": "first"}, (422, ("/into", "same"))),
        ("dissolve", {"reason": "因", "into": 2**62}, (404, "not_found")),
        ("dissolve", {"reason": "因", "version": 0}, (409, "changed_meanwhile")),
        ("arrange", {"reason": "因", "version": 0}, (409, "changed_meanwhile")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_pointer(
    client_of: ClientOf, grouped: SimpleNamespace, what: str, body: dict[str, Any], expected: Any
) -> None:
    with in_district(grouped.huiji):
        grouped.second = formed(grouped, "第二党小组", members=_crowd(grouped, 1))
        before = sorted(GroupMembership.objects.values_list())

    def meant(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: meant(each) for key, each in value.items()}
        if isinstance(value, list):
            return [meant(each) for each in value]
        found = getattr(grouped, value, None) if isinstance(value, str) else None
        return found.pk if found is not None else value

    path = api_of(grouped, "" if what == "form" else "arrange/")
    if what in {"rename", "dissolve"}:
        path = group_api(grouped.first, what)
    given = meant(body) if not body or "version" in body else {"version": version(grouped)} | meant(body)
    assert told(ask(client_of("wangfang"), path, given)) == expected
    with in_district(grouped.huiji):
        assert sorted(GroupMembership.objects.values_list()) == before


@pytest.mark.parametrize("who", ["liqiang", "zhoujie", "liuna"])
def test_others_are_told_there_is_nothing(client_of: ClientOf, grouped: SimpleNamespace, who: str) -> None:
    body = {"version": version(grouped), "reason": "因", "name": "河西", "members": [grouped.wangfang.pk]}
    for path in (
        api_of(grouped), api_of(grouped, "arrange/"), group_api(grouped.first, "rename"),
        group_api(grouped.first, "dissolve"), "/api/v1/party-groups/999999/rename/",
    ):  # fmt: skip
        assert told(ask(client_of(who), path, body)) == (404, "not_found"), path
    assert told(ask(client_of("sunli"), group_api(grouped.first, "rename"), body)) == (404, "not_found")


def test_what_is_sent_twice_is_done_once(client_of: ClientOf, grouped: SimpleNamespace) -> None:
    client, told_why = client_of("wangfang"), {"reason": "支委会决定"}
    for path, body in (
        (api_of(grouped), {"name": "第二党小组", "members": [grouped.wangfang.pk]}),
        (
            api_of(grouped, "arrange/"),
            {"members": [{"member": grouped.wangfang.pk, "group": grouped.first.pk}]},
        ),
        (group_api(grouped.first, "rename"), {"name": "河西党小组", "on": str(ago(3))}),
        (group_api(grouped.first, "dissolve"), {}),
    ):
        given = told_why | {"version": version(grouped)} | body
        first = ask(client, path, given, **{"Idempotency-Key": "a"})
        assert first.status_code == 200, path
        after = version(grouped)
        again = ask(client, path, given, **{"Idempotency-Key": "a"})
        assert (again.status_code, again["Idempotency-Replayed"], again.json()) == (200, "true", first.json())
        assert version(grouped) == after
        other = ask(client, path, given | {"reason": "另一个"}, **{"Idempotency-Key": "a"})
        assert told(other) == (422, "key_reused")
        assert told(ask(client, path, given))[0] in {409, 422}  # without a key it is another one
    with in_district(grouped.huiji):
        assert AuditRow.objects.filter(action__startswith="group.").count() == 5


# --- two at once -----------------------------------------------------------------------------------------------------


@pytest.fixture
def divided(fresh: Callable[..., dict[str, Any]]) -> SimpleNamespace:  # noqa: F811
    """A district of its own, committed: 甲, its officer, and 乙 in one branch; 乙 is in its group."""
    names = fresh("dividing")
    district = lifecycle.create_district(**names, options={"officer_username": "first", "officer_name": "甲"})
    with in_district(district):
        officer = Member.objects.select_related("user", "branch").get()
        user = User.objects.create_user("second", None, name="乙")
        other = Member.objects.create(user=user, branch=officer.branch, name="乙", pinyin="yi", initials="y")
        group = services.form(
            services.Act(officer, officer.branch, 0, ago(9), "划分"), name="第一党小组", members=[other.pk]
        )
        User.objects.update(must_change_password=False)
        key = SessionStore.for_user(officer.user)

    def client() -> Client:
        made = Client(headers={"host": names["hosts"][0]})
        made.cookies[settings.SESSION_COOKIE_NAME] = key
        return made

    return SimpleNamespace(district=district, officer=officer, other=other, group=group, client=client)


def _at_once(*runs: Callable[[], Any]) -> list[Any]:
    """What each returns, run on connections of their own."""
    start, found = threading.Barrier(len(runs)), []

    def run(each: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            found.append(each())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[each]) for each in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_of_two_who_saw_the_same_one_is_told(divided: SimpleNamespace) -> None:
    with in_district(divided.district):
        seen = services.version_of(divided.group.branch)
    path = f"/api/v1/organizations/{divided.group.branch_id}/party-groups/arrange/"

    def arrange(member: int, group: int | None) -> Callable[[], int]:
        body = {"version": seen, "reason": "调整", "members": [{"member": member, "group": group}]}
        client = divided.client()
        return lambda: int(ask(client, path, body).status_code)

    answers = _at_once(arrange(divided.officer.pk, divided.group.pk), arrange(divided.other.pk, None))
    assert sorted(answers) == [200, 409]
    with in_district(divided.district):
        assert timeline.disagreements() == []
        assert AuditRow.objects.filter(action="group.arrange").count() == 1
        assert (
            AuditRow.objects.filter(action="member.group").count() == 2
        )  # with the one of the group's forming


def test_a_page_that_waited_for_another_save_carries_what_that_left(divided: SimpleNamespace) -> None:
    """The groups were read before the wait, and have changed by its end: saving again is saving what is shown."""
    branch, client = divided.group.branch, divided.client()
    address = f"/organizations/{branch.pk}/groups/arrange/"
    mine, theirs = f"member_{divided.officer.pk}", f"member_{divided.other.pk}"
    given = filled(client.get(address), reason="编入") | {mine: divided.group.pk}
    answers: list[Any] = []

    def save() -> None:
        try:
            answers.append(client.post(address, given))
        finally:
            connection.close()

    thread = threading.Thread(target=save)
    with in_district(divided.district), outbox.atomic():
        seen = services.version_of(branch)
        services.arrange(
            services.Act(divided.officer, branch, seen, TODAY(), "调整"), members={divided.other.pk: None}
        )
        thread.start()
        _until_somebody_waits()
    thread.join(30)
    (answer,) = answers
    assert answer.status_code == 409
    with in_district(divided.district):
        now = services.version_of(branch)
    again = filled(answer)
    assert (again["version"], again[mine], again[theirs]) == ([str(now)], [str(divided.group.pk)], [""])
    assert client.post(address, again).status_code == 302
    with in_district(divided.district):
        assert places(TODAY()) == {"甲": ("第一党小组", False)}
        assert timeline.disagreements() == []


def _until_somebody_waits() -> None:
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody came to wait")
