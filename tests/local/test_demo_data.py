"""The reference data: its exact figures, that it could have happened, and that it is the same every time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dangjian.local.demo_data import grammar, pictures, planning
from dangjian.local.demo_data.rhythm import SHANGHAI
from dangjian.local.demo_data.rows import Plan
from dangjian.organizations.admission import judgement as admission
from dangjian.organizations.elections import judgement
from dangjian.organizations.models import Leaving
from dangjian.rules import elections as rules
from dangjian.rules.book import book
from dangjian.rules.terms import term_clock

ROOT = Path(__file__).resolve().parents[2]
MOMENT = datetime(2026, 11, 24, 11, tzinfo=SHANGHAI)
FIGURES = {
    "full": {"posts": 2600, "comments": 27_000, "likes": 5672, "views": 57_000},
    "pilot": {"posts": 464, "comments": 4820, "likes": 1012, "views": 10_180},
}
DIGEST = """
import django; django.setup()
from datetime import datetime, timedelta
from dangjian.local.demo_data import planning, rhythm
print(planning.plan("small", moment=datetime(2026, 11, 24, 11, tzinfo=rhythm.SHANGHAI)).digest())
"""


@pytest.fixture(scope="module")
def full() -> Plan:
    return planning.plan("full", moment=MOMENT)


@pytest.fixture(scope="module")
def pilot() -> Plan:
    return planning.plan("pilot", schema="luoyang", name="洛阳市直机关", moment=MOMENT)


@pytest.fixture(params=["full", "pilot"])
def planned(request: Any) -> Plan:
    plan: Plan = request.getfixturevalue(request.param)
    return plan


# --- the same every time -----------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_rows_in_every_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {planning.plan("small", moment=MOMENT).digest()}


def test_another_seed_another_district_or_another_day_gives_other_rows() -> None:
    day_before = MOMENT.replace(day=23)
    plans = [
        planning.plan("small", moment=MOMENT),
        planning.plan("small", moment=MOMENT, seed=1),
        planning.plan("small", moment=MOMENT, schema="xinzheng", name="新郑市"),
        planning.plan("small", moment=day_before),
    ]
    assert len({plan.digest() for plan in plans}) == 4


def test_pictures_are_drawn_alike_each_time() -> None:
    first, second = pictures.draw("river-0"), pictures.draw("river-0")
    assert first.tobytes() == second.tobytes()
    assert pictures.draw("river-1").tobytes() != first.tobytes()


# --- the figures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["full", "pilot"])
def test_the_figures_are_exact(size: str, request: Any) -> None:
    plan: Plan = request.getfixturevalue(size)
    visible = {row.id for row in plan.posts if row.deleted_at is None and row.hidden_at is None}
    counters = [row for row in plan.counters if row.post_id in visible]
    assert {
        "posts": len(visible),
        "comments": sum(row.comments for row in counters),
        "likes": sum(row.likes for row in counters),
        "views": sum(row.views for row in counters),
    } == FIGURES[size]


def test_huiji_has_298_branches_and_11200_members(full: Plan) -> None:
    assert sum(row.kind == "branch" for row in full.organizations) == 298
    assert len(full.members) == len(full.users) == 11_200


def test_luoyang_has_51_organizations_and_2000_members(pilot: Plan) -> None:
    assert len(pilot.organizations) == 51
    assert len(pilot.members) == 2000


def test_one_post_is_hidden_and_one_deleted_and_nobody_wrote_below(planned: Plan) -> None:
    gone = [row for row in planned.posts if row.deleted_at or row.hidden_at]
    assert sorted((row.deleted_at is not None, row.hidden_at is not None) for row in gone) == [
        (False, True),
        (True, False),
    ]
    hidden = next(row for row in gone if row.hidden_at)
    assert hidden.hidden_reason
    assert hidden.hidden_by_id
    empty = {row.id for row in gone}
    assert all(row[3:5] == (0, 0) for row in planned.counters if row.post_id in empty)


def test_counters_equal_their_rows(planned: Plan) -> None:
    comments = Counter(
        row.post_id for row in planned.comments if row.deleted_at is None and row.hidden_at is None
    )
    likes = Counter(row.post_id for row in planned.likes)
    views = Counter(row.post_id for row in planned.views)
    for row in planned.counters:
        assert (row.comments, row.likes, row.views) == (
            comments[row.post_id],
            likes[row.post_id],
            views[row.post_id],
        )


def test_a_few_posts_have_hundreds_of_comments_and_many_have_none(full: Plan) -> None:
    counts = sorted(row.comments for row in full.counters)
    assert sum(count >= 200 for count in counts) in range(2, 20)
    assert counts[len(counts) // 10] == 0
    assert counts[-1] <= 480


# --- it could have happened --------------------------------------------------------------------------------------


def test_the_tree_is_one(planned: Plan) -> None:
    by_path = {row.path: row for row in planned.organizations}
    children = Counter(row.path[:-4] for row in planned.organizations if row.depth > 1)
    roots = [row for row in planned.organizations if row.depth == 1]
    assert [row.kind for row in roots] == ["district"]
    for row in planned.organizations:
        assert len(row.path) == 4 * row.depth
        assert row.numchild == children[row.path]
        assert row.depth == 1 or row.path[:-4] in by_path
        assert (row.kind == "branch") == (row.numchild == 0)
    assert [row.path for row in planned.organizations] == sorted(by_path)


def test_names_that_must_be_unique_are(planned: Plan) -> None:
    for names in (
        [row.short_name for row in planned.organizations],
        [row.name for row in planned.organizations],
        [row.username for row in planned.users],
        [row.text for row in planned.posts],
    ):
        assert len(names) == len(set(names))
    shown = Counter(row.name for row in planned.members)
    assert all(shown[row.name] == 1 for row in planned.members if _username(planned, row) in planned.cast)


def test_branches_have_3_to_50_members_and_lawful_committees(planned: Plan) -> None:
    members = defaultdict(list)
    for row in planned.members:
        members[row.branch_id].append(row)
    held = defaultdict(list)
    for post in planned.posts_held:
        held[post.organization_id].append(post)
    branches = [row for row in planned.organizations if row.kind == "branch"]
    assert members.keys() == {row.id for row in branches}
    for branch in branches:
        here = members[branch.id]
        posts = held[branch.id]
        full_members = {row.id for row in here if row.status == "full"}
        assert 3 <= len(here) <= 50
        assert [post.post for post in posts].count("secretary") == 1
        assert {post.member_id for post in posts} <= full_members
        assert len({post.member_id for post in posts}) == len({post.post for post in posts}) == len(posts)
        assert len(posts) in (range(3, 6) if len(full_members) >= 7 else range(1, 3))
    vacant = {post.organization_id for post in planned.posts_held if post.until is not None}
    assert len(vacant) == sum(post.until is not None for post in planned.posts_held) <= len(branches) // 40


def test_every_committee_was_elected_as_the_rules_have_it(planned: Plan) -> None:
    """What is on record could have happened; some terms run out, a few are over, a few elections wait."""
    organizations = {row.id: row for row in planned.organizations}
    names = {row.id: row for row in planned.members}
    stood = defaultdict(list)
    for row in planned.election_candidates:
        stood[row.election_id].append(row)
    states: Counter[str] = Counter()
    elected: dict[int, Any] = {}
    for row in planned.elections:
        assert {names[each.member_id].branch_id for each in stood[row.id]} == {row.organization_id}
        assert all(names[each.member_id].status == "full" for each in stood[row.id])
        told = rules.Election(
            row.held_on, row.seats, row.eligible, row.present, row.issued, row.returned, row.valid, row.invalid,
            tuple(rules.Candidate(names[each.member_id].name, each.votes, bool(each.post)) for each in stood[row.id]),
            committee=row.committee,
        )  # fmt: skip
        assert rules.judge(book(), told) == []
        where = organizations[row.organization_id]
        kind = judgement.term_kind(where.kind, where.sector)
        assert kind is not None
        if row.state == "approved":
            elected[row.organization_id] = row
            assert row.held_on < row.approved_on <= MOMENT.date()
            assert {(each.member_id, each.post) for each in stood[row.id] if each.post} == {
                (post.member_id, post.post)
                for post in planned.posts_held
                if post.organization_id == row.organization_id
            }
            states[term_clock(book(), kind, elected_on=row.held_on, today=MOMENT.date()).state] += 1
        else:
            states[row.state] += 1
            before, approved = elected[row.organization_id].held_on, row.shift_by_id is not None
            assert not rules.timing(book(), kind, before=before, held_on=row.held_on, approved=approved)
    branches = sum(row.kind == "branch" for row in planned.organizations)
    assert states["remind"] >= branches // 40
    assert 1 <= states["overdue"] + states["beyond_extension"] <= branches // 12
    assert states["submitted"] >= 1
    assert all(step.at <= planned.moment for step in planned.election_steps)


def test_admissions_are_judged_as_they_should_be(planned: Plan) -> None:
    """By either edition: what is overdue waits for somebody, and nothing is unlawful or without its public notice."""
    entries: dict[int, dict[str, admission.Entry]] = defaultdict(dict)
    for row in planned.admission_steps:
        entries[row.case_id][row.key] = admission.Entry(row.on, json.loads(row.data))
    papers: dict[int, set[str]] = defaultdict(set)
    for paper in planned.admission_papers:
        papers[paper.case_id].add(paper.kind)
    roles = Counter((row.case_id, row.role) for row in planned.admission_companions)
    found: Counter[str] = Counter()
    for row in planned.admissions:
        record = admission.Record(
            row.born_on, entries[row.id], frozenset(papers[row.id]), contacts=roles[row.id, "contact"],
            introducers=roles[row.id, "introducer"],
        )  # fmt: skip
        view = admission.assess(book(), record, MOMENT.date())
        assert view.stage == row.stage
        found.update(problem.code for _, problem in view.objections)
        found["noticed"] += view["candidate"].notice is not None
        found["sworn"] += view["oath"].attained and view["oath"].latest is not None
    assert set(found) <= {"talk_late", "paper_missing", "approval_late", "noticed", "sworn"}
    assert found["noticed"] > 1


@pytest.mark.parametrize("days", [60, 240, 600, 1000])
def test_branches_had_a_secretary_and_a_committee_before_the_last_election_too(
    planned: Plan, days: int
) -> None:
    """On a day of the last years about as many are missing as today; who held a post was full, and there."""
    day = MOMENT.date() - timedelta(days=days)
    present = {row.organization_id: row.since for row in planned.posts_held}
    held = [
        row
        for row in (*planned.posts_held, *planned.earlier_posts_held)
        if row.since <= day and (row.until is None or day < row.until)
    ]
    led = Counter(row.organization_id for row in held if row.post == "secretary")
    assert set(led.values()) == {1}
    assert len({(row.organization_id, row.member_id) for row in held}) == len(held)
    branches = [row.id for row in planned.organizations if row.kind == "branch"]
    assert len(branches) - len(led) <= len(branches) // 25
    alone = {pk for pk in led if sum(row.organization_id == pk for row in held) == 1}
    today = Counter(row.organization_id for row in planned.posts_held)
    assert sum(today[pk] > 1 for pk in alone) <= len(branches) // 25
    members = {row.id: row for row in planned.members}
    arrived = {row.member_id: row.since for row in planned.memberships if row.until is None}
    for row in planned.earlier_posts_held:
        member = members[row.member_id]
        assert member.branch_id == row.organization_id
        assert max(member.converted_on or member.joined_on, arrived[member.id]) <= row.since < row.until
        assert row.until == present[row.organization_id]
    ids = [row.id for row in (*planned.posts_held, *planned.earlier_posts_held)]
    assert ids == list(range(1, len(ids) + 1))


def test_the_probationary_joined_within_a_year_and_nobody_as_a_child(full: Plan) -> None:
    for row in full.members:
        days = (MOMENT.date() - row.joined_on).days
        assert (days < 365) == (row.status == "probationary")
        assert days >= 0
        assert row.phone.startswith("12")  # no mobile number does
        assert len(row.phone) == 11


def test_whoever_wrote_liked_or_viewed_may_see_the_post(planned: Plan) -> None:
    path = {row.id: row.path for row in planned.organizations}
    home = {row.id: path[row.branch_id] for row in planned.members}
    audience = {row.id: path[row.audience_id] for row in planned.posts}
    writer = {row.id: row.author_id for row in planned.posts}
    acts = [
        *((row.post_id, row.author_id) for row in planned.comments),
        *((row.post_id, row.member_id) for row in planned.likes),
        *((row.post_id, row.member_id) for row in planned.views),
        *((row.post_id, row.reporter_id) for row in planned.reports),
    ]
    for post, member in acts:
        assert home[member].startswith(audience[post]) or writer[post] == member


def test_news_comes_from_those_who_may_publish_it(planned: Plan) -> None:
    path = {row.id: row.path for row in planned.organizations}
    secretaries = {
        (row.member_id, row.organization_id) for row in planned.posts_held if row.post == "secretary"
    }
    covers = defaultdict(list)
    for office in planned.offices:
        covers[office.member_id].append(path[office.organization_id])
    home = {row.id: row.branch_id for row in planned.members}
    for post in planned.posts:
        assert post.branch_id == home[post.author_id]
        if post.kind == "branch_news":
            leads = (post.author_id, post.branch_id) in secretaries
            assert leads or any(path[post.branch_id].startswith(over) for over in covers[post.author_id])


def test_nobody_likes_or_views_twice_and_likers_and_commenters_have_viewed(planned: Plan) -> None:
    likes = [(row.post_id, row.member_id) for row in planned.likes]
    views = {(row.post_id, row.member_id): row.created_at for row in planned.views}
    assert len(likes) == len(set(likes))
    assert len(views) == len(planned.views)
    for like in planned.likes:
        assert views[like.post_id, like.member_id] <= like.created_at
    for row in planned.comments:
        if row.deleted_at is None and row.hidden_at is None:
            assert views[row.post_id, row.author_id] <= row.created_at


def test_time_runs_forward(planned: Plan) -> None:
    posts = {row.id: row for row in planned.posts}
    comments = {row.id: row for row in planned.comments}
    moment = planned.moment
    for rows in (planned.posts, planned.comments, planned.likes, planned.views):
        assert all(one.created_at <= other.created_at for one, other in pairwise(rows))
    for row in planned.posts:
        later = [row.edited_at, row.deleted_at, row.hidden_at]
        assert row.created_at <= moment
        assert all(row.created_at < at <= moment for at in later if at)
    for row in planned.comments:
        assert posts[row.post_id].created_at < row.created_at <= moment
        assert row.edited_at is None or (row.edited_at - row.created_at).total_seconds() < 600
        assert all(
            row.created_at < at <= moment for at in (row.edited_at, row.deleted_at, row.hidden_at) if at
        )
        if row.reply_to_id is not None:
            answered = comments[row.reply_to_id]
            assert answered.post_id == row.post_id
            assert answered.created_at < row.created_at
            assert answered.author_id != row.author_id
    for row in (*planned.likes, *planned.views):
        assert posts[row.post_id].created_at < row.created_at <= moment


def test_who_acted_had_signed_in_before(planned: Plan) -> None:
    users = {row.id: row for row in planned.users}
    signed_in = {row.id: users[row.user_id].first_signed_in_at for row in planned.members}
    for row in (*planned.posts, *planned.comments):
        assert signed_in[row.author_id] < row.created_at
    for row in (*planned.likes, *planned.views):
        assert signed_in[row.member_id] < row.created_at
    share = sum(at is not None for at in signed_in.values()) / len(signed_in)
    assert 0.65 < share < 0.76


def test_people_work_by_day_and_on_working_days(full: Plan) -> None:
    hours = Counter(row.created_at.hour for row in full.posts if row.kind == "branch_news")
    evenings = Counter(row.created_at.hour for row in full.posts if row.kind == "snapshot")
    days = Counter(row.created_at.weekday() for row in full.posts)
    assert not any(row.created_at.hour in range(6) for row in (*full.posts, *full.comments))
    assert max(hours, key=hours.__getitem__) in (9, 10, 15, 16)
    assert max(evenings, key=evenings.__getitem__) in (18, 19, 20)
    assert max(days[5], days[6]) < min(days[day] for day in range(5))


def test_texts_are_finished_and_spaced(planned: Plan) -> None:
    touching = re.compile(r"[\u4e00-\u9fff][0-9A-Za-z]|[0-9A-Za-z][\u4e00-\u9fff]")
    for row in (*planned.posts, *planned.comments):
        assert row.text
        assert not re.search(r"[{}]", row.text)
        assert not touching.search(row.text), row.text
        assert not re.search(r"。。|，。|。，|  ", row.text), row.text


def test_no_two_neighbours_say_the_same(planned: Plan) -> None:
    threads = defaultdict(list)
    for row in planned.comments:
        threads[row.post_id].append(row.text)
    for texts in threads.values():
        assert all(one != other for one, other in pairwise(texts))


def test_the_cast_opens_on_a_lively_page(full: Plan) -> None:
    newest = {
        _username(full, member): None for member in full.members if _username(full, member) in full.cast
    }
    by_member = {row.id: _username(full, row) for row in full.members}
    for post in full.posts:
        if by_member[post.author_id] in newest:
            newest[by_member[post.author_id]] = post.created_at
    for username in ("wangfang", "liqiang", "zhoujie"):
        at = newest[username]
        assert at is not None
        assert (MOMENT - at).total_seconds() < 86_400
    unread = Counter(by_member[row.member_id] for row in full.notices if row.read_at is None)
    assert unread["wangfang"] in range(1, 6)
    assert unread["liqiang"] in range(1, 6)
    assert sum(post.created_at.date() == MOMENT.date() for post in full.posts) >= 5


def test_notices_are_the_replies_to_the_cast(full: Plan) -> None:
    comments = {row.id: row for row in full.comments}
    posts = {row.id: row for row in full.posts}
    for notice in full.notices:
        comment = comments[notice.comment_id]
        addressee = posts[comment.post_id].author_id
        if comment.reply_to_id is not None:
            addressee = comments[comment.reply_to_id].author_id
        assert notice.member_id == addressee != comment.author_id
        assert notice.read_at is None or comment.created_at <= notice.read_at <= MOMENT


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 2, 17, 2, tzinfo=SHANGHAI),
        datetime(2024, 2, 29, 7, tzinfo=SHANGHAI),
        datetime(2027, 7, 1, 23, tzinfo=SHANGHAI),
        datetime(2035, 10, 3, 12, tzinfo=SHANGHAI),
    ],
    ids=str,
)
def test_every_day_and_hour_will_do(moment: datetime) -> None:
    plan = planning.plan("small", moment=moment)
    assert sum(row.comments for row in plan.counters) == 200
    assert all(row.created_at <= moment for row in (*plan.posts, *plan.comments, *plan.likes, *plan.views))


def test_every_scene_and_every_slot_is_known() -> None:
    for topic in (*grammar.news(), *grammar.snapshots()):
        for scene in topic.scenes:
            for month in range(1, 13):
                assert pictures.keys(pictures.scene_in(scene, month), 9)
    assert all(pictures.keys(pictures.scene_in(scene, 6), 9) for scene in pictures.ANYWHERE)


def _username(plan: Plan, member: Any) -> str:
    return plan.users[member.user_id - 1].username


# --- loaded for real ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """荥阳市 and 洛阳's pilot data in districts of their own, committed; removed after the module."""
    from django.db import connections

    from dangjian.local import demo_data
    from tenants import lifecycle, registry, schemas
    from tenants.context import in_registry

    with django_db_blocker.unblock():
        world = SimpleNamespace()
        for schema, name in (("xingyang", "荥阳市"), ("trial", "洛阳市直机关")):
            district = lifecycle.create_district(
                schema_name=schema, name=name, short_name=name[:2], hosts=[f"{schema}.localhost"]
            )
            setattr(world, schema, district)
        world.small = demo_data.seed(world.xingyang, "small", moment=MOMENT)
        plan = planning.plan("pilot", schema="luoyang", name="洛阳市直机关", moment=MOMENT)
        world.pilot = demo_data.load(world.trial, plan)
        yield world
        registry.forget()
        for district in (world.xingyang, world.trial):
            with in_registry():
                schemas.drop(district)
                district.delete()
        connections.close_all()


