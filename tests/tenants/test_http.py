"""From a host to its district, over HTTP: known, unknown, suspended, and with no connection left."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.decorators import login_not_required
from django.core.asgi import get_asgi_application
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import path
from psycopg_pool import PoolTimeout

from tenants import lifecycle, registry
from tenants.context import current_district, current_scope, in_catalogue, in_registry
from tenants.models import District
from tests.tenants.conftest import schema_here


@login_not_required
def where(request: HttpRequest) -> HttpResponse:
    """Answers with where PostgreSQL says it is, and where the request says."""
    if "fail" in request.GET:
        raise KeyError(current_district().schema_name)
    return HttpResponse(f"{schema_here(current_district().database)} {request.district.schema_name}")  # type: ignore[attr-defined]


@login_not_required
async def where_async(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse(await sync_to_async(lambda: f"{schema_here()} {current_district().schema_name}")())


urlpatterns = [path("where/", where), path("where-async/", where_async)]
here = override_settings(ROOT_URLCONF=__name__, CENTRE_URLCONF=__name__)


def ask(host: str, address: str) -> SimpleNamespace:
    """A request as a WSGI server makes it; unlike the test client's, it ends with its connection given back."""
    path, _, query = address.partition("?")
    environ = {
        **RequestFactory()._base_environ(),
        "HTTP_HOST": host,
        "PATH_INFO": path,
        "QUERY_STRING": query,
    }
    started: list[Any] = []
    response = WSGIHandler()(environ, lambda status, headers, *error: started.extend([status, dict(headers)]))
    content = b"".join(response)
    response.close()
    return SimpleNamespace(status_code=int(started[0].partition(" ")[0]), headers=started[1], content=content)


async def ask_asgi(host: str, path: str) -> str:
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [(b"host", host.encode())],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    communicator = ApplicationCommunicator(get_asgi_application(), scope)
    await communicator.send_input({"type": "http.request", "body": b"", "more_body": False})
    assert (await communicator.receive_output(20))["status"] == 200
    body = (await communicator.receive_output(20))["body"]
    await communicator.wait(20)
    return str(body, "utf-8")


@pytest.mark.parametrize(
    "host",
    [
        "nowhere.localhost",
        "",
        "huiji.localhost.evil.cn",
        "huiji",
        "hu\x00iji.localhost",
        "[::1]",
        "惠济",
        "a" * 300,
    ],
)
def test_an_unknown_host_gets_a_plain_404(live: SimpleNamespace, host: str) -> None:
    response = Client(headers={"host": host}).get("/")
    assert response.status_code == 404
    assert response["Content-Type"] == "text/plain"
    assert response.content == b"Not found\n"
    assert "Set-Cookie" not in response


@here
@pytest.mark.parametrize(
    "host", ["huiji.localhost", "HUIJI.localhost:8000", "luoyang.localhost.", "central.localhost"]
)
def test_a_host_opens_its_district(live: SimpleNamespace, host: str) -> None:
    schema = {"h": "huiji", "l": "luoyang", "c": "centre"}[host[0].lower()]
    assert Client(headers={"host": host}).get("/where/").content.decode() == f"{schema} {schema}"
    assert current_scope() is None


@here
def test_an_error_leaves_no_scope_behind(live: SimpleNamespace) -> None:
    client = Client(headers={"host": "huiji.localhost"}, raise_request_exception=False)
    assert client.get("/where/?fail=1").status_code == 500
    assert current_scope() is None
    assert Client(headers={"host": "luoyang.localhost"}).get("/where/").content == b"luoyang luoyang"


@here
def test_requests_at_once_under_asgi_each_see_their_own_district(live: SimpleNamespace) -> None:
    async def ask(number: int) -> None:
        schema = ("huiji", "luoyang", "centre")[number % 3]
        host = "central.localhost" if schema == "centre" else f"{schema}.localhost"
        address = "/where-async/" if number % 2 else "/where/"
        assert await ask_asgi(host, address) == f"{schema} {schema}", number

    async def everybody() -> None:
        await asyncio.gather(*(ask(number) for number in range(60)))

    asyncio.run(everybody())
    assert current_scope() is None


def test_a_host_is_looked_up_once_a_second(live: SimpleNamespace) -> None:
    with in_registry(), CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            found = registry.district_for_host("huiji.localhost:8000")
            assert found is not None
            assert found.schema_name == "huiji"
            assert registry.district_for_host("nowhere.localhost") is None
    assert len([q for q in queries.captured_queries if "tenants_domain" in q["sql"]]) == 2


