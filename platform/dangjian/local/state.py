"""The demo's folder: its key, its logs, its data, and who holds it at the moment."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dangjian.local.process import CannotStart

CHECKOUT = Path(__file__).resolve().parents[3]
STOPPING = "stopping"
RUNNING = "running"


class Held(CannotStart):
    """Another process holds the folder; `holder` is what it wrote: pid, port, phase."""

    def __init__(self, message: str, holder: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.holder = holder


@dataclass(frozen=True, slots=True)
class State:
    """The folder ``.demo`` of the checkout, or the one DEMO_STATE names."""

    folder: Path

    @classmethod
    def of_checkout(cls) -> State:
        return cls(Path(os.environ.get("DEMO_STATE") or CHECKOUT / ".demo").absolute())

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def valkey(self) -> Path:
        return self.folder / "valkey"

    @property
    def keycloak(self) -> Path:
        return self.folder / "keycloak"

    @property
    def secrets(self) -> Path:
        """What the demo's Keycloak and its clients know each other by."""
        return self.folder / "secrets"

    @property
    def media(self) -> Path:
        return self.folder / "media"

    @property
    def _lock(self) -> Path:
        return self.folder / "lock"

    def log(self, name: str) -> Path:
        """The log of the child `name`; one that has grown past 20 MB is started anew."""
        path = self.folder / f"{name}.log"
        if path.exists() and path.stat().st_size > 20_000_000:
            path.replace(path.with_suffix(".log.old"))
        return path

    def secret_key_file(self) -> Path:
        """The file of the signing key, made once; only its owner may read it."""
        path = self.folder / "secret_key"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
        return path

    @contextmanager
    def held(self, *, port: int, patience: float = 2) -> Iterator[IO[str]]:
        """Hold the folder against every other demo of this checkout; the lock is gone afterwards.

        The kernel lets go of it with the process, so a kill -9 leaves a file that stops nobody. A holder that
        is just stopping is waited for, another one for `patience` seconds.

        Raises:
            Held: somebody else holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self._take(patience)
        try:
            self.note(file, port=port, phase=RUNNING)
            yield file
        finally:
            self._environment.unlink(missing_ok=True)
            self._lock.unlink(missing_ok=True)
            file.close()

    def note(self, lock: IO[str], *, port: int, phase: str) -> None:
        """Write into the held lock who holds it."""
        lock.seek(0)
        lock.truncate()
        json.dump({"pid": os.getpid(), "port": port, "phase": phase}, lock)
        lock.flush()

    def holder(self) -> Mapping[str, Any] | None:
        """Who holds the folder now: pid, port, phase; None if nobody does."""
        try:
            file = self._lock.open("r+", encoding="utf-8")
        except OSError:
            return None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return _holder(file)
        return None

    def publish_environment(self, environment: Mapping[str, str]) -> None:
        """Keep what a management command needs to reach the running demo; it may hold a database password."""
        descriptor = os.open(self._environment, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dict(environment), file)

    def environment(self) -> dict[str, str]:
        """The environment of the running demo's processes.

        Raises:
            CannotStart: it is not running.
        """
        if self.holder() is not None and self._environment.exists():
            return {**os.environ, **json.loads(self._environment.read_text(encoding="utf-8"))}
        raise CannotStart("The demo is not running: start it in another terminal with  make demo  first.")

    @property
    def _environment(self) -> Path:
        return self.folder / "environment.json"

    def _take(self, patience: float) -> IO[str]:
        deadline = time.monotonic() + patience
        while True:
            file = self._lock.open("a+", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The former holder may have removed the file between our opening and locking it.
                if os.fstat(file.fileno()).st_ino == self._lock.stat().st_ino:
                    return file
            except FileNotFoundError:
                pass
            except BlockingIOError:
                holder = _holder(file)
                stopping = holder.get("phase") == STOPPING and time.monotonic() < deadline + 60
                if not stopping and time.monotonic() > deadline:
                    raise Held(_held_sentence(holder), holder) from None
            file.close()
            time.sleep(0.1)


def _holder(file: IO[str]) -> Mapping[str, Any]:
    file.seek(0)
    try:
        found: Mapping[str, Any] = json.loads(file.read())
    except ValueError:  # between taking the lock and writing into it
        return {}
    return found


def _held_sentence(holder: Mapping[str, Any]) -> str:
    where = f" on port {holder['port']} (process {holder['pid']})" if holder else ""
    return f"The demo of this checkout already runs{where}: use that one, or stop it there with Ctrl-C first."
