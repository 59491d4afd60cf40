"""Frames as they stand on the wire: parsing, encoding, limits and close codes. Pure.

The contract is `docs/reference/live-protocol.md`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal

from django.utils import timezone

PATH = "/ws/live/"
MAX_FRAME_BYTES = 64 * 1024
FRAMES_A_SECOND = 20
FLOOD_A_SECOND = 100
TOPICS_A_SOCKET = 100
SOCKETS_A_PERSON = 10
TEXT_OPCODE, PING_OPCODE, PONG_OPCODE = 0x1, 0x9, 0xA

ErrorCode = Literal["bad_frame", "unknown_op", "unknown_topic", "forbidden", "too_many", "too_fast"]
LeftCode = Literal["forbidden", "gone"]


class Close(IntEnum):
    """Why a socket is closed."""

    GOING_AWAY = 1001
    TOO_BIG = 1009
    RESTART = 1012
    TRY_AGAIN = 1013
    SIGNED_OUT = 4401
    TOO_SLOW = 4408
    TOO_MANY = 4429


class Frame:
    """A frame made once and written to any number of sockets.

    wire: the payload (JSON text in UTF-8, unless `opcode` says otherwise) with the header a server puts before it.
    gauge: a newer one will follow, so a slow reader may miss it.
    at: of an event that was told of: when it was committed, seconds since 1970 on the writer's clock.
    """

    __slots__ = ("_length", "at", "gauge", "wire")

    def __init__(
        self, payload: bytes, *, gauge: bool = False, opcode: int = TEXT_OPCODE, at: float | None = None
    ) -> None:
        self.at = at
        self._length = len(payload)
        self.wire = _header(opcode, self._length) + payload
        self.gauge = gauge

    @property
    def payload(self) -> bytes:
        """What follows the header."""
        return self.wire[len(self.wire) - self._length :]


def _header(opcode: int, length: int) -> bytes:
    first = 0x80 | opcode
    if length < 126:
        return bytes((first, length))
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


# --- what clients send -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Join:
    topic: str
    since: int | None = None
    epoch: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    topic: str


@dataclass(frozen=True, slots=True)
class Ping:
    pass


class Refused(Exception):
    """A frame that is answered with an error."""

    def __init__(self, code: ErrorCode, topic: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.topic = topic


def parse(text: str | None) -> Join | Leave | Ping:
    """What a client asks with a text frame; None stands for a binary one.

    Raises:
        Refused: `bad_frame` or `unknown_op`.
    """
    try:
        frame = json.loads(text or "")
    except (ValueError, RecursionError):
        raise Refused("bad_frame") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("op"), str):
        raise Refused("bad_frame")
    op, topic = frame["op"], frame.get("topic")
    if op == "ping":
        return Ping()
    if op not in {"join", "leave"}:
        raise Refused("unknown_op")
    if not isinstance(topic, str):
        raise Refused("bad_frame")
    if op == "leave":
        return Leave(topic)
    since, epoch, ticket = frame.get("since"), frame.get("epoch"), frame.get("ticket")
    if not _is_number(since) or not all(one is None or isinstance(one, str) for one in (epoch, ticket)):
        raise Refused("bad_frame", topic)
    return Join(topic, since, epoch, ticket)


def _is_number(since: object) -> bool:
    return since is None or (isinstance(since, int) and not isinstance(since, bool) and since >= 0)


class Pace:
    """A socket's frames within the last second."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: list[float] = []

    def count(self, now: float) -> int:
        """How many frames came within the second that ends with this one; `now` in seconds of any steady clock."""
        self._times = [at for at in self._times if at > now - 1.0]
        self._times.append(now)
        return len(self._times)


# --- what the server sends ---------------------------------------------------------------------------------------


def encode(value: Any) -> bytes:
    """`value` as compact JSON in UTF-8.

    Raises:
        TypeError, ValueError: it holds something that is no JSON value, NaN and lone surrogates included.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def event(topic: str, seq: int, kind: str, at: datetime, data: Any) -> dict[str, Any]:
    """A logged event as it stands on the wire and in the REST twin."""
    return {"op": "event", "topic": topic, "seq": seq, "kind": kind, "at": iso(at), "data": data}


def iso(at: datetime) -> str:
    """A time as the product writes it everywhere: ISO 8601 with the offset of the default zone."""
    return timezone.localtime(at, timezone.get_default_timezone()).isoformat()


def joined(topic: str, epoch: str, seq: int, *, recovered: bool, ticket: str) -> Frame:
    head = {
        "op": "joined",
        "topic": topic,
        "epoch": epoch,
        "seq": seq,
        "recovered": recovered,
        "ticket": ticket,
    }
    return Frame(encode(head))


def gauge(topic: str, data: Any) -> Frame:
    return Frame(encode({"op": "gauge", "topic": topic, "data": data}), gauge=True)


def left(topic: str, code: LeftCode) -> Frame:
    return Frame(encode({"op": "left", "topic": topic, "code": code}))


def error(code: ErrorCode, topic: str | None) -> Frame:
    return Frame(encode({"op": "error", "code": code} | ({} if topic is None else {"topic": topic})))


def drain(retry_ms: int) -> Frame:
    return Frame(encode({"op": "drain", "retry_ms": retry_ms}))


PONG = Frame(encode({"op": "pong"}))
