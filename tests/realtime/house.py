"""A house just large enough to test `realtime` in: two partitions, people, rooms they may watch, counts.

Both partitions are real district schemas without a registry row; `LIVE_HOUSE` names them, so that server processes
started by the tests live in the same ones. People, rooms and sessions have equal ids in both on purpose.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from http.cookies import SimpleCookie
from typing import Any, TypeVar

from django.db import connection

from realtime.hooks import Scope, Viewer
from realtime.topics import Ident, TopicKind
from tenants.context import current_district, in_district
from tenants.models import District

T = TypeVar("T")

TABLES = """
    CREATE TABLE live_right (person bigint, room bigint, UNIQUE (person, room));
    CREATE TABLE live_session (key text PRIMARY KEY, person bigint, epoch bigint);
    CREATE TABLE live_value (room bigint PRIMARY KEY, likes int, at timestamptz DEFAULT clock_timestamp());
    CREATE TABLE live_house (open boolean);
"""
HOSTS = ("a.localhost", "b.localhost")


def partitions() -> dict[str, District]:
    """By key; the same objects every time."""
    return {name: District(schema_name=name, name=name) for name in os.environ["LIVE_HOUSE"].split(",")}


class House:
    """What `settings.REALTIME["site"]` names in the tests; ``a.localhost`` is the first partition."""

    def partition(self, scope: Scope) -> str | None:
        host = _header(scope, b"host").partition(":")[0]
        key = dict(zip(HOSTS, partitions(), strict=True)).get(host)
        return key if key is not None and self.run(key, _is_open) else None

    def run(self, partition: str, function: Callable[..., T], *args: Any) -> T:
        with in_district(partitions()[partition]):
            return function(*args)

    def current(self) -> str:
        return current_district().schema_name

    def database(self) -> str:
        return "default"

    def authenticate(self, scopes: Sequence[Scope]) -> list[Viewer | None]:
        cookies = [SimpleCookie(_header(scope, b"cookie")).get("session") for scope in scopes]
        keys = [cookie.value if cookie else "" for cookie in cookies]
        rows = query("SELECT person, key, epoch FROM live_session WHERE key = ANY(%s)", keys)
        known = {key: Viewer(person, key, epoch) for person, key, epoch in rows}
        if known:
            time.sleep(float(os.environ.get("LIVE_SLOW_SECONDS", "0")))  # as a database that is busy
        return [known.get(key) for key in keys]

    def still_valid(self, viewers: Collection[Viewer]) -> set[Viewer]:
        keys = [viewer.session for viewer in viewers]
        rows = query("SELECT person, key, epoch FROM live_session WHERE key = ANY(%s)", keys)
        return {Viewer(*row) for row in rows} & set(viewers)


def query(sql: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def _is_open() -> bool:
    return not query("SELECT 1 FROM live_house WHERE NOT open")


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _may_watch_room(person: int, room: Ident) -> bool:
    return bool(query("SELECT 1 FROM live_right WHERE person = %s AND room = %s", person, room))


def _counts(rooms: Collection[int]) -> dict[int, Any]:
    rows = query("SELECT room, likes FROM live_value WHERE room = ANY(%s)", list(rooms))
    return {room: {"likes": likes} for room, likes in rows}


def _touched(boards: Collection[Ident], seconds: int) -> dict[Ident, list[int]]:
    rows = query("SELECT room FROM live_value WHERE at > now() - make_interval(secs => %s)", seconds)
    return {board: [room for (room,) in rows] for board in boards}


def _may_watch(persons: Collection[int], room: Ident) -> list[int]:
    rows = query("SELECT person FROM live_right WHERE person = ANY(%s) AND room = %s", list(persons), room)
    return [person for (person,) in rows]


KINDS = [
    TopicKind(name="room", may_join=_may_watch_room, who_may_join=_may_watch, gauges=_counts),
    TopicKind(
        name="board",
        may_join=lambda person, ident: ident is None,
        bare=True,
        gauges=_counts,
        gauge_group="rooms",
        touched=_touched,
    ),
    TopicKind(name="stand", may_join=_may_watch_room, who_may_join=_may_watch, gauges=_counts, presence=True),
    TopicKind(name="mine", may_join=lambda person, ident: person == ident, personal=True),
]
