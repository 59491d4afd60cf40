"""Socket servers as processes of their own, and the people who write while others watch."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connections

from realtime import outbox
from realtime.testing import LiveClient
from tenants.context import in_district
from tests import ports
from tests.realtime import house

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


@dataclass(slots=True)
class Server:
    """A running socket server."""

    process: subprocess.Popen[bytes]
    port: int

    async def until(self, state: str) -> None:
        """Wait until its readiness says so."""
        async with asyncio.timeout(30):
            while await asyncio.to_thread(self._state) != state:  # noqa: ASYNC110  (another process)
                await asyncio.sleep(0.1)

    def _state(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/state")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    @property
    def resident_kilobytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0])

    def client(
        self, person: int, *, host: str = "a.localhost", cookie: str = "", **options: Any
    ) -> LiveClient:
        """A socket of that person's only session (`Stage.sign_in`), unless another cookie is given."""
        return LiveClient(host, self.port, cookie=cookie or f"session=s{person}", **options)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def start(
    *,
    plain_asgi: bool = False,
    altered: str = "",
    certificate: Path | None = None,
    log: Path | None = None,
    listener: socket.socket | None = None,
    **environment: str,
) -> Iterator[Server]:
    """A server on a free port, which can be connected to at once unless it is granian or has a `certificate`.

    listener: the socket to listen on, which stays open here; without it the server gets one of its own.

    plain_asgi: it is not ours but granian. altered: see that module. certificate: it speaks
    TLS, with this file for certificate and key. log: where to write what it says.
    """
    words = open(log, "wb") if log else None  # noqa: SIM115  (the child's; closed with the stack)
    with ExitStack() as stack:
        if words is not None:
            stack.enter_context(words)
        if plain_asgi or certificate is not None:
            port = stack.enter_context(ports.hold(ports.LOCAL))
            command = ["tests.realtime.under_tls", str(port), str(certificate)]
            if plain_asgi:
                app = "tests.realtime.under_granian:application"
                command = [
                    "granian",
                    "--interface",
                    "asginl",
                    "--port",
                    str(port),
                    "--log-level",
                    "error",
                    app,
                ]
            process = _run(command, environment, words)
            stack.callback(_end, process)
            _await_listening(port)
        else:
            held = ports.listening(ports.REALTIME) if listener is None else nullcontext(listener)
            with held as given:
                port = given.getsockname()[1]
                module = ["tests.realtime.altered", altered] if altered else ["realtime.server"]
                command = [*module, "--fd", str(given.fileno())]
                process = _run(command, environment, words, passed=[given.fileno()])
            stack.callback(_end, process)
        yield Server(process, port)


def _run(
    command: list[str], environment: dict[str, str], words: Any, passed: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdout=words,
        stderr=words,
        pass_fds=passed,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
            "DJANGO_SETTINGS_MODULE": "tests.realtime.settings",
            "DEBUG": "1",
            "VALKEY_URL": "",
            **environment,
        },
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_listening(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not listen")


def narrow(port: int) -> socket.socket:
    """A connection with so small a buffer that little of what is not read hides in the kernel."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    return connection


def handshake(port: int, session: str, host: str = "a.localhost") -> bytes:
    """What a browser sends to open a socket."""
    return (
        f"GET /ws/live/ HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\n"
        f"Cookie: session={session}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


def self_signed(folder: Path, host: str) -> Path:
    """A file with a fresh certificate for `host` and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@dataclass(slots=True)
class Stage:
    """What people do, done in a thread of its own, as a web process would."""

    partitions: list[Any]
    room: int
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(connections.close_all).result()
        self._thread.shutdown()

    @property
    def topic(self) -> str:
        return f"room:{self.room}"

    async def do(self, function: Callable[..., T], *arguments: Any, district: Any = None) -> T:
        """`function(*arguments)` inside the first partition, or `district`."""
        place = district or self.partitions[0]

        def inside() -> T:
            with in_district(place):
                return function(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self._thread, inside)

    async def sign_in(self, *persons: int, district: Any = None) -> None:
        """Give each a session ``s<person>`` and the right to watch the room."""
        for person in persons:
            await self.do(
                house.query,
                "INSERT INTO live_session VALUES (%s, %s, 1)",
                f"s{person}",
                person,
                district=district,
            )
            await self.do(
                house.query, "INSERT INTO live_right VALUES (%s, %s)", person, self.room, district=district
            )

    async def forget(self, *persons: int) -> None:
        """Take back `sign_in`."""
        for person in persons:
            await self.do(house.query, "DELETE FROM live_session WHERE person = %s", person)
            await self.do(house.query, "DELETE FROM live_right WHERE person = %s", person)

    async def say(self, *texts: str, topic: str = "", district: Any = None) -> None:
        """One transaction with an event a text."""
        await self.do(_say, topic or self.topic, texts, district=district)

    async def like(self, times: int = 1, *, told: bool = True) -> None:
        """Raise the room's count, one transaction a time; untold: as when the nudge is lost."""
        await self.do(_like, self.room, times, told)

    async def control(self, act: Callable[..., None], **arguments: Any) -> None:
        """One of the outbox's words about rights and sessions, in a transaction."""
        await self.do(_control, act, arguments)


async def eventually(true: Callable[[], bool], *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  (nothing announces it)
            await asyncio.sleep(0.01)


def _say(topic: str, texts: tuple[str, ...]) -> None:
    with outbox.atomic():
        for text in texts:
            outbox.record(topic=topic, kind="said", data={"text": text})


def _like(room: int, times: int, told: bool) -> None:
    for _ in range(times):
        with outbox.atomic():
            house.query(
                "INSERT INTO live_value AS value (room, likes) VALUES (%s, 1) ON CONFLICT (room)"
                " DO UPDATE SET likes = value.likes + 1, at = clock_timestamp()",
                room,
            )
            if told:
                outbox.touch(topic=f"room:{room}")
                outbox.touch(topic="board", key=room)


def _control(act: Callable[..., None], arguments: dict[str, Any]) -> None:
    with outbox.atomic():
        act(**arguments)
