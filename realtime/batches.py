"""Questions to the database that come at about the same time, answered by one query."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

STORM = 32  # a batch as large as this means that more are on their way
STORM_SECONDS = 0.05  # and the next one waits so long for them


class Batches(Generic[Q, A]):
    """Gathers questions and has them answered together, in their order.

    A single question is asked at once. Those that come while an answer is awaited are asked together after it, so
    ten thousand who come back at once cost some hundred queries. Bound to the loop it is used on.

    answer: the answers to some questions; what it raises, each of them is given.
    """

    def __init__(self, answer: Callable[[list[Q]], Awaitable[list[A]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """The answer. Raises what the answering raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[A] = loop.create_future()
        self._waiting.append((question, future))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                answers = await self._answer([question for question, _ in batch])
            except asyncio.CancelledError:
                for _, future in batch:
                    future.cancel()
                raise
            except Exception as problem:  # noqa: BLE001  (whoever asked deals with it)
                for _, future in batch:
                    if not future.done():
                        future.set_exception(problem)
            else:
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
            if len(batch) >= STORM:
                await asyncio.sleep(STORM_SECONDS)
