"""docs/how-to/run-in-production.md, run as it stands: its commands, its settings, its servers."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from dangjian.local import postgres, valkey
from tests import ports

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "run-in-production.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
HOST = "huiji.dj.example.cn"
PATIENCE = 60


def blocks(language: str, role: str = "") -> list[str]:
    return [text for found, kind, text in BLOCK.findall(PAGE) if (found, kind) == (language, role)]


class Deployment:
    """A folder that holds what the page says, with the page's addresses turned into this machine's."""

    def __init__(self, folder: Path, database_url: str, valkey_url: str, *, web: int, live: int) -> None:
        self.folder = folder
        self.web, self.live = web, live
        self._here = {
            "postgres://dangjian:password@127.0.0.1:5432/dangjian": database_url,
            "redis://127.0.0.1:6379/0": valkey_url,
            "/srv/dangjian": str(folder / "srv"),
            "8000": str(self.web),
            "8001": str(self.live),
        }
        for name in ("platform", "tenants", "realtime"):
            (folder / name).symlink_to(ROOT / name)
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "settings.env").write_text(self.here(blocks("ini")[0]))
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONUTF8": "1"}
        self._servers: list[subprocess.Popen[bytes]] = []

    def here(self, text: str) -> str:
        for there, here in self._here.items():
            text = text.replace(there, here)
        return text

    def run(self, script: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run a block of the page after its line that reads the settings."""
        settings = "set -a; . ./settings.env; set +a\n"
        given = "".join(f"export {name}='{value}'\n" for name, value in changed.items())
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", settings + given + self.here(script)],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self, script: str) -> str:
        done = self.run(script)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def servers(self) -> Iterator[list[subprocess.Popen[bytes]]]:
        """The page's services, until the end of the block; each must then stop by itself."""
        log = (self.folder / "servers.log").open("ab")
        running = [
            subprocess.Popen(
                ["bash", "-c", f"set -a; . ./settings.env; set +a; exec {self.here(command)}"],
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
            for command in blocks("sh", "service")
        ]
        try:
            for port in (self.web, self.live):
                self._await(port, running)
            yield running
        finally:
            for server in running:
                server.terminate()
            for server in running:
                server.wait(PATIENCE)
            log.close()

    def _await(self, port: int, running: list[subprocess.Popen[bytes]]) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if self.get("/readyz", port=port)[0] == 200:
                    return
            except OSError:
                pass
            log = (self.folder / "servers.log").read_text()[-3000:]
            assert all(server.poll() is None for server in running), log
            assert time.monotonic() < deadline, log
            time.sleep(0.1)

    def get(
        self, path: str, *, port: int | None = None, host: str = HOST
    ) -> tuple[int, list[tuple[str, str]], str]:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.web, timeout=30)
        try:
            connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
            response = connection.getresponse()
            headers = [(name.lower(), value) for name, value in response.getheaders()]
            return response.status, headers, response.read().decode(errors="replace")
        finally:
            connection.close()


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    with tempfile.TemporaryDirectory(prefix="dj-prod-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with (
            postgres.running(folder / "postgres", durable=False) as database,
            valkey.running(folder / "valkey") as cache,
            ports.hold(ports.LOCAL) as web,
            ports.hold(ports.LOCAL) as live,
        ):
            yield Deployment(folder, database.url, cache.url, web=web, live=live)


@pytest.fixture(scope="module")
def opened(deployment: Deployment) -> str:
    """What the page's commands before its services have said."""
    before_services = PAGE.partition("## 4.")[0]
    scripts = [
        text for language, role, text in BLOCK.findall(before_services) if (language, role) == ("sh", "")
    ]
    assert len(scripts) >= 5
    # The settings name the key's file, so the block that makes it comes before they are read.
    key = subprocess.run(
        ["bash", "-euc", deployment.here(scripts[0])], cwd=deployment.folder, capture_output=True, check=False
    )
    assert key.returncode == 0, key.stderr
    return "".join(deployment.done(script) for script in scripts[1:])


def test_the_key_is_for_its_owner_alone(deployment: Deployment, opened: str) -> None:
    key = deployment.folder / "secret_key"
    assert key.stat().st_mode & 0o077 == 0
    assert len(key.read_text().strip()) >= 32
    assert "First account: zhangwei, one-time password" in opened


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("IDENTITY_LOCAL_IN_PRODUCTION", "0", "IDENTITY_LOCAL_IN_PRODUCTION=1"),
        ("SECRET_KEY", "short", "SECRET_KEY_FILE"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        "python platform/manage.py check",
        "python platform/manage.py worker",
        "python -m realtime.server",
        "web",
    ],
)
def test_insecure_settings_start_nothing(
    deployment: Deployment, opened: str, command: str, name: str, value: str, said: str
) -> None:
    script = command.replace("python", ".venv/bin/python")
    if command == "web":
        # As granian's processes do.
        script = ".venv/bin/python -c 'import dangjian.config.wsgi'"
    refused = deployment.run(script, **{name: value})
    assert refused.returncode != 0
    assert said in refused.stderr


def test_everything_runs_and_a_backup_comes_back(deployment: Deployment, opened: str) -> None:
    after_services = PAGE.partition("## 5.")[2]
    with deployment.servers() as running:
        for script in [
            text for found, role, text in BLOCK.findall(after_services) if (found, role) == ("sh", "")
        ]:
            deployment.done(script)
        assert all(server.poll() is None for server in running)

        status, headers, page = deployment.get("/sign-in/")
        assert status == 200
        cookies = [value for name, value in headers if name == "set-cookie"]
        assert cookies
        assert all(cookie.startswith("__Host-") and "Secure" in cookie for cookie in cookies)
        styles = re.findall(r'/static/[^"]+\.css', page)
        assert styles
        for style in styles:
            status, headers, _ = deployment.get(style)
            assert status == 200
            assert "immutable" in dict(headers)["cache-control"]
        assert deployment.get("/sign-in/", host="nowhere.dj.example.cn")[0] == 404

        with pytest.raises(InvalidStatus, match="403"):
            live(deployment, "https://luoyang.dj.example.cn")
        with live(deployment, f"https://{HOST}") as connection, pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        await_clock(deployment)
    assert all(server.returncode is not None for server in running)

    assert (deployment.folder / "backups" / "monday" / "manifest.json").exists()
    restore = blocks("sh", "stopped")
    assert restore
    for script in restore:
        assert "Restored 2 districts" in deployment.done(script)
    with deployment.servers():
        assert deployment.get("/healthz")[0] == 200


def live(deployment: Deployment, origin: str) -> ClientConnection:
    dialled = socket.create_connection(("127.0.0.1", deployment.live))
    return connect(f"ws://{HOST}/ws/live/", sock=dialled, origin=Origin(origin))


def await_clock(deployment: Deployment) -> None:
    """Wait until the worker's clocks have queued jobs and none of them is left: it works them off."""
    url = re.search(
        r"^DATABASE_URL=(.+)$", (deployment.folder / "settings.env").read_text(), flags=re.MULTILINE
    )
    assert url is not None
    deadline = time.monotonic() + PATIENCE
    while True:
        with psycopg.connect(url[1]) as connection:
            row = connection.execute(
                "SELECT (SELECT last_value FROM procrastinate_jobs_id_seq), (SELECT count(*) FROM procrastinate_jobs)"
            ).fetchone()
        assert row is not None
        made, left = row
        if made - left >= 2:
            return
        assert time.monotonic() < deadline, row
        time.sleep(0.2)
