"""Opening a district can stop anywhere and be taken up again; suspending keeps everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import Client

from tenants import lifecycle, registry, schemas
from tenants.context import current_district, in_registry
from tenants.lifecycle import Step
from tenants.models import District, Domain
from tests.tenants.conftest import schema_here, schema_in


@pytest.fixture
def listened() -> Iterator[list[tuple[str, str]]]:
    """What state listeners were told, with the schema they were called in."""
    told: list[tuple[str, str]] = []

    def listener(district: District) -> None:
        told.append((district.state, schema_here()))

    lifecycle.register_state_listener(listener)
    yield told
    lifecycle._on_state_change.remove(listener)


def test_a_district_is_opened_with_its_steps_inside_it(fresh: Callable[..., dict[str, Any]]) -> None:
    seen: list[Any] = []

    def first(district: District, options: Any) -> None:
        seen.append(("first", current_district().schema_name, schema_here(), options["officer"]))

    def second(district: District, options: Any) -> None:
        seen.append(("second", current_district().schema_name, schema_here(), options["officer"]))

    district = lifecycle.create_district(
        **fresh(
            "xinzheng", options={"officer": "林"}, extra_steps=[Step("first", first), Step("second", second)]
        )
    )
    assert seen == [("first", "xinzheng", "xinzheng", "林"), ("second", "xinzheng", "xinzheng", "林")]
    assert district.is_active
    found = registry.district_for_host("xinzheng.localhost:8000")
    assert found is not None
    assert found.schema_name == "xinzheng"
    assert {"first", "second"} <= set(found.steps_done)


def test_an_opening_that_fails_goes_on_where_it_stopped(fresh: Callable[..., dict[str, Any]]) -> None:
    ran: list[str] = []
    broken = [True]

    def good(district: District, options: Any) -> None:
        ran.append("good")

    def realm(district: District, options: Any) -> None:
        ran.append("realm")
        if broken[0]:
            raise ConnectionError("no realm today")

    steps = [Step("good", good), Step("realm", realm)]
    with pytest.raises(ConnectionError):
        lifecycle.create_district(**fresh("xinzheng", extra_steps=steps))
    half = registry.district("xinzheng")
    assert half.state == "provisioning"
    assert "good" in half.steps_done
    assert "realm" not in half.steps_done
    assert Client(headers={"host": "xinzheng.localhost"}).get("/").status_code == 503

    broken[0] = False
    whole = lifecycle.create_district(**fresh("xinzheng", extra_steps=steps))
    assert whole.is_active
    assert ran == ["good", "realm", "realm"]


def test_an_opening_that_stops_before_its_schema_is_there(
    fresh: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, no_spares: Callable[[], list[str]]
) -> None:
    with monkeypatch.context() as fault:
        fault.setattr(schemas, "_rename", lambda *names: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            lifecycle.create_district(**fresh("xinzheng"))
    assert registry.district("xinzheng").state == "provisioning"
    assert not schemas.exists(registry.district("xinzheng"))
    assert lifecycle.create_district(**fresh("xinzheng")).is_active


def test_again_changes_nothing_but_adds_new_hosts(fresh: Callable[..., dict[str, Any]]) -> None:
    def step(district: District, options: Any) -> None:
        ran.append(district.schema_name)

    ran: list[str] = []
    steps = [Step("once", step)]
    first = lifecycle.create_district(**fresh("xinzheng", extra_steps=steps))
    again = lifecycle.create_district(
        **fresh(
            "xinzheng",
            name="别的",
            hosts=["xinzheng.localhost", "XZ.localhost:8000"],
            extra_steps=[Step("once", step)],
        )
    )
    assert (again.pk, again.name, ran) == (first.pk, "新郑市", ["xinzheng"])
    for host in ("xinzheng.localhost", "xz.localhost"):
        found = registry.district_for_host(host)
        assert found is not None
        assert found.pk == first.pk


def test_two_at_once_open_one_district(fresh: Callable[..., dict[str, Any]]) -> None:
    arguments = fresh("xinzheng")
    ran: list[str] = []
    made: list[Any] = []

    def step(district: District, options: Any) -> None:
        ran.append(threading.current_thread().name)

    def open_it() -> None:
        try:
            made.append(lifecycle.create_district(**arguments, extra_steps=[Step("once", step)]).pk)
        except BaseException as error:
            made.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=open_it) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(ran) == 1
    assert len(set(made)) == 1
    assert all(isinstance(pk, int) for pk in made)


@pytest.mark.parametrize(
    "schema_name",
    ["public", "pg_mine", "spare_1", "building_x", "Huiji", "x", "1a", "a-b", 'a"b', "a" * 41, ""],
)
def test_a_name_that_cannot_be_a_schema_is_refused(live: SimpleNamespace, schema_name: str) -> None:
    with pytest.raises(ValidationError):
        lifecycle.create_district(schema_name=schema_name, name="甲", short_name="甲", hosts=["a.localhost"])
    with in_registry():
        assert not District.objects.filter(schema_name=schema_name).exists()


@pytest.mark.parametrize(
    "host", ["huiji.localhost", "HUIJI.localhost:8000", "no spaces", "-a.cn", "a..cn", ""]
)
def test_a_host_that_is_taken_or_none_is_refused_and_leaves_nothing(
    fresh: Callable[..., dict[str, Any]], host: str
) -> None:
    with pytest.raises(ValidationError):
        lifecycle.create_district(**fresh("xinzheng", hosts=["xinzheng.localhost", host]))
    with in_registry():
        assert not District.objects.filter(schema_name="xinzheng").exists()
        assert not Domain.objects.filter(host="xinzheng.localhost").exists()


def test_suspended_and_resumed(fresh: Callable[..., dict[str, Any]], listened: list[tuple[str, str]]) -> None:
    from dangjian.identity.models import User
    from tenants.context import in_district

    district = lifecycle.create_district(**fresh("xinzheng"))
    with in_district(district):
        User.objects.create_user("lin", name="林")
    lifecycle.suspend_district(district, reason="年度数据核对")
    found = registry.district_for_host("xinzheng.localhost")
    assert found is not None
    assert (found.state, found.suspended_reason) == ("suspended", "年度数据核对")
    assert district.schema_name not in {each.schema_name for each in registry.active_districts()}
    lifecycle.resume_district(district)
    assert registry.district("xinzheng").is_active
    with in_district(district):
        assert User.objects.get().name == "林"
    assert listened == [("active", "xinzheng"), ("suspended", "xinzheng"), ("active", "xinzheng")]


def test_a_step_may_be_registered_by_an_upper_floor(fresh: Callable[..., dict[str, Any]]) -> None:
    ran: list[str] = []
    lifecycle.register_step("test.step", lambda district, options: ran.append(schema_in(district)))
    try:
        lifecycle.create_district(**fresh("xinzheng"))
    finally:
        del lifecycle._steps["test.step"]
    assert ran == ["xinzheng"]
