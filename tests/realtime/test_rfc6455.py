"""RFC 6455 over a raw TCP client, on every transport: what is allowed works, what is forbidden fails cleanly.

A case is what a client sends and what it then hears. The transports: `direct` is the product's own server and its
fast way out, `plain` the same over plain ASGI; both are held to the letter. `granian` is another server, which may
hang up, or close without a code, where the RFC says "fail the connection".
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.realtime.proxy import Proxy
from tests.realtime.raw import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Heard,
    RawSocket,
    closing,
    frame,
    upgrade,
)
from tests.realtime.serving import Server, Stage

CONTINUED = 0
ASKED = b'{"op":"ping"}'
CHINESE = '{"op":"leave","topic":"board","note":"党员𠮷"}'.encode()
LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Case:
    """pieces: what is sent, each as a TCP write of its own. hears: what is heard, in that order, each one of

    - `PONGED`: the protocol's answer ``{"op":"pong"}``
    - ``"bad_frame"``…: an error frame with that code
    - ``(PONG, payload)``: a pong of the WebSocket layer
    - a number: a close frame with that code; then the server hangs up
    - a set of numbers: a close frame with one of them

    elsewhere: what may be heard instead on a server that is not ours, where the RFC or it leaves that open.
    """

    name: str
    pieces: tuple[bytes, ...]
    hears: tuple[Any, ...]
    elsewhere: tuple[Any, ...] | None = None


PONGED = "pong"
# "Fail the WebSocket Connection" (7.1.7): a close frame should, but need not, come before the end of TCP.
FAILED = {1002, 1005, 1006}
ASK = frame(TEXT, ASKED)


def case(name: str, *pieces: bytes, hears: Any, elsewhere: Any = None) -> Case:
    """A row of the table: `hears` alone or several in a list."""

    def several(value: Any) -> tuple[Any, ...]:
        return tuple(value) if isinstance(value, list) else (value,)

    return Case(name, pieces, several(hears), None if elsewhere is None else several(elsewhere))


def bytes_of(whole: bytes) -> list[bytes]:
    return [whole[at : at + 1] for at in range(len(whole))]


def fragments(payload: bytes, *at: int, opcode: int = TEXT) -> list[bytes]:
    """The payload cut at these places."""
    ends = [0, *at, len(payload)]
    return [
        frame(opcode if not number else CONTINUED, payload[start:end], fin=end == len(payload))
        for number, (start, end) in enumerate(itertools.pairwise(ends))
    ]


FRAGMENTATION = [
    case("one frame", ASK, hears=PONGED),
    case("byte by byte", *bytes_of(ASK), hears=PONGED),
    case("two messages in one piece", ASK + ASK, hears=[PONGED, PONGED]),
    case("two fragments", *fragments(ASKED, 5), hears=PONGED),
    case("a fragment a byte", *fragments(ASKED, *range(1, len(ASKED))), hears=PONGED),
    case(
        "empty fragments",
        frame(TEXT, fin=False), frame(CONTINUED, ASKED, fin=False), frame(CONTINUED, fin=False), frame(CONTINUED),
        hears=PONGED,
    ),
    case("fragments in one piece", b"".join(fragments(ASKED, 3, 6)), hears=PONGED),
    case("a continuation of nothing", frame(CONTINUED, ASKED), hears=1002, elsewhere=FAILED),
    case(
        "a message inside a message", frame(TEXT, b"{", fin=False), ASK, hears=1002, elsewhere=FAILED
    ),
    case(
        "a continuation after the end",
        *fragments(CHINESE, 5), frame(CONTINUED, b"x"), hears=1002, elsewhere=FAILED,
    ),
]  # fmt: skip

CONTROL = [
    case("a ping", frame(PING, b"here?"), hears=(PONG, b"here?")),
    case("an empty ping", frame(PING), hears=(PONG, b"")),
    case("a ping of 125 bytes", frame(PING, b"x" * 125), hears=(PONG, b"x" * 125)),
    case("a ping of 126 bytes", frame(PING, b"x" * 126), hears=1002, elsewhere=FAILED),
    case("a ping in fragments", frame(PING, b"x", fin=False), hears=1002, elsewhere=FAILED),
    case("a pong nobody asked for", frame(PONG, b"unasked"), ASK, hears=PONGED),
    case(
        "a ping between fragments",
        *fragments(ASKED, 5)[:1], frame(PING, b"between"), *fragments(ASKED, 5)[1:],
        hears=[(PONG, b"between"), PONGED],
    ),
    case(
        "a pong between fragments", *fragments(ASKED, 5)[:1], frame(PONG), *fragments(ASKED, 5)[1:], hears=PONGED
    ),
    case("a close between fragments", *fragments(ASKED, 5)[:1], closing(1000), hears=1000),
    case("a ping byte by byte", *bytes_of(frame(PING, b"slow")), hears=(PONG, b"slow")),
]  # fmt: skip

RESERVED = [
    case(
        "RSV1: compressed, though nothing was agreed",
        frame(TEXT, ASKED, reserved=4),
        hears=1002,
        elsewhere=FAILED,
    ),
    case("RSV2", frame(TEXT, ASKED, reserved=2), hears=1002, elsewhere=FAILED),
    case("RSV3", frame(TEXT, ASKED, reserved=1), hears=1002, elsewhere=FAILED),
    case("RSV1 on a ping", frame(PING, reserved=4), hears=1002, elsewhere=FAILED),
    case("opcode 3", frame(3, ASKED), hears=1002, elsewhere=FAILED),
    case("opcode 7", frame(7), hears=1002, elsewhere=FAILED),
    case("opcode 11", frame(11), hears=1002, elsewhere=FAILED),
    case("opcode 15", frame(15), hears=1002, elsewhere=FAILED),
]

MASKS = [
    case("no mask", frame(TEXT, ASKED, mask=None), hears=1002, elsewhere=FAILED),
    case("a ping without a mask", frame(PING, mask=None), hears=1002, elsewhere=FAILED),
    case("a mask of zeros", frame(TEXT, ASKED, mask=bytes(4)), hears=PONGED),
    case("a mask of ones", frame(TEXT, ASKED, mask=b"\xff\xff\xff\xff"), hears=PONGED),
    case(
        "masked with another key",
        frame(TEXT, ASKED, mask=bytes(4), masked_with=b"\1\2\1\2"),
        hears="bad_frame",
    ),
]

SIZES = [
    case("a binary message", frame(BINARY, ASKED), ASK, hears=["bad_frame", PONGED]),
    case("binary in fragments", *fragments(ASKED, 4, opcode=BINARY), ASK, hears=["bad_frame", PONGED]),
    case("no text", frame(TEXT), hears="bad_frame"),
    case("64 KB", frame(TEXT, ASKED.ljust(LARGEST)), hears=PONGED),
    case("64 KB and a byte", frame(TEXT, ASKED.ljust(LARGEST + 1)), hears=1009),
    case("65 KB", frame(TEXT, ASKED.ljust(65 * 1024)), hears=1009),
    case("65 KB in fragments", *fragments(ASKED.ljust(65 * 1024), 30_000, 60_000), hears=1009),
    case("65 KB of binary", frame(BINARY, bytes(65 * 1024)), hears=1009),
    case("a length in 2 bytes that fits in 7 bits", frame(TEXT, ASKED, length_bytes=2), hears=1002,
         elsewhere=FAILED | {PONGED}),
    case("a length in 8 bytes that fits in 7 bits", frame(TEXT, ASKED, length_bytes=8), hears=1002,
         elsewhere=FAILED | {PONGED}),
    case("a terabyte announced", frame(TEXT, announced=1 << 40), hears=1009, elsewhere=FAILED | {1009}),
    case("a length with the highest bit", frame(TEXT, announced=1 << 63), hears={1002, 1009},
         elsewhere=FAILED | {1009}),
]  # fmt: skip

WORDS = [
    case("Chinese in one frame", frame(TEXT, CHINESE), ASK, hears=PONGED),
    case(
        "a character cut between fragments",
        *fragments(CHINESE, CHINESE.index("党".encode()) + 1, CHINESE.index("𠮷".encode()) + 2), ASK,
        hears=PONGED,
    ),
    case("a fragment a byte of Chinese", *fragments(CHINESE, *range(1, len(CHINESE))), ASK, hears=PONGED),
    case("no UTF-8", frame(TEXT, b'{"op":"\xff"}'), hears=1007, elsewhere=FAILED | {1007}),
    case("an overlong form", frame(TEXT, b'{"op":"\xc0\xaf"}'), hears=1007, elsewhere=FAILED | {1007}),
    case("half of a surrogate pair", frame(TEXT, b'{"op":"\xed\xa0\x80"}'), hears=1007, elsewhere=FAILED | {1007}),
    case("beyond U+10FFFF", frame(TEXT, b'{"op":"\xf4\x90\x80\x80"}'), hears=1007, elsewhere=FAILED | {1007}),
    case("ends within a character", frame(TEXT, "党".encode()[:2]), hears=1007, elsewhere=FAILED | {1007}),
    case(
        "ends within a character, in fragments",
        *fragments("党党".encode()[:5], 2), hears=1007, elsewhere=FAILED | {1007},
    ),
    case("escaped surrogates in JSON", frame(TEXT, b'{"op":"\\ud800"}'), ASK, hears=["unknown_op", PONGED]),
]  # fmt: skip

# The answer to a close frame "typically" repeats its code (5.5.1).
CLOSING = [
    case("1000", closing(1000), hears=1000),
    case("1000 with a reason", closing(1000, "再见".encode()), hears=1000),
    case("1000 with the longest reason", closing(1000, b"x" * 123), hears=1000),
    case("without a code", frame(CLOSE), hears={1000, 1005}),
    *[
        case(str(code), closing(code), hears={code, 1000})
        for code in (1001, 1003, 1007, 1011, 3000, 3999, 4000, 4999)
    ],
    *[
        case(f"{code}, which nobody may send", closing(code), hears=FAILED, elsewhere=FAILED | {code})
        for code in (0, 999, 1004, 1005, 1006, 1016, 2999, 5000)
    ],
    case("half a code", frame(CLOSE, b"\x03"), hears=FAILED),
    case(
        "a reason that is no UTF-8",
        closing(1000, b"\xff"),
        hears={1007, 1006},
        elsewhere=FAILED | {1000, 1007},
    ),
    case("a reason of 124 bytes", closing(1000, b"x" * 124), hears=FAILED),
    case("words after the close", closing(1000) + ASK, hears=1000),
]
TABLE = {
    "fragmentation": FRAGMENTATION,
    "control frames": CONTROL,
    "reserved bits and opcodes": RESERVED,
    "masks": MASKS,
    "kinds and sizes": SIZES,
    "UTF-8": WORDS,
    "close codes": CLOSING,
}
AT_ONCE = 8  # a person may hold ten sockets


WAYS: dict[str, dict[str, Any]] = {
    "direct": {},
    "plain": {"altered": "without_direct"},
    "granian": {"plain_asgi": True},
}


@dataclass(frozen=True, slots=True)
class Way:
    """One transport; `ours` unless the server is somebody else's."""

    name: str
    server: Server

    @property
    def ours(self) -> bool:
        return self.name != "granian"


