"""The embedded PostgreSQL and Valkey: started anywhere, by anyone, after whatever the last run left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from dangjian.local import place, postgres, process, valkey
from dangjian.local.process import CannotStart

ROOT = Path(__file__).resolve().parents[2]
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can be refused entry by a 0700 folder it owns"
)

# Starts a server and dies by kill -9 without stopping it.
KILLED_STARTER = """
import os, signal, sys
from pathlib import Path
from dangjian.local import postgres, valkey
server = {module}.start(Path(sys.argv[1]))
print(server.process.pid, flush=True)
os.kill({victim}, signal.SIGKILL)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder any account may enter, with a short path (pytest's own are closed to others)."""
    with tempfile.TemporaryDirectory(prefix="dj-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
        place.forget(path / "postgres")


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def note(url: str, text: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [text])


def run_killed(code: str, module: str, where: Path, *, victim: str = "os.getpid()") -> int:
    """The pid of the server whose starter died."""
    done = subprocess.run(
        [sys.executable, "-c", code.format(module=module, victim=victim), str(where)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "platform")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return int(done.stdout)


def gone(pid: int) -> bool:
    return not process.command_line(pid)


def test_keeps_its_data_and_leaves_no_process(folder: Path) -> None:
    with postgres.running(folder / "postgres") as server:
        note(server.url, "惠济区")
        pid = server.process.pid
    assert gone(pid)
    with postgres.running(folder / "postgres") as server:
        assert one(server.url, "SELECT text FROM kept") == "惠济区"


def test_sorts_and_folds_as_utf8_and_listens_on_no_port(folder: Path) -> None:
    with postgres.running(folder / "postgres", durable=False) as server:
        assert one(server.url, "SHOW server_encoding") == "UTF8"
        assert one(server.url, "SHOW listen_addresses") == ""
        assert one(server.url, "SELECT lower('ÄÖ')") in {"äö", "ÄÖ"}  # the latter where there is no C.UTF-8
        run = Path(str(one(server.url, "SHOW unix_socket_directories")))
        assert run.stat().st_mode & 0o077 == 0
    assert not (folder / "postgres").exists()


def test_the_wheel_alone_is_enough(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "SYSTEM", folder / "nowhere")
    with postgres.running(folder / "postgres", durable=False) as server:
        assert int(str(one(server.url, "SHOW server_version_num"))) // 10000 >= postgres.OLDEST_MAJOR


@needs_root
@pytest.mark.parametrize("system", [True, False], ids=["system", "wheel"])
def test_root_in_a_closed_folder(system: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a clone below /root: the server's account may enter neither the data's folder nor the wheel's."""
    with tempfile.TemporaryDirectory(prefix="dj-") as name:
        closed = Path(name)
        assert closed.stat().st_mode & 0o777 == 0o700
        if not system:
            monkeypatch.setattr(postgres, "SYSTEM", closed / "nowhere")
            monkeypatch.setattr(place, "anyone_may_enter", lambda path: False)
        with postgres.running(closed / "postgres") as server:
            note(server.url, "kept")
            stands_in = server.folder
        assert stands_in.parent == Path("/var/tmp")
        with postgres.running(closed / "postgres") as server:
            assert server.folder == stands_in
            assert one(server.url, "SELECT text FROM kept") == "kept"
        assert closed.stat().st_mode & 0o777 == 0o700
        place.forget(closed / "postgres")
        assert not stands_in.exists()


def test_a_folder_too_deep_for_a_socket(folder: Path) -> None:
    deep = folder / ("long-name-" * 6) / ("long-name-" * 6)
    with postgres.running(deep / "postgres") as database, valkey.running(deep / "valkey") as cache:
        assert one(database.url, "SELECT 1") == 1
        assert redis.Redis.from_url(cache.url).ping()
    place.forget(deep / "postgres")
    place.forget(deep / "valkey")


def test_a_clone_made_again_at_the_same_path_starts_empty(folder: Path) -> None:
    wanted = folder / ("long-name-" * 12)
    first = place.server_folder(wanted, account=None)
    assert place.server_folder(wanted, account=None) == first
    (wanted / "elsewhere").unlink()
    second = place.server_folder(wanted, account=None)
    assert second != first
    assert not first.exists()
    place.forget(wanted)
    assert not second.exists()


def test_a_copied_checkout_does_not_share_the_originals_server(folder: Path) -> None:
    original, copy = folder / ("long-name-" * 12), folder / ("copied-name-" * 12)
    place.server_folder(original, account=None)
    copy.mkdir()
    (copy / "elsewhere").write_text((original / "elsewhere").read_text())
    assert place.server_folder(copy, account=None) != place.server_folder(original, account=None)
    place.forget(original)
    place.forget(copy)


@pytest.mark.parametrize("module", ["postgres", "valkey"])
def test_dies_with_its_killed_starter_and_starts_again(module: str, folder: Path) -> None:
    pid = run_killed(KILLED_STARTER, module, folder / module)
    server = (postgres if module == "postgres" else valkey).start(folder / module)
    try:
        assert gone(pid)
        assert server.process.pid != pid
    finally:
        server.stop()


def test_an_orphan_that_still_runs_is_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        process, "die_with_parent", lambda sig, parent: None
    )  # as where there is no such call
    orphan = postgres.start(folder / "postgres")
    note(orphan.url, "written by the orphan")
    with postgres.running(folder / "postgres") as server:
        assert orphan.process.poll() is not None
        assert one(server.url, "SELECT text FROM kept") == "written by the orphan"


def test_the_pid_file_of_a_killed_postmaster(folder: Path) -> None:
    server = postgres.start(folder / "postgres")
    note(server.url, "committed")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    assert (server.folder / "data" / "postmaster.pid").exists()
    with postgres.running(folder / "postgres") as again:
        assert one(again.url, "SELECT text FROM kept") == "committed"


def test_a_pid_file_that_now_names_somebody_else(folder: Path) -> None:
    with postgres.running(folder / "postgres") as server:
        pid_file = server.folder / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:], ""]))
    (server.folder / "run" / ".s.PGSQL.5432.lock").write_text(f"{os.getppid()}\n")
    with postgres.running(folder / "postgres") as server:
        assert one(server.url, "SELECT 1") == 1
    assert not gone(os.getppid())


