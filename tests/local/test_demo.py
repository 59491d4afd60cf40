"""`make demo` as a person meets it: one command, stopped, killed, started again, in the way of itself."""

from __future__ import annotations

import email.message
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dangjian.local import place, process
from dangjian.local.demo import ACCOUNTS, PASSWORD, answers
from dangjian.local.district import slug_of
from tests import ports

ROOT = Path(__file__).resolve().parents[2]
LOOK = "from tenants.context import current_district; print(current_district().name, User.objects.count())"
RUNNING = "Ctrl-C stops the demo"
PATIENCE = 120
OF_THE_SUITE = {"DATABASE_URL", "VALKEY_URL", "MEDIA_ROOT", "MAKELEVEL"}


class Run:
    """A started demo and everything it has said so far."""

    def __init__(self, state: Path, port: int, *, make: bool = False, live: int = 1) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in OF_THE_SUITE}
        environment |= {"DEMO_STATE": str(state), "DEMO_SIZE": "small", "PORT": str(port), "LIVE": str(live)}
        # As make starts it, but for the installing, which is not this test's business.
        command = [sys.executable, "-m", "dangjian.local.demo"]
        if make:
            makefile = state.with_name(f"{state.name}.mk")
            makefile.write_text(f"demo:\n\t@{' '.join(command)}\n")
            command = ["make", "--no-print-directory", "-f", str(makefile), "demo"]
        environment["PYTHONPATH"] = f"{ROOT}:{ROOT / 'platform'}"
        self.port = port
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            assert self._reader.is_alive() or text in self.said, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def wait(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def descendants(self) -> set[int]:
        """Every process that came from this one."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.parent.name)] = int(fields[1])
        family = {self.process.pid}
        while True:
            grown = family | {pid for pid, parent in parents.items() if parent in family}
            if grown == family:
                return family
            family = grown

    def child(self, marker: str) -> int:
        """The descendant whose command line holds `marker`."""
        found = [pid for pid in self.descendants() if marker in process.command_line(pid)]
        assert found, f"no {marker} among the descendants"
        return min(found)


class Reader:
    """Somebody signed in to a district's API."""

    def __init__(self, host: str, port: int, username: str) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._host = f"{host}:{port}"
        self._cookies: dict[str, str] = {}
        with pytest.raises(urllib.error.HTTPError, match="401"):
            self.get("/api/v1/me/")
        self._call("POST", "/api/v1/session/", {"username": username, "password": PASSWORD})

    def get(self, path: str) -> Any:
        return self._call("GET", path)

    def post(self, path: str, body: object) -> Any:
        return self._call("POST", path, body)

    def newest_post(self) -> Any:
        return self.get("/api/v1/feed/?scope=district")["results"][0]

    def _call(self, method: str, path: str, body: object = None) -> Any:
        headers = {
            "Host": self._host,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "X-CSRFToken": self._cookies.get("csrftoken", ""),
            "Content-Type": "application/json",
        }
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            self._keep(error.headers)
            raise
        with answer:
            self._keep(answer.headers)
            return json.load(answer)

    def _keep(self, headers: email.message.Message) -> None:
        for cookie in headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition("=")
            self._cookies[name] = value.partition(";")[0]


def wait_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + PATIENCE
    while left := [pid for pid in pids if process.command_line(pid)]:
        assert time.monotonic() < deadline, [process.command_line(pid) for pid in left]
        time.sleep(0.05)


def locks(state: Path) -> list[str]:
    places = [state, *(Path(note.read_text()) for note in state.glob("*/elsewhere"))]
    patterns = ("lock", "environment.json", "**/postmaster.pid", "**/.s.PGSQL*", "**/valkey.sock", "**/*.pid")
    return [str(path) for folder in places for pattern in patterns for path in folder.glob(pattern)]


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    """The state of one demo that the tests of this module hand from one to the next, as a person would."""
    with tempfile.TemporaryDirectory(prefix="dj-demo-") as name:
        yield Path(name) / "state"
        place.forget(Path(name) / "state" / "postgres")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ports.hold(ports.LOCAL) as held:
        yield held


def start(state: Path, port: int, *, make: bool = False, live: int = 1) -> Run:
    run = Run(state, port, make=make, live=live)
    run.wait_for(RUNNING)
    return run


def local(module: str, state: Path, typed: str = "", **given: str) -> subprocess.CompletedProcess[str]:
    """Run one of the commands behind `make` with these variables given."""
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_SUITE}
    environment |= {"DEMO_STATE": str(state), "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", **given}
    return subprocess.run(
        [sys.executable, "-m", f"dangjian.local.{module}"],
        cwd=ROOT,
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def test_first_start_serves_every_host_and_sigterm_leaves_nothing(state: Path, port: int) -> None:
    run = start(state, port)
    try:
        assert all(answers(host, port) for host in ACCOUNTS)
        assert not answers("nowhere.localhost", port)
        for host, (_, people) in ACCOUNTS.items():
            assert f"http://{host}:{port}/" in run.said
            assert all(username in run.said for username, _, _ in people)
        key = state / "secret_key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        family = run.descendants()
    finally:
        run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 0, run.said
    wait_gone(family)
    assert locks(state) == []


def test_a_view_is_not_lost_by_a_stop(state: Path, port: int) -> None:
    run = start(state, port)
    text = {"kind": "snapshot", "visibility": "district", "text": "刚刚发的，还没有人看过。"}
    before = Reader("huiji.localhost", port, "wangfang").post("/api/v1/posts/", text)
    reader = Reader("huiji.localhost", port, "liqiang")
    assert reader.get(f"/api/v1/posts/{before['id']}/")["id"] == before["id"]
    run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 0, run.said

    run = start(state, port, live=2)
    try:
        servers = [pid for pid in run.descendants() if "realtime.server" in process.command_line(pid)]
        assert len(servers) == 2
        after = Reader("huiji.localhost", port, "liqiang").newest_post()
    finally:
        run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 0
    assert (after["id"], after["view_count"]) == (before["id"], 1)


def test_in_the_way_of_itself_and_of_others(state: Path, port: int) -> None:
    before = (state / "secret_key").read_text()
    run = start(state, port)
    try:
        assert (state / "secret_key").read_text() == before

        second = Run(state, port + 1)
        assert second.wait() == 1
        assert f"already runs on port {port} (process {run.process.pid})" in second.said
        assert "Traceback" not in second.said

        with tempfile.TemporaryDirectory() as other:
            busy = Run(Path(other) / "state", port)
            assert busy.wait() == 1
            assert re.search(rf"Port {port} is taken .* make demo PORT=", busy.said)
            assert "Traceback" not in busy.said
        assert answers("huiji.localhost", port)
    finally:
        run.process.send_signal(signal.SIGINT)
    assert run.wait() == 0, run.said
    assert locks(state) == []


def test_a_crashed_part_is_started_again_until_it_crashes_for_good(state: Path, port: int) -> None:
    run = start(state, port)
    family = run.descendants()
    for crash in range(2):
        os.kill(run.child("realtime.server"), signal.SIGKILL)
        wait_for_count(run, "web stopped by itself (signal 9); starting it again.", crash + 1)
        wait_answer("huiji.localhost", port)
    family |= run.descendants()
    os.kill(run.child("realtime.server"), signal.SIGKILL)
    assert run.wait() == 1
    assert "web stopped by itself 3 times in a minute. Its log" in run.said
    wait_gone(family)
    assert locks(state) == []


def test_kill_9_is_survived_with_the_data(state: Path, port: int) -> None:
    run = start(state, port)
    family = run.descendants()
    run.process.kill()
    run.wait()
    wait_gone(family)
    again = start(state, port)
    assert "惠济区 (huiji.localhost)" not in again.said  # nothing was built a second time
    assert answers("huiji.localhost", port)

    # As when make itself is killed: nobody is left to press Ctrl-C.
    again.process.send_signal(signal.SIGTERM)
    assert again.wait() == 0
    made = start(state, port, make=True)
    family = made.descendants()
    made.process.kill()
    made.wait()
    wait_gone(family)
    assert locks(state) == []


def test_a_new_district_answers_without_a_restart(state: Path, port: int) -> None:
    nobody = local("district", state, NAME="新郑市")
    assert nobody.returncode == 1
    assert "start it in another terminal with  make demo" in nobody.stderr

    run = start(state, port)
    try:
        assert not answers("xinzheng.localhost", port)  # and remembered as unknown
        opened = local("district", state, NAME="新郑市")
        assert opened.returncode == 0, opened.stderr
        assert f"http://xinzheng.localhost:{port}/" in opened.stdout
        assert re.search(r"First account: officer, one-time password \S+", opened.stdout)
        wait_answer("xinzheng.localhost", port)

        again = local("district", state, NAME="新郑")
        assert again.returncode == 1
        assert "新郑市 is there already" in again.stderr
        unnamed = local("district", state, NAME=" ")
        assert unnamed.returncode == 1
        assert "Which district?" in unnamed.stderr

        shell = local("shell", state, DISTRICT="xinzheng", typed=LOOK)
        assert "新郑市 1" in shell.stdout, shell.stderr
        unknown = local("shell", state, DISTRICT="nowhere")
        assert unknown.returncode == 1
        assert "DISTRICT is one of" in unknown.stderr
    finally:
        run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 0


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("新郑市", "xinzheng"),
        ("惠济区", "huiji"),
        ("吕梁", "lvliang"),
        ("郑县", "zhengxian"),
        ("Xin-Zheng 2", "xinzheng2"),
    ],
)
def test_the_address_of_a_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@pytest.mark.parametrize("name", ["123", "!!"])
def test_a_name_without_an_address(name: str) -> None:
    with pytest.raises(process.CannotStart, match="gives no address"):
        slug_of(name)