@pytest.fixture(scope="module", params=list(WAYS))
def way(request: pytest.FixtureRequest, start_server: Callable[..., Server]) -> Way:
    return Way(request.param, start_server(**WAYS[request.param]))


@pytest.mark.parametrize("section", TABLE)
def test_the_table(way: Way, stage: Stage, section: str) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        wrong: list[str] = []
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(row: Case) -> None:
            async with gate:
                problem = await _play(way, row)
            if problem:
                wrong.append(f"{row.name}: {problem}")

        await asyncio.gather(*map(one, TABLE[section]))
        assert not wrong, "\n".join(wrong)

    asyncio.run(story())


async def _play(way: Way, row: Case) -> str:
    """What went otherwise than the row says; empty when nothing did."""
    async with RawSocket(way.server.port, cookie="session=s7") as client:
        await client.send(*row.pieces)
        for awaited in row.hears if way.ours or row.elsewhere is None else row.elsewhere:
            heard = await client.hear()
            if not _is(heard, awaited):
                return f"heard {heard}, not {awaited}"
            if heard is None:
                return ""
            if heard.opcode == CLOSE:
                await client.send(closing(1000))
                return "it goes on after its close frame" if await client.hear() else ""
        # Whatever was answered, the socket is as good as before.
        await client.send(frame(PING, b"still there"))
        heard = await client.hear()
        return "" if heard == Heard(PONG, b"still there") else f"then a ping was answered by {heard}"


