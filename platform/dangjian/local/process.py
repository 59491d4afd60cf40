"""Child processes of the local stack: started apart from the terminal, gone when their starter is gone."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """The stack cannot run here; the message is one sentence that says what to do about it."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system account a server runs as when we are root, for PostgreSQL refuses to be root."""

    name: str
    uid: int
    gid: int


def die_with_parent(sig: signal.Signals, parent: int) -> None:
    """Ask the kernel to send this process `sig` once `parent` is gone, however it goes (Linux only).

    The signal follows the *thread* that forked: start long-lived children from the main thread alone.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)
    if os.getppid() != parent:  # it went between the fork and the call
        os.kill(os.getpid(), sig)


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    orphan_signal: signal.Signals = signal.SIGKILL,
    env: Mapping[str, str] | None = None,
    account: Account | None = None,
    cwd: Path | None = None,
    piped: bool = False,
    inherits: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own: Ctrl-C reaches only us, and we choose the order of stopping.

    Its output is added to `log`; when `piped`, standard output is for the caller to read and only errors go
    there. When we die without stopping it, the kernel sends it `orphan_signal`. It has the descriptors it `inherits`
    under their numbers here.
    """
    parent = os.getpid()
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else output,
            stderr=output,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            pass_fds=inherits,
            start_new_session=True,
            # Runs after the change of user: the kernel forgets the request when credentials change. We have no
            # other thread at this point that could hold a lock the child needs.
            preexec_fn=lambda: die_with_parent(orphan_signal, parent),  # noqa: PLW1509
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def stop(process: subprocess.Popen[bytes], sig: signal.Signals, *, seconds: float) -> bool:
    """Send `sig` and wait; kill after `seconds`. Whether it went by itself."""
    if process.poll() is not None:
        return True
    process.send_signal(sig)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def command_line(pid: int) -> str:
    """The command line of process `pid`, empty if there is no such process."""
    if sys.platform.startswith("linux"):
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def end_leftover(pid: int, marker: str, *signals: tuple[signal.Signals, float]) -> None:
    """End process `pid` if its command line holds `marker`: each signal in turn, with seconds to obey it.

    A recorded pid may long belong to somebody else, so nothing is sent without the marker.
    """
    for sig, seconds in signals:
        if marker not in command_line(pid):
            return
        try:
            os.kill(pid, sig)
        except (ProcessLookupError, PermissionError):
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and marker in command_line(pid):
            time.sleep(0.05)


def tail(log: Path, lines: int = 12, width: int = 300) -> str:
    """The last lines of a log, for a person to read: a JSON line may hold a whole traceback."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(line[:width] for line in text.splitlines()[-lines:])
