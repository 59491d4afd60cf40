"""``make bench``: ratios measured side by side in one run, interleaved, on this machine.

Absolute figures mean nothing on a shared machine and are printed only so that a slow anchor shows itself.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.benchmarks.measure import Ratio, cpu_seconds, ratio, report, spread

ROUNDS = 5
SOCKETS = int(os.environ.get("BENCH_SOCKETS", "1000"))
EVENTS = 20
EVENT_GAP = 0.1
SOCKETS_A_PERSON = 10
ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "bench.json"


SINGLE_SCHEMA = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.single_schema"}


class Process:
    """A child that answers each line on its standard input with one line on its standard output."""

    def __init__(self, stack: ExitStack, *arguments: str, env: dict[str, str]) -> None:
        self.name = " ".join(arguments)
        self.popen = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=env,
        )
        stack.callback(self._stop)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def read(self) -> str:
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended: see above")
        return line.strip()

    def send(self, order: dict[str, Any]) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(json.dumps(order) + "\n")
        self.popen.stdin.flush()

    def ask(self, order: dict[str, Any]) -> str:
        self.send(order)
        return self.read()

    def _stop(self) -> None:
        self.popen.terminate()
        try:
            self.popen.wait(15)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def run(environment: dict[str, str], module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment, check=True)


def second_database(database_url: str) -> str:
    """A second, empty database on the same server: the URL of it."""
    parts = urlsplit(database_url)
    with psycopg.connect(
        database_url.replace("postgres://", "postgresql://", 1), autocommit=True
    ) as connection:
        connection.execute("CREATE DATABASE bench_plain TEMPLATE template0")
    return urlunsplit(parts._replace(path="/bench_plain"))


def free_port() -> int:
    """A free port below 32768, where no outgoing connection of the load generators can sit."""
    for port in range(18200, 18400):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit("no free port between 18200 and 18400")


def await_port(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        subprocess.run(["sleep", "0.1"], check=True)
    raise SystemExit(f"nothing listens on port {port} after 30 s")


def feed_page(environment: dict[str, str], plain_url: str) -> list[Ratio]:
    """The feed page, cached and uncached, beside the same view on single-schema Django."""
    with ExitStack() as stack:
        env = {**environment, "VALKEY_URL": "", "DATABASE_POOL": "0"}
        sides = [
            Process(stack, "-m", "tests.benchmarks.feed_worker", env=env),
            Process(
                stack,
                "-m",
                "tests.benchmarks.feed_worker",
                env={**env, **SINGLE_SCHEMA, "DATABASE_URL": plain_url},
            ),
        ]
        for side in sides:
            side.read()
        rows = []
        for cached in (True, False):
            taken: list[list[dict[str, float]]] = [[], []]
            for _ in range(ROUNDS):
                for kept, side in zip(taken, sides, strict=True):
                    kept.append(json.loads(side.ask({"cached": cached, "requests": 60 if cached else 30})))
            ours, anchor = ([row["cpu"] * 1000 for row in side] for side in taken)
            word = "cached" if cached else "uncached"
            rows.append(
                ratio(
                    f"feed page, {word}: CPU ÷ single-schema Django",
                    n=20,
                    ours=ours,
                    anchor=anchor,
                    unit="ms",
                    target=1.15,
                )
            )
            for name, measured in zip(("district", "single schema"), taken, strict=True):
                rate = spread([1 / row["seconds"] for row in measured])
                print(f"feed, {word}, {name}: {rate} requests/s, {measured[0]['statements']:.0f} statements")
        return rows


def deliveries(environment: dict[str, str], valkey_url: str) -> list[Ratio]:
    """CPU of the server a delivery, beside the Channels tutorial's design, with the product's own server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dj-bench-")))
        cookies = folder / "cookies"
        needed = -(-SOCKETS // SOCKETS_A_PERSON)
        run(environment, "tests.benchmarks.sign_in", str(needed), str(cookies))
        ports = free_port(), 0
        product = Process(
            stack, "-m", "realtime.server", env={**environment, "PORT": str(ports[0]), "HOST": "127.0.0.1"}
        )
        await_port(ports[0])
        ports = ports[0], free_port()
        tutorial = Process(
            stack, "-m", "tests.benchmarks.peers.tutorial", str(ports[1]), valkey_url, env=environment
        )
        await_port(ports[1])
        watch = ["-m", "tests.benchmarks.watchers", "127.0.0.1"]
        sides = [
            (
                product,
                Process(
                    stack, *watch, str(ports[0]), str(SOCKETS), "/ws/live/", "--host", f"huiji.localhost:{ports[0]}",
                    "--cookies", str(cookies), "--join", "feed", env=environment,
                ),
                Process(stack, "-m", "tests.benchmarks.publish", "product", env=environment),
            ),
            (
                tutorial,
                Process(stack, *watch, str(ports[1]), str(SOCKETS), "/ws/", env=environment),
                Process(stack, "-m", "tests.benchmarks.publish", "tutorial", valkey_url, env=environment),
            ),
        ]  # fmt: skip
        for _, watchers, publisher in sides:
            watchers.read()
            publisher.read()
        expected = SOCKETS * EVENTS
        taken: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for kept, (server, watchers, publisher) in zip(taken, sides, strict=True):
                before = cpu_seconds(server.pid)
                watchers.send({"expected": expected, "seconds": 60})
                publisher.ask({"events": EVENTS, "gap": EVENT_GAP})
                seen = json.loads(watchers.read())
                kept.append((cpu_seconds(server.pid) - before) / expected * 1e6)
                if seen["frames"] != expected or seen["closed"]:
                    print(f"{server.name}: {seen} of {expected} frames: a broken side is no measure")
        return [
            ratio(
                "Channels tutorial ÷ ours: server CPU a delivery",
                n=SOCKETS,
                ours=taken[0],
                anchor=taken[1],
                unit="µs",
                target=20,
                at_least=True,
            )
        ]


def main() -> None:
    from dangjian.local import postgres, valkey

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dj-bench-")))
        folder.chmod(0o755)
        database_url = stack.enter_context(postgres.running(folder / "pg", durable=False)).url
        valkey_url = stack.enter_context(valkey.running(folder / "valkey")).url
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
            "DJANGO_SETTINGS_MODULE": "dangjian.config.settings",
            "DATABASE_URL": database_url,
            "VALKEY_URL": valkey_url,
            "MEDIA_ROOT": str(folder / "media"),
            "SECRET_KEY": "of a benchmark that listens on loopback only",
            "IDENTITY_LOCAL_IN_PRODUCTION": "1",
            "LOOPBACK_ONLY": "1",
            "LOG_LEVEL": "WARNING",
            "THROTTLE_SCALE": "100000",
        }
        plain_url = second_database(database_url)
        for extra in ({}, {**SINGLE_SCHEMA, "DATABASE_URL": plain_url}):
            run(environment | extra, "tests.benchmarks.prepare")
        rows = feed_page(environment, plain_url) + deliveries(environment, valkey_url)
        report(rows, RESULTS)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "platform"))
    main()
