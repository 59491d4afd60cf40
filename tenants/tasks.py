"""The queue's own upkeep, in the registry."""

from __future__ import annotations

import structlog
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

log = structlog.get_logger(__name__)

STALLED_AFTER_SECONDS = 30  # three heartbeats of a worker
KEEP_FAILED_HOURS = 72


@app.periodic(cron="* * * * * */20")
@app.task(name="tenants.revive", queueing_lock="tenants.revive", pass_context=True)
async def revive(context: JobContext, timestamp: int) -> None:
    """Put back what a killed worker was doing; until then its lock keeps that job of that district waiting."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
        log.warning("job.revived", job=job.task_name, district=job.task_kwargs.get("district"))
        try:
            await manager.retry_job(job)
        except ConnectorException:
            # Its successor waits already, under the same queueing lock, and does the same work.
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)


@app.periodic(cron="17 * * * *")
@app.task(name="tenants.forget_old_jobs", queueing_lock="tenants.forget_old_jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:
    """Failed jobs are kept for a look, not for ever: one that fails every few seconds would fill the registry."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