@pytest.fixture
def unblocked(seeded: SimpleNamespace, db: None) -> SimpleNamespace:
    return seeded


def test_a_person_over_the_root_counts_what_was_promised(unblocked: SimpleNamespace) -> None:
    from django.db.models import Count, Sum

    from dangjian.interaction import access
    from dangjian.interaction.models import Comment, Like, View
    from dangjian.organizations.models import Member
    from tenants.context import in_district

    with in_district(unblocked.trial):
        officer = Member.objects.get(user__username="sunli")
        visible = access.visible_posts(officer)
        found = visible.aggregate(
            posts=Count("id"),
            comments=Sum("counter__comments"),
            likes=Sum("counter__likes"),
            views=Sum("counter__views"),
        )
        assert found == FIGURES["pilot"]
        assert Comment.objects.filter(deleted_at=None, hidden_at=None).count() == FIGURES["pilot"]["comments"]
        assert Like.objects.count() == FIGURES["pilot"]["likes"]
        assert View.objects.count() == FIGURES["pilot"]["views"]
    assert unblocked.pilot.organizations == 51
    assert unblocked.small.branches == 6


def test_every_comments_author_may_see_its_post(unblocked: SimpleNamespace) -> None:
    from dangjian.interaction import access
    from dangjian.interaction.models import Comment
    from dangjian.organizations.models import Member
    from tenants.context import in_district

    with in_district(unblocked.xingyang):
        authors = {row.pk: row for row in Member.objects.select_related("user", "branch")}
        for comment in Comment.objects.select_related("post__audience"):
            assert access.sees(authors[comment.author_id], comment.post)


