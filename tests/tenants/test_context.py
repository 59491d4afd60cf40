"""A scope is its opener's alone: threads, tasks, generators and exceptions never mix two up."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.context import (
    NoDistrict,
    ScopeError,
    current_district,
    current_scope,
    in_district,
    in_registry,
)
from tests.tenants.conftest import schema_here, schema_in

BY_NAME = ("huiji", "luoyang", "public")


def opened(live: SimpleNamespace, name: str) -> Any:
    return in_registry() if name == "public" else in_district(getattr(live, name))


def test_scopes_nest_and_end_with_their_block(live: SimpleNamespace) -> None:
    with in_district(live.huiji) as given_district:
        assert given_district is live.huiji
        with in_registry():
            assert schema_here() == "public"
            with pytest.raises(NoDistrict):
                current_district()
            with in_district(live.luoyang):
                assert current_district().schema_name == schema_here() == "luoyang"
        assert current_district().schema_name == schema_here() == "huiji"
    assert current_scope() is None


def test_an_exception_closes_the_scope(live: SimpleNamespace) -> None:
    with pytest.raises(KeyError), in_district(live.huiji), in_district(live.luoyang):
        raise KeyError
    assert current_scope() is None


class Actor(threading.Thread):
    """Does one step at a time, when told to; each ``open`` is a real nested ``with`` on its own stack."""

    def __init__(self, live: SimpleNamespace) -> None:
        super().__init__(daemon=True)
        self.live = live
        self.steps: queue.Queue[str] = queue.Queue()
        self.answers: queue.Queue[Any] = queue.Queue()

    def tell(self, step: str) -> Any:
        self.steps.put(step)
        answer = self.answers.get(timeout=20)
        if isinstance(answer, BaseException) and not isinstance(answer, NoDistrict):
            raise answer
        return answer

    def run(self) -> None:
        from django.db import connections

        try:
            self._inside()
        finally:
            connections.close_all()

    def _inside(self) -> None:
        while (step := self.steps.get(timeout=20)) != "leave":
            try:
                if step == "fail":
                    raise KeyError
                if step == "query":
                    self.answers.put(schema_here())
                    continue
                with opened(self.live, step):
                    self.answers.put(None)
                    self._inside()
                self.answers.put(None)
            except NoDistrict as refused:
                self.answers.put(refused)
            except KeyError:
                if step == "fail":
                    raise
                self.answers.put(None)
            except BaseException as error:
                self.answers.put(error)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from([*BY_NAME, "query", "query", "leave", "fail"])),
        max_size=40,
    )
)
def test_interleaved_threads_each_see_their_own_scope(
    live: SimpleNamespace, steps: list[tuple[int, str]]
) -> None:
    actors = [Actor(live) for _ in range(3)]
    open_scopes: list[list[str]] = [[], [], []]
    for actor in actors:
        actor.start()
    for number, step in steps:
        actor, stack = actors[number], open_scopes[number]
        if step in ("leave", "fail") and not stack:
            continue
        answer = actor.tell(step)
        if step == "query":
            if stack:
                assert answer == stack[-1]
            else:
                assert isinstance(answer, NoDistrict)
        elif step in ("leave", "fail"):
            stack.pop()
        else:
            stack.append(step)
    for actor, stack in zip(actors, open_scopes, strict=True):
        for _ in stack:
            actor.tell("leave")
        actor.steps.put("leave")
        actor.join(timeout=20)
        assert not actor.is_alive()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plans=st.lists(
        st.lists(st.tuples(st.sampled_from(["huiji", "luoyang"]), st.booleans(), st.booleans()), max_size=5),
        min_size=2,
        max_size=4,
    )
)
def test_interleaved_tasks_each_see_their_own_scope(
    live: SimpleNamespace, plans: list[list[tuple[str, bool, bool]]]
) -> None:
    def look(name: str, fails: bool) -> str:
        from django.db import connection

        try:
            with in_district(getattr(live, name)):
                seen = schema_here()
                if fails:
                    raise KeyError(seen)
            return seen
        finally:
            assert current_scope() is None
            connection.close()

    async def person(plan: list[tuple[str, bool, bool]]) -> None:
        for name, fails, own_thread in plan:
            await asyncio.sleep(0)
            try:
                seen = await sync_to_async(look, thread_sensitive=not own_thread)(name, fails)
            except KeyError as failed:
                seen = failed.args[0]
            assert seen == name
            assert current_scope() is None

    async def everybody() -> None:
        await asyncio.gather(*(person(plan) for plan in plans))

    asyncio.run(everybody())


def test_a_scope_reaches_through_async_to_sync_and_back(live: SimpleNamespace) -> None:
    """The way of a request under ASGI: synchronous middleware, asynchronous middle, synchronous view."""

    async def middle() -> str:
        assert current_district().schema_name == "luoyang"
        return await sync_to_async(lambda: current_district().schema_name)()

    with in_district(live.luoyang):
        assert async_to_sync(middle)() == "luoyang"
        assert current_district() is live.luoyang


def test_a_coroutine_may_not_open_a_scope(live: SimpleNamespace) -> None:
    async def consumer() -> None:
        with in_district(live.huiji):
            await asyncio.sleep(0)

    async def stream() -> Any:
        with in_registry():
            yield 1

    async def reads_the_stream() -> None:
        async for _ in stream():
            pass

    for coroutine in (consumer, reads_the_stream):
        with pytest.raises(ScopeError, match="coroutine"):
            asyncio.run(coroutine())


def test_a_generator_may_not_open_a_scope(live: SimpleNamespace) -> None:
    """Its scope would be open in whoever iterates it, and two of them would restore each other's."""

    def rows() -> Iterator[int]:
        with in_district(live.huiji):
            yield 1

    for iterate in (next, list, sum):
        with pytest.raises(ScopeError, match="generator"):
            iterate(rows())
    assert current_scope() is None