def _is(heard: Heard | None, awaited: Any) -> bool:
    if isinstance(awaited, set):
        return any(_is(heard, one) for one in awaited)
    if heard is None:
        return bool(awaited == 1006)
    if isinstance(awaited, tuple):
        return (heard.opcode, heard.payload) == awaited
    if isinstance(awaited, int):
        return heard.opcode == CLOSE and heard.code == awaited
    if heard.opcode != TEXT or not heard.fin:
        return False
    said = json.loads(heard.payload)
    return bool(said["op"] == "pong" if awaited == PONGED else said.get("code") == awaited)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(upgrade(), 101, id="right"),
        pytest.param(upgrade(key=""), 400, id="no key"),
        pytest.param(upgrade(key="short"), 400, id="a key of another length"),
        pytest.param(upgrade(version="7"), 400, id="version 7"),
        pytest.param(upgrade(version="8"), 400, id="version 8, a draft"),
        pytest.param(upgrade(version=""), 400, id="no version"),
        pytest.param(upgrade(method="POST"), 405, id="POST"),
    ],
)
@pytest.mark.parametrize("way", ["direct", "plain"], indirect=True)
def test_handshakes(way: Way, stage: Stage, request_: str, status: int) -> None:
    """Of our own server: what another makes of a bad handshake is its own business."""

    async def story() -> None:
        await stage.sign_in(7)
        async with RawSocket(way.server.port, cookie="session=s7", request=request_) as client:
            assert client.status == status

    asyncio.run(story())


