"""A bounded number of threads for the database work of sockets.

``database_sync_to_async`` would run all of it in one thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections

from realtime import hooks
from realtime.metrics import counters

T = TypeVar("T")

PATIENCE_SECONDS = 10.0


class Busy(Exception):
    """No thread came free, or the work did not end, within `PATIENCE_SECONDS`."""


class Pool:
    """Runs synchronous functions in `size` threads; callers beyond that wait their turn, but not for ever."""

    def __init__(self, size: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(size, thread_name_prefix=name)
        self._free = asyncio.Semaphore(size)

    async def run(self, partition: str, function: Callable[..., T], *args: Any) -> T:
        """`function(*args)` inside the partition.

        Raises:
            Busy: see there. The thread goes on and counts as taken until it has ended.
        """
        return await self.call(hooks.site().run, partition, function, *args)

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """`function(*args)` in a thread, in no partition. Raises Busy as `run` does."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._free.acquire()
                work = asyncio.get_running_loop().run_in_executor(self._executor, _clean, function, args)
                work.add_done_callback(lambda _: self._free.release())
                return await asyncio.shield(work)
        except TimeoutError:
            counters.busy += 1
            raise Busy from None

    def close(self) -> None:
        """Take no more work; what runs is left to end by itself."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _clean(function: Callable[..., T], args: tuple[Any, ...]) -> T:
    try:
        return function(*args)
    finally:
        close_old_connections()  # these threads see no request signals: give the connection back to its pool
