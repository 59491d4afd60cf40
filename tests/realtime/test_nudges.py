"""Speed is the nudge's: on servers without a sweep and without the check of sessions, everything still arrives.

How long it took is printed (``pytest -s``) and not judged: a loaded machine is no fault of the product.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from realtime import outbox
from realtime.testing import LiveClient
from tests.realtime.serving import Server, Stage

TIMES = 15


@pytest.fixture(scope="module")
def servers(start_server: Callable[..., Server], valkey: str) -> list[Server]:
    """Two processes that hear of the writer, a third, over Valkey alone."""
    return [start_server(altered="without_sweep", VALKEY_URL=valkey) for _ in range(2)]


@pytest.fixture(autouse=True)
def _told_over_valkey(settings: Any, valkey: str) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [valkey], "prefix": "dangjian"},
        }
    }


async def crossing(act: Awaitable[None], *arrivals: Awaitable[Any]) -> float:
    """Seconds from before the write until the last of the watchers has it."""
    began = time.perf_counter()
    await act
    await asyncio.gather(*arrivals)
    return time.perf_counter() - began


def told(what: str, seconds: list[float]) -> None:
    print(f"{what}: median {statistics.median(seconds) * 1000:.0f} ms, worst {max(seconds) * 1000:.0f} ms")


def test_events_and_counts_reach_every_process_by_the_nudge(servers: list[Server], stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8)
        async with servers[0].client(7) as seven, servers[1].client(8) as eight:
            for client in (seven, eight):
                await client.join(stage.topic)
            events = [
                await crossing(
                    stage.say(str(number)),
                    *(client.expect("event", seq=number + 1) for client in (seven, eight)),
                )
                for number in range(TIMES)
            ]
            counts = [
                await crossing(
                    stage.like(),
                    *(client.expect("gauge", data={"likes": number}) for client in (seven, eight)),
                )
                for number in range(1, TIMES + 1)
            ]
            told("an event, from before its transaction to two processes' sockets", events)
            told("a count, the same way (at most four frames a second a topic)", counts)

    asyncio.run(story())


def test_a_person_shut_out_loses_the_sockets_by_the_nudge(servers: list[Server], stage: Stage) -> None:
    async def story() -> None:
        seconds = []
        for _ in range(TIMES):
            await stage.sign_in(7)
            async with servers[0].client(7) as here, servers[1].client(7) as there:
                sockets: list[LiveClient] = [here, there]
                for client in sockets:
                    await client.join(stage.topic)
                codes = [client.closed() for client in sockets]
                began = time.perf_counter()
                await stage.control(outbox.end_person, person=7)
                assert await asyncio.gather(*codes) == [4401, 4401]
                seconds.append(time.perf_counter() - began)
            await stage.forget(7)
        told("a person's sockets on two processes, from before the deactivation to their close", seconds)

    asyncio.run(story())