def test_no_compression_is_agreed_upon(way: Way, stage: Stage) -> None:
    """A frame is the same on every socket because nobody compresses."""

    async def story() -> None:
        offer = upgrade(more="Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
        await stage.sign_in(7)
        async with RawSocket(way.server.port, cookie="session=s7", request=offer) as client:
            assert client.status == 101
            assert b"sec-websocket-extensions" not in client.head.lower()

    asyncio.run(story())


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flood", "under_granian"),
    [
        pytest.param(ASK, 4429, id="questions"),
        pytest.param(frame(BINARY, b"x"), 4429, id="binary"),
        # Granian answers pings by itself and tells nobody.
        pytest.param(frame(PING, b"x"), None, id="pings"),
        pytest.param(frame(PONG), None, id="pongs"),
        pytest.param(b"".join(fragments(ASKED, *range(1, len(ASKED)))), 4429, id="fragmented questions"),
    ],
)
def test_a_hundred_frames_in_a_second_close(
    way: Way, stage: Stage, flood: bytes, under_granian: int | None
) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with RawSocket(way.server.port, cookie="session=s7") as client:
            await client.send(flood * 120)
            expected = 4429 if way.name == "direct" or under_granian else None
            if way.name == "plain" and under_granian is None:
                expected = None  # nor does Daphne tell its application of pings
            if expected is not None:
                assert await client.until_closed() == expected
            else:
                await client.send(closing(1000))
                assert await client.until_closed() == 1000

    asyncio.run(story())


