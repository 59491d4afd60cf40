"""A POST that is sent twice is done once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from dangjian.api import idempotency, tasks
from dangjian.api.models import IdempotentAnswer
from dangjian.api.problems import Problem
from dangjian.interaction import services
from dangjian.interaction.models import Photo, Post, PostCounter
from tenants.context import in_district
from tests.interaction.test_photos import picture

NEW = {"kind": "snapshot", "text": "只发一次", "visibility": "district"}


def posts(world: Any) -> int:
    with in_district(world.huiji):
        return Post.objects.count()


def test_the_same_again_gets_the_first_answer(world: Any, api_of: Any) -> None:
    api = api_of("liqiang")
    first = api.post("posts/", NEW, **{"Idempotency-Key": "a"})
    again = api.post("posts/", dict(reversed(NEW.items())), **{"Idempotency-Key": "a"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert posts(world) == 1
    # Another key, another person, another path and no key: another thing each.
    assert api.post("posts/", NEW, **{"Idempotency-Key": "b"}).json() != first.json()
    assert api_of("wangfang").post("posts/", NEW, **{"Idempotency-Key": "a"}).json() != first.json()
    assert api.post("posts/", NEW).json() != first.json()
    path = f"posts/{first.json()['id']}/comments/"
    assert api.post(path, {"text": "一"}, **{"Idempotency-Key": "a"}).status_code == 201
    assert posts(world) == 4


def test_another_body_under_the_key(world: Any, api_of: Any) -> None:
    api = api_of("liqiang")
    api.post("posts/", NEW, **{"Idempotency-Key": "a"})
    answer = api.post("posts/", NEW | {"text": "另一条"}, **{"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert posts(world) == 1


def test_a_refused_text_may_be_corrected_under_its_key(world: Any, api_of: Any) -> None:
    api = api_of("liqiang")
    for _ in range(2):
        assert api.post("posts/", NEW | {"text": ""}, **{"Idempotency-Key": "a"}).status_code == 422
    assert api.post("posts/", NEW, **{"Idempotency-Key": "a"}).status_code == 201


def test_a_post_deleted_since_does_not_change_the_answer(api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    api = api_of("liqiang")
    first = api.post(f"posts/{pk}/comments/", {"text": "一"}, **{"Idempotency-Key": "a"})
    api_of("wangfang").delete(f"posts/{pk}/")
    again = api.post(f"posts/{pk}/comments/", {"text": "一"}, **{"Idempotency-Key": "a"})
    assert (again.status_code, again.json()) == (201, first.json())


@pytest.mark.parametrize("key", ["", "x" * 101, "a\tb", "\x7f"])
def test_bad_keys(key: str, api_of: Any) -> None:
    answer = api_of("liqiang").post("posts/", NEW, **{"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_key")


def test_an_upload_is_known_by_its_content(world: Any, api_of: Any) -> None:
    client = api_of("liqiang").client

    def send(content: bytes) -> Any:
        file = SimpleUploadedFile("a.jpg", content)
        return client.post("/api/v1/uploads/", {"file": file}, headers={"Idempotency-Key": "a"})

    first = send(picture())
    assert first.status_code == 201
    assert send(picture()).json() == first.json()
    assert send(picture((41, 30))).status_code == 422
    with in_district(world.huiji):
        assert Photo.objects.count() == 1


def test_after_a_day_the_key_is_free(world: Any, api_of: Any) -> None:
    api = api_of("liqiang")
    first = api.post("posts/", NEW, **{"Idempotency-Key": "a"}).json()
    with in_district(world.huiji):
        IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=23))
    assert api.post("posts/", NEW, **{"Idempotency-Key": "a"}).json() == first
    with in_district(world.huiji):
        IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert api.post("posts/", NEW | {"text": "新的"}, **{"Idempotency-Key": "a"}).json() != first
    with in_district(world.huiji):
        assert IdempotentAnswer.objects.count() == 1
        IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
        tasks.forget_answers.func(district="huiji")
        assert not IdempotentAnswer.objects.exists()


def test_sixteen_at_once_make_one_post(committed: Any) -> None:
    world = committed
    start = threading.Barrier(16)

    def send(number: int) -> Any:
        def run() -> tuple[int, Any]:
            made = services.create_post(author=world.liqiang, **NEW)
            return 201, {"id": made.pk}

        try:
            with in_district(world.huiji):
                start.wait(30)
                return idempotency.once(
                    user_id=world.liqiang.user_id, path="/api/v1/posts/", key="k", digest="d", run=run
                )
        except Problem as problem:
            return problem
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(16)))
    problems = [answer for answer in answers if isinstance(answer, Problem)]
    kept = [answer for answer in answers if not isinstance(answer, Problem)]
    assert {problem.status for problem in problems} <= {409}
    assert len({answer.body["id"] for answer in kept}) == 1
    assert sum(not answer.repeated for answer in kept) == 1
    with in_district(world.huiji):
        assert Post.objects.count() == PostCounter.objects.count() == 1


def test_while_the_first_is_running(committed: Any) -> None:
    world = committed
    running, go_on = threading.Event(), threading.Event()

    def once(digest: str, run: Any) -> Any:
        with in_district(world.huiji):
            return idempotency.once(user_id=1, path="/p", key="k", digest=digest, run=run)

    def slow() -> tuple[int, Any]:
        running.set()
        assert go_on.wait(30)
        return 201, {"n": 1}

    def first() -> Any:
        try:
            return once("d", slow)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(first)
        assert running.wait(30)
        with pytest.raises(Problem) as refusal:
            once("d", lambda: (201, {"n": 2}))
        assert (refusal.value.status, refusal.value.code) == (409, "still_running")
        assert refusal.value.headers["Retry-After"]
        go_on.set()
        assert answer.result().body == {"n": 1}
    assert once("d", lambda: (201, {"n": 3})).body == {"n": 1}


def test_a_crash_leaves_neither_the_effect_nor_the_answer(committed: Any) -> None:
    world = committed

    def crash() -> tuple[int, Any]:
        services.create_post(author=world.liqiang, **NEW)
        raise KeyboardInterrupt

    with in_district(world.huiji):
        with pytest.raises(KeyboardInterrupt):
            idempotency.once(user_id=1, path="/p", key="k", digest="d", run=crash)
        assert not Post.objects.exists()
        assert not IdempotentAnswer.objects.exists()
