"""What all partitions of one process share: threads, subscriptions, tasks."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from realtime.layer import Subscriptions
from realtime.pool import Pool

log = logging.getLogger(__name__)
T = TypeVar("T")

JOIN_THREADS = 8
CHORE_THREADS = 4


@dataclass(slots=True)
class Resources:
    """`joins` serves people who wait, `chores` what keeps them right: a storm of joins does not hold up sweeps."""

    subscriptions: Subscriptions
    joins: Pool = field(default_factory=lambda: Pool(JOIN_THREADS, "realtime-join"))
    chores: Pool = field(default_factory=lambda: Pool(CHORE_THREADS, "realtime-chore"))
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` as a task that is kept until it ends (the loop itself keeps none)."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Stop everything."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.subscriptions.close()
        self.joins.close()
        self.chores.close()


async def repeat(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` about every so many seconds for ever, whatever it raises; a little unevenly, so that processes
    do not march in step."""
    while True:
        await asyncio.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311
        try:
            await work()
        except Exception:
            log.exception("live.chore_failed")