def test_twenty_pings_in_a_second_are_answered(way: Way, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with RawSocket(way.server.port, cookie="session=s7") as client:
            for number in range(20):
                await client.send(frame(PING, b"%d" % number))
            assert [await client.hear() for _ in range(20)] == [
                Heard(PONG, b"%d" % number) for number in range(20)
            ]

    asyncio.run(story())


def test_a_thousand_joins_and_leaves_leave_nothing_behind(way: Way, stage: Stage) -> None:
    """Two hundred sockets that join and leave five times, eight at a time; a third of them hang up without a word."""
    join = frame(TEXT, json.dumps({"op": "join", "topic": stage.topic}).encode())
    leave = frame(TEXT, json.dumps({"op": "leave", "topic": stage.topic}).encode())

    async def once(number: int) -> None:
        async with RawSocket(way.server.port, cookie="session=s7") as client:
            for _ in range(5):
                await client.send(join)
                while (heard := await client.hear()) and b'"joined"' not in heard.payload:
                    assert heard.opcode == TEXT, heard
                assert heard is not None
                await client.send(leave)
            if number % 3:
                await client.send(closing(1000))
                assert await client.until_closed() == 1000

    async def some(numbers: range) -> None:
        for number in numbers:
            await once(number)

    async def story() -> None:
        await stage.sign_in(7)
        await asyncio.gather(*(some(range(first, 40, 8)) for first in range(8)))
        before = way.server.resident_kilobytes
        await asyncio.gather(*(some(range(first, 200, 8)) for first in range(8)))
        assert way.server.resident_kilobytes - before < 6_000
        # Nothing of them counts against the person: ten sockets may be held again, and hear what is said.
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(way.server.client(7)) for _ in range(10)]
            for client in clients:
                await client.join(stage.topic)
            await stage.say("to ten")
            for client in clients:
                await client.expect("event", seq=1)

    asyncio.run(story())


# --- faults of networks and machines -----------------------------------------------------------------------------


def test_half_open_sockets_are_found_and_their_places_are_free(
    start_server: Callable[..., Server], stage: Stage
) -> None:
    """As when a phone leaves its cell: no end of TCP ever comes, and ten of these are all a person has."""

    async def story() -> None:
        server = start_server(altered="quick_wheel")
        await stage.sign_in(7)
        async with Proxy(server.port) as proxy, AsyncExitStack() as stack:
            host = f"a.localhost:{server.port}"
            for _ in range(10):
                client = RawSocket(proxy.port, cookie="session=s7")
                client.host = host
                assert (await stack.enter_async_context(client)).status == 101
            async with server.client(7) as eleventh:
                assert await eleventh.closed() == 4429
            proxy.fall_silent()
            async with asyncio.timeout(20):
                while True:
                    async with server.client(7) as seven:
                        try:
                            await seven.join("board")
                            break
                        except ConnectionClosed:
                            await asyncio.sleep(0.2)

    asyncio.run(story())


@pytest.mark.parametrize("altered", ["clock", "clock,without_direct"], ids=["direct", "plain"])
def test_a_clock_that_jumps_cuts_nobody_and_loses_nothing(
    start_server: Callable[..., Server], stage: Stage, altered: str
) -> None:
    async def story() -> None:
        server = start_server(altered=altered)
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join(stage.topic)
            for number, jump in enumerate(
                [signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR2, signal.SIGUSR1], 1
            ):
                server.process.send_signal(jump)
                await asyncio.sleep(2.5)  # longer than anything looks at clocks
                await stage.say(str(number))
                await stage.like()
                await seven.expect("event", seq=number)
                await seven.until(lambda number=number: seven.gauges.get(stage.topic) == {"likes": number})
            assert [event["seq"] for event in seven.seen[stage.topic]] == [1, 2, 3, 4]

    asyncio.run(story())
