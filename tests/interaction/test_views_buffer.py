"""A view is counted once a person a post, through the buffer and without it, whoever dies in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from dangjian.api import valkey
from dangjian.interaction import services, views_buffer
from dangjian.interaction.models import Post, PostCounter, View
from dangjian.local import valkey as local_valkey
from tenants.context import in_district


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local_valkey.Server]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="dj-") as folder, local_valkey.running(Path(folder)) as server:
        yield server


@pytest.fixture
def buffered(broker: local_valkey.Server, settings: Any) -> Iterator[None]:
    settings.VALKEY_URL = broker.url
    valkey._Rest.until = 0.0
    yield
    valkey.ask(lambda client: client.flushall())


def seen(world: Any, pk: int) -> tuple[int, int]:
    with in_district(world.huiji):
        return PostCounter.objects.get(post=pk).views, View.objects.filter(post=pk).count()


def test_without_valkey_a_view_is_written_at_once(world: Any, api_of: Any, make_post: Any) -> None:
    pk = make_post("wangfang")
    for username in ("liqiang", "liqiang", "zhoujie"):
        api_of(username).get(f"posts/{pk}/")
    assert seen(world, pk) == (2, 2)


def test_opening_a_post_writes_nothing_until_the_flush(
    world: Any, buffered: None, api_of: Any, make_post: Any, statements: Any
) -> None:
    pk = make_post("wangfang")
    api_of("liqiang").get(f"posts/{pk}/")
    api = api_of("zhoujie")
    api.get(f"posts/{pk}/")
    with statements() as ran:
        api.get(f"posts/{pk}/")
    assert not [sql for sql in ran if not sql.lstrip().startswith("SELECT")]
    assert seen(world, pk) == (0, 0)
    with in_district(world.luoyang):
        assert views_buffer.flush() == 0
    with in_district(world.huiji):
        assert views_buffer.flush() == 2
        assert views_buffer.flush() == 0
    api.get(f"posts/{pk}/")
    with in_district(world.huiji):
        assert views_buffer.flush() == 0
    assert seen(world, pk) == (2, 2)


def test_a_flush_tells_who_watches(world: Any, make_post: Any, monkeypatch: Any) -> None:
    from realtime import outbox

    touched = []
    monkeypatch.setattr(outbox, "touch", lambda *, topic, key=None: touched.append((topic, key)))
    pk = make_post("liqiang", visibility="branch")
    with in_district(world.huiji):
        views_buffer.write([(pk, world.wangfang.pk), (pk, world.zhangwei.pk)])
    assert touched == [(f"post:{pk}", None), (f"feed:{world.huiji_orgs.grid3.pk}", pk)]


def test_a_flush_that_dies_after_its_commit_counts_nothing_twice(
    world: Any, buffered: None, make_post: Any, monkeypatch: Any
) -> None:
    pk = make_post("wangfang")

    def dies(*args: Any) -> None:
        raise KeyboardInterrupt

    with in_district(world.huiji):
        views_buffer.add(post=Post.objects.get(pk=pk), member=world.liqiang)
        with monkeypatch.context() as patched:
            patched.setattr(views_buffer, "_remove", dies)
            with pytest.raises(KeyboardInterrupt):
                views_buffer.flush()
        assert views_buffer.flush() == 0
    assert seen(world, pk) == (1, 1)


def test_what_names_nobody_is_dropped(world: Any, buffered: None, make_post: Any) -> None:
    pk = make_post("wangfang")
    with in_district(world.huiji):
        for entry in (f"{pk}:{world.liqiang.pk}", f"999999:{world.liqiang.pk}", f"{pk}:999999"):
            valkey.ask(lambda client, entry=entry: client.sadd(views_buffer._key(), entry))
        assert views_buffer.flush() == 1
        assert valkey.ask(lambda client: client.exists(views_buffer._key())) == 0


def test_the_command_flushes_every_district(world: Any, buffered: None, make_post: Any, capsys: Any) -> None:
    ours, theirs = make_post("wangfang"), make_post("zhaomin")
    for district, pk, member in ((world.huiji, ours, world.liqiang), (world.luoyang, theirs, world.sunli)):
        with in_district(district):
            views_buffer.add(post=Post.objects.get(pk=pk), member=member)
    call_command("flush_views")
    assert capsys.readouterr().out == "huiji: 1\nluoyang: 1\n"


def test_an_unreachable_valkey_slows_one_view_and_loses_none(
    world: Any, api_of: Any, make_post: Any, settings: Any, scratch: Path
) -> None:
    settings.VALKEY_URL = f"unix://{scratch}/nobody.sock"
    valkey._Rest.until = 0.0
    pk = make_post("wangfang")
    api_of("liqiang").get(f"posts/{pk}/")
    assert seen(world, pk) == (1, 1)
    with in_district(world.huiji):
        assert views_buffer.flush() == 0


def test_many_flushes_and_openings_at_once(committed: Any, buffered: None) -> None:
    world = committed
    with in_district(world.huiji):
        posts = [
            services.create_post(author=world.wangfang, kind="snapshot", text=str(n), visibility="district")
            for n in range(6)
        ]
    people = [world.wangfang, world.liqiang, world.zhoujie, world.zhangwei, world.liuna]
    start = threading.Barrier(8)

    def work(number: int) -> int:
        try:
            with in_district(world.huiji):
                start.wait(30)
                new = 0
                for turn in range(30):
                    views_buffer.add(post=posts[(turn + number) % 6], member=people[turn % 5])
                    if turn % 5 == 4:
                        new += views_buffer.flush()
                return new
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        new = sum(pool.map(work, range(8)))
    with in_district(world.huiji):
        new += views_buffer.flush()
        assert new == View.objects.count() == 30
        assert sorted(PostCounter.objects.values_list("views", flat=True)) == [5] * 6
