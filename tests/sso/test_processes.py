"""As it is deployed: pages on granian, sockets on two live processes, a worker; what one does ends at the others."""

from __future__ import annotations

import asyncio
import http.client
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from dangjian.local import process, valkey
from realtime.protocol import Close
from realtime.testing import LiveClient
from tests import ports
from tests.browser.house import ROOT, House
from tests.sso.conftest import Deployment, administrator
from tests.sso.visitor import COOKIE, Visitor

SOCKETS = 3
PATIENCE = 60
STARTING = 120


@dataclass(slots=True)
class Deployed:
    """Ports of the processes, which share the database of `house`.

    nudged: two live processes without a sweep: what comes to them from another process came by a nudge, or not at all.
    sweeping: two as they are.
    """

    house: House
    web: int
    nudged: list[int]
    sweeping: list[int]
    broker: valkey.Server

    def ask(
        self, method: str, path: str, cookies: dict[str, str], form: dict[str, str] | None = None
    ) -> tuple[int, Any, str]:
        """Status, headers and body of a page; cookies that come with it are kept in `cookies`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web, timeout=PATIENCE)
        headers = {
            "Host": f"huiji.localhost:{self.house.port}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            connection.request(method, path, urlencode(form or {}), headers)
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            cookies[name] = value
        return answer.status, answer.headers, body

    def sign_in(self, username: str) -> dict[str, str]:
        """By the realm's own page; the cookies of the browser afterwards."""
        cookies: dict[str, str] = {}
        status, headers, body = self.ask("GET", "/oidc/login/?next=/", cookies)
        assert status == 302, body
        came = urlsplit(Visitor().enter(headers["Location"], username))
        status, headers, body = self.ask("GET", f"{came.path}?{came.query}", cookies)
        assert (status, headers["Location"]) == (302, "/"), body
        assert COOKIE in cookies
        return cookies

    def post(self, path: str, cookies: dict[str, str], form: dict[str, str]) -> int:
        """Fill in the form of a page and send it."""
        _status, _headers, page = self.ask("GET", path, cookies)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found, page
        return self.ask("POST", path, cookies, {**form, "csrfmiddlewaretoken": unescape(found[1])})[0]


@pytest.fixture(scope="module")
def deployed(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("processes")
    with ExitStack() as stack:
        broker = valkey.start(folder / "valkey")
        stack.callback(broker.stop)
        environment = {**house.environment, "VALKEY_URL": broker.url}

        def start(name: str, *command: str) -> None:
            child = process.start(
                [sys.executable, *command], log=folder / f"{name}.log", env=environment, cwd=ROOT
            )
            stack.callback(process.stop, child, signal.SIGTERM, seconds=15)

        held = [stack.enter_context(ports.hold(ports.BROWSER)) for _ in range(5)]
        web, live = held[0], held[1:]
        options = [
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(web),
            "--no-ws",
            "--workers",
            "1",
        ]
        start("web", "-m", "granian", *options, "dangjian.config.wsgi:application")
        start("worker", "platform/manage.py", "worker")
        for number, port in enumerate(live):
            server = ["tests.realtime.altered", "without_sweep"] if number < 2 else ["realtime.server"]
            start(f"live-{number}", "-m", *server, "--host", "127.0.0.1", "--port", str(port))
        for name, port in (("web", web), *((f"live-{number}", port) for number, port in enumerate(live))):
            until(lambda port=port: listens(port), lambda name=name: process.tail(folder / f"{name}.log"))
        yield Deployed(house, web, live[:2], live[2:], broker)


def listens(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/state")
        connection.getresponse().read()
        return True
    except OSError:
        return False
    finally:
        connection.close()


def until(true: Callable[[], bool], why: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + STARTING
    while not true():
        assert time.monotonic() < deadline, why()
        time.sleep(0.1)


async def closed(client: LiveClient) -> tuple[int, float]:
    """The code of the close, and when it came."""
    async with asyncio.timeout(PATIENCE):
        await client.socket.wait_closed()
    return client.socket.close_code or 0, time.monotonic()


@pytest.mark.parametrize("down", [False, True], ids=["with Valkey", "with Valkey down"])
def test_three_sockets_end_with_the_account_that_another_process_closes(
    down: bool, deployed: Deployed, deployment: Deployment, record_property: Callable[[str, object], None]
) -> None:
    """The officer's request commits; then the sockets close, whichever process holds them, and nobody else's does;
    then the realm is told by the worker. A new socket and a page are refused at once, Valkey or not."""
    house, live = deployed.house, deployed.sweeping if down else deployed.nudged
    [(member, subject)] = house.rows(
        "SELECT m.id, u.subject FROM organizations_member m JOIN identity_user u ON u.id = m.user_id"
        " WHERE u.username = 'zhoujie'"
    )
    his, officers, hers = (deployed.sign_in(name) for name in ("zhoujie", "zhangwei", "wangfang"))

    def socket_of(cookies: dict[str, str], port: int) -> LiveClient:
        return LiveClient("huiji.localhost", port, cookie=f"{COOKIE}={cookies[COOKIE]}")

    async def story() -> None:
        async with (
            socket_of(his, live[0]) as one,
            socket_of(his, live[0]) as two,
            socket_of(his, live[1]) as three,
            socket_of(hers, live[1]) as other,
        ):
            for client in (one, two, three, other):
                await client.join("feed")
            if down:
                await asyncio.to_thread(deployed.broker.stop)
            ends = [asyncio.create_task(closed(client)) for client in (one, two, three)]
            await asyncio.sleep(0)
            assert not any(end.done() for end in ends)
            path = f"/officer/members/{member}/deactivate/"
            status = await asyncio.to_thread(deployed.post, path, officers, {"reason": "组织关系已转出"})
            committed = time.monotonic()
            assert status == 302
            page, headers, _body = await asyncio.to_thread(deployed.ask, "GET", "/me/", dict(his))
            assert (page, headers["Location"].startswith("/sign-in/")) == (302, True)
            found = await asyncio.gather(*ends)
            assert {code for code, _when in found} == {Close.SIGNED_OUT}
            record_property("seconds_to_last_close", round(max(when for _, when in found) - committed, 2))
            with pytest.raises(ConnectionClosed) as refused:
                async with socket_of(his, live[0]) as again:
                    await again.join("feed")
            assert refused.value.rcvd is not None
            assert refused.value.rcvd.code == Close.SIGNED_OUT
            await other.send(op="join", topic="feed")
            await other.expect("joined", topic="feed")

    asyncio.run(story())
    realm = administrator(deployment, "huiji")
    until(lambda: realm.user(subject)["enabled"] is False)
    assert deployed.post(f"/officer/members/{member}/reactivate/", officers, {"reason": "误操作"}) == 302
    until(lambda: realm.user(subject)["enabled"] is True)