def test_data_of_a_version_that_is_not_here(folder: Path) -> None:
    with postgres.running(folder / "postgres") as server:
        version = server.folder / "data" / "PG_VERSION"
    version.write_text("9.6\n")
    with pytest.raises(CannotStart, match=r"written by PostgreSQL 9.*make demo-reset"):
        postgres.start(folder / "postgres")


def test_no_postgresql_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "installations", list)
    with pytest.raises(CannotStart, match=r"delete the folder \.venv .* DATABASE_URL"):
        postgres.start(folder / "postgres")


def test_no_valkey_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(CannotStart, match=r"delete the folder \.venv .* VALKEY_URL"):
        valkey.start(folder / "valkey")


@needs_root
def test_a_full_disk(folder: Path) -> None:
    small = folder / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "none", str(small)], check=False
    )
    if mounted.returncode:
        pytest.skip("this container may not mount a small file system")
    try:
        with pytest.raises(CannotStart, match="is full: free about 1 GB"):
            postgres.start(small / "postgres")
        assert not (small / "postgres" / "data").exists()
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_valkey_keeps_what_was_written(folder: Path) -> None:
    with valkey.running(folder / "valkey") as server:
        redis.Redis.from_url(server.url).hincrby("views", "42", 3)
    with valkey.running(folder / "valkey") as server:
        assert redis.Redis.from_url(server.url).hget("views", "42") == b"3"
    assert not (server.folder / "valkey.sock").exists()


def test_client_programs_are_no_older_than_the_server_and_no_newer_than_need_be() -> None:
    majors = sorted({installed.major for installed in postgres.installations()})
    for major in majors:
        program = postgres.client_program("pg_dump", server_major=major)
        assert program is not None
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        assert f"(PostgreSQL) {major}." in shown
    assert postgres.client_program("pg_dump", server_major=99) is None


def test_a_free_port_is_free_and_a_taken_one_is_told() -> None:
    from dangjian.local.demo import require_free

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"Port {port} is taken .* make demo PORT="):
            require_free(port)
    require_free(port)
