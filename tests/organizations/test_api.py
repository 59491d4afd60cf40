"""``/api/v1/organizations/`` and ``/api/v1/members/``."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from dangjian.identity.models import User
from dangjian.organizations.models import Member, Organization, OrganizationKind
from tenants.context import in_district
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
ORGANIZATIONS, MEMBERS = "/api/v1/organizations/", "/api/v1/members/"


def test_the_tree_by_right(client_of: ClientOf, world: SimpleNamespace) -> None:
    own = client_of("liqiang").get(ORGANIZATIONS).json()
    assert [each["name"] for each in own["results"]] == ["区委", "新城街道党工委", "金河社区第三网格党支部"]
    assert [each["depth"] for each in own["results"]] == [1, 2, 3]
    assert [each["parent"] for each in own["results"]] == [
        None,
        world.huiji_orgs.root.pk,
        world.huiji_orgs.xincheng.pk,
    ]
    assert own["next"] is None
    whole = client_of("zhangwei").get(ORGANIZATIONS).json()["results"]
    assert len(whole) == 8
    assert whole[0] == {
        "id": world.huiji_orgs.root.pk,
        "name": "区委",
        "short_name": "区委",
        "kind": "district",
        "sector": "",
        "parent": None,
        "depth": 1,
        "members": 5,
    }


def test_the_tree_has_pages(client_of: ClientOf, world: SimpleNamespace, budget: Budget) -> None:
    with in_district(world.huiji):
        tree: Any = Organization.objects
        for number in range(40):
            parent = Organization.objects.get(pk=world.huiji_orgs.guxing.pk)
            name = f"第{number}党支部"
            tree.add_child(parent, {"name": name, "short_name": name, "kind": OrganizationKind.BRANCH})
    client, address, seen = client_of("zhangwei"), ORGANIZATIONS, []
    while address:
        with budget(5):
            answer = client.get(address).json()
        assert len(answer["results"]) <= 20
        seen += [each["id"] for each in answer["results"]]
        address = answer["next"]
    assert len(seen) == len(set(seen)) == 48


WHO = {
    "zhangwei": {"李强", "刘娜", "王芳", "张伟", "周杰"},
    "liuna": {"刘娜", "张伟"},
    "wangfang": {"王芳", "李强"},
    "liqiang": {"王芳", "李强"},
    "zhoujie": {"周杰"},
    "sunli": {"赵敏", "孙丽"},
    "zhaomin": {"赵敏"},
}


@pytest.mark.parametrize("who", WHO)
def test_members_by_right(client_of: ClientOf, who: str) -> None:
    results = client_of(who).get(MEMBERS).json()["results"]
    assert {each["name"] for each in results} == WHO[who]


def test_what_of_a_member_by_right(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        Member.objects.update(phone="13812342671")

    def told(who: str, of: str) -> dict[str, Any]:
        results = client_of(who).get(MEMBERS).json()["results"]
        return next(each for each in results if each["name"] == of)

    shown = told("zhangwei", "王芳")
    assert shown == {
        "id": world.wangfang.pk,
        "name": "王芳",
        "branch": {"id": world.huiji_orgs.grid3.pk, "name": "金河社区第三网格党支部"},
        "posts_held": [{"post": "secretary", "organization": world.huiji_orgs.grid3.pk}],
        "party_group": None,
        "status": "full",
        "phone": "138****2671",
        "active": True,
        "signed_in": False,
        "left_on": None,
        "left_kind": "",
    }
    assert told("wangfang", "李强")["phone"] == "138****2671"
    hidden = told("liqiang", "王芳")
    assert hidden["posts_held"] == shown["posts_held"]
    assert [hidden[name] for name in ("status", "phone", "active", "signed_in", "left_kind")] == [None] * 5
    assert told("liqiang", "李强")["phone"] == "138****2671"


def test_members_are_searched_and_filtered(client_of: ClientOf, world: SimpleNamespace) -> None:
    client = client_of("zhangwei")

    def found(**query: Any) -> list[str]:
        return [each["name"] for each in client.get(MEMBERS, query).json()["results"]]

    assert found(q="王f") == ["王芳"]
    assert found(branch=world.huiji_orgs.sunzhuang.pk) == ["周杰"]
    assert found(branch=world.huiji_orgs.sunzhuang.pk, q="wf") == []


def test_nobody_is_found_by_what_may_not_be_seen_of_them(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        Member.objects.filter(pk=world.liqiang.pk).update(converted_on=None, status="probationary")

    def found(who: str) -> list[str] | int:
        answer = client_of(who).get(MEMBERS, {"kind": "probationary"})
        return (
            [each["name"] for each in answer.json()["results"]]
            if answer.status_code == 200
            else answer.status_code
        )

    assert found("zhangwei") == found("wangfang") == ["李强"]
    assert found("liqiang") == 403


def test_a_branch_out_of_sight_is_not_found(client_of: ClientOf, world: SimpleNamespace) -> None:
    client = client_of("liqiang")
    assert client.get(MEMBERS, {"branch": world.huiji_orgs.sunzhuang.pk}).status_code == 404
    assert client.get(MEMBERS, {"branch": 999999}).status_code == 404
    assert client.get(MEMBERS, {"branch": "x"}).status_code == 400
    assert client.get(MEMBERS, {"cursor": "x"}).status_code == 400


def test_pages_of_members_cost_the_same(client_of: ClientOf, world: SimpleNamespace, budget: Budget) -> None:
    with in_district(world.huiji):
        for number in range(45):
            user = User.objects.create(username=f"u{number}", name=f"人{number}")
            Member.objects.create(
                user=user, branch=world.huiji_orgs.grid4, name=f"人{number}", pinyin="ren", initials="r"
            )
    client, address, seen = client_of("zhangwei"), MEMBERS + "?q=ren", []
    while address:
        with budget(5):
            answer = client.get(address).json()
        seen += [each["id"] for each in answer["results"]]
        address = answer["next"]
    assert len(seen) == len(set(seen)) == 45


def test_signed_out(client: Any, world: SimpleNamespace) -> None:
    for path in (ORGANIZATIONS, MEMBERS):
        assert client.get(path, headers={"host": "huiji.localhost"}).status_code == 401
