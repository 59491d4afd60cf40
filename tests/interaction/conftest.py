"""Posts as the tests make them, and an API client that speaks JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from tenants.context import in_district
from tests import cast


class Api:
    """A signed-in person at the API: ``api.post("posts/", {...})``; answers are Django responses."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(self._url(path), headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("post", path, body, headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("put", path, body, headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("patch", path, body, headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.client.delete(self._url(path), headers=headers)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        data = body if isinstance(body, bytes | str) else json.dumps({} if body is None else body)
        return getattr(self.client, method)(
            self._url(path), data=data, content_type="application/json", headers=headers
        )

    def _url(self, path: str) -> str:
        return path if path.startswith("/") else f"/api/v1/{path}"


@pytest.fixture
def api_of(client_of: Callable[..., Any]) -> Callable[[str], Api]:
    return lambda username: Api(client_of(username))


@pytest.fixture
def make_post(world: SimpleNamespace) -> Callable[..., int]:
    """``make_post("liqiang", text=…, visibility=…)`` through the service; returns the id."""
    from dangjian.interaction import services

    def make(username: str, text: str = "今天去了黄河大堤。", **fields: Any) -> int:
        with in_district(getattr(world, cast.district_of(username))):
            chosen = {"kind": "snapshot", "visibility": "district"} | fields
            return services.create_post(author=getattr(world, username), text=text, **chosen).pk

    return make


@pytest.fixture
def events(world: SimpleNamespace) -> Callable[..., list[tuple[str, str, Any]]]:
    """``events(district)``: what was recorded there in this test, as (topic, kind, data), in order."""
    from realtime.models import Event

    before = {}
    for district in (world.huiji, world.luoyang):
        with in_district(district):
            before[district.pk] = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0

    def read(district: Any) -> list[tuple[str, str, Any]]:
        with in_district(district):
            rows = Event.objects.filter(id__gt=before[district.pk]).order_by("id")
            return list(rows.values_list("topic", "kind", "data"))

    return read


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """The world without a transaction around the test, for what several connections do at once.

    Everything the test wrote below `interaction`, `realtime` and `api` is removed afterwards.
    """
    tables = (
        "interaction_report, interaction_replynotice, interaction_view, interaction_like, interaction_comment,"
        " interaction_photo, interaction_postcounter, interaction_post, api_idempotentanswer, audit_auditrow,"
        " realtime_event, realtime_topichead"
    )
    with django_db_blocker.unblock():
        world = cast.load()
        try:
            yield world
        finally:
            for district in (world.huiji, world.luoyang):
                with in_district(district), connection.cursor() as cursor:
                    cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
            connection.close()


@pytest.fixture
def statements() -> Callable[[], Any]:
    """``with statements() as ran:`` the SQL of the block, without what sets the schema or marks a savepoint."""

    @contextmanager
    def watch() -> Iterator[list[str]]:
        ran: list[str] = []

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if not str(sql).startswith(("SET search_path", "SAVEPOINT", "RELEASE SAVEPOINT")):
                ran.append(str(sql))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            yield ran

    return watch