def test_the_feed_lists_the_same_sums_page_by_page(unblocked: SimpleNamespace) -> None:
    from django.conf import settings
    from django.test import Client

    from dangjian.identity.models import User
    from dangjian.identity.sessions import SessionStore
    from tenants.context import in_district

    with in_district(unblocked.xingyang):
        key = SessionStore.for_user(User.objects.get(username="zhangwei"))
    client = Client(headers={"host": "xingyang.localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    path, posts = "/api/v1/feed/?scope=district", []
    while path:
        page = client.get(path).json()
        posts += page["results"]
        path = page["next"]
    assert len(posts) == 40
    sums = {name: sum(post[name] for post in posts) for name in ("comment_count", "like_count", "view_count")}
    assert sums == {"comment_count": 200, "like_count": 110, "view_count": 520}


def test_the_cast_signs_in_and_nobody_else(unblocked: SimpleNamespace) -> None:
    from dangjian.identity.models import User
    from dangjian.local.demo_data import PASSWORD
    from tenants.context import in_district

    with in_district(unblocked.xingyang):
        users = {user.username: user for user in User.objects.all()}
        cast = {"wangfang", "liqiang", "zhoujie", "zhangwei", "liuna"}
        for username, user in users.items():
            assert user.is_demo
            assert user.has_usable_password() == (username in cast)
        for username in cast:
            assert users[username].check_password(PASSWORD)
            assert not users[username].must_change_password
            assert users[username].first_signed_in_at is not None


def test_the_tree_and_the_sequences_go_on_from_here(unblocked: SimpleNamespace) -> None:
    from dangjian.interaction.models import Comment, Post
    from dangjian.organizations.models import Organization, OrganizationKind
    from tenants.context import in_district

    with in_district(unblocked.xingyang):
        assert not any(Organization.objects.find_problems())
        last = Organization.objects.order_by("-id")[0].pk
        tree: Any = Organization.objects
        fields = {"name": "新设党支部", "short_name": "新设党支部", "kind": OrganizationKind.BRANCH}
        added = tree.add_child(tree.get(depth=1), fields)
        assert added.pk == last + 1
        post = Post.objects.order_by("-id")[0]
        comment = Comment.objects.create(post=post, author=post.author, text="下次一起去。")
        assert comment.pk == Comment.objects.count()


def test_the_planner_knows_how_much_there_is(unblocked: SimpleNamespace) -> None:
    from django.db import connection

    from tenants.context import in_district

    with in_district(unblocked.trial), connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'interaction_view'::regclass")
        assert cursor.fetchone() == (FIGURES["pilot"]["views"],)


def test_photos_are_there_in_both_sizes(unblocked: SimpleNamespace) -> None:
    from PIL import Image

    from dangjian.interaction import photos
    from dangjian.interaction.models import Photo
    from tenants.context import in_district

    with in_district(unblocked.xingyang):
        by_file = {photo.file.name: photo for photo in Photo.objects.all()}
        assert by_file
        for photo in by_file.values():
            with photos.opened(photo, "desktop") as file:
                assert Image.open(file).size == (photo.width, photo.height)
            with photos.opened(photo, "phone") as file:
                assert max(Image.open(file).size) == photos.SIZES["phone"]


def test_a_picture_shown_in_many_posts_outlives_one_of_them(unblocked: SimpleNamespace) -> None:
    from django.db.models import Count

    from dangjian.interaction import photos
    from dangjian.interaction.models import Photo
    from tenants.context import in_district

    with in_district(unblocked.xingyang):
        name = Photo.objects.values("file").annotate(times=Count("id")).filter(times__gt=1)[0]["file"]
        first = Photo.objects.filter(file=name, created_at__year__lte=2026)[0]
        Photo.objects.filter(pk=first.pk).update(post=None, created_at=MOMENT.replace(year=2020))
        assert photos.remove_abandoned() == 1
        photos.opened(Photo.objects.filter(file=name)[0], "desktop").close()


def test_a_district_is_seeded_only_once(unblocked: SimpleNamespace) -> None:
    from django.core.management import CommandError, call_command

    from dangjian.organizations import timeline
    from dangjian.organizations.models import Member
    from tenants.context import in_district

    with pytest.raises(CommandError, match="already holds people or organisations"):
        call_command("seed_district", "xingyang", size="small")
    with in_district(unblocked.xingyang):
        assert Member.objects.count() == 60
        assert Member.ever.count() == 62
        assert timeline.disagreements() == []


def test_an_unknown_district_is_answered_with_the_known_ones(unblocked: SimpleNamespace) -> None:
    from django.core.management import CommandError, call_command

    with pytest.raises(CommandError, match=r"There is no district kaifeng.*xingyang"):
        call_command("seed_district", "kaifeng", size="small")


def test_a_few_have_left_and_are_beside_the_members(full: Plan) -> None:
    assert len(full.departed) == 28
    assert {row.left_kind for row in full.departed} == set(Leaving.values)
    accounts = {row.id: row for row in full.departed_users}
    assert not {row.id for row in full.users} & accounts.keys()
    charged = {(row.member_id, row.month) for row in full.dues_charges}
    for row, stay in zip(full.departed, full.departed_memberships, strict=True):
        assert row.user_id != row.id
        assert not accounts[row.user_id].is_active
        assert (stay.member_id, stay.until, stay.ended) == (row.id, row.left_on, row.left_kind)
        assert (row.converted_on or row.joined_on) < row.left_on < MOMENT.date()
        assert (row.status == "probationary") == (row.left_kind == "probation_cancelled")
        assert all(month < row.left_on for member, month in charged if member == row.id)


def test_corrections_agree_with_the_register(full: Plan) -> None:
    members = {row.id: row for row in full.members}
    states = {row.state for row in full.corrections}
    assert states == {"open", "accepted", "declined"}
    for row in full.corrections:
        now = members[row.member_id].education
        assert (row.wanted == now) == (row.state == "accepted")
        assert row.before != row.wanted
        assert (row.settled_at is None) == (row.state == "open")
        assert row.settled_at is None or row.created_at < row.settled_at < MOMENT
