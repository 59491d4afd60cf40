"""How the register stood on any day, against a naive replay of what was done to it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangjian.api.problems import Problem
from dangjian.organizations import changes, services, structure, timeline
from dangjian.organizations.leaving import services as leaving
from dangjian.organizations.models import (
    Leaving,
    Member,
    Membership,
    Organization,
    OrganizationKind,
    OrganizationPeriod,
    Post,
    PostHeld,
)
from tenants.context import in_district
from tests.contract.test_permissions import undone

START = date(2026, 1, 1)
DAYS = 60
BRANCHES = ("grid3", "grid4", "sunzhuang", "office")
COMMITTEES = ("xincheng", "guxing", "offices")
PEOPLE = ("liqiang", "zhoujie", "liuna")

_WAYS = [each for each in Leaving.values if each != Leaving.PROBATION_CANCELLED]

days = st.integers(0, DAYS - 1).map(lambda number: START + timedelta(days=number))
operations = st.lists(
    st.one_of(
        st.tuples(st.just("member"), days, st.sampled_from(PEOPLE), st.sampled_from(BRANCHES)),
        st.tuples(
            st.just("move"),
            days,
            st.sampled_from(BRANCHES + COMMITTEES),
            st.sampled_from(("root", *COMMITTEES)),
        ),
        st.tuples(st.just("rename"), days, st.sampled_from(BRANCHES), st.sampled_from("甲乙丙丁")),
        st.tuples(st.just("leave"), days, st.sampled_from(PEOPLE), st.sampled_from(_WAYS)),
        st.tuples(st.just("restore"), days, st.sampled_from(PEOPLE), st.sampled_from(BRANCHES)),
        st.tuples(st.just("take_back"), days, st.sampled_from(PEOPLE), st.none()),
    ),
    max_size=14,
)


class Replay:
    """The same operations on plain lists: (day, value) by what they are about, in the order they were done. The branch
    of somebody who has left is None."""

    def __init__(self, world: SimpleNamespace) -> None:
        self.orgs = {organization.pk: organization for organization in vars(world.huiji_orgs).values()}
        by_path = {each.path: each.pk for each in self.orgs.values()}
        self.parents: dict[int, list[tuple[date, Any]]] = {
            pk: [(date.min, by_path.get(each.parent_path))] for pk, each in self.orgs.items()
        }
        self.names: dict[int, list[tuple[date, Any]]] = {
            pk: [(date.min, each.name)] for pk, each in self.orgs.items()
        }
        self.branches: dict[int, list[tuple[date, Any]]] = {
            member.pk: [(date.min, member.branch_id)] for member in Member.objects.all()
        }

    @staticmethod
    def at(said: list[tuple[date, Any]], day: date) -> Any:
        return [value for since, value in said if since <= day][-1]

    def subtree_counts(self, day: date) -> dict[int, int]:
        counts: Counter[int] = Counter()
        for said in self.branches.values():
            step = self.at(said, day)
            while step is not None:
                counts[step] += 1
                step = self.at(self.parents[step], day)
        return {pk: counts[pk] for pk in self.orgs}


def do(world: SimpleNamespace, operation: tuple[Any, ...], replay: Replay) -> None:
    what, day, who, value = operation
    orgs = world.huiji_orgs
    if what in {"leave", "restore", "take_back"}:
        leave_or_return(world, operation, replay)
        return
    if what == "member":
        member, branch = getattr(world, who), getattr(orgs, value)
        services.move_member(
            actor=world.zhangwei,
            member=member,
            branch=Organization.objects.get(pk=branch.pk),
            since=day,
            reason="调整",
        )
        replay.branches[member.pk].append((day, branch.pk))
        return
    organization = Organization.objects.get(pk=getattr(orgs, who).pk)
    act = structure.Act(world.zhangwei, day, "研究决定", "惠组〔2026〕1号")
    if what == "move":
        parent = Organization.objects.get(pk=getattr(orgs, value).pk)
        structure.move(act=act, organization=organization, version=organization.version, parent=parent)
        replay.parents[organization.pk].append((day, parent.pk))
    else:
        name = f"{value}{organization.pk}党支部"
        structure.rename(act=act, organization=organization, version=organization.version, name=name)
        replay.names[organization.pk].append((day, name))


def leave_or_return(world: SimpleNamespace, operation: tuple[Any, ...], replay: Replay) -> None:
    what, day, who, value = operation
    given = {"actor": world.zhangwei, "member": Member.ever.get(pk=getattr(world, who).pk), "reason": "核实"}
    said = replay.branches[given["member"].pk]
    if what == "leave":
        leaving.leave(**given, kind=value, on=day)
        said.append((day, None))
    elif what == "restore":
        leaving.restore(**given, branch=getattr(world.huiji_orgs, value), on=day)
        said.append((day, getattr(world.huiji_orgs, value).pk))
    else:
        leaving.take_back(**given)
        assert said.pop()[1] is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=operations)
@pytest.mark.django_db
def test_any_day_equals_a_naive_replay(world: SimpleNamespace, operations: list[tuple[Any, ...]]) -> None:
    with in_district(world.huiji), undone():
        replay = Replay(world)
        refused = Counter()
        for operation in operations:
            try:
                do(world, operation, replay)
            except Problem as problem:
                refused[problem.status, problem.errors[0].code] += 1
        assert {status for status, _code in refused} <= {422}, refused
        assert {code for _status, code in refused} <= {
            "same", "before_last_change", "cycle", "left", "present", "deceased", "before_leaving",
        }, refused  # fmt: skip
        assert timeline.disagreements() == []
        assert not any(Organization.objects.find_problems())
        assert timeline.circle(OrganizationPeriod.objects.all()) is None
        assert dict(Member.objects.values_list("pk", "branch")) == {
            pk: branch for pk, said in replay.branches.items() if (branch := said[-1][1])
        }
        for number in range(-1, DAYS + 1, 5):
            day = START + timedelta(days=number)
            tree = timeline.tree(day)
            assert {pk: node.parent for pk, node in tree.nodes.items()} == {
                pk: replay.at(said, day) for pk, said in replay.parents.items()
            }
            assert len(list(tree.walk())) == len(tree.nodes), "everything hangs on the root"
            assert {pk: node.name for pk, node in tree.nodes.items()} == {
                pk: replay.at(said, day) for pk, said in replay.names.items()
            }
            where = list(Membership.objects.filter(timeline.on(day)).values_list("member", "branch"))
            there = {pk: branch for pk, said in replay.branches.items() if (branch := replay.at(said, day))}
            assert len(where) == len(there), "exactly one branch for everybody who is there"
            assert dict(where) == there
            assert tree.rolled_up(timeline.counts(day)) == replay.subtree_counts(day)
            assert changes.of_year(world.zhangwei, day=day).now == len(there)


periods = st.lists(
    st.builds(
        SimpleNamespace,
        organization_id=st.integers(1, 5),
        parent_id=st.one_of(st.none(), st.integers(1, 5)),
        since=st.one_of(st.none(), days),
        until=st.none(),
    ),
    max_size=5,
    unique_by=lambda row: row.organization_id,
)


@given(rows=periods)
def test_a_circle_is_found_on_its_first_day(rows: list[SimpleNamespace]) -> None:
    def circular(day: date) -> bool:
        above = {r.organization_id: r.parent_id for r in rows if (r.since or date.min) <= day}
        for parent in above.values():
            step, steps = parent, 0
            while step is not None and steps <= 5:
                step, steps = above.get(step), steps + 1
            if steps > 5:
                return True
        return False

    candidates = sorted({row.since or date.min for row in rows})
    assert timeline.circle(rows) == next((day for day in candidates if circular(day)), None)


# --- what the database itself refuses --------------------------------------------------------------------------------


@pytest.mark.parametrize("until", [None, START + timedelta(days=40)])
def test_nobody_is_in_two_branches_on_one_day(inside: SimpleNamespace, until: date | None) -> None:
    Membership.objects.filter(member=inside.liqiang).update(since=START, until=START + timedelta(days=30))
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(
            member=inside.liqiang,
            branch=inside.huiji_orgs.grid4,
            since=START + timedelta(days=29),
            until=until,
        )
    Membership.objects.create(
        member=inside.liqiang, branch=inside.huiji_orgs.grid4, since=START + timedelta(days=30), until=until
    )


# --- people ----------------------------------------------------------------------------------------------------------


def test_probation_ends_with_conversion(inside: SimpleNamespace) -> None:
    member = inside.liqiang
    member.joined_on, member.converted_on, member.status = date(2025, 3, 1), date(2026, 3, 1), "full"
    member.save()
    assert timeline.status(member, date(2026, 2, 28)) == "probationary"
    assert timeline.status(member, date(2026, 3, 1)) == "full"
    annotated = Member.objects.annotate(then=timeline.status_on(date(2026, 2, 28)))
    assert annotated.get(pk=member.pk).then == "probationary"
    assert annotated.get(pk=inside.zhoujie.pk).then == "full"


def test_a_post_is_held_until_it_ends(inside: SimpleNamespace) -> None:
    held = PostHeld.objects.get(member=inside.wangfang)
    services.end_post(actor=inside.zhangwei, held=held, reason="换届")
    today = timezone.localdate()
    assert not PostHeld.objects.filter(member=inside.wangfang).exists()
    assert [row.post for row in timeline.posts(today - timedelta(days=1))] == [Post.SECRETARY]
    assert list(timeline.posts(today)) == []
    # The same post may be given again.
    services.set_post(
        actor=inside.zhangwei,
        member=inside.wangfang,
        organization=inside.huiji_orgs.grid3,
        post=Post.SECRETARY,
        since=today,
        reason="连任",
    )
    assert list(PostHeld.history.order_by("history_id").values_list("history_type", "history_change_reason"))[
        -2:
    ] == [
        ("~", "换届"),
        ("+", "连任"),
    ]


def test_who_wrote_what_and_why_is_kept(inside: SimpleNamespace) -> None:
    services.rename_member(actor=inside.zhangwei, member=inside.liqiang, name="李强强", reason="户籍更正")
    last = Member.history.filter(id=inside.liqiang.pk).latest()
    assert (last.name, last.history_change_reason, last.history_user_id) == (
        "李强强",
        "户籍更正",
        inside.zhangwei.user_id,
    )
    assert not hasattr(last, "id_number_sealed")


# --- acts on the tree ------------------------------------------------------------------------------------------------


def act(world: SimpleNamespace, day: date | None = None, **more: Any) -> structure.Act:
    return structure.Act(
        more.get("actor", world.zhangwei), day or timezone.localdate(), "研究决定", "惠组〔2026〕7号"
    )


def fresh(organization: Organization) -> Organization:
    return Organization.objects.get(pk=organization.pk)


def code(error: pytest.ExceptionInfo[Problem]) -> tuple[int, str]:
    return error.value.status, error.value.errors[0].code if error.value.errors else error.value.code


def test_founding_puts_a_branch_into_the_tree_of_that_day(inside: SimpleNamespace) -> None:
    day = timezone.localdate() - timedelta(days=30)
    made = structure.found(
        act=act(inside, day),
        parent=inside.huiji_orgs.guxing,
        name="古荥镇新庄村党支部",
        kind=OrganizationKind.BRANCH,
        sector="village",
    )
    assert made.pk not in timeline.tree(day - timedelta(days=1)).nodes
    node = timeline.tree(day).nodes[made.pk]
    assert (node.parent, node.name) == (inside.huiji_orgs.guxing.pk, "古荥镇新庄村党支部")
    period = made.periods.get()
    assert (period.act, period.reason, period.document) == ("found", "研究决定", "惠组〔2026〕7号")
    with pytest.raises(Problem) as error:
        structure.found(
            act=act(inside, day - timedelta(days=1)), parent=made, name="甲", kind=OrganizationKind.BRANCH
        )
    assert code(error) == (422, "before_parent")


def test_a_dissolved_branch_leaves_nobody_behind(inside: SimpleNamespace) -> None:
    grid3, grid4 = inside.huiji_orgs.grid3, inside.huiji_orgs.grid4
    today, before = timezone.localdate(), timezone.localdate() - timedelta(days=1)
    with pytest.raises(Problem) as error:
        structure.dissolve(act=act(inside), organization=grid3, version=fresh(grid3).version)
    assert code(error) == (422, "members_left")
    structure.dissolve(act=act(inside), organization=grid3, version=fresh(grid3).version, into=grid4)
    assert timeline.counts(before)[grid3.pk] == 2
    assert timeline.counts(today).get(grid3.pk) is None
    assert timeline.counts(today)[grid4.pk] == 2
    assert set(Member.objects.filter(branch=grid4).values_list("name", flat=True)) == {"王芳", "李强"}
    assert grid3.pk in timeline.tree(before).nodes
    assert grid3.pk not in timeline.tree(today).nodes
    assert not PostHeld.objects.filter(organization=grid3).exists()
    assert timeline.posts(before).count() == 1
    assert timeline.disagreements() == []


def test_what_has_others_below_it_is_not_dissolved(inside: SimpleNamespace) -> None:
    committee = inside.huiji_orgs.xincheng
    with pytest.raises(Problem) as error:
        structure.dissolve(act=act(inside), organization=committee, version=1)
    assert code(error) == (422, "has_children")
    assert "金河社区第三网格党支部" in error.value.detail


def test_splitting_takes_the_chosen_along(inside: SimpleNamespace) -> None:
    grid3 = inside.huiji_orgs.grid3
    with pytest.raises(Problem) as error:
        structure.split(
            act=act(inside), organization=grid3, version=1, name="第五网格党支部", members=[inside.wangfang]
        )
    assert code(error) == (422, "holds_posts")
    made = structure.split(
        act=act(inside), organization=grid3, version=1, name="第五网格党支部", members=[inside.liqiang]
    )
    today = timezone.localdate()
    assert timeline.counts(today)[made.pk] == timeline.counts(today)[grid3.pk] == 1
    assert timeline.tree(today).nodes[made.pk].parent == inside.huiji_orgs.xincheng.pk


def test_merging_ends_one_branch_in_another(inside: SimpleNamespace) -> None:
    structure.merge(
        act=act(inside), organization=inside.huiji_orgs.sunzhuang, version=1, into=inside.huiji_orgs.grid4
    )
    assert fresh(inside.huiji_orgs.sunzhuang).dissolved_on == timezone.localdate()
    assert timeline.disagreements() == []


@pytest.mark.parametrize(
    ("parent", "expected"), [("grid3", "cycle"), ("xincheng", "cycle"), ("root", "same")]
)
def test_a_move_into_itself_is_refused(inside: SimpleNamespace, parent: str, expected: str) -> None:
    with pytest.raises(Problem) as error:
        structure.move(
            act=act(inside),
            organization=inside.huiji_orgs.xincheng,
            version=1,
            parent=getattr(inside.huiji_orgs, parent),
        )
    assert code(error) == (422, expected)


def test_a_circle_in_the_past_is_refused(inside: SimpleNamespace) -> None:
    """Harmless today, impossible on some day in between."""
    today, orgs = timezone.localdate(), inside.huiji_orgs
    structure.move(
        act=act(inside, today - timedelta(days=9)), organization=orgs.guxing, version=1, parent=orgs.offices
    )
    structure.move(
        act=act(inside, today - timedelta(days=3)),
        organization=fresh(orgs.guxing),
        version=2,
        parent=orgs.root,
    )
    with pytest.raises(Problem) as error:
        structure.move(
            act=act(inside, today - timedelta(days=6)),
            organization=orgs.offices,
            version=1,
            parent=fresh(orgs.guxing),
        )
    assert code(error) == (422, "cycle")


def test_who_saw_an_older_version_is_told(inside: SimpleNamespace) -> None:
    grid3 = inside.huiji_orgs.grid3
    structure.rename(act=act(inside), organization=grid3, version=1, name="金河第三党支部")
    with pytest.raises(Problem) as error:
        structure.move(act=act(inside), organization=grid3, version=1, parent=inside.huiji_orgs.guxing)
    assert code(error) == (409, "changed_meanwhile")


@pytest.mark.parametrize("who", ["wangfang", "liuna", "zhoujie"])
def test_only_its_officer_changes_the_tree(inside: SimpleNamespace, who: str) -> None:
    with pytest.raises(Problem) as error:
        structure.rename(
            act=act(inside, actor=getattr(inside, who)),
            organization=inside.huiji_orgs.grid3,
            version=1,
            name="别的名字",
        )
    assert error.value.status == 404
