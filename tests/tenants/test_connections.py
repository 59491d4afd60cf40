"""However many requests and sockets come: the server holds no more PostgreSQL connections than its pool has."""

from __future__ import annotations

import asyncio
import http.client
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from realtime.testing import LiveClient
from tenants.context import in_catalogue, in_district
from tests.tenants.conftest import database_url

ROOT = Path(__file__).resolve().parents[2]
PORT = 27050
POOL = 6
REQUESTS = 2000
CALLERS = 12
SOCKETS = 40
NAME = "bounded-test"
IN_HUIJI = ("liqiang", "wangfang", "zhoujie")
IN_LUOYANG = ("zhaomin", "sunli")


@pytest.fixture
def server(live: SimpleNamespace, scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Pages, API and sockets in one process, with a small pool, on the test database."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DATABASE_POOL": str(POOL),
        "PGAPPNAME": NAME,
        "DEBUG": "1",
        "LOG_LEVEL": "ERROR",
        "THROTTLE_SCALE": "1000",
        "VALKEY_URL": "",
        "MEDIA_ROOT": str(scratch),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
    }
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "realtime.server", "--host", "127.0.0.1", "--port", str(PORT)],
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while not answers():
                assert process.poll() is None, (scratch / "log").read_text()
                assert time.monotonic() < deadline, (scratch / "log").read_text()
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)


def answers() -> bool:
    try:
        return ask("huiji.localhost", "/healthz") == 200
    except OSError:
        return False


def ask(host: str, path: str, cookie: str = "") -> int:
    caller = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    caller.request("GET", path, headers={"Host": f"{host}:{PORT}", "Cookie": cookie})
    response = caller.getresponse()
    response.read()
    caller.close()
    return response.status


def held() -> int:
    """PostgreSQL's own count of the server's connections."""
    with in_catalogue("default"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME])
        return int(cursor.fetchone()[0])


@pytest.fixture
def cookies(live: SimpleNamespace) -> Iterator[dict[str, str]]:
    from dangjian.identity.models import Session, User
    from dangjian.identity.sessions import SessionStore

    made: dict[str, str] = {}
    districts = {"huiji": (live.huiji, IN_HUIJI), "luoyang": (live.luoyang, IN_LUOYANG)}
    for schema, (district, usernames) in districts.items():
        with in_district(district):
            for username in usernames:
                key = SessionStore.for_user(User.objects.get(username=username))
                made[f"{schema}/{username}"] = f"{settings.SESSION_COOKIE_NAME}={key}"
    yield made
    for district, _ in districts.values():
        with in_district(district):
            Session.objects.all().delete()


def test_two_thousand_mixed_requests_and_sockets(
    server: subprocess.Popen[bytes], cookies: dict[str, str]
) -> None:
    addresses = [
        "/",
        "/api/v1/me/",
        "/api/v1/feed/",
        "/feed/",
        "/api/v1/events/?topic=feed",
        "/posts/1/",
        "/nothing/",
    ]
    visitors = [(name.partition("/")[0] + ".localhost", cookie) for name, cookie in cookies.items()]
    visitors += [("huiji.localhost", ""), ("central.localhost", ""), ("nowhere.localhost", "")]
    statuses: Counter[int] = Counter()
    numbers = iter(range(REQUESTS))
    lock = threading.Lock()

    def call() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            host, cookie = visitors[number % len(visitors)]
            status = ask(host, addresses[number % len(addresses)], cookie)
            with lock:
                statuses[status] += 1

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    most = 0

    async def watch() -> None:
        nonlocal most
        names = list(cookies)
        over = asyncio.Event()

        async def socket(number: int) -> Any:
            name = names[number % len(names)]
            host = name.partition("/")[0] + ".localhost"
            async with LiveClient(host, PORT, cookie=cookies[name]) as client:
                await client.send(op="join", topic="feed")
                joined = await client.receive()
                await over.wait()
                return joined["op"]

        watching = [asyncio.create_task(socket(number)) for number in range(SOCKETS)]
        while any(caller.is_alive() for caller in callers):
            most = max(most, await asyncio.to_thread(counted))
            await asyncio.to_thread(callers[-1].join, 0.2)
        over.set()
        assert Counter(await asyncio.gather(*watching)) == {"joined": SOCKETS}

    def counted() -> int:
        try:
            return held()
        finally:
            connection.close()

    for caller in callers:
        caller.start()
    asyncio.run(watch())
    for caller in callers:
        caller.join(timeout=60)
    assert sum(statuses.values()) == REQUESTS
    assert not [status for status in statuses if status >= 500], statuses
    assert statuses[200] > REQUESTS / 4
    assert 0 < most <= POOL
    assert held() <= POOL
