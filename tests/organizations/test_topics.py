"""What is told to those who answer for an organisation, and that they are asked anew when it moves."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

from dangjian.organizations import structure, topics
from dangjian.organizations.models import Member, Office, OfficeKind, Organization, Post, PostHeld
from realtime import outbox
from realtime.models import Event
from realtime.topics import parse
from tests.organizations.conftest import Budget


def admitted(organization: Organization, *members: Member) -> set[int]:
    topic = parse(f"organization:{organization.pk}", members[0].user_id)
    found = topic.admitted([member.user_id for member in members])
    assert found == {member.user_id for member in members if topic.admits(member.user_id)}
    return found


def test_who_answers_for_it(inside: SimpleNamespace, budget: Budget) -> None:
    orgs = inside.huiji_orgs
    people = (inside.wangfang, inside.liqiang, inside.zhangwei, inside.liuna, inside.zhoujie)
    PostHeld.objects.create(member=inside.liqiang, organization=orgs.grid3, post=Post.ORGANIZATION)
    PostHeld.objects.create(member=inside.zhoujie, organization=orgs.guxing, post=Post.DEPUTY_SECRETARY)
    assert admitted(orgs.grid3, *people) == {inside.wangfang.user_id, inside.zhangwei.user_id}
    assert admitted(orgs.guxing, *people) == {inside.zhoujie.user_id, inside.zhangwei.user_id}
    assert admitted(orgs.sunzhuang, *people) == {inside.zhangwei.user_id}
    topic = parse(f"organization:{orgs.grid3.pk}", 1)
    with budget(2):
        topic.admitted([member.user_id for member in people])


def test_an_event_goes_up_the_tree_once(inside: SimpleNamespace) -> None:
    orgs = inside.huiji_orgs
    with outbox.atomic():
        topics.tell("transfer.changed", {"id": 7}, orgs.grid3, orgs.grid4)
    told = list(Event.objects.filter(kind="transfer.changed").values_list("topic", "data"))
    expected = {orgs.root, orgs.xincheng, orgs.grid3, orgs.grid4}
    assert sorted(told) == sorted((topics.of(each), {"id": 7}) for each in expected)


def test_what_one_follows(inside: SimpleNamespace) -> None:
    orgs = inside.huiji_orgs
    assert topics.followed(inside.wangfang) == [topics.of(orgs.grid3)]
    assert topics.followed(inside.zhangwei) == [topics.of(orgs.root)]
    assert topics.followed(inside.liqiang) == []


def test_rights_are_asked_anew_when_it_moves_or_ends(inside: SimpleNamespace) -> None:
    orgs = inside.huiji_orgs
    Office.objects.create(member=inside.liuna, kind=OfficeKind.OFFICER, organization=orgs.xincheng)
    assert inside.liuna.user_id in admitted(orgs.grid4, inside.liuna)
    act = structure.Act(inside.zhangwei, date(2026, 3, 1), "调整隶属")
    structure.move(act=act, organization=orgs.grid4, version=1, parent=orgs.guxing)
    asked = Event.objects.filter(kind="topic.recheck").values_list("data__topic", flat=True)
    assert topics.of(orgs.grid4) in asked
    assert not admitted(orgs.grid4, inside.liuna)
    act = structure.Act(inside.zhangwei, date(2026, 3, 2), "撤销")
    structure.dissolve(act=act, organization=orgs.grid4, version=2)
    assert not admitted(orgs.grid4, inside.zhangwei)
