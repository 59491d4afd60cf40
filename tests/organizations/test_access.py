"""Who is what in the tree, and what follows from it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dangjian.organizations import access
from dangjian.organizations.access import forget_standing, standing
from dangjian.organizations.models import Member, Office, OfficeKind, Organization, Post, PostHeld
from tests.organizations.conftest import Budget


def test_standing_takes_one_query_and_is_remembered(inside: SimpleNamespace, budget: Budget) -> None:
    with budget(1):
        found = standing(inside.wangfang)
        assert standing(inside.wangfang) is found
        assert [each.name for each in found.path] == ["区委", "新城街道党工委", "金河社区第三网格党支部"]
        assert found.secretary_of == inside.huiji_orgs.grid3
    assert found.path_ids == tuple(each.pk for each in found.path)
    assert found.offices == ()
    assert found.covered_paths == ()


def test_an_office_covers_what_is_below_it(inside: SimpleNamespace) -> None:
    here, there = inside.huiji_orgs.xincheng, inside.huiji_orgs.guxing
    Office.objects.create(member=inside.liqiang, kind=OfficeKind.MODERATOR, organization=here)
    found = standing(inside.liqiang)
    assert found.covered_paths == (here.path,)
    assert found.covers(inside.huiji_orgs.grid4)
    assert found.moderates(inside.huiji_orgs.grid4)
    assert not found.covers(inside.huiji_orgs.grid4, OfficeKind.OFFICER)
    assert not found.covers(there)
    assert not found.covers(inside.huiji_orgs.root)


def test_covered_paths_leave_out_what_lies_within_another(inside: SimpleNamespace) -> None:
    for where in (inside.huiji_orgs.grid3, inside.huiji_orgs.xincheng, inside.huiji_orgs.guxing):
        Office.objects.create(member=inside.liqiang, kind=OfficeKind.EDITOR, organization=where)
    expected = (inside.huiji_orgs.xincheng.path, inside.huiji_orgs.guxing.path)
    assert standing(inside.liqiang).covered_paths == expected


def test_a_similar_path_is_not_below(inside: SimpleNamespace) -> None:
    """Paths are compared by prefix: only their fixed step makes 00010001 no prefix of a sibling."""
    Office.objects.create(
        member=inside.liqiang, kind=OfficeKind.OFFICER, organization=inside.huiji_orgs.grid3
    )
    assert not access.is_officer(inside.liqiang, inside.huiji_orgs.grid4)


@pytest.mark.parametrize(
    ("who", "speaks"),
    [("wangfang", True), ("liqiang", False), ("zhangwei", True), ("liuna", True), ("zhoujie", False)],
)
def test_who_speaks_for_their_branch(inside: SimpleNamespace, who: str, speaks: bool) -> None:
    assert standing(getattr(inside, who)).speaks_for_branch is speaks


def test_a_deputy_stands_in_for_the_secretary_of_the_own_branch_alone(inside: SimpleNamespace) -> None:
    PostHeld.objects.create(
        member=inside.liqiang, organization=inside.huiji_orgs.grid3, post=Post.DEPUTY_SECRETARY
    )
    PostHeld.objects.create(member=inside.zhoujie, organization=inside.huiji_orgs.guxing, post=Post.SECRETARY)
    assert access.is_secretary_of(inside.liqiang, inside.huiji_orgs.grid3)
    assert not access.is_secretary_of(inside.liqiang, inside.huiji_orgs.grid4)
    assert not access.is_secretary_of(inside.zhoujie, inside.huiji_orgs.sunzhuang)


SEE = {
    # who looks: whom they see, and of whom the (masked) telephone
    "zhangwei": ("wangfang liqiang zhoujie zhangwei liuna", "wangfang liqiang zhoujie zhangwei liuna"),
    "liuna": ("zhangwei liuna", "liuna"),
    "wangfang": ("wangfang liqiang", "wangfang liqiang"),
    "liqiang": ("wangfang liqiang", "liqiang"),
    "zhoujie": ("zhoujie", "zhoujie"),
}
HUIJI = SEE["zhangwei"][0].split()


@pytest.mark.parametrize("who", SEE)
def test_who_sees_whom(inside: SimpleNamespace, who: str) -> None:
    viewer = getattr(inside, who)
    people = {name: getattr(inside, name) for name in HUIJI}
    seen, phones = (set(names.split()) for names in SEE[who])
    assert {name for name, other in people.items() if access.may_see_member(viewer, other)} == seen
    assert {name for name, other in people.items() if access.may_see_phone(viewer, other)} == phones
    listed = set(access.visible_members(viewer).values_list("user__username", flat=True))
    assert listed == seen


def test_an_officer_manages_only_those_whose_offices_reach_no_further(inside: SimpleNamespace) -> None:
    Office.objects.create(
        member=inside.zhoujie, kind=OfficeKind.OFFICER, organization=inside.huiji_orgs.offices
    )
    assert set(access.managed_members(inside.zhoujie)) == {inside.zhangwei, inside.liuna}
    assert not access.may_manage_member(inside.zhoujie, inside.zhangwei)
    assert not access.may_manage_member(inside.zhoujie, inside.liuna)
    Office.objects.filter(member=inside.liuna).delete()
    forget_standing(inside.liuna)
    assert access.may_manage_member(inside.zhoujie, inside.liuna)
    assert access.may_give_office(inside.zhoujie, inside.liuna, inside.huiji_orgs.office)
    assert not access.may_give_office(inside.zhoujie, inside.liuna, inside.huiji_orgs.root)
    assert not access.may_manage_member(inside.zhoujie, inside.wangfang)


def test_a_secretary_helps_in_those_who_have_never_been_in_and_hold_no_office(
    inside: SimpleNamespace,
) -> None:
    assert access.may_help_in(inside.wangfang, inside.liqiang)
    assert not access.may_help_in(inside.wangfang, inside.zhoujie)
    assert not access.may_help_in(inside.liqiang, inside.wangfang)
    Office.objects.create(member=inside.liqiang, kind=OfficeKind.OFFICER, organization=inside.huiji_orgs.root)
    forget_standing(inside.liqiang)
    assert not access.may_help_in(inside.wangfang, inside.liqiang)


def test_the_part_of_the_tree_one_sees(inside: SimpleNamespace) -> None:
    def names(member: Member) -> list[str]:
        return [each.name for each in access.visible_organizations(member)]

    assert names(inside.liqiang) == ["区委", "新城街道党工委", "金河社区第三网格党支部"]
    assert names(inside.zhangwei) == [each.name for each in Organization.objects.order_by("path")]
    assert list(access.managed_organizations(inside.liuna)) == []
