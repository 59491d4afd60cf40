"""A job runs in its district or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from tenants import jobs, lifecycle, registry, tasks
from tenants.context import NoDistrict, current_scope, in_registry
from tests.tenants.conftest import schema_here

ran: list[tuple[str, Any]] = []


def work(**arguments: Any) -> None:
    ran.append((schema_here(), arguments))
    if arguments.get("fail"):
        raise KeyError


@pytest.fixture(scope="module")
def task() -> Any:
    return jobs.district_job("tests.job", queue="tests")(work)


@pytest.fixture(scope="module")
def clock() -> Any:
    jobs.every("tests.clock", seconds=5, queue="tests")(work)
    return app.tasks["tests.clock.clock"]


@pytest.fixture(autouse=True)
def empty_queue(live: SimpleNamespace) -> Iterator[None]:
    def clear() -> None:
        with in_registry(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_periodic_defers")
            cursor.execute("DELETE FROM procrastinate_jobs")
        ran.clear()

    clear()
    yield
    clear()
    for name in [name for name in app.tasks if name.startswith("tests.")]:
        app.periodic_registry.periodic_tasks = {
            key: value for key, value in app.periodic_registry.periodic_tasks.items() if key[0] != name
        }


def queued() -> list[Any]:
    with in_registry():
        return list(ProcrastinateJob.objects.filter(queue_name="tests").order_by("id"))


def run_worker() -> None:
    """A real worker, until nothing of the tests is left that may run now."""

    async def run() -> None:
        async with app.open_async():
            await app.run_worker_async(
                wait=False, concurrency=2, delete_jobs="successful", install_signal_handlers=False,
                listen_notify=False, queues=["tests"],
            )  # fmt: skip

    with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
        asyncio.run(run())


def test_a_job_runs_in_its_district(live: SimpleNamespace, task: Any) -> None:
    jobs.defer(task, live.luoyang, number=3)
    jobs.defer(task, live.huiji, number=4)
    run_worker()
    assert sorted(ran, key=str) == [("huiji", {"number": 4}), ("luoyang", {"number": 3})]
    assert current_scope() is None
    assert queued() == []


def test_a_job_that_fails_keeps_nothing_open(live: SimpleNamespace, task: Any) -> None:
    jobs.defer(task, live.huiji, fail=True)
    jobs.defer(task, live.luoyang)
    run_worker()
    assert {schema for schema, _ in ran} == {"huiji", "luoyang"}
    assert [job.status for job in queued()] == ["failed"]
    with pytest.raises(KeyError):
        task.func(district="huiji", fail=True)
    assert current_scope() is None


@pytest.mark.parametrize("arguments", [{}, {"district": ""}, {"district": None}])
def test_a_job_without_a_district_raises_before_its_first_query(
    live: SimpleNamespace, task: Any, arguments: dict[str, Any]
) -> None:
    with CaptureQueriesContext(connection) as queries, pytest.raises(NoDistrict):
        task.func(**arguments)
    assert len(queries) == 0
    assert ran == []


def test_a_job_of_a_suspended_district_is_held(
    live: SimpleNamespace, task: Any, fresh: Callable[..., dict[str, Any]]
) -> None:
    district = lifecycle.create_district(**fresh("xinzheng"))
    lifecycle.suspend_district(district, reason="核对")
    jobs.defer(task, district, number=5)
    run_worker()
    assert ran == []
    (held,) = queued()
    assert held.status == "todo"
    assert held.scheduled_at is not None
    assert held.args == {"district": "xinzheng", "number": 5}
    lifecycle.resume_district(district)
    with in_registry(), connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 second'")
    run_worker()
    assert ran == [("xinzheng", {"number": 5})]


def test_the_clock_queues_one_job_for_each_active_district(
    live: SimpleNamespace, clock: Any, fresh: Callable[..., dict[str, Any]]
) -> None:
    district = lifecycle.create_district(**fresh("xinzheng"))
    lifecycle.suspend_district(district, reason="核对")
    for timestamp in (1, 2, 3):  # the same while the first wait
        clock.func(timestamp=timestamp)
    mine = [job for job in queued() if job.task_name == "tests.clock"]
    assert sorted(job.args["district"] for job in mine) == ["centre", "huiji", "luoyang"]
    run_worker()
    # A set: the worker has a clock of its own, and a minute that turns meanwhile is one more round.
    assert {schema for schema, _ in ran} == {"centre", "huiji", "luoyang"}


def test_seconds_must_divide_a_minute() -> None:
    with pytest.raises(ValueError, match="divide"):
        jobs.every("tests.odd", seconds=7)


def test_queueing_is_refused_inside_a_districts_transaction(live: SimpleNamespace, task: Any) -> None:
    """The queue is in the registry: a transaction over both was torn under kills."""
    from django.db import transaction

    from tenants.context import CrossedScopes, in_district

    with in_district(live.huiji), transaction.atomic():
        schema_here()
        with pytest.raises(CrossedScopes):
            jobs.defer(task, live.huiji)
    assert queued() == []


def test_what_a_killed_worker_was_doing_is_done_again(live: SimpleNamespace, task: Any) -> None:
    jobs.defer(task, live.huiji, number=6)
    jobs.defer(task, live.luoyang, once=True, number=7)
    with in_registry(), connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL")
    jobs.defer(task, live.luoyang, once=True, number=8)  # its successor waits already
    run_worker()
    assert ran == []  # the locks of the dead hold them back

    async def revive() -> None:
        async with app.open_async():
            await tasks.revive.func(SimpleNamespace(app=app), timestamp=1)

    with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
        asyncio.run(revive())
    run_worker()
    assert sorted(ran, key=str) == [("huiji", {"number": 6}), ("luoyang", {"number": 8})]
    assert queued() == []


def test_a_job_gives_its_connection_back(live: SimpleNamespace, task: Any) -> None:
    registry.forget()
    task.func(district="huiji")
    assert connection.connection is None


def test_a_daily_job_runs_at_its_hour_in_shanghai(live: SimpleNamespace) -> None:
    for hour, cron in ((8, "0 0 * * *"), (7, "0 23 * * *")):
        jobs.daily(f"tests.at{hour}", hour=hour, queue="tests")(work)
        periodic = app.periodic_registry.periodic_tasks[f"tests.at{hour}.clock", ""]
        assert periodic.cron == cron
    app.tasks["tests.at8.clock"].func(0)
    run_worker()
    assert sorted(schema for schema, _ in ran) == sorted(
        each.schema_name for each in registry.active_districts()
    )
