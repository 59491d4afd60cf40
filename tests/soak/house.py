"""The product as it is deployed, in processes that can be killed: two districts on PostgreSQL and Valkey."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dangjian.local import postgres, process, valkey

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ("huiji", "luoyang")
# From another place in each run: the ports of what another run has just killed look free.
_ports = iter(range(22000 + os.getpid() % 200 * 20, 26000))


@dataclass(slots=True)
class Part:
    """A process group that is killed as one, as a container is, and started again."""

    name: str
    command: list[str]
    port: int
    house: House
    child: subprocess.Popen[bytes] | None = None
    kills: int = 0
    killed: bool = False  # the last time it ended

    def start(self) -> None:
        """From the main thread alone: the kernel ends it with the thread that started it."""
        log = self.house.folder / f"{self.name}.log"
        command = [sys.executable, *self.command]
        self.child = process.start(command, log=log, env=self.house.environment, cwd=ROOT)
        self.killed = False

    @property
    def runs(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def revive(self) -> None:
        """Start it, unless somebody has."""
        if not self.runs:
            self.start()

    def kill(self) -> None:
        """kill -9, in the middle of whatever it does."""
        if self.child is not None and self.runs:
            self.kills += 1
            self.killed = True
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def stop(self) -> None:
        if self.child is not None and self.child.poll() is None:
            process.stop(self.child, signal.SIGTERM, seconds=15)
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)

    @property
    def listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return not self.port or probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def resident_bytes(self) -> int:
        assert self.child is not None
        pages = Path(f"/proc/{self.child.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class House:
    """web and live twice each, a worker; `steady` is a live process that nobody kills, for its memory."""

    folder: Path
    database: postgres.Server
    broker: valkey.Server
    environment: dict[str, str] = field(init=False)
    parts: list[Part] = field(init=False)
    steady: Part = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
            "DJANGO_SETTINGS_MODULE": "dangjian.config.settings",
            "DATABASE_URL": self.database.url,
            "DATABASE_POOL": "8",
            "VALKEY_URL": self.broker.url,
            "MEDIA_ROOT": str(self.folder / "media"),
            "STATIC_ROOT": str(self.folder / "static"),
            "SECRET_KEY": "of a test that listens on loopback only",
            "IDENTITY": "local",
            "IDENTITY_LOCAL_IN_PRODUCTION": "1",
            "LOOPBACK_ONLY": "1",
            "LOG_LEVEL": "WARNING",
            "THROTTLE_SCALE": "100000",
        }
        self.parts = [self._web("web-1"), self._web("web-2"), self._live("live-1"), self._live("live-2")]
        self.parts.append(Part("worker", ["platform/manage.py", "worker"], 0, self))
        self.steady = self._live("live-steady")

    def _web(self, name: str) -> Part:
        port = _free_port()
        options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
        size = ["--workers", "1", "--blocking-threads", "4", "--log-level", "error"]
        return Part(name, ["-m", "granian", *options, *size, "dangjian.config.wsgi:application"], port, self)

    def _live(self, name: str) -> Part:
        port = _free_port()
        return Part(name, ["-m", "realtime.server", "--host", "127.0.0.1", "--port", str(port)], port, self)

    @property
    def all_parts(self) -> list[Part]:
        return [*self.parts, self.steady]

    @property
    def web_ports(self) -> list[int]:
        return [part.port for part in self.parts if part.name.startswith("web")]

    @property
    def live_ports(self) -> list[int]:
        return [part.port for part in self.all_parts if part.name.startswith("live")]

    def await_all(self, seconds: float) -> None:
        """Wait until every part listens.

        Raises:
            SystemExit: one does not; its log says why.
        """
        deadline = time.monotonic() + seconds
        for part in self.all_parts:
            while not part.listens:
                if time.monotonic() > deadline:
                    log = process.tail(self.folder / f"{part.name}.log")
                    raise SystemExit(f"{part.name} does not listen after {seconds:.0f} s:\n{log}")
                time.sleep(0.1)

    def restart_database(self) -> None:
        self.database.stop()
        self.database = postgres.start(self.folder / "pg")

    def stop_broker(self) -> None:
        self.broker.stop()

    def start_broker(self) -> None:
        self.broker = valkey.start(self.folder / "valkey")


@contextmanager
def furnished(folder: Path) -> Iterator[House]:
    """Everything started: `open_demo` has made the districts, small."""
    (folder / "static").mkdir()
    house = House(folder, postgres.start(folder / "pg"), valkey.start(folder / "valkey"))
    try:
        subprocess.run(
            [sys.executable, "platform/manage.py", "open_demo", "--size", "small"],
            cwd=ROOT,
            env=house.environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        for part in house.all_parts:
            part.start()
        house.await_all(180)
        yield house
    finally:
        for part in house.all_parts:
            part.stop()
        house.broker.stop()
        house.database.stop()


def _free_port() -> int:
    for port in _ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit("no free port between 22000 and 26000")
