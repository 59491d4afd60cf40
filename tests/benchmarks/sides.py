"""The servers that are measured beside each other: the product's own, and its peers.

All send the same bytes: an event as the product writes it.
"""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from realtime.listening import listening_socket
from tests.benchmarks import parts
from tests.benchmarks.measure import NotMeasured
from tests.benchmarks.process import ROOT, Process, await_port, free_port, open_files, python

HOST = "huiji.localhost"
TOPIC = "feed"


class Side(ABC):
    """One server.

    pid: the process whose CPU is counted. needs: what `reader` is given after port and number of sockets.
    """

    name: str
    pid: int
    port: int

    def reader(self, stack: ExitStack, sockets: int) -> Process:
        """A load generator for this server, with nothing open yet."""
        program = parts.compiled(parts.HERE / "reader.c")
        return Process(stack, [program, str(self.port), str(sockets), *self.asks()])

    def asks(self) -> list[str]:
        """Path, host, file of cookies, topic."""
        return ["/ws/", f"127.0.0.1:{self.port}", "-", "-"]

    @abstractmethod
    def head(self) -> int:
        """The number of the last event."""

    @abstractmethod
    def publish(self, events: int, gap: float) -> list[int]:
        """Say so many events, `gap` seconds from one to the next; when each was (monotonic clock, ns)."""


class Peer(Side):
    """A server that knows no log: it sends to everybody what it is given."""

    def __init__(self, sample: Mapping[str, Any]) -> None:
        self.sample = sample
        self.said = 0
        self.port = free_port()

    def head(self) -> int:
        return self.said

    def publish(self, events: int, gap: float) -> list[int]:
        times = []
        begun = time.monotonic()
        for number in range(events):
            time.sleep(max(0.0, begun + number * gap - time.monotonic()))
            self.said += 1
            text = json.dumps({**self.sample, "seq": self.said}, ensure_ascii=False, separators=(",", ":"))
            times.append(time.monotonic_ns())
            self.say(text)
        return times

    @abstractmethod
    def say(self, text: str) -> None: ...


class Piped(Peer):
    """A peer that reads events from its standard input."""

    def __init__(self, stack: ExitStack, sample: Mapping[str, Any], name: str, *command: str | Path) -> None:
        super().__init__(sample)
        self.name = name
        self._process = Process(stack, [*command, str(self.port)])
        self.pid = self._process.pid
        await_port(self.port, self._process)

    def say(self, text: str) -> None:
        self._process.write(text)


def sender(stack: ExitStack, sample: Mapping[str, Any]) -> Side:
    """The C program every other side is measured against."""
    return Piped(stack, sample, "C", parts.compiled(parts.PEERS / "sender.c"))


def node(stack: ExitStack, sample: Mapping[str, Any]) -> Side:
    program, folder = parts.node()
    # `require` looks beside the file itself.
    script = folder / "ws.js"
    script.write_bytes((parts.PEERS / "ws.js").read_bytes())
    return Piped(stack, sample, "Node ws", program, script)


def bun(stack: ExitStack, sample: Mapping[str, Any]) -> Side:
    return Piped(stack, sample, "Bun", parts.bun(), parts.PEERS / "bun.js")


class Nchan(Peer):
    """nginx with nchan: told over HTTP; its worker is what works."""

    name = "nginx + nchan"

    def __init__(self, stack: ExitStack, sample: Mapping[str, Any]) -> None:
        super().__init__(sample)
        program, module = parts.nginx()
        _make_default_folder(stack)
        folder = parts.BUILD / f"nginx-{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        values = {"module": module, "folder": folder, "port": self.port, "files": open_files()}
        configuration = folder / "nginx.conf"
        template = (parts.PEERS / "nchan.conf").read_text(encoding="utf-8")
        configuration.write_text(template.format(**values), encoding="utf-8")
        command: list[str | Path] = [program, "-p", folder, "-e", folder / "error.log", "-c", configuration]
        master = Process(stack, command)
        await_port(self.port, master)
        (self.pid,) = (int(pid) for pid in _children(master.pid))
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def say(self, text: str) -> None:
        self._connection.request("POST", "/publish", text.encode())
        self._connection.getresponse().read()


class Bare(Side):
    """Stock Daphne under an application that accepts and listens; nothing is published."""

    name = "bare Daphne"

    def __init__(self, stack: ExitStack) -> None:
        self.port = free_port()
        server = python(stack, "tests.benchmarks.peers.bare", str(self.port))
        self.pid = server.pid
        await_port(self.port, server)

    def head(self) -> int:
        return 0

    def publish(self, events: int, gap: float) -> list[int]:
        raise NotImplementedError


