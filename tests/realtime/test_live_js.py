"""live.js in a real browser, through a proxy that cuts, delays, half-closes and falls silent."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from realtime import outbox
from tests.realtime import house
from tests.realtime.proxy import Proxy
from tests.realtime.serving import Server, Stage, start

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None and os.environ.get("CI") != "true":
    pytest.skip("no Chromium: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], valkey: str) -> Server:
    return start_server(VALKEY_URL=valkey)


@pytest.fixture(autouse=True)
def _told_over_valkey(settings: Any, valkey: str) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [valkey], "prefix": "dangjian"},
        }
    }


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        context = await browser.new_context()
        page = await context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        yield page
        await browser.close()


async def open_page(page: Page, proxy: Proxy, stage: Stage, **asked: Any) -> None:
    origin = f"http://a.localhost:{proxy.port}"
    await page.context.add_cookies([{"name": "session", "value": "s7", "url": origin}])
    query = "&".join(f"{name}={value}" for name, value in {"topic": stage.topic, **asked}.items())
    await page.goto(f"{origin}/page?{query}")


async def until(page: Page, condition: str) -> None:
    await page.wait_for_function(condition, timeout=60_000, polling=20)


async def seen(page: Page, last: int) -> list[int]:
    """What the page was given, once the last event has come."""
    await until(page, f"seen.length && seen[seen.length - 1] === {last}")
    found: list[int] = await page.evaluate("seen")
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_no_event_is_lost_or_doubled_whatever_the_network_does(
    server: Server, stage: Stage, seed: int
) -> None:
    chance = random.Random(seed)

    async def mistreat(proxy: Proxy) -> None:
        while True:
            await asyncio.sleep(chance.uniform(0.1, 0.6))
            proxy.delay = chance.choice([0, 0, 0.02, 0.1])
            chance.choice([proxy.cut, proxy.half_close, proxy.fall_silent, proxy.cut])()

    async def story() -> None:
        await stage.sign_in(7)
        async with Proxy(server.port) as proxy, browser_page() as page:
            await open_page(page, proxy, stage)
            await until(page, "live.state === 'live'")
            villain = asyncio.create_task(mistreat(proxy))
            for number in range(250):
                await stage.say(str(number))
                await asyncio.sleep(0.02)
            villain.cancel()
            proxy.delay = 0
            proxy.cut()
            assert await seen(page, 250) == list(range(1, 251))
            assert await page.evaluate("reloads") == []
            assert len(await page.evaluate("states")) > 3

    asyncio.run(story())


def test_where_sockets_are_blocked_it_polls_and_comes_back_to_sockets(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with Proxy(server.port) as proxy, browser_page() as page:
            proxy.refuses_sockets = True
            await open_page(page, proxy, stage)
            await until(page, "live.state === 'polling'")
            await stage.say("one", "two")
            assert await seen(page, 2) == [1, 2]
            await stage.like(3)
            await until(page, "gauges.some((data) => data.likes === 3)")
            assert await page.evaluate("live.state") == "polling"
            proxy.refuses_sockets = False
            await until(page, "live.state === 'live'")
            await stage.say("three")
            assert await seen(page, 3) == [1, 2, 3]
            await stage.like()
            await until(page, "gauges.some((data) => data.likes === 4)")

    asyncio.run(story())


def test_a_server_that_restarts_loses_nothing(stage: Stage, valkey: str, live_schemas: list[str]) -> None:
    from django.conf import settings

    async def story() -> None:
        await stage.sign_in(7)
        environment = {"LIVE_DATABASE": settings.DATABASES["default"]["NAME"], "VALKEY_URL": valkey}
        async with browser_page() as page:
            with start(**environment) as first:
                async with Proxy(first.port) as proxy:
                    await open_page(page, proxy, stage)
                    await until(page, "live.state === 'live'")
                    await stage.say("one")
                    await seen(page, 1)
                    assert await asyncio.to_thread(first.stop) == 0
                    await stage.say("two")
                    with start(**environment) as second:
                        proxy.target = second.port
                        await stage.say("three")
                        assert await seen(page, 3) == [1, 2, 3]
                        assert "ended" not in await page.evaluate("states")

    asyncio.run(story())


def test_a_session_that_ends_is_the_end(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with Proxy(server.port) as proxy, browser_page() as page:
            await open_page(page, proxy, stage)
            await until(page, "live.state === 'live'")
            await stage.do(house.query, "DELETE FROM live_session")
            await stage.control(outbox.end_person, person=7)
            await until(page, "live.state === 'ended' && ended === 1")

    asyncio.run(story())


def test_what_cannot_be_recovered_is_loaded_afresh(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        await stage.say("one")
        async with Proxy(server.port) as proxy, browser_page() as page:
            await open_page(page, proxy, stage, since=0, epoch="another")
            await until(page, "reloads.length === 1")
            (reload,) = await page.evaluate("reloads")
            assert (reload["topic"], reload["seq"]) == (stage.topic, 1)
            await stage.say("two")
            assert await seen(page, 2) == [2]

    asyncio.run(story())


def test_a_right_that_ends_is_told_to_the_page(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with Proxy(server.port) as proxy, browser_page() as page:
            await open_page(page, proxy, stage)
            await until(page, "live.state === 'live'")
            await stage.do(house.query, "DELETE FROM live_right")
            await stage.control(outbox.recheck, topic=stage.topic)
            await until(page, "left.length === 1")
            await page.evaluate("watch('room:987654321', null)")
            await until(page, "left.length === 2")
            assert await page.evaluate("left") == ["forbidden", "forbidden"]

    asyncio.run(story())


def test_going_back_to_the_page_joins_again(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with Proxy(server.port) as proxy, browser_page() as page:
            await open_page(page, proxy, stage)
            await until(page, "live.state === 'live'")
            await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
            await stage.say("one")
            await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
            assert await seen(page, 1) == [1]

    asyncio.run(story())
