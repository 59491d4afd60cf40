"""The pages and the API of Party groups: who sees what, what is kept of what was filled in, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from dangjian.organizations import timeline
from dangjian.organizations.groups import services
from dangjian.organizations.groups.models import GroupMembership, PartyGroup
from dangjian.organizations.models import Member
from tenants.context import in_district
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
TODAY = timezone.localdate


def ago(days: int) -> date:
    return TODAY() - timedelta(days=days)


@pytest.fixture
def group(world: SimpleNamespace) -> PartyGroup:
    """第一党小组 of the third grid, formed thirty days ago with 李强 as its leader."""
    with in_district(world.huiji):
        act = services.Act(world.wangfang, world.huiji_orgs.grid3, 0, ago(30), "支委会决定")
        return services.form(act, name="第一党小组", members=[world.liqiang.pk], leader=world.liqiang.pk)


def pages(world: SimpleNamespace) -> str:
    return f"/organizations/{world.huiji_orgs.grid3.pk}/groups/"


def api(world: SimpleNamespace) -> str:
    return f"/api/v1/organizations/{world.huiji_orgs.grid3.pk}/party-groups/"


def version(world: SimpleNamespace) -> int:
    with in_district(world.huiji):
        return services.version_of(world.huiji_orgs.grid3)


def where(world: SimpleNamespace, day: date | None = None) -> dict[str, tuple[str, bool]]:
    with in_district(world.huiji):
        assert timeline.disagreements() == []
        rows = GroupMembership.objects.filter(timeline.on(day or TODAY()))
        told = rows.values_list("member__name", "group__name", "leads")
        return {name: (of, leads) for name, of, leads in told}


# --- pages -----------------------------------------------------------------------------------------------------------


def test_everybody_in_the_branch_sees_names_and_who_arranges_sees_more(
    client_of: ClientOf, world: SimpleNamespace, group: PartyGroup, budget: Budget
) -> None:
    seen = {name: client_of(name).get(pages(world)) for name in ("liqiang", "wangfang", "zhangwei")}
    for name, answer in seen.items():
        text = answer.content.decode()
        assert answer.status_code == 200, name
        for words in ("第一党小组", "组长 李强", "没有编入党小组", "王芳"):
            assert words in text
        arranges = name != "liqiang"
        assert ("正式 1，预备 0" in text) is arranges
        assert ("一般不少于 3 名" in text) is arranges
        assert ("调整编组" in text) is arranges
    for name in ("zhoujie", "liuna"):
        assert client_of(name).get(pages(world)).status_code == 404
    # The same id is her own branch in the other district.
    assert "第一党小组" not in client_of("zhaomin").get(pages(world)).content.decode()
    client = client_of("wangfang")
    client.get(pages(world))
    # Session, bell, standing; branch, its groups, its people, their version; the heads of the topics.
    with budget(8):
        client.get(pages(world))


def test_another_day_is_shown_as_it_was_and_changed_by_nobody(
    client_of: ClientOf, world: SimpleNamespace, group: PartyGroup
) -> None:
    client = client_of("wangfang")
    with in_district(world.huiji):
        act = services.Act(world.wangfang, group.branch, services.version_of(group.branch), ago(5), "改称")
        services.rename(act, group=group, name="河西党小组")
    assert "河西党小组" in client.get(pages(world)).content.decode()
    past = client.get(pages(world), {"as_of": ago(6).isoformat()}).content.decode()
    assert "第一党小组" in past
    assert "调整编组" not in past
    assert "那天没有党小组" in client.get(pages(world), {"as_of": ago(31).isoformat()}).content.decode()
    for wrong in ("2026-02-31", "2999-01-01", "x"):
        assert client.get(pages(world), {"as_of": wrong}).status_code == 422


def test_a_branch_without_groups_is_told_what_they_are_for(
    client_of: ClientOf, world: SimpleNamespace
) -> None:
    text = client_of("wangfang").get(pages(world)).content.decode()
    assert "没有划分党小组" in text
    assert "第 13 条" in text
    assert "调整编组" not in text
    assert "没有编入党小组" not in text
    assert "/groups/" not in client_of("liqiang").get("/branch/").content.decode()


def test_a_group_is_formed_and_what_is_wrong_is_said_beside_it(
    client_of: ClientOf, world: SimpleNamespace
) -> None:
    client, url = client_of("wangfang"), pages(world) + "new/"
    given = {
        "version": 0, "name": "", "members": [world.liqiang.pk, world.wangfang.pk], "leader": world.liqiang.pk,
        "on": ago(3).isoformat(), "document": "金三支〔2026〕5号", "reason": "",
    }  # fmt: skip
    answer = client.post(url, given)
    text = answer.content.decode()
    assert answer.status_code == 422
    for words in (
        "请填写党小组的名称",
        "请写明原因",
        "金三支〔2026〕5号",
        'aria-describedby="id_name_error"',
    ):
        assert words in text
    assert sorted(answer.context["form"]["members"].value()) == sorted(map(str, given["members"]))
    done = client.post(url, given | {"name": "第一党小组", "reason": "支委会决定"}, follow=True)
    assert "党小组已经划分" in done.content.decode()
    assert where(world, ago(3)) == {"李强": ("第一党小组", True), "王芳": ("第一党小组", False)}
    ahead = given | {"name": "第二党小组", "reason": "x", "on": "2999-01-01", "version": version(world)}
    assert "日期在今天之后" in client.post(url, ahead).content.decode()


def test_the_sheet_moves_people_and_names_leaders(
    client_of: ClientOf, world: SimpleNamespace, group: PartyGroup
) -> None:
    client, url = client_of("zhangwei"), pages(world) + "arrange/"
    form = client.get(url).context["form"]
    assert [field.label for field in form.leaders] == ["第一党小组"]
    assert [field.label for field in form.members] == ["李强", "王芳"]
    given = {"version": version(world), "on": TODAY().isoformat(), "reason": "轮换"}
    for field in (*form.leaders, *form.members):
        given[field.name] = given[field.html_initial_name] = field.value()
    refused = client.post(url, given | {f"leader_{group.pk}": world.wangfang.pk})
    assert refused.status_code == 422
    assert "先编进来，再定为组长" in str(refused.context["form"].errors[f"leader_{group.pk}"])
    unchanged = client.post(url, given)
    assert "什么都没有变" in unchanged.content.decode()
    change = {f"leader_{group.pk}": world.wangfang.pk, f"member_{world.wangfang.pk}": group.pk}
    assert client.post(url, given | change).status_code == 302
    assert where(world) == {"李强": ("第一党小组", False), "王芳": ("第一党小组", True)}
    assert where(world, ago(1)) == {"李强": ("第一党小组", True)}


def test_renaming_and_ending_a_group_by_page(
    client_of: ClientOf, world: SimpleNamespace, group: PartyGroup
) -> None:
    client = client_of("wangfang")
    told = {"version": version(world), "on": ago(2).isoformat(), "reason": "支部决定"}
    rename = f"/groups/{group.pk}/rename/"
    assert client.get(rename).context["form"]["name"].value() == "第一党小组"
    assert client.post(rename, told | {"name": "河西党小组"}).status_code == 302
    stale = client.post(f"/groups/{group.pk}/dissolve/", told)
    assert stale.status_code == 409
    assert str(stale.context["form"]["version"].value()) == str(version(world))
    told["version"] = version(world)
    done = client.post(
        f"/groups/{group.pk}/dissolve/", told | {"into": "", "on": ago(1).isoformat()}, follow=True
    )
    assert "党小组已经撤销" in done.content.decode()
    assert where(world) == {}
    assert client.get(f"/groups/{group.pk}/dissolve/").status_code == 404


def test_groups_are_found_where_people_look(
    client_of: ClientOf, world: SimpleNamespace, group: PartyGroup, budget: Budget
) -> None:
    officer, secretary = client_of("zhangwei"), client_of("wangfang")
    named = lambda answer: [row.name for row, _columns in answer.context["rows"]]  # noqa: E731
    members = "/officer/members/"
    assert named(officer.get(members, {"group": "inside"})) == ["李强"]
    assert named(officer.get(members, {"group": "leader"})) == ["李强"]
    assert "李强" not in named(officer.get(members, {"group": "none"}))
    with budget(6):
        page = officer.get(members, {"columns": "group", "group": "leader"})
    assert "第一党小组组长" in page.content.decode()
    assert officer.get("/officer/members.xlsx", {"columns": "group"}).status_code == 200
    assert named(secretary.get("/branch/members/", {"group": "none"})) == ["王芳"]
    for who in ("wangfang", "liqiang"):
        assert "第一党小组组长" in client_of(who).get("/branch/").content.decode()
    assert "第一党小组组长" in secretary.get("/contacts/").content.decode()
    record = secretary.get(f"/members/{world.liqiang.pk}/record/").content.decode()
    assert "任第一党小组组长" in record
    assert "编组：— → 第一党小组，组长" in record
    outline = officer.get("/officer/organizations/")
    entry = outline.context["outline"].entries[world.huiji_orgs.grid3.pk]
    assert [(part.name, part.members, part.full, part.leader) for part in entry.groups] == [
        ("第一党小组", 1, 1, "李强")
    ]
    assert "group_too_small" in {problem.code for problem in entry.problems}
    before = officer.get("/officer/organizations/", {"as_of": ago(31).isoformat()})
    assert before.context["outline"].entries[world.huiji_orgs.grid3.pk].groups == []
    own = officer.get(f"/officer/organizations/{world.huiji_orgs.grid3.pk}/").content.decode()
    assert "组长 李强" in own
    assert "划分党小组" in own


# --- API -------------------------------------------------------------------------------------------------------------


def test_the_groups_of_a_day_by_api(client_of: ClientOf, world: SimpleNamespace, group: PartyGroup) -> None:
    told = client_of("liqiang").get(api(world)).json()
    assert told == {
        "branch": world.huiji_orgs.grid3.pk,
        "version": version(world),
        "groups": [
            {
                "id": group.pk,
                "name": "第一党小组",
                "since": ago(30).isoformat(),
                "leader": {"id": world.liqiang.pk, "name": "李强"},
                "members": [{"id": world.liqiang.pk, "name": "李强"}],
            }
        ],
        "rest": [{"id": world.wangfang.pk, "name": "王芳"}],
    }
    past = client_of("liqiang").get(api(world), {"as_of": ago(31).isoformat()}).json()
    assert (past["groups"], len(past["rest"])) == ([], 2)
    assert client_of("zhaomin").get(api(world)).json()["groups"] == [], "the same id in the other district"

    def of_member(day: date) -> Any:
        rows = client_of("wangfang").get("/api/v1/members/", {"as_of": day.isoformat()}).json()["results"]
        return next(row["party_group"] for row in rows if row["name"] == "李强")

    assert of_member(TODAY()) == {"id": group.pk, "name": "第一党小组", "leads": True}
    assert of_member(ago(31)) is None


def test_the_acts_by_api(client_of: ClientOf, world: SimpleNamespace, group: PartyGroup) -> None:
    client = client_of("wangfang")

    def post(url: str, given: dict[str, Any], **more: Any) -> Any:
        return client.post(url, {"reason": "支部决定", **given}, content_type="application/json", **more)

    form = {
        "version": version(world),
        "name": "第二党小组",
        "members": [world.wangfang.pk],
        "on": ago(9).isoformat(),
    }
    key = {"headers": {"idempotency-key": "second-group"}}
    made = post(api(world), form, **key).json()
    assert post(api(world), form, **key).json() == made
    assert [each["name"] for each in made["groups"]] == ["第一党小组", "第二党小组"]
    second = made["groups"][1]["id"]
    stale = post(f"/api/v1/party-groups/{second}/rename/", {"version": 0, "name": "河西"})
    assert (stale.status_code, stale.json()["code"]) == (409, "changed_meanwhile")
    assert stale.headers["content-type"] == "application/problem+json"
    renamed = post(
        f"/api/v1/party-groups/{second}/rename/", {"version": made["version"], "name": "河西党小组"}
    ).json()
    assert renamed["groups"][1]["name"] == "河西党小组"
    wrong = post(
        api(world) + "arrange/",
        {
            "version": renamed["version"],
            "leaders": [
                {"group": group.pk, "member": None},
                {"group": second, "member": world.liqiang.pk},
            ],
        },
    )
    assert wrong.status_code == 422
    assert [each["pointer"] for each in wrong.json()["errors"]] == ["/leaders/1"]
    arranged = post(
        api(world) + "arrange/",
        {"version": renamed["version"], "members": [{"member": world.liqiang.pk, "group": second}]},
    ).json()
    assert where(world) == {"李强": ("河西党小组", False), "王芳": ("河西党小组", False)}
    assert (
        post(
            f"/api/v1/party-groups/{second}/dissolve/", {"version": arranged["version"], "into": 99}
        ).status_code
        == 404
    )
    ended = post(
        f"/api/v1/party-groups/{second}/dissolve/", {"version": arranged["version"], "into": group.pk}
    )
    assert ended.status_code == 422, "nobody's place may begin and end on one day"
    missing = post(api(world), {"name": "第三党小组"})
    assert {each["pointer"] for each in missing.json()["errors"]} == {"/version", "/members"}


def test_a_group_with_people_in_it_keeps_its_roster_from_being_taken_back(
    world: SimpleNamespace, group: PartyGroup
) -> None:
    """`_referred_to` looks at every table that refers to a member; places in groups are among them."""
    from dangjian.organizations.imports.writing import _referred_to
    from dangjian.organizations.models import Membership

    with in_district(world.huiji):
        ids = Member.objects.filter(pk=world.liqiang.pk).values("pk")
        assert "李强" in _referred_to(Member, ids, ignored={Membership})
