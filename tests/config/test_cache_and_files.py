"""Cache keys, file paths and file addresses carry the district."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test.utils import override_settings

from dangjian.config.cache import ForgivingValkeyCache, district_key
from tenants.context import NoDistrict, in_district, in_registry

pytestmark = pytest.mark.django_db


@pytest.fixture
def media(tmp_path: Path) -> Any:
    with override_settings(MEDIA_ROOT=str(tmp_path)):
        yield tmp_path


def test_one_key_is_two_in_two_districts(world: SimpleNamespace) -> None:
    for district in (world.huiji, world.luoyang):
        with in_district(district):
            cache.set("post:42", district.name)
    with in_registry():
        assert cache.get("post:42") is None
    for district in (world.huiji, world.luoyang):
        with in_district(district):
            assert cache.get("post:42") == district.name
            assert district_key("post:42", "", 1) == f"{district.schema_name}:1:post:42"


def test_without_a_district_there_is_no_key() -> None:
    with pytest.raises(NoDistrict):
        cache.get("post:42")
    with pytest.raises(NoDistrict):
        cache.set_many({"a": 1})


def test_one_name_is_two_files(world: SimpleNamespace, media: Path) -> None:
    for district in (world.huiji, world.luoyang):
        with in_district(district):
            name = default_storage.save("photos/42.webp", ContentFile(district.name.encode()))
            assert name == "photos/42.webp"
            assert default_storage.url(name) == f"/media/{district.schema_name}/photos/42.webp"
    for district in (world.huiji, world.luoyang):
        assert (media / district.schema_name / "photos/42.webp").read_text() == district.name
        with in_district(district):
            assert default_storage.exists("photos/42.webp")
            with default_storage.open("photos/42.webp") as file:
                assert file.read().decode() == district.name
            assert default_storage.listdir("photos") == ([], ["42.webp"])
    with in_district(world.huiji):
        default_storage.delete("photos/42.webp")
        assert not default_storage.exists("photos/42.webp")
    with in_district(world.luoyang):
        assert default_storage.exists("photos/42.webp")


@pytest.mark.parametrize(
    "name",
    ["../luoyang/photos/42.webp", "photos/../../luoyang/42.webp", "/etc/passwd", "..", "x/../../luoyang2/y"],
)
def test_a_name_cannot_leave_its_districts_folder(world: SimpleNamespace, media: Path, name: str) -> None:
    (media / "luoyang" / "photos").mkdir(parents=True)
    (media / "luoyang" / "photos" / "42.webp").write_text("赵敏")
    with in_district(world.huiji):
        with pytest.raises(SuspiciousFileOperation):
            default_storage.open(name)
        with pytest.raises(SuspiciousFileOperation):
            default_storage.exists(name)
        with pytest.raises(SuspiciousFileOperation):
            default_storage.save(name, ContentFile(b""))


def test_a_district_is_no_prefix_of_another(world: SimpleNamespace, media: Path) -> None:
    """Folders ``huiji`` and ``huiji2`` beside each other: a path check by string prefix would mix them up."""
    with in_district(world.huiji), pytest.raises(SuspiciousFileOperation):
        default_storage.path("../huiji2/x")


def test_without_a_district_there_is_no_folder(media: Path) -> None:
    for call in (default_storage.path, default_storage.url, default_storage.exists):
        with pytest.raises(NoDistrict):
            call("photos/42.webp")
    with in_registry(), pytest.raises(NoDistrict):
        default_storage.path("photos/42.webp")


def test_a_lost_valkey_reads_as_empty(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = ForgivingValkeyCache(
        "redis://127.0.0.1:1/0", {"KEY_FUNCTION": district_key, "OPTIONS": {"socket_connect_timeout": 1}}
    )
    monkeypatch.setattr(ForgivingValkeyCache, "_left_alone_until", 0.0)
    tried: list[int] = []
    connect = lost._cache.get_client

    def counted(*args: Any, **kwargs: Any) -> Any:
        tried.append(1)
        return connect(*args, **kwargs)

    monkeypatch.setattr(lost._cache, "get_client", counted)
    with in_district(world.huiji):
        lost.set("a", 1)
        assert lost.get("a", "absent") == "absent"
        assert lost.get_many(["a"]) == {}
        assert lost.set_many({"a": 1}) == []
        assert lost.add("a", 1) is True
        assert lost.incr("a") == 1
        assert lost.touch("a") is False
        assert lost.delete("a") is False
        lost.delete_many(["a"])
        assert "a" not in lost
        assert lost.get_or_set("a", 5) == 5
        assert len(tried) == 1
    assert ForgivingValkeyCache._left_alone_until <= time.monotonic() + 1
