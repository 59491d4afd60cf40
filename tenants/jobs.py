"""Background jobs: every one takes its district, and the district is open while it runs.

PostgreSQL is the queue (procrastinate, in the registry). A job of a suspended district is held: it goes back to
the queue and waits there until the district is open again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.tasks import Task

from tenants import registry
from tenants.context import NoDistrict, in_district, in_registry
from tenants.models import District, DistrictState
from tenants.pool import give_back_connections

log = structlog.get_logger(__name__)

HOLD_SECONDS = 60
_AHEAD_OF_UTC = 8  # procrastinate's clock is UTC; Asia/Shanghai knows no summer time
DistrictWork = Callable[..., None]


def district_job(name: str, *, queue: str = "default") -> Callable[[DistrictWork], Task[Any, Any, Any]]:
    """Make a job of a function that runs inside one district.

    Queue it with `defer(task, district, **arguments)`; arguments are JSON values. A job that names no district
    raises `NoDistrict` before its first query.
    """

    def decorate(work: DistrictWork) -> Task[Any, Any, Any]:
        def run(*, district: str = "", **arguments: Any) -> None:
            if not district:
                raise NoDistrict(f"the job {name} names no district")
            try:
                _run(district, arguments)
            finally:
                give_back_connections()  # a worker's thread outlives the job; the pool's connection must not wait

        def _run(schema_name: str, arguments: dict[str, Any]) -> None:
            district = registry.district(schema_name)
            if district.state != DistrictState.ACTIVE:
                defer(task, district, delay_seconds=HOLD_SECONDS, **arguments)
                return
            with structlog.contextvars.bound_contextvars(job=name), in_district(district):
                work(**arguments)

        task = app.task(name=name, queue=queue)(run)
        return task

    return decorate


def every(
    name: str, *, seconds: int, queue: str = "default"
) -> Callable[[DistrictWork], Task[Any, Any, Any]]:
    """A job that runs in each active district every `seconds` (a divisor of 60), never twice at once in one.

    The clock only queues: a slow or failing district holds up no other.
    """
    if 60 % seconds:
        raise ValueError("seconds must divide 60")
    return _by_clock(name, "* * * * * " + ("0" if seconds == 60 else f"*/{seconds}"), queue)


def daily(name: str, *, hour: int, queue: str = "default") -> Callable[[DistrictWork], Task[Any, Any, Any]]:
    """The same once a day, at `hour` o'clock in Asia/Shanghai.

    A day on which no worker ran at that hour is left out: the work does what has fallen due since.
    """
    return _by_clock(name, f"0 {(hour - _AHEAD_OF_UTC) % 24} * * *", queue)


def _by_clock(name: str, cron: str, queue: str) -> Callable[[DistrictWork], Task[Any, Any, Any]]:
    def decorate(work: DistrictWork) -> Task[Any, Any, Any]:
        task = district_job(name, queue=queue)(work)

        def fan_out(timestamp: int) -> None:
            try:
                for district in registry.active_districts():
                    defer(task, district, once=True)
            finally:
                give_back_connections()

        app.periodic(cron=cron)(
            app.task(name=f"{name}.clock", queue=queue, queueing_lock=f"{name}.clock")(fan_out)
        )
        return task

    return decorate


def defer(
    task: Task[Any, Any, Any],
    district: District,
    *,
    delay_seconds: int = 0,
    once: bool = False,
    **arguments: Any,
) -> None:
    """Queue `task` for `district`. With `once`, a job of that task already waiting for it is enough.

    Call it outside the district's transaction (``transaction.on_commit``): the queue lives in the registry.
    """
    key = f"{task.name}:{district.schema_name}"
    # `lock` keeps two runs of one district apart; `queueing_lock` keeps the queue from growing while it waits.
    job = task.configure(
        lock=key,
        queueing_lock=key if once else None,
        schedule_in={"seconds": delay_seconds} if delay_seconds else None,
    )
    with in_registry():
        try:
            job.defer(district=district.schema_name, **arguments)
        except AlreadyEnqueued:
            log.debug("job.already_queued", job=task.name, district=district.schema_name)