class Told(Side):
    """A side whose events are written by a process of its own (`publish.py`)."""

    publisher: Process

    def head(self) -> int:
        return int(self.publisher.ask('{"do": "head"}')["seq"])

    def publish(self, events: int, gap: float) -> list[int]:
        order = {"do": "say", "events": events, "gap": gap}
        told = self.publisher.ask(json.dumps(order))
        self.writing = told["writing"]
        return list(told["times"])

    writing: list[float]  # seconds each transaction took


class Tutorial(Told):
    """The Channels tutorial's design on Daphne, over the same broker as the product."""

    name = "Channels tutorial"

    def __init__(self, stack: ExitStack, environment: Mapping[str, str], sample: Mapping[str, Any]) -> None:
        self.port = free_port()
        valkey_url = environment["VALKEY_URL"]
        server = python(stack, "tests.benchmarks.peers.tutorial", str(self.port), valkey_url, env=environment)
        self.pid = server.pid
        self.publisher = python(
            stack, "tests.benchmarks.publish", "tutorial", valkey_url, json.dumps(sample), env=environment
        )
        await_port(self.port, server)
        self.publisher.read()


class Ours(Told):
    """What all of the product's own sides share; whoever makes one starts its servers."""

    def __init__(self, stack: ExitStack, environment: Mapping[str, str], cookies: Path) -> None:
        self.cookies = cookies
        self.topic = TOPIC
        self.publisher = python(stack, "tests.benchmarks.publish", "product", env=environment)

    def asks(self) -> list[str]:
        return ["/ws/live/", f"{HOST}:{self.port}", str(self.cookies), self.topic]


class Product(Ours):
    """The product's live server as it is deployed: sessions, permissions, outbox, PostgreSQL and broker."""

    name = "ours"

    def __init__(self, stack: ExitStack, environment: Mapping[str, str], cookies: Path) -> None:
        self.port = free_port()
        server = python(
            stack, "realtime.server", env={**environment, "PORT": str(self.port), "HOST": "127.0.0.1"}
        )
        self.pid = server.pid
        super().__init__(stack, environment, cookies)
        await_port(self.port, server)
        self.sample: dict[str, Any] = self.publisher.read()


class Several(Ours):
    """Processes of the product on one port. Their listening sockets are held here, as a service manager holds them:
    nobody is refused while one is replaced."""

    name = "ours, several processes"

    def __init__(
        self, stack: ExitStack, environment: Mapping[str, str], cookies: Path, *, processes: int
    ) -> None:
        self.port = free_port()
        self._stack = stack
        self._environment = environment
        self._listeners = [
            stack.enter_context(listening_socket("127.0.0.1", self.port, shared=True))
            for _ in range(processes)
        ]
        self._servers = [self._start(place) for place in range(processes)]
        self.pid = self._servers[0].pid
        super().__init__(stack, environment, cookies)
        self.publisher.read()

    def __len__(self) -> int:
        return len(self._servers)

    def replace(self, place: int) -> None:
        """Start another on its socket, and once that one serves tell it to stop and wait until it has."""
        last, self._servers[place] = self._servers[place], self._start(place)
        last.stop()

    def _start(self, place: int) -> Process:
        """One that serves: it says so as it would to systemd."""
        number = self._listeners[place].fileno()
        manager = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        manager.bind("")  # Linux makes up a name
        manager.settimeout(180)
        environment = {**self._environment, "NOTIFY_SOCKET": f"@{manager.getsockname()[1:].decode()}"}
        server = python(
            self._stack, "realtime.server", "--fd", str(number), env=environment, inherits=[number]
        )
        assert manager.recv(100) == b"READY=1"
        return server


def sign_in(environment: Mapping[str, str], sockets: int, file: Path) -> None:
    """Cookies for so many sockets, ten a person."""
    persons = str(-(-sockets // 10))
    command = [sys.executable, "-m", "tests.benchmarks.sign_in", persons, str(file)]
    subprocess.run(command, cwd=ROOT, env=dict(environment), check=True)


def _make_default_folder(stack: ExitStack) -> None:
    """nchan wants the folder its nginx was built for, whatever the configuration says.

    Raises:
        NotMeasured: we may not make it.
    """
    folder = Path("/var/lib/nginx")
    if folder.exists():
        return
    try:
        folder.mkdir()
    except PermissionError:
        raise NotMeasured("needs nginx with nchan: apt-get install nginx libnginx-mod-nchan") from None
    stack.callback(shutil.rmtree, folder, ignore_errors=True)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