def test_a_context_manager_made_of_a_generator_may(live: SimpleNamespace) -> None:
    @contextmanager
    def visiting() -> Iterator[None]:
        with in_district(live.luoyang):
            yield

    with visiting(), ExitStack() as stack:
        stack.enter_context(in_registry())
        assert schema_here() == "public"
    assert current_scope() is None


def test_scopes_left_out_of_order_leave_none_open(live: SimpleNamespace) -> None:
    first, second = in_district(live.huiji), in_district(live.luoyang)
    first.__enter__()
    second.__enter__()
    with pytest.raises(ScopeError, match="another order"):
        first.__exit__(None, None, None)
    assert current_scope() is None


def test_a_thread_starts_without_a_scope(live: SimpleNamespace) -> None:
    seen: list[Any] = []
    with in_district(live.huiji):
        thread = threading.Thread(target=lambda: seen.append(current_scope()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_scope_closes_only_in_its_own_context(live: SimpleNamespace) -> None:
    """What is copied into another context stays a copy."""

    def other() -> str:
        with in_district(live.luoyang):
            return schema_here()

    with in_district(live.huiji):
        assert contextvars.copy_context().run(other) == "luoyang"
        assert schema_here() == "huiji"


@pytest.mark.parametrize("query", ["orm", "raw", "cursor", "count"])
def test_without_a_scope_every_kind_of_query_is_refused(live: SimpleNamespace, query: str) -> None:
    from django.db import connection

    from dangjian.organizations.models import Member

    queries: dict[str, Callable[[], Any]] = {
        "orm": lambda: list(Member.objects.all()),
        "raw": lambda: list(Member.objects.raw("SELECT * FROM organizations_member")),
        "cursor": connection.cursor,
        "count": Member.objects.count,
    }
    with pytest.raises(NoDistrict):
        queries[query]()


def test_a_district_is_only_reached_as_itself(live: SimpleNamespace) -> None:
    """Both districts hold the same ids: the answer depends on the scope alone."""
    from dangjian.organizations.models import Member

    def name_of(district: Any) -> str:
        with in_district(district):
            return Member.objects.order_by("id").first().name  # type: ignore[union-attr]

    assert name_of(live.huiji) == "王芳"
    assert name_of(live.luoyang) == "赵敏"
    assert schema_in(live.centre) == "centre"
