"""Those who write and those who watch, and what each of them knows to be true."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import InvalidHandshake, WebSocketException

from realtime.testing import LiveClient

CSRF_TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEF"  # 32 characters, the same in the cookie and the header
RETRY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a district with a session, and the post all of that district talk below."""

    district: str
    cookie: str
    post: int

    @property
    def host(self) -> str:
        return f"{self.district}.localhost"


@dataclass(slots=True)
class Writer:
    """Comments without pause. What was not answered is sent again under the same key until it is."""

    person: Person
    number: int
    ports: Sequence[int]
    acknowledged: dict[str, float] = field(default_factory=dict)  # text: when
    errors: int = 0
    refused: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """After the comment at hand."""
        self._stop.set()

    def work(self) -> None:
        """In a thread of its own."""
        count = 0
        while not self._stop.is_set():
            count += 1
            text = f"{self.person.district} writer {self.number} comment {count}"
            while not self._once(text):
                if self.refused:
                    return
                self.errors += 1
                time.sleep(RETRY_SECONDS)
            self.acknowledged[text] = time.monotonic()
            time.sleep(random.uniform(0.02, 0.2))

    def _once(self, text: str) -> bool:
        port = random.choice(self.ports)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        headers = {
            "Host": f"{self.person.host}:{port}",
            "Content-Type": "application/json",
            "Cookie": self.person.cookie,
            "X-CSRFToken": CSRF_TOKEN,
            "Idempotency-Key": text.replace(" ", "-"),
        }
        try:
            path = f"/api/v1/posts/{self.person.post}/comments/"
            connection.request("POST", path, json.dumps({"text": text}), headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if answer.status == 201:
            return True
        if answer.status < 500 and answer.status not in {409, 429}:
            self.refused.append(f"{answer.status} {body[:300]!r}")
        return False


@dataclass(slots=True)
class Watcher:
    """Holds a socket to whichever live process answers, and resumes where it was."""

    person: Person
    ports: Sequence[int]
    events: list[dict[str, Any]] = field(default_factory=list)
    first: int = -1
    resumed: int = 0
    unrecovered: int = 0
    foreign: list[str] = field(default_factory=list)
    _position: tuple[str, int] | None = None

    @property
    def topic(self) -> str:
        return f"post:{self.person.post}"

    @property
    def last(self) -> int:
        return self.events[-1]["seq"] if self.events else self.first

    @property
    def holes(self) -> int:
        """How many numbers are missing, or come twice or out of order."""
        numbers = [event["seq"] for event in self.events]
        return sum(
            one != awaited for one, awaited in zip(numbers, range(self.first + 1, 2**63), strict=False)
        )

    async def watch(self) -> None:
        """For ever, until it is cancelled."""
        while True:
            client = LiveClient(
                self.person.host, random.choice(self.ports), cookie=self.person.cookie, open_timeout=10
            )
            client.seen = {self.topic: self.events}
            try:
                async with client:
                    await self._follow(client)
            except (OSError, WebSocketException, InvalidHandshake, TimeoutError, EOFError):
                if self.topic in client.position:
                    self._position = client.position[self.topic]
                await asyncio.sleep(random.uniform(0.05, RETRY_SECONDS))

    async def _follow(self, client: LiveClient) -> None:
        if self._position is None:
            self.first = (await client.join(self.topic))["seq"]
        else:
            epoch, seq = self._position
            joined = await client.join(self.topic, since=seq, epoch=epoch)
            self.resumed += 1
            self.unrecovered += not joined["recovered"]
        while True:
            frame = await client.receive()
            self._position = client.position[self.topic]
            if frame["op"] == "event" and not frame["data"]["text"].startswith(self.person.district):
                self.foreign.append(json.dumps(frame, ensure_ascii=False)[:300])
