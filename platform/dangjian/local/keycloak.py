"""The one door to a Keycloak of our own: fetched once, prepared once, started and stopped.

The distribution comes from Maven Central by the ordinary ``mvn dependency:copy``, is checked against the digest
pinned here and kept in the person's cache folder, outside the tree. What a server writes is in a folder of its own,
so that many run from one distribution.

``python -m dangjian.local.keycloak`` fetches and prepares it.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dangjian.local import process
from dangjian.local.process import CannotStart
from dangjian.local.progress import say

VERSION = "26.7.3"
SHA256 = "77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47"
ADMIN = "admin"
OLDEST_JAVA = 17
THEMES = Path(__file__).resolve().parents[1] / "identity" / "keycloak" / "themes"
INSTALL = "apt-get install default-jre-headless maven"

_NEEDED_BYTES = 800_000_000  # the archive in Maven's store and in ours, and what is in it
_START_SECONDS = 240
_STOP_SECONDS = 30
_BUILD_OPTIONS = ["--db=dev-file"]
# As bin/kc.sh passes them. Not kc.sh itself: it puts a shell between us and the server, which would be left running
# when that shell is killed.
_JAVA_OPTIONS = [
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Dpicocli.disable.closures=true",
    (
        "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
        "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory"
    ),
    "-Dfile.encoding=UTF-8",
    "-Duser.language=en",
    "-Duser.country=US",
    "-XX:+ExitOnOutOfMemoryError",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
]
_MAIN = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"


@dataclass(slots=True)
class Server:
    """A running Keycloak on 127.0.0.1. `admin_password`: of the account `ADMIN` in the realm master."""

    process: subprocess.Popen[bytes]
    folder: Path
    log: Path
    port: int
    admin_password: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def know(self, *hosts: str) -> None:
        """As `know`."""
        know(self.folder, *hosts)

    def stop(self) -> None:
        process.stop(self.process, signal.SIGTERM, seconds=_STOP_SECONDS)
        _pid_file(self.folder).unlink(missing_ok=True)


def know(folder: Path, *hosts: str) -> None:
    """Have the Keycloak of `folder` find those hosts on this machine; a running one looks at each connection.

    Java asks the system, which knows no name below ``.localhost``: back-channel logout to a district would fail.
    """
    path = folder / "hosts"
    known = path.read_text(encoding="ascii").split() if path.exists() else ["127.0.0.1", "localhost"]
    known += [host for host in (socket.gethostname(), *hosts) if host not in known]
    path.write_text(" ".join(known) + "\n", encoding="ascii")


@contextmanager
def running(folder: Path, *, port: int) -> Iterator[Server]:
    """A Keycloak with its data in `folder`, listening on `port` of 127.0.0.1.

    Raises:
        CannotStart: with one sentence for a person.
    """
    server = start(folder, port=port)
    try:
        yield server
    finally:
        server.stop()


def start(folder: Path, *, port: int) -> Server:
    """As `running`, for a caller that calls `Server.stop` itself."""
    java = _java()
    installed = distribution()
    end_leftover(folder)
    fresh = _fresh_unless_whole(folder)
    for shared in ("lib", "conf", "providers"):
        link = folder / shared
        link.unlink(missing_ok=True)
        link.symlink_to(installed / shared)
    know(folder)
    password = _admin_password(folder)
    command: list[str | Path] = [
        java,
        "-Xms256m",
        "-Xmx768m",
        # The second compiler takes longer to warm up than a demo or a test run lasts: 57 s to start became 28.
        "-XX:TieredStopAtLevel=1",
        *_JAVA_OPTIONS,
        f"-Djdk.net.hosts.file={folder / 'hosts'}",
        f"-Dkc.home.dir={folder}",
        f"-Djboss.server.config.dir={folder / 'conf'}",
        "-cp",
        folder / "lib" / "quarkus-run.jar",
        _MAIN,
        "start",
        "--optimized",
        "--cache=local",
        "--http-enabled=true",
        "--http-host=127.0.0.1",
        f"--http-port={port}",
        "--hostname-strict=false",
        f"--spi-theme--folder--dir={THEMES}",
    ]
    log = folder / "keycloak.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KC_")}
    if fresh:
        environment |= {"KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": password}
    child = process.start(command, log=log, env=environment, cwd=folder, orphan_signal=signal.SIGTERM)
    server = Server(child, folder, log, port, password)
    _pid_file(folder).write_text(str(child.pid), encoding="ascii")
    try:
        _await(server)
    except BaseException:
        server.stop()
        raise
    _whole_mark(folder).touch()
    return server


def end_leftover(folder: Path) -> None:
    """End the Keycloak that a killed run left behind in `folder`: it holds the database file."""
    try:
        pid = int(_pid_file(folder).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    process.end_leftover(pid, f"-Dkc.home.dir={folder}", (signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 5))
    _pid_file(folder).unlink(missing_ok=True)


def distribution() -> Path:
    """The prepared distribution's folder; fetched and prepared now if it is not there yet.

    Raises:
        CannotStart: it cannot be had: no Java, no Maven, no network, a full disk, or not the pinned file.
    """
    java = _java()
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    installed = cache / f"keycloak-{VERSION}-{SHA256[:8]}"
    # Two that come at once share one download; the kernel lets go of the lock with the process.
    with (cache / "keycloak.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists():
            unfinished = cache / "keycloak.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            try:
                _fetch(unfinished)
                home = _unpack(unfinished)
                _prepare(home, java)
                home.rename(installed)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return installed


def cache_folder() -> Path:
    """Where fetched files are kept: ``$XDG_CACHE_HOME/dangjian``, by default ``~/.cache/dangjian``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "dangjian"


