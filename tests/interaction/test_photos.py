"""Uploads: taken by what they contain, drawn anew, shown only to who may see them."""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
import zlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from dangjian.interaction import photos, services
from dangjian.interaction.models import Photo, Post
from tenants.context import in_district

HEIC = Path(__file__).parent / "data" / "photo.heic"  # 64 × 48
ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825


def picture(size: tuple[int, int] = (40, 30), kind: str = "JPEG", **options: Any) -> bytes:
    target = BytesIO()
    image = Image.new(options.pop("mode", "RGB"), size, options.pop("color", "red"))
    image.save(target, kind, **options)
    return target.getvalue()


def noise(kind: str) -> bytes:
    target = BytesIO()
    Image.effect_noise((400, 300), 80).convert("RGB").save(target, kind)
    return target.getvalue()


def png_header(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def upload(api: Any, content: bytes, name: str = "photo.jpg", **headers: str) -> Any:
    file = SimpleUploadedFile(name, content, content_type="image/jpeg")
    return api.client.post("/api/v1/uploads/", {"file": file}, headers=headers)


def stored(world: Any, pk: int, size: str = "desktop") -> Image.Image:
    with in_district(world.huiji):
        return Image.open(photos.opened(Photo.objects.get(pk=pk), size))


def test_an_upload_in_two_sizes(world: Any, api_of: Any) -> None:
    answer = upload(api_of("liqiang"), picture((3000, 2000)))
    assert answer.status_code == 201
    body = answer.json()
    assert body.keys() == {"id", "url", "width", "height"}
    assert (body["width"], body["height"]) == (1600, 1067)
    assert body["url"] == f"/media/huiji/photos/{body['id']}/desktop.jpg"
    assert stored(world, body["id"]).size == (1600, 1067)
    assert stored(world, body["id"], "phone").size == (720, 480)
    with in_district(world.huiji):
        assert default_storage.path(str(Photo.objects.get(pk=body["id"]).file)).startswith(
            f"{settings.MEDIA_ROOT}/huiji/"
        )


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "I;16"),
        ("WEBP", "RGBA"),
    ],
)
def test_kinds_and_colour_modes(kind: str, mode: str, world: Any, api_of: Any) -> None:
    color: Any = 0 if mode in {"P", "L", "I;16"} else (200, 0, 0, 128)[: 3 if mode == "RGB" else 4]
    answer = upload(api_of("liqiang"), picture(kind=kind, mode=mode, color=color))
    assert answer.status_code == 201
    found = stored(world, answer.json()["id"])
    assert (found.format, found.mode, found.size) == ("JPEG", "RGB", (40, 30))


def test_transparency_becomes_white(world: Any, api_of: Any) -> None:
    clear = upload(api_of("liqiang"), picture(kind="PNG", mode="RGBA", color=(0, 0, 0, 0)))
    assert stored(world, clear.json()["id"]).getpixel((5, 5)) == (255, 255, 255)


def test_heic(world: Any, api_of: Any) -> None:
    answer = upload(api_of("liqiang"), HEIC.read_bytes(), "IMG_0001.HEIC")
    assert answer.status_code == 201
    found = stored(world, answer.json()["id"])
    assert (found.format, found.size) == ("JPEG", (64, 48))
    assert not found.getexif()


def test_exif_goes_and_the_picture_stands_upright(world: Any, api_of: Any) -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = 6, "Phone Maker"
    exif.get_ifd(GPS)[2] = (34.0, 51.0, 0.0)
    content = picture((400, 200), exif=exif, comment=b"secret remark")
    assert b"Phone Maker" in content
    body = upload(api_of("liqiang"), content).json()
    assert (body["width"], body["height"]) == (200, 400)
    for size in photos.SIZES:
        found = stored(world, body["id"], size)
        assert not found.getexif()
        assert set(found.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }
        with in_district(world.huiji):
            raw = photos.opened(Photo.objects.get(pk=body["id"]), size).read()
        assert b"Phone Maker" not in raw
        assert b"secret remark" not in raw


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("a.jpg", b"<!doctype html><script>alert(1)</script>"),
        ("a.png", b"<html>" + picture(kind="PNG")),
        ("a.jpg", b"%PDF-1.7"),
        ("a.gif", picture(kind="GIF")),
        ("a.jpg", b"BM" + b"\0" * 60),
        ("a.jpg", b"\0"),
    ],
    ids=["svg", "html", "html and png", "pdf", "gif", "bmp", "one byte"],
)
def test_other_formats_are_refused_whatever_their_name(name: str, content: bytes, api_of: Any) -> None:
    answer = upload(api_of("liqiang"), content, name)
    assert (answer.status_code, answer.json()["code"]) == (415, "unknown_format")


