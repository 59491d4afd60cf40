"""Children of the benchmarks: started, spoken to by lines, stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_ports = iter(range(18200, 18600))


class Process:
    """A child that obeys lines on its standard input; those that answer do so with one line each."""

    def __init__(
        self,
        stack: ExitStack,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        inherits: Sequence[int] = (),
    ) -> None:
        self.name = " ".join(map(str, command))
        self.popen = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=env,
            pass_fds=inherits,
        )
        stack.callback(self.stop)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def read(self) -> Any:
        """The next line it says, which is JSON.

        Raises:
            SystemExit: it has ended.
        """
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended: see above")
        return json.loads(line)

    def write(self, line: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()

    def ask(self, line: str) -> Any:
        self.write(line)
        return self.read()

    def stop(self) -> None:
        self.popen.terminate()
        try:
            self.popen.wait(15)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def python(
    stack: ExitStack,
    module: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    inherits: Sequence[int] = (),
) -> Process:
    return Process(stack, [sys.executable, "-m", module, *arguments], env=env, inherits=inherits)


def run(environment: Mapping[str, str], module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment, check=True)


def free_port() -> int:
    """A free port below 32768, where no outgoing connection of the load generators can sit."""
    for port in _ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit("no free port between 18200 and 18600")


def await_port(port: int, process: Process) -> None:
    """Wait until the process listens.

    Raises:
        SystemExit: it ended, or takes longer than three minutes.
    """
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.popen.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"{process.name} does not listen on port {port}")


def open_files() -> int:
    """How many sockets a process may hold here."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return os.sysconf("SC_OPEN_MAX")