def missing() -> str:
    """What has to be installed before a Keycloak can run here, in one sentence; empty if nothing."""
    try:
        _java()
        if not (cache_folder() / f"keycloak-{VERSION}-{SHA256[:8]}").exists():
            _maven()
    except CannotStart as error:
        return str(error)
    return ""


def _fetch(folder: Path) -> None:
    maven = _maven()
    folder.mkdir()
    if shutil.disk_usage(folder).free < _NEEDED_BYTES:
        raise CannotStart(_full_disk(folder))
    say(f"Fetching Keycloak {VERSION} (about 180 MB, once) …")
    artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"
    command = [maven, "--batch-mode", "--quiet", "dependency:copy"]
    command += [f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    archive = folder / f"keycloak-quarkus-dist-{VERSION}.tar.gz"
    if done.returncode or not archive.exists():
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[:6])
        raise CannotStart(
            f"Keycloak {VERSION} could not be fetched: check the network and run the same command again, or set "
            f"KEYCLOAK_URL to a Keycloak you have. Maven said:\n{end}"
        )
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise CannotStart(
            f"What was fetched as Keycloak {VERSION} has the SHA-256 {found} where {SHA256} is expected, and was "
            "thrown away: remove it from Maven's store (~/.m2/repository/org/keycloak) and run the same command again."
        )


def _unpack(folder: Path) -> Path:
    archive = folder / f"keycloak-quarkus-dist-{VERSION}.tar.gz"
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    except OSError as error:
        raise CannotStart(_full_disk(folder)) from error
    archive.unlink()
    return folder / f"keycloak-{VERSION}"


def _prepare(home: Path, java: Path) -> None:
    """What Keycloak calls its build: done at each first start otherwise, and it takes longer than the start."""
    say("Preparing it (once) …")
    done = subprocess.run(
        [home / "bin" / "kc.sh", "build", *_BUILD_OPTIONS],
        env={**os.environ, "JAVA": str(java)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-6:])
        raise CannotStart(f"Keycloak {VERSION} could not be prepared. It said:\n{end}")


def _fresh_unless_whole(folder: Path) -> bool:
    """Whether the data begin now. What a first start left that did not come to its end is dropped."""
    if _whole_mark(folder).exists():
        return False
    shutil.rmtree(folder / "data", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return True


def _whole_mark(folder: Path) -> Path:
    return folder / "data" / "whole"


def _pid_file(folder: Path) -> Path:
    return folder / "keycloak.pid"


def _admin_password(folder: Path) -> str:
    """Made with the data and gone with them; only its owner may read it."""
    path = folder / "admin-password"
    if not path.exists() or not _whole_mark(folder).exists():
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(12))
    return path.read_text(encoding="ascii")


def _await(server: Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while server.process.poll() is None and time.monotonic() < deadline:
        if answers(server.port):
            return
        time.sleep(0.2)
    end = process.tail(server.log)
    if "No space left" in end:
        raise CannotStart(_full_disk(server.folder))
    raise CannotStart(f"Keycloak did not start. Its log {server.log} ends with:\n{end}")


def answers(port: int) -> bool:
    """Whether a Keycloak on `port` of 127.0.0.1 serves its realm master."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/realms/master/.well-known/openid-configuration")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _java() -> Path:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else None
    found = found or shutil.which("java")
    if found is None or _java_version(found) < OLDEST_JAVA:
        raise CannotStart(
            f"Keycloak needs Java {OLDEST_JAVA} or newer, which was not found: run  {INSTALL}  (with sudo if you are "
            "not root) and try again."
        )
    return Path(found)


def _java_version(java: str) -> int:
    done = subprocess.run(
        [java, "-XshowSettings:properties", "-version"], capture_output=True, text=True, check=False
    )
    for line in done.stderr.splitlines():
        name, _, value = line.partition(" = ")
        if name.strip() == "java.specification.version":
            return int(value.strip().rpartition(".")[2])
    return 0


def _maven() -> str:
    found = shutil.which("mvn")
    if found is None:
        raise CannotStart(
            f"Fetching Keycloak needs Maven, which was not found: run  {INSTALL}  (with sudo if you are not root) and "
            "try again, or set KEYCLOAK_URL to a Keycloak you have."
        )
    return found


def _full_disk(folder: Path) -> str:
    return f"The disk that holds {folder} is full: free about 1 GB there and run the same command again."


def main() -> int:
    """0 when a Keycloak can be started here, 1 with a sentence when not."""
    try:
        distribution()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