def test_a_payload_behind_a_picture_is_not_kept(world: Any, api_of: Any) -> None:
    body = upload(api_of("liqiang"), picture(kind="PNG") + b"<script>alert(1)</script>", "a.html").json()
    with in_district(world.huiji):
        assert b"<script>" not in photos.opened(Photo.objects.get(pk=body["id"]), "desktop").read()
    shown = api_of("liqiang").get(body["url"])
    assert shown["Content-Type"] == "image/jpeg"
    assert shown["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "content",
    [
        picture((800, 600), quality=95)[:3000],
        picture((800, 600), kind="PNG")[:300],
        noise("WEBP")[:3000],
        png_header(40, 30, b"not deflated"),
        b"\xff\xd8\xff\xe0",
    ],
    ids=["jpeg", "png", "webp", "png data", "four bytes"],
)
def test_damaged_pictures(content: bytes, api_of: Any) -> None:
    answer = upload(api_of("liqiang"), content)
    # A JPEG of which nothing but the first bytes is there cannot be told from any other file.
    assert (answer.status_code, answer.json()["code"]) in {(422, "refused"), (415, "unknown_format")}
    if len(content) > 10:
        assert answer.json()["errors"][0] | {"detail": ""} == {
            "pointer": "/file",
            "code": "damaged",
            "detail": "",
        }


