"""``python -m dangjian.local.demo``: starts, watches and stops everything the demo consists of.

PostgreSQL, Valkey, one Daphne for pages, API and sockets (several with LIVE=2), one worker. They are children of this
process: the kernel ends them when it dies, and it ends them in order when it is told to stop.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Generic, NoReturn, Protocol, TypeVar

from dangjian.local import keycloak, postgres, process, valkey
from dangjian.local.process import CannotStart
from dangjian.local.progress import Progress, say
from dangjian.local.state import CHECKOUT, STOPPING, State
from realtime.listening import listening_socket

PASSWORD = "dangjian-demo"  # noqa: S105  (published: it opens demo data alone)
ACCOUNTS = {
    "huiji.localhost": (
        "惠济区",
        [
            ("wangfang", "王芳", "secretary of a branch"),
            ("liqiang", "李强", "member of her branch"),
            ("zhoujie", "周杰", "member of another branch under another committee"),
            ("zhangwei", "张伟", "officer of the district"),
            ("liuna", "刘娜", "information editor"),
        ],
    ),
    "luoyang.localhost": ("洛阳市直机关", [("zhaomin", "赵敏", "member"), ("sunli", "孙丽", "officer")]),
    "central.localhost": ("中央监督", [("chenjing", "陈静", "central overseer")]),
}
SIZES = ("small", "pilot", "full")
DEMO_RULES = Path(__file__).parent / "demo_data" / "rules"
CRASHES_A_MINUTE = 3
MOST_PROCESSES = 8
UNUSABLE = frozenset({errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS})  # of the folder for the data
_FIRST_START_BYTES = 1_000_000_000
_LATER_START_BYTES = 100_000_000
_FLUSH_SECONDS = 20  # what is not written by then stays in Valkey for the next start


class Stopped(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class Running(Protocol):
    """A started part."""

    process: subprocess.Popen[bytes]

    def stop(self) -> None: ...


Started = TypeVar("Started", bound=Running)


@dataclass(slots=True)
class Command:
    """One of our own processes: SIGTERM lets it finish what it does."""

    process: subprocess.Popen[bytes]
    patience: float

    def stop(self) -> None:
        process.stop(self.process, signal.SIGTERM, seconds=self.patience)


@dataclass(slots=True)
class Part(Generic[Started]):
    """Something to keep running; started again when it stops by itself."""

    name: str
    log: Path
    launch: Callable[[], Started]
    running: Started = field(init=False)
    crashes: deque[float] = field(default_factory=lambda: deque(maxlen=CRASHES_A_MINUTE))

    def start(self) -> None:
        self.running = self.launch()

    def revive(self, code: int) -> None:
        """Start it again.

        Raises:
            CannotStart: it has crashed too often within a minute.
        """
        now = time.monotonic()
        self.crashes.append(now)
        if len(self.crashes) == CRASHES_A_MINUTE and now - self.crashes[0] < 60:
            raise CannotStart(
                f"{self.name} stopped by itself {CRASHES_A_MINUTE} times in a minute. "
                f"Its log {self.log} ends with:\n{process.tail(self.log)}"
            )
        say(f"{self.name} stopped by itself ({_ending(code)}); starting it again. Its log: {self.log}")
        self.start()


class Demo:
    """The demo of one checkout, on one port."""

    def __init__(
        self, state: State, *, port: int, size: str, processes: int, keycloak_port: int | None = None
    ) -> None:
        """keycloak_port: people sign in at a Keycloak on that port, or at the one KEYCLOAK_URL names."""
        self.state = state
        self.port = port
        self.size = size
        self.processes = processes
        self.keycloak_port = keycloak_port
        self._parts: list[Part[Any]] = []
        self._progress = Progress(total=6 if keycloak_port is None else 8)
        self._embedded: postgres.Server | None = None
        self._keycloak: keycloak.Server | None = None
        self._listeners: list[socket.socket] = []

    def run(self) -> NoReturn:
        """Run until told to stop.

        Raises:
            Stopped: it was told, and everything is stopped.
            CannotStart: a part of it cannot run.
        """
        with self.state.held(port=self.port) as lock, ExitStack() as stack:
            stack.callback(self._stop, lock)
            self._start()
            self._watch()

    def _start(self) -> None:
        require_free(self.port)
        if self.keycloak_port is not None and not os.environ.get("KEYCLOAK_URL"):
            require_free(self.keycloak_port, variable="KEYCLOAK_PORT", command="make demo-sso")
        self._require_disk()
        say(f"党建云 demo: data and logs in {self.state.folder}")
        environment = self._environment()
        with self._progress.step("PostgreSQL"):
            environment["DATABASE_URL"] = os.environ.get("DATABASE_URL") or self._start_postgres()
        with self._progress.step("Valkey"):
            environment["VALKEY_URL"] = os.environ.get("VALKEY_URL") or self._start_valkey()
        if self.keycloak_port is not None:
            with self._progress.step("Keycloak"):
                environment |= self._start_keycloak(self.keycloak_port)
                self._make_provisioner({**os.environ, **environment})
        self.state.publish_environment(environment)
        environment = {**os.environ, **environment}
        with self._progress.step("schemas, districts, demo data"):
            self._prepare_once(environment)
        if self.keycloak_port is not None:
            with self._progress.step("realms and accounts"):
                self._manage(["open_demo_realms"], environment)
        with self._progress.step("worker"):
            self._start_command("worker", ["platform/manage.py", "worker"], environment, patience=30)
        with self._progress.step("pages, API and sockets"):
            self._start_web(environment)
        with self._progress.step("every host answers"):
            self._await_hosts()
        self._show_addresses()

    def _environment(self) -> dict[str, str]:
        return {
            "SECRET_KEY_FILE": str(self.state.secret_key_file()),
            "MEDIA_ROOT": str(self.state.media),
            "RULES_DIR": os.environ.get("RULES_DIR") or str(DEMO_RULES),
            "LOOPBACK_ONLY": "1",
            "IDENTITY": "local",
            "IDENTITY_LOCAL_IN_PRODUCTION": "1",
            "DEMO_PORT": str(self.port),
            "PUBLIC_PORT": str(self.port),
            "DJANGO_SETTINGS_MODULE": "dangjian.config.settings",
            "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'platform'}",
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def _start_postgres(self) -> str:
        log = self.state.postgres / "postgres.log"
        part = Part("PostgreSQL", log, lambda: postgres.start(self.state.postgres))
        self._embedded = self._keep(part)
        return self._embedded.url

    def _start_valkey(self) -> str:
        log = self.state.valkey / "valkey.log"
        return self._keep(Part("Valkey", log, lambda: valkey.start(self.state.valkey))).url

    def _start_keycloak(self, port: int) -> dict[str, str]:
        """What makes the product use Keycloak: the one KEYCLOAK_URL names, else our own, which is started now."""
        self.state.secrets.mkdir(mode=0o700, exist_ok=True)
        url = os.environ.get("KEYCLOAK_URL", "")
        if not url:
            # Its address has a name: browsers tie a passkey to a name, never to a number.
            url = f"http://localhost:{port}"
            log = self.state.keycloak / "keycloak.log"
            part = Part("Keycloak", log, lambda: keycloak.start(self.state.keycloak, port=port))
            self._keycloak = self._keep(part)
        return {
            "IDENTITY": "keycloak",
            "KEYCLOAK_URL": url,
            "KEYCLOAK_SECRETS": os.environ.get("KEYCLOAK_SECRETS") or str(self.state.secrets),
        }

    def _make_provisioner(self, environment: Mapping[str, str]) -> None:
        """The account at Keycloak that opens realms.

        Raises:
            CannotStart: a Keycloak of your own has none, and nothing says how to make one.
        """
        if self._keycloak is not None:
            environment = {**environment, "KEYCLOAK_ADMIN_PASSWORD": self._keycloak.admin_password}
        if environment.get("KEYCLOAK_ADMIN_PASSWORD"):
            self._manage(["create_provisioner", "--admin", keycloak.ADMIN], environment)
        elif not (
            environment.get("KEYCLOAK_SECRET_PROVISIONER")
            or Path(environment["KEYCLOAK_SECRETS"], "provisioner").exists()
        ):
            raise CannotStart(
                f"{environment['KEYCLOAK_URL']} has no account yet that may open realms: set KEYCLOAK_ADMIN_PASSWORD "
                f"to the password of its administrator {keycloak.ADMIN} for this one start, or make one as "
                "docs/how-to/connect-keycloak.md describes."
            )

    def _start_web(self, environment: Mapping[str, str]) -> None:
        """One process, or several that share the port; the kernel deals connections out among them.

        We hold the sockets: who comes while a crashed process is started again waits instead of being refused.
        """
        for number in range(1, self.processes + 1):
            listener = listening_socket("127.0.0.1", self.port, shared=True)
            self._listeners.append(listener)
            name = "web" if self.processes == 1 else f"web-{number}"
            command = ["-m", "realtime.server", "--fd", str(listener.fileno())]
            self._start_command(name, command, environment, patience=20, inherits=[listener.fileno()])

    def _start_command(
        self,
        name: str,
        arguments: list[str],
        environment: Mapping[str, str],
        *,
        patience: float,
        inherits: Sequence[int] = (),
    ) -> None:
        log = self.state.log(name)

        def launch() -> Command:
            command = [sys.executable, *arguments]
            child = process.start(command, log=log, env=environment, cwd=CHECKOUT, inherits=inherits)
            return Command(child, patience)

        self._keep(Part(name, log, launch))

    def _keep(self, part: Part[Started]) -> Started:
        part.start()
        self._parts.append(part)
        return part.running

    def _prepare_once(self, environment: Mapping[str, str]) -> None:
        """Prepare unless this very code has done so with these very data: it is a third of a later start."""
        if self._embedded is None:
            self._prepare(environment)
            return
        # Beside the data, wherever they are: gone when they are gone.
        stamp = self._embedded.folder / "prepared-by"
        code = _migrations_digest()
        if not stamp.exists() or stamp.read_text(encoding="ascii") != code:
            self._prepare(environment)
            stamp.write_text(code, encoding="ascii")

    def _prepare(self, environment: Mapping[str, str]) -> None:
        self._manage(["open_demo", "--size", self.size], environment)

    def _manage(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        log = self.state.log("prepare")
        command = [sys.executable, "platform/manage.py", *arguments]
        child = process.start(command, log=log, env=environment, cwd=CHECKOUT, piped=True)
        try:
            for line in child.stdout or ():
                self._progress.detail(line.decode(errors="replace").strip())
            code = child.wait()
        finally:
            process.stop(child, signal.SIGTERM, seconds=5)
        if code != 0:
            end = process.tail(log)
            if "No space left" in end or "DiskFull" in end:
                raise CannotStart(postgres.full_disk(self.state.folder))
            raise CannotStart(
                f"The districts could not be prepared; the next  make demo  goes on from there, and  "
                f"make demo-reset  starts afresh. The log {log} ends with:\n{end}"
            )

    def _await_hosts(self) -> None:
        waiting = list(ACCOUNTS)
        deadline = time.monotonic() + 90
        while waiting:
            self._revive_stopped()
            waiting = [host for host in waiting if not answers(host, self.port)]
            if waiting and time.monotonic() > deadline:
                log = self.state.log("web" if self.processes == 1 else "web-1")
                end = process.tail(log)
                raise CannotStart(
                    f"{waiting[0]} does not answer on port {self.port}. The log {log} ends with:\n{end}"
                )
            if waiting:
                time.sleep(0.1)

    def _watch(self) -> NoReturn:
        while True:
            self._revive_stopped()
            time.sleep(0.25)

    def _revive_stopped(self) -> None:
        for part in self._parts:
            code = part.running.process.poll()
            if code is not None:
                part.revive(code)

    def _stop(self, lock: IO[str]) -> None:
        ignore_signals()
        self.state.note(lock, port=self.port, phase=STOPPING)
        if self._parts:
            say("Stopping …")
        for part in reversed(self._parts):
            part.running.stop()
            if part.name == "worker":
                self._flush_views()
        if self._parts:
            say("Stopped. The data are kept; make demo starts again where you left.")

    def _flush_views(self) -> None:
        """Write the views that no job will come for any more."""
        environment = {**os.environ, **self.state.environment()}
        command = [sys.executable, "platform/manage.py", "flush_views"]
        child = process.start(command, log=self.state.log("prepare"), env=environment, cwd=CHECKOUT)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_FLUSH_SECONDS)
        process.stop(child, signal.SIGKILL, seconds=1)

    def _require_disk(self) -> None:
        first = not self.state.postgres.exists()
        needed = _FIRST_START_BYTES if first else _LATER_START_BYTES
        if shutil.disk_usage(self.state.folder).free < needed:
            raise CannotStart(postgres.full_disk(self.state.folder))

    def _show_addresses(self) -> None:
        say()
        for host, (district, people) in ACCOUNTS.items():
            say(f"  http://{host}:{self.port}/   {district}")
            for username, name, what in people:
                say(f"      {username:<10} {name}  {what}")
        say()
        if self.keycloak_port is None:
            say(f"  Everybody's password: {PASSWORD}   (all of them are demo data)")
        else:
            say(f"  Their password: {PASSWORD}   (all of them are demo data; others get one from an officer)")
        if self._keycloak is not None:
            say()
            say(f"  http://localhost:{self.keycloak_port}/   Keycloak's console")
            say(f"      {keycloak.ADMIN:<10} {self._keycloak.admin_password}  (made for this demo alone)")
        say("  Ctrl-C stops the demo; the data are kept.")
        say()


def _migrations_digest() -> str:
    """Names the migrations this checkout and its packages carry, without loading Django."""
    roots = [CHECKOUT / name for name in ("platform", "tenants", "realtime")]
    files = [path for root in roots for path in root.rglob("migrations/[0-9]*.py")]
    names = [str(path.relative_to(CHECKOUT)) for path in files]
    digest = hashlib.sha256("\n".join(sorted(names)).encode())
    digest.update((CHECKOUT / "requirements.lock").read_bytes())
    return digest.hexdigest()


def answers(host: str, port: int) -> bool:
    """Whether the district of `host` says that it is migrated and seeded."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"{host}:{port}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def require_free(port: int, *, variable: str = "PORT", command: str = "make demo") -> None:
    """Make sure that nobody listens on `port`, which `variable` may set for `command`.

    Raises:
        CannotStart: somebody does, or we may not.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise CannotStart(
                f"Port {port} is reserved for root: choose one above 1023, for example  {command} {variable}=8000."
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise CannotStart(
                f"Port {port} is taken by another program: choose another, for example  "
                f"{command} {variable}={port + 1}."
            ) from None


def ignore_signals() -> None:
    """From here on nothing interrupts the stopping: a second Ctrl-C would leave half of it running."""
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, signal.SIG_IGN)


def _heed_signals() -> None:
    def told(number: int, frame: Any) -> NoReturn:
        ignore_signals()
        raise Stopped

    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if sig is signal.SIGHUP and signal.getsignal(sig) is signal.SIG_IGN:  # nohup
            continue
        signal.signal(sig, told)
    if "MAKELEVEL" in os.environ:
        # Whoever kills make with -9 means us.
        process.die_with_parent(signal.SIGTERM, os.getppid())


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _port() -> int:
    return _number("PORT", os.environ.get("PORT") or "8000")


def _keycloak_port() -> int | None:
    """None where passwords are kept here."""
    if os.environ.get("IDENTITY") != "keycloak":
        return None
    return _number("KEYCLOAK_PORT", os.environ.get("KEYCLOAK_PORT") or "8081")


def _number(variable: str, given: str) -> int:
    if given.isascii() and given.isdigit() and 0 < int(given) < 65536:
        return int(given)
    raise CannotStart(
        f"{variable}={given} is no port: give a number from 1024 to 65535, for example  make demo {variable}=9000."
    )


def _size() -> str:
    size = os.environ.get("DEMO_SIZE") or "full"
    if size not in SIZES:
        raise CannotStart(f"DEMO_SIZE={size} is not known: give one of {', '.join(SIZES)}.")
    return size


def _processes() -> int:
    given = os.environ.get("LIVE") or "1"
    if given.isascii() and given.isdigit() and 0 < int(given) <= MOST_PROCESSES:
        return int(given)
    raise CannotStart(
        f"LIVE={given} is no number of processes: give one from 1 to {MOST_PROCESSES}, for example  make demo LIVE=2."
    )


def main() -> int:
    """Run the demo; 0 when it was told to stop, 1 with a sentence when it cannot run."""
    try:
        _heed_signals()
        Demo(
            State.of_checkout(),
            port=_port(),
            size=_size(),
            processes=_processes(),
            keycloak_port=_keycloak_port(),
        ).run()
    except Stopped:
        return 0
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        folder = State.of_checkout().folder
        if error.errno == errno.ENOSPC:
            print(postgres.full_disk(folder), file=sys.stderr)
        elif error.errno in UNUSABLE:
            print(
                f"The data cannot be kept in {folder} ({error.strerror}): name a folder that can be written, "
                "for example  make demo DEMO_STATE=/var/tmp/dangjian.",
                file=sys.stderr,
            )
        else:
            raise
        return 1


if __name__ == "__main__":
    sys.exit(main())