def test_a_scanner_does_not_fill_the_memory(live: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_REMEMBER_AT_MOST", 5)
    for number in range(20):
        registry.district_for_host(f"h{number}.localhost")
    assert len(registry._remembered) == 5


def test_a_new_host_answers_without_a_restart_and_a_change_shows_within_a_second(
    fresh: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(headers={"host": "xinzheng.localhost"})
    assert client.get("/healthz").status_code == 404
    lifecycle.create_district(**fresh("xinzheng"))
    assert registry.district_for_host("xinzheng.localhost") is not None
    with in_registry():  # as another process does it
        District.objects.filter(schema_name="xinzheng").update(state="suspended", suspended_reason="核对")
    later = registry.time.monotonic() + registry.REMEMBER_SECONDS
    monkeypatch.setattr(registry.time, "monotonic", lambda: later)
    found = registry.district_for_host("xinzheng.localhost")
    assert found is not None
    assert not found.is_active


def test_a_suspended_district_says_why(fresh: Callable[..., dict[str, Any]]) -> None:
    district = lifecycle.create_district(**fresh("xinzheng"))
    lifecycle.suspend_district(district, reason="年度数据核对，周五恢复")
    client = Client(headers={"host": "xinzheng.localhost"})
    for address in ("/", "/api/v1/me/", "/anything/"):
        response = client.get(address)
        assert response.status_code == 503
        assert "年度数据核对，周五恢复" in response.content.decode()
        assert response["Retry-After"]
    assert Client(headers={"host": "huiji.localhost"}).get("/sign-in/").status_code == 200


class Holder(threading.Thread):
    """Takes the only connection of a pool and keeps it until told."""

    def __init__(self, alias: str) -> None:
        super().__init__(daemon=True)
        self.alias, self.has, self.done = alias, threading.Event(), threading.Event()

    def run(self) -> None:
        with in_catalogue(self.alias), connections[self.alias].cursor():
            self.has.set()
            self.done.wait(timeout=30)
        connections[self.alias].close()


def wait_in_line(pool: Any) -> None:
    with suppress(PoolTimeout):
        pool.putconn(pool.getconn(0.5))


@pytest.mark.parametrize("waiting", [1, 0])
@here
def test_an_exhausted_pool_is_a_503_with_retry_after(
    live: SimpleNamespace, alias: Callable[..., str], fresh: Callable[..., dict[str, Any]], waiting: int
) -> None:
    """Full with a queue that waits in vain; and full with the queue itself full."""
    name = alias("one", pool={"min_size": 1, "max_size": 1, "timeout": 0.2, "max_waiting": 1})
    lifecycle.create_district(**fresh("xinzheng"))
    with in_registry():
        District.objects.filter(schema_name="xinzheng").update(database=name)
    registry.forget()
    assert ask("xinzheng.localhost", "/where/").content == b"xinzheng xinzheng"

    holder = Holder(name)
    holder.start()
    assert holder.has.wait(timeout=20)
    others: list[threading.Thread] = []
    if not waiting:
        pool = connections[name].pool
        others = [threading.Thread(target=wait_in_line, args=[pool])]
        others[0].start()
        while not pool.get_stats().get("requests_waiting"):
            time.sleep(0.001)
    response = ask("xinzheng.localhost", "/where/")
    holder.done.set()
    for thread in (holder, *others):
        thread.join(timeout=20)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "请过几秒再试" in response.content.decode()
    assert ask("xinzheng.localhost", "/where/").content == b"xinzheng xinzheng"


@here
def test_a_request_gives_its_connection_back(
    live: SimpleNamespace, alias: Callable[..., str], fresh: Callable[..., dict[str, Any]]
) -> None:
    name = alias("one", pool={"min_size": 1, "max_size": 1, "timeout": 0.2, "max_waiting": 1})
    lifecycle.create_district(**fresh("xinzheng"))
    with in_registry():
        District.objects.filter(schema_name="xinzheng").update(database=name)
    registry.forget()
    for number in range(9):
        address, status = ("/where/?fail=1", 500) if number % 3 == 0 else ("/where/", 200)
        assert ask("xinzheng.localhost", address).status_code == status
    assert connections[name].pool.get_stats()["pool_available"] == 1