def test_reset_stops_a_running_demo_and_forgets_everything(state: Path, port: int) -> None:
    run = start(state, port)
    family = run.descendants()
    done = local("reset", state)
    assert done.returncode == 0, done.stderr
    assert run.wait() == 0
    wait_gone(family)
    assert list(state.iterdir()) == []


def test_reset_leaves_a_database_of_ones_own_alone(state: Path) -> None:
    done = local("reset", state, DATABASE_URL="postgres:///mine")
    assert done.returncode == 1
    assert "a database of your own" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "abc", "PORT=abc is no port"),
        ("PORT", "70000", "PORT=70000 is no port"),
        ("LIVE", "none", "LIVE=none is no number of processes: give one from 1 to 8"),
        ("DEMO_SIZE", "huge", "DEMO_SIZE=huge is not known: give one of small, pilot, full"),
        (
            "DEMO_STATE",
            "/dev/null/data",
            "The data cannot be kept in /dev/null/data (Not a directory): name a folder",
        ),
    ],
)
def test_what_it_is_given_wrongly_is_told(tmp_path: Path, name: str, value: str, said: str) -> None:
    done = local("demo", tmp_path / "state", **{name: value})
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def wait_for_count(run: Run, text: str, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while run.said.count(text) < count:
        assert time.monotonic() < deadline, run.said
        time.sleep(0.05)


def wait_answer(host: str, port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not answers(host, port):
        assert time.monotonic() < deadline
        time.sleep(0.1)