def test_no_file(api_of: Any) -> None:
    assert upload(api_of("liqiang"), b"").status_code == 422
    answer = api_of("liqiang").client.post("/api/v1/uploads/", {"other": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "required")
    broken = api_of("liqiang").client.post(
        "/api/v1/uploads/", data=b"--x\r\nnonsense", content_type="multipart/form-data"
    )
    assert broken.status_code == 400
    assert api_of("liqiang").post("uploads/", {"file": "x"}).status_code == 415


def test_forty_megabytes(api_of: Any) -> None:
    answer = upload(api_of("liqiang"), picture() + b"\0" * 40_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "20" in answer.json()["detail"]


def test_a_picture_of_400_million_pixels(api_of: Any) -> None:
    row = zlib.compressobj(1)
    data = b"".join(row.compress(b"\0" * 60_001) for _ in range(20_000)) + row.flush()
    bomb = png_header(20_000, 20_000, data)
    assert len(bomb) < settings.UPLOAD_MAX_BYTES
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = upload(api_of("liqiang"), bomb)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "too_many_pixels"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024, "nothing of it may be decoded"


@pytest.mark.parametrize(
    ("size", "kind", "mode"),
    [((5700, 5800), "PNG", "RGB"), ((4900, 5000), "PNG", "RGBA"), ((9000, 9000), "JPEG", "RGB")],
)
def test_the_largest_pictures_fit_into_256_mb(size: Any, kind: str, mode: str, tmp_path: Any) -> None:
    source = tmp_path / "large"
    options = {"compress_level": 1} if kind == "PNG" else {}
    source.write_bytes(picture(size, kind, mode=mode, color=(9, 9, 9, 99)[: len(mode)], **options))
    script = (
        "import sys, resource, django; django.setup()\n"
        "from django.core.files.uploadedfile import SimpleUploadedFile\n"
        "from dangjian.api import pictures\n"
        "file = SimpleUploadedFile('a', open(sys.argv[1], 'rb').read())\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "pictures.encoded(pictures.drawn_anew(file, longest=1600))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(source)],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    assert int(done.stdout) < 256 * 1024, "KB grown"


def _environment() -> dict[str, str]:
    import os

    return os.environ | {
        "PYTHONPATH": f"{settings.ROOT}:{settings.ROOT}/platform",
        "DJANGO_SETTINGS_MODULE": "dangjian.config.settings",
        "DEBUG": "1",
    }


def test_who_sees_a_photo(world: Any, api_of: Any) -> None:
    author = api_of("liqiang")
    photo = upload(author, picture()).json()
    phone = photo["url"].replace("desktop", "phone")
    assert author.get(photo["url"]).status_code == 200
    assert api_of("wangfang").get(photo["url"]).status_code == 404  # not posted yet
    made = author.post(
        "posts/", {"kind": "snapshot", "text": "", "visibility": "branch", "photos": [photo["id"]]}
    )
    assert made.status_code == 201
    assert made.json()["photos"] == [photo]
    for username, status in (("wangfang", 200), ("zhangwei", 200), ("zhoujie", 404), ("zhaomin", 404)):
        assert api_of(username).get(photo["url"]).status_code == status, username
        assert api_of(username).get(phone).status_code == status, username
    shown = api_of("wangfang").get(photo["url"], **{"Accept-Encoding": "gzip"})
    assert shown["Content-Type"] == "image/jpeg"
    assert "private" in shown["Cache-Control"]
    assert Image.open(BytesIO(b"".join(shown.streaming_content))).size == (40, 30)
    for path in (
        photo["url"].replace("huiji", "luoyang"),
        photo["url"].replace("desktop", "original"),
        f"/media/huiji/photos/{2**63}/desktop.jpg",
    ):
        assert author.get(path).status_code == 404
    author.delete(f"posts/{made.json()['id']}/")
    assert api_of("wangfang").get(photo["url"]).status_code == 404


def test_the_author_alone_keeps_seeing_what_was_hidden_and_is_told_why(
    world: Any, api_of: Any, client_of: Any
) -> None:
    liqiang = api_of("liqiang")
    photo = upload(liqiang, picture()).json()
    made = liqiang.post(
        "posts/", {"kind": "snapshot", "text": "门牌", "visibility": "district", "photos": [photo["id"]]}
    )
    with in_district(world.huiji):
        services.hide_post(
            post=Post.objects.get(pk=made.json()["id"]), by=world.zhangwei, reason="照片里有门牌"
        )

    page = client_of("liqiang").get("/me/posts/").content.decode()
    assert "这条动态已由张伟隐藏，原因：照片里有门牌" in page
    assert page.count(f"/photos/{photo['id']}/phone.jpg") == 1
    small = photo["url"].replace("desktop", "phone")
    assert client_of("liqiang").get(small).status_code == 200
    assert [client_of(name).get(small).status_code for name in ("wangfang", "zhangwei", "zhaomin")] == [
        404,
        404,
        404,
    ]


def test_a_photo_is_posted_once_and_by_its_owner(api_of: Any) -> None:
    mine = upload(api_of("liqiang"), picture()).json()["id"]
    post = {"kind": "snapshot", "text": "x", "visibility": "district"}
    assert api_of("wangfang").post("posts/", post | {"photos": [mine]}).status_code == 422
    assert api_of("liqiang").post("posts/", post | {"photos": [mine, mine]}).status_code == 422
    assert api_of("liqiang").post("posts/", post | {"photos": [mine]}).status_code == 201
    again = api_of("liqiang").post("posts/", post | {"photos": [mine]})
    assert again.json()["errors"][0]["pointer"] == "/photos/0"


def test_photos_of_a_post_are_changed_and_ordered(api_of: Any) -> None:
    api = api_of("liqiang")
    first, second, third = (upload(api, picture((20 + each, 20))).json()["id"] for each in range(3))
    made = api.post(
        "posts/", {"kind": "snapshot", "text": "", "visibility": "district", "photos": [second, first]}
    ).json()
    assert [photo["id"] for photo in made["photos"]] == [second, first]
    path = f"posts/{made['id']}/"
    changed = api.patch(path, {"photos": [third, second]}, **{"If-Match": '"1"'}).json()
    assert [photo["id"] for photo in changed["photos"]] == [third, second]
    assert api.patch(path, {"photos": []}, **{"If-Match": '"2"'}).status_code == 422  # nothing would be left
    assert len(api.get(path).json()["photos"]) == 2


def test_abandoned_uploads_are_removed(world: Any, api_of: Any) -> None:
    api = api_of("liqiang")
    old, posted, fresh = (upload(api, picture()).json()["id"] for _ in range(3))
    api.post("posts/", {"kind": "snapshot", "text": "x", "visibility": "district", "photos": [posted]})
    with in_district(world.huiji):
        Photo.objects.filter(pk__in=[old, posted]).update(created_at=timezone.now() - timedelta(hours=26))
        name = str(Photo.objects.get(pk=old).file)
        assert default_storage.exists(name)
        assert photos.remove_abandoned() == 1
        assert not default_storage.exists(name)
        assert not default_storage.exists(photos.phone_name(name))
        assert set(Photo.objects.values_list("pk", flat=True)) == {posted, fresh}
        assert photos.remove_abandoned() == 0
