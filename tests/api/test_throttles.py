"""60 writes a minute, in a burst if need be; 20 reads a second; for each person of each district alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dangjian.api import throttles, valkey
from dangjian.local import valkey as local_valkey
from tenants.context import in_district


@pytest.fixture(scope="module")
def broker() -> Iterator[local_valkey.Server]:
    with tempfile.TemporaryDirectory(prefix="dj-") as folder, local_valkey.running(Path(folder)) as server:
        yield server


@pytest.fixture(params=["here", "valkey", "unreachable"])
def counted(request: pytest.FixtureRequest, settings: Any) -> Iterator[None]:
    """Each way of counting: in this process, in Valkey, and with Valkey gone."""
    valkey._Rest.until = 0.0
    if request.param == "valkey":
        settings.VALKEY_URL = request.getfixturevalue("broker").url
        valkey.ask(lambda client: client.flushall())
    elif request.param == "unreachable":
        settings.VALKEY_URL = "unix:///nowhere/valkey.sock"
    yield
    valkey._Rest.until = 0.0


def test_sixty_writes_at_once(world: Any, counted: None) -> None:
    with in_district(world.huiji):
        waits = [throttles.take(person=1, write=True) for _ in range(120)]
        # Somebody slow may see one or two of them given back meanwhile, never sixty.
        assert waits[:60] == [0.0] * 60
        assert sum(wait == 0.0 for wait in waits) < 100
        assert all(0 < wait <= 1.0 for wait in waits if wait)
        assert throttles.take(person=2, write=True) == 0.0
        assert throttles.take(person=1, write=False) == 0.0
    with in_district(world.luoyang):
        assert throttles.take(person=1, write=True) == 0.0


def test_scale(world: Any, counted: None, settings: Any) -> None:
    settings.THROTTLE_SCALE = 0.05
    with in_district(world.huiji):
        waits = [throttles.take(person=3, write=True) for _ in range(6)]
        assert waits[:3] == [0.0] * 3
        assert all(waits[3:])
        settings.THROTTLE_SCALE = 1000
        assert not any(throttles.take(person=4, write=False) for _ in range(500))


def test_the_answer_to_one_who_goes_too_fast(api_of: Any, make_post: Any, settings: Any) -> None:
    settings.THROTTLE_SCALE = 0.05
    pk = make_post("wangfang")
    api = api_of("liqiang")
    answers = [api.put(f"posts/{pk}/like/") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    told = answers[-1]
    assert told["Content-Type"] == "application/problem+json"
    assert 1 <= int(told["Retry-After"]) <= 20
    assert told["Retry-After"] in told.json()["detail"]
    assert api_of("zhoujie").put(f"posts/{pk}/like/").status_code == 200
    assert api.get(f"posts/{pk}/").status_code == 200


def test_signing_out_is_never_too_fast(api_of: Any, make_post: Any, settings: Any) -> None:
    settings.THROTTLE_SCALE = 0.05
    pk = make_post("wangfang")
    api = api_of("liqiang")
    assert [api.put(f"posts/{pk}/like/").status_code for _ in range(4)][-1] == 429
    assert api.delete("session/").status_code == 204
    assert api.get("me/").status_code == 401


def test_memory_of_those_who_are_done_is_given_back(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(throttles, "_KEPT", 10)
    clock = iter(range(0, 10_000, 5))
    monkeypatch.setattr(throttles.time, "monotonic", lambda: float(next(clock)))
    with in_district(world.huiji):
        for person in range(100):
            throttles.take(person=person, write=False)
    assert len(throttles._free_at) <= 10
