"""Sockets over a real Daphne in a process of its own, writers in this one, Valkey between them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from realtime import outbox
from realtime.testing import LiveClient
from tests.realtime import house
from tests.realtime.serving import Server, Stage


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], valkey: str) -> Server:
    return start_server(VALKEY_URL=valkey)


@pytest.fixture(autouse=True)
def _told_over_valkey(settings: Any, valkey: str) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [valkey], "prefix": "dangjian"},
        }
    }


def texts(client: LiveClient, topic: str) -> list[str]:
    return [event["data"]["text"] for event in client.seen.get(topic, [])]


def test_a_watcher_gets_what_is_said_after_joining(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with server.client(7) as seven:
            joined = await seven.join(stage.topic)
            assert (joined["seq"], joined["recovered"]) == (0, True)
            await stage.say("早上好", "吃了吗")
            event = await seven.expect("event")
            assert event | {"at": ""} == {
                "op": "event",
                "topic": stage.topic,
                "seq": 1,
                "kind": "said",
                "at": "",
                "data": {"text": "早上好"},
            }
            await seven.expect("event", seq=2)

    asyncio.run(story())


def test_between_render_and_join_nothing_is_missed(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        (head,) = await stage.do(outbox.heads, [stage.topic])
        await stage.say("one", "two")
        async with server.client(7) as seven:
            joined = await seven.join(head["topic"], since=head["seq"], epoch=head["epoch"])
            assert (joined["seq"], joined["recovered"]) == (2, True)
            await stage.say("three")
            await seven.expect("event", seq=3)
            assert texts(seven, stage.topic) == ["one", "two", "three"]

    asyncio.run(story())


def test_resume_brings_what_was_missed_once(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8)
        async with server.client(7) as seven, server.client(8) as eight:
            await eight.join(stage.topic)
            await seven.join(stage.topic)
            await stage.say("one")
            await seven.expect("event", seq=1)
            await seven.socket.close()
            await stage.say("two", "three")
            again = await seven.resumed()
            await stage.say("four")
            await again.expect("event", seq=4)
            assert texts(again, stage.topic) == ["one", "two", "three", "four"]
            await again.socket.close()

    asyncio.run(story())


def test_a_resume_of_hundreds_comes_whole(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        await stage.say("first")
        (head,) = await stage.do(outbox.heads, [stage.topic])
        await stage.say(*map(str, range(900)))
        async with server.client(7) as seven:
            assert (await seven.join(stage.topic, since=1, epoch=head["epoch"]))["recovered"]
            await seven.expect("event", seq=901)
            assert texts(seven, stage.topic) == [str(number) for number in range(900)]

    asyncio.run(story())


@pytest.mark.parametrize(("since", "epoch"), [(99, None), (0, "another")])
def test_a_gap_that_cannot_be_filled_is_told(
    server: Server, stage: Stage, since: int, epoch: str | None
) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        await stage.say("one")
        async with server.client(7) as seven:
            joined = await seven.join(stage.topic, since=since, epoch=epoch)
            assert (joined["seq"], joined["recovered"]) == (1, False)
            await stage.say("two")
            await seven.expect("event", seq=2)
            assert texts(seven, stage.topic) == ["two"]

    asyncio.run(story())


def test_leaving_and_joining_again(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join(stage.topic)
            await seven.send(op="leave", topic=stage.topic)
            await seven.send(op="ping")
            await seven.expect("pong")
            await stage.say("unheard")
            await seven.join(stage.topic, since=0)
            await seven.expect("event", seq=1)
            await seven.join(stage.topic, since=0)
            await seven.expect("event", seq=1)

    asyncio.run(story())


def test_a_personal_topic_has_no_id_on_the_wire(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8)
        async with server.client(7) as seven, server.client(8) as eight:
            await seven.join("mine")
            await eight.join("mine")
            await eight.send(op="join", topic="mine:7")
            await eight.expect("error", code="forbidden", topic="mine:7")
            await stage.say("for eight", topic="mine:8")
            await stage.say("for seven", topic="mine:7")
            assert (await seven.expect("event"))["data"] == {"text": "for seven"}
            assert (await eight.expect("event"))["data"] == {"text": "for eight"}

    asyncio.run(story())


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "bad_frame"),
        ("{", "bad_frame"),
        ("[]", "bad_frame"),
        ("null", "bad_frame"),
        ('{"topic":"board"}', "bad_frame"),
        ('{"op":1}', "bad_frame"),
        ('{"op":"join"}', "bad_frame"),
        ('{"op":"join","topic":7}', "bad_frame"),
        ('{"op":"join","topic":"board","since":-1}', "bad_frame"),
        ('{"op":"join","topic":"board","since":true}', "bad_frame"),
        ('{"op":"join","topic":"board","since":1.5}', "bad_frame"),
        ('{"op":"join","topic":"board","since":1,"epoch":1}', "bad_frame"),
        ("[" * 60_000, "bad_frame"),
        (b"\x00\x01", "bad_frame"),
        ('{"op":"shout"}', "unknown_op"),
        ('{"op":"join","topic":"control"}', "unknown_topic"),
        ('{"op":"join","topic":"nowhere:1"}', "unknown_topic"),
        ('{"op":"join","topic":""}', "unknown_topic"),
        ('{"op":"join","topic":"room"}', "forbidden"),
        ('{"op":"join","topic":"room:"}', "forbidden"),
        ('{"op":"join","topic":"room:x"}', "forbidden"),
        ('{"op":"join","topic":"room:0"}', "forbidden"),
        ('{"op":"join","topic":"room:007"}', "forbidden"),
        ('{"op":"join","topic":"room:99999999999999999999"}', "forbidden"),
        ('{"op":"join","topic":"room:987654321"}', "forbidden"),
        ('{"op":"join","topic":"board:5"}', "forbidden"),
    ],
)
def test_bad_input_is_answered_and_closes_nothing(
    server: Server, stage: Stage, frame: Any, code: str
) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.socket.send(frame)
            answer = await seven.receive()
            assert (answer["op"], answer["code"]) == ("error", code)
            await seven.join("board")

    asyncio.run(story())


@pytest.mark.parametrize("size", [65 * 1024, 5 * 1024 * 1024])
def test_a_frame_too_large_closes(server: Server, stage: Stage, size: int) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.socket.send("x" * size)
            assert await seven.closed() == 1009

    asyncio.run(story())


def test_a_frame_of_the_largest_size_is_read(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.socket.send(json.dumps({"op": "ping"}).ljust(64 * 1024))
            await seven.expect("pong")

    asyncio.run(story())


def test_thirty_frames_a_second_are_too_fast_and_a_hundred_too_many(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with server.client(7) as seven:
            for _ in range(30):
                await seven.send(op="ping")
            answers = [(await seven.receive()).get("code", "pong") for _ in range(30)]
            assert answers == ["pong"] * 20 + ["too_fast"] * 10
        async with server.client(7) as seven:
            for _ in range(100):
                await seven.send(op="ping")
            assert await seven.closed() == 4429

    asyncio.run(story())


def test_the_eleventh_socket_of_a_person_is_closed(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8)
        sockets = [await server.client(7).__aenter__() for _ in range(10)]
        async with server.client(7) as eleventh:
            assert await eleventh.closed() == 4429
        async with server.client(8) as other:
            await other.join("board")
        await sockets.pop().socket.close()
        async with server.client(7) as seven:
            await seven.join("board")
        for client in sockets:
            await client.join("board")
            await client.socket.close()

    asyncio.run(story())


@pytest.mark.parametrize("cookie", ["session=stolen", "other=1", ""])
def test_without_a_session_the_socket_is_accepted_and_closed(
    server: Server, stage: Stage, cookie: str
) -> None:
    async def story() -> None:
        async with LiveClient("a.localhost", server.port, cookie=cookie) as nobody:
            assert await nobody.closed() == 4401

    asyncio.run(story())


@pytest.mark.parametrize(
    "origin",
    [
        "http://b.localhost:{port}",
        "http://evil.example",
        "http://a.localhost.evil.example:{port}",
        "https://a.localhost:{port}",
        "http://a.localhost",
        "null",
        "",
    ],
)
def test_a_foreign_origin_is_refused_at_the_handshake(server: Server, stage: Stage, origin: str) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        with pytest.raises(InvalidStatus) as refused:
            await server.client(7, origin=origin.format(port=server.port) or "").__aenter__()
        assert refused.value.response.status_code == 403

    asyncio.run(story())


def test_an_unknown_host_or_path_is_refused_at_the_handshake(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        with pytest.raises(InvalidStatus) as refused:
            await server.client(7, host="c.localhost").__aenter__()
        assert refused.value.response.status_code == 403

    asyncio.run(story())


def test_rights_that_end_are_told_at_once(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8)
        async with server.client(7) as seven, server.client(8) as eight:
            await seven.join(stage.topic)
            await eight.join(stage.topic)
            await stage.do(house.query, "DELETE FROM live_right WHERE person = 7")
            await stage.control(outbox.recheck, topic=stage.topic)
            await seven.expect("left", topic=stage.topic, code="forbidden")
            await stage.say("after")
            await eight.expect("event")
            assert texts(seven, stage.topic) == []
            await stage.do(house.query, "DELETE FROM live_right WHERE person = 8")
            await stage.control(outbox.recheck, person=8)
            await eight.expect("left", topic=stage.topic, code="forbidden")
            await eight.join("board")
            await stage.control(outbox.close_topic, topic="board", code="gone")
            await eight.expect("left", topic="board", code="gone")

    asyncio.run(story())


def test_sessions_and_persons_that_end_close_their_sockets_alone(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8, 9)
        await stage.do(house.query, "INSERT INTO live_session VALUES ('phone', 7, 1)")
        async with (
            server.client(7) as seven,
            server.client(7, cookie="session=phone") as phone,
            server.client(8) as eight,
            server.client(9) as nine,
        ):
            await stage.control(outbox.end_sessions, keys=["phone"])
            assert await phone.closed() == 4401
            await stage.control(outbox.end_person, person=8)
            assert await eight.closed() == 4401
            await seven.join("board")
            await nine.join("board")
            await stage.do(house.query, "INSERT INTO live_house VALUES (false)")
            await stage.control(outbox.end_partition)
            assert (await seven.closed(), await nine.closed()) == (1001, 1001)
            with pytest.raises(InvalidStatus):
                await server.client(7).__aenter__()

    asyncio.run(story())


def test_counts_are_coalesced_and_end_at_the_right_value(server: Server, stage: Stage) -> None:
    async def story() -> None:
        await stage.sign_in(7)
        async with server.client(7) as seven:
            await seven.join(stage.topic)
            await stage.like(1)
            await seven.expect("gauge", data={"likes": 1})
            likes = asyncio.create_task(stage.like(300))
            frames = [await seven.expect("gauge")]
            while frames[-1]["data"] != {"likes": 301}:
                frames.append(await seven.expect("gauge"))
            await likes
            values = [frame["data"]["likes"] for frame in frames]
            assert values == sorted(set(values))
            assert len(values) < 20

    asyncio.run(story())


def test_grouped_counts_come_by_key_and_a_newcomer_is_brought_up_to_date(
    server: Server, stage: Stage
) -> None:
    async def story() -> None:
        await stage.sign_in(7, 8)
        async with server.client(7) as seven, server.client(8) as eight:
            await seven.join("board")
            await stage.like()
            key = str(stage.room)
            await seven.expect("gauge", data={"rooms": {key: {"likes": 1}}})
            await eight.join("board")
            frame = await eight.expect("gauge", topic="board")
            assert frame["data"]["rooms"][key] == {"likes": 1}

    asyncio.run(story())


def test_equal_ids_in_two_partitions_never_meet(server: Server, stage: Stage) -> None:
    """Both partitions have the person, the session, the rooms and the numbers; each hears its own alone."""

    async def story() -> None:
        here, there = stage.partitions
        topics = [stage.topic, "board", "mine"]
        for district in (here, there):
            await stage.sign_in(7, district=district)
        async with server.client(7) as ours, server.client(7, host="b.localhost") as theirs:
            for topic in topics:
                await ours.join(topic)
                await theirs.join(topic)
            for number in range(50):
                for topic in (stage.topic, "board", "mine:7"):
                    await stage.say(f"a{number}", topic=topic, district=here)
                    await stage.say(f"b{number}", topic=topic, district=there)
            for client, letter in ((ours, "a"), (theirs, "b")):
                while any(len(client.seen.get(topic, [])) < 50 for topic in topics):
                    await client.receive()
                for topic in topics:
                    assert texts(client, topic) == [f"{letter}{number}" for number in range(50)]

    asyncio.run(story())


def test_two_processes_hear_of_one_commit(
    server: Server, start_server: Callable[..., Server], valkey: str, stage: Stage
) -> None:
    async def story() -> None:
        second = start_server(VALKEY_URL=valkey)
        await stage.sign_in(7)
        async with server.client(7) as here, second.client(7) as there:
            await here.join(stage.topic)
            await there.join(stage.topic)
            await stage.say("one", "two")
            for client in (here, there):
                await client.expect("event", seq=2)
                assert texts(client, stage.topic) == ["one", "two"]
            await stage.do(house.query, "DELETE FROM live_right")
            await stage.control(outbox.recheck, person=7)
            await here.expect("left")
            await there.expect("left")

    asyncio.run(story())
