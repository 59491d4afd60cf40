"""The real server with the small reference districts, in a database of its own, and a line to it that can be cut."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from playwright.sync_api import Request
from psycopg import sql

from tests import ports
from tests.realtime.proxy import Proxy

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120


@dataclass(frozen=True, slots=True)
class House:
    """A running server; `url` is of its database."""

    port: int
    url: str
    environment: dict[str, str]

    def address(self, path: str = "/", *, district: str = "huiji", port: int | None = None) -> str:
        """The address of a page on the district's host, through `port` when a line is given."""
        return f"http://{district}.localhost:{port or self.port}{path}"

    def rows(self, statement: str, *values: Any, schema: str = "huiji") -> list[tuple[Any, ...]]:
        """What a statement finds in the district's schema."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
            cursor = connection.execute(statement, values)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def take(self, request: Request) -> None:
        """Do what a browser's request asks, with nobody to hear the answer."""
        path = request.url.split(f":{self.port}", 1)[1]
        headers = {**request.all_headers(), "host": request.url.split("/")[2]}
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=request.post_data_buffer,
            headers={name: value for name, value in headers.items() if not name.startswith(":")},
            method=request.method,
        )
        with urllib.request.urlopen(asked, timeout=10):
            pass

    def manage(self, *arguments: str) -> None:
        """Run ``manage.py`` on the same database."""
        command = [sys.executable, str(ROOT / "platform" / "manage.py"), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]


@contextmanager
def standing(base_url: str, folder: Path, *, suffix: str = "browser", **settings: str) -> Iterator[House]:
    """A server on a fresh database beside that of `base_url`, filled with the small districts."""
    name = f"{_name(base_url)}_{suffix}"
    url = _beside(base_url, name)
    with _maintenance(base_url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    environment = {
        name: value for name, value in os.environ.items() if name not in {"VALKEY_URL", "DEBUG"}
    } | {
        "DATABASE_URL": url,
        "DATABASE_POOL": "10",
        "IDENTITY_LOCAL_IN_PRODUCTION": "1",
        "LOOPBACK_ONLY": "1",
        "LOG_LEVEL": "WARNING",
        "MEDIA_ROOT": str(folder / "media"),
        "RULES_DIR": str(ROOT / "platform" / "dangjian" / "local" / "demo_data" / "rules"),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "SECRET_KEY": "of the browser tests alone, fifty characters long at the very least",
        "THROTTLE_SCALE": "50",
        **settings,
    }
    with ports.listening(ports.BROWSER) as listener, (folder / "server.log").open("wb") as log:
        port = listener.getsockname()[1]
        environment["PUBLIC_PORT"] = str(port)
        house = House(port, url, environment)
        house.manage("open_demo", "--size", "small")
        # Without its sweep: what crosses from browser to browser came by its nudge, or not at all.
        server_module = ["tests.realtime.altered", "without_sweep"]
        command = [sys.executable, "-m", *server_module, "--fd", str(listener.fileno())]
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, pass_fds=[listener.fileno()]
        )
    try:
        _until_answering(house, server, folder / "server.log")
        yield house
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        with _maintenance(base_url) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


class Line:
    """A way to the server that can be cut, and refuse sockets until it is mended."""

    def __init__(self, target: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._proxy = Proxy(target)
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()], daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the line did not open"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    @property
    def port(self) -> int:
        return self._proxy.port

    def cut(self) -> None:
        """Reset what is open; new sockets are refused until `mend`, pages still come through."""

        def act() -> None:
            self._proxy.refuses_sockets = True
            self._proxy.cut()

        self._loop.call_soon_threadsafe(act)

    def mend(self) -> None:
        self._loop.call_soon_threadsafe(setattr, self._proxy, "refuses_sockets", False)

    async def _run(self) -> None:
        async with self._proxy:
            self._ready.set()
            await self._over.wait()


def _beside(url: str, name: str) -> str:
    # Not cut at the last slash: the query may name a socket's folder.
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _maintenance(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(_beside(url, "postgres"), autocommit=True)


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _until_answering(house: House, server: subprocess.Popen[bytes], log: Path) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{house.port}/sign-in/", headers={"Host": f"huiji.localhost:{house.port}"}
    )
    for _ in range(PATIENCE * 10):
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-3000:])
