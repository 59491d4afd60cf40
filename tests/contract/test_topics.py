"""One test for each cell of the table of topics, by the same question that sockets and the REST twin ask."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from dangjian.organizations.models import Member
from realtime import topics as registry
from realtime.topics import Forbidden, UnknownTopic
from tenants.context import in_district
from tests.contract.stage import USERNAMES
from tests.contract.topics import PEOPLE, TOPICS, UNKNOWN

pytestmark = pytest.mark.django_db


@pytest.fixture
def things(stage: dict[str, Any], world: SimpleNamespace) -> dict[str, Any]:
    return {**stage, "root": world.huiji_orgs.root.pk}


def named(topic: str, things: dict[str, Any]) -> str:
    return re.sub(r"@([a-z_]+)", lambda match: str(things[match[1]]), topic)


def may_join(person: int, topic: str) -> bool:
    """As the hub asks it."""
    try:
        found = registry.parse(topic, person)
    except Forbidden:
        return False
    assert found.admitted([person]) == ({person} if found.admits(person) else set()), (
        "one by one and together differ"
    )
    return found.admits(person)


@pytest.mark.parametrize(("topic", "who"), TOPICS, ids=[topic for topic, _ in TOPICS])
def test_each_visitor(
    topic: str,
    who: set[str],
    things: dict[str, Any],
    world: SimpleNamespace,
    visitor: Callable[..., Client],
    subtests: pytest.Subtests,
) -> None:
    name = named(topic, things)
    for visitor_name in PEOPLE:
        with subtests.test(visitor=visitor_name):
            with in_district(world.huiji):
                person = Member.objects.get(user__username=USERNAMES[visitor_name]).user_id
                assert may_join(person, name) is (visitor_name in who)
            answer = visitor(visitor_name, "district").get("/api/v1/events/", {"topic": name})
            assert answer.status_code == (200 if visitor_name in who else 404)
    for visitor_name in ("anonymous", "sibling", "centre"):
        with subtests.test(visitor=visitor_name):
            assert (
                visitor(visitor_name, "district").get("/api/v1/events/", {"topic": name}).status_code == 401
            )


@pytest.mark.parametrize("topic", UNKNOWN)
def test_what_is_no_kind_is_unknown(
    topic: str, things: dict[str, Any], visitor: Callable[..., Client]
) -> None:
    with pytest.raises(UnknownTopic):
        registry.parse(topic, 1)
    if topic:
        assert visitor("officer", "district").get("/api/v1/events/", {"topic": topic}).status_code == 404


def test_every_kind_has_a_row() -> None:
    assert set(registry._kinds) == {topic.partition(":")[0] for topic, who in TOPICS if who}


def test_one_persons_topic_is_not_anothers(things: dict[str, Any], world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        keys = {registry.parse("me", member.user_id).key for member in (world.wangfang, world.liqiang)}
    assert len(keys) == 2


def test_the_same_name_is_another_topic_in_the_sibling(
    things: dict[str, Any], world: SimpleNamespace
) -> None:
    """赵敏 may join what only 洛阳 has, and nothing that only 惠济 has."""
    with in_district(world.luoyang):
        assert may_join(world.zhaomin.user_id, f"post:{things['foreign']}")
        assert not may_join(world.zhaomin.user_id, f"post:{things['branch_post']}")
        assert not may_join(world.zhaomin.user_id, f"organization:{things['foreign_branch']}")
        assert may_join(world.sunli.user_id, f"organization:{things['foreign_branch']}")
    with in_district(world.huiji):
        assert not may_join(world.zhangwei.user_id, f"organization:{things['foreign_branch']}")
