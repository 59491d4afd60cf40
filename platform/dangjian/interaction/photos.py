"""Uploaded pictures: checked by what they contain, re-encoded, kept in two sizes.

What is stored was drawn anew by us: no EXIF, no place, no payload behind or inside the picture.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from io import BytesIO
from typing import IO, Any, Final

import pi_heif
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps

from dangjian.api.parsers import too_large
from dangjian.api.problems import FieldError, Problem, refused
from dangjian.interaction.models import Photo
from dangjian.organizations.models import Member
from realtime import outbox

SIZES: Final = {"desktop": 1600, "phone": 720}  # longest side in pixels
ABANDONED_AFTER: Final = timedelta(hours=25)
# A decoded picture of that many bytes and the one drawn from it fit into 256 MB.
_MOST_BYTES: Final = 100_000_000
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF")
_REMOVED_AT_ONCE: Final = 200

Image.init()
pi_heif.register_heif_opener(thumbnails=False)


def keep(*, owner: Member, file: UploadedFile) -> Photo:
    """Check and re-encode an upload; the photo belongs to `owner` alone until a post takes it.

    Raises:
        Problem: 413 (over `UPLOAD_MAX_BYTES`), 415 (not one of the formats, whatever its name), 422 (damaged, or
            with more pixels than can be taken).
    """
    if file.size is not None and file.size > settings.UPLOAD_MAX_BYTES:
        raise too_large(settings.UPLOAD_MAX_BYTES)
    if not file.size:
        raise _damaged()
    picture = _drawn_anew(_opened(file))
    name = f"photos/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}.jpg"
    default_storage.save(name, ContentFile(_encoded(picture)))
    phone = picture.copy()
    phone.thumbnail((SIZES["phone"], SIZES["phone"]))
    default_storage.save(phone_name(name), ContentFile(_encoded(phone)))
    return Photo.objects.create(owner=owner, file=name, width=picture.width, height=picture.height)


def opened(photo: Photo, size: str) -> IO[bytes]:
    """The stored JPEG of that size (a key of `SIZES`).

    Raises:
        FileNotFoundError
    """
    name = str(photo.file)
    return default_storage.open(phone_name(name) if size == "phone" else name)


def phone_name(name: str) -> str:
    """The name of the phone size beside the desktop size's."""
    return f"{name.removesuffix('.jpg')}-phone.jpg"


def remove_abandoned() -> int:
    """Remove uploads that no post took within a day; returns how many."""
    with outbox.atomic():
        old = list(
            Photo.objects.select_for_update(skip_locked=True)
            .filter(post=None, created_at__lt=Now() - ABANDONED_AFTER)
            .order_by("created_at")[:_REMOVED_AT_ONCE]
        )
        Photo.objects.filter(pk__in=[photo.pk for photo in old]).delete()
        unused = {str(photo.file) for photo in old}
        # Demo data show one picture in many posts.
        unused -= set(Photo.objects.filter(file__in=unused).values_list("file", flat=True))
    for name in unused:  # after the commit: a file without a row is waste, a row without a file is a hole
        default_storage.delete(name)
        default_storage.delete(phone_name(name))
    return len(old)


def _opened(file: UploadedFile) -> Image.Image:
    """The picture with its header read, none of its pixels."""
    try:
        picture = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Image.UnidentifiedImageError as error:
        detail = _("这不是能用的照片。请选 JPG、PNG、WebP 或 HEIC 格式。")
        raise Problem(415, "unknown_format", detail) from error
    except Exception as error:  # what decoders raise on hostile headers is open-ended
        raise _damaged() from error
    if picture.format in {"JPEG", "MPO"}:  # MPO: a JPEG with more of them behind it, as some phones make
        # Decoded at a fraction of its size where that is still enough.
        picture.draft("RGB", (SIZES["desktop"], SIZES["desktop"]))
    if picture.width * picture.height * len(picture.getbands()) > _MOST_BYTES:
        raise _too_many_pixels()
    return picture


def _drawn_anew(picture: Image.Image) -> Image.Image:
    """At most the desktop size, upright, in sRGB on white, without anything but pixels."""
    try:
        picture.load()
        profile = picture.info.get("icc_profile")
        picture.thumbnail((SIZES["desktop"], SIZES["desktop"]))
        picture = ImageOps.exif_transpose(picture)
        if picture.has_transparency_data:
            seen = picture.convert("RGBA")
            picture = Image.new("RGB", seen.size, "white")
            picture.paste(seen, mask=seen)
        elif picture.mode == "RGB" and profile:
            picture = _in_srgb(picture, profile)
        plain = Image.new("RGB", picture.size)
        plain.paste(picture.convert("RGB"))
    except MemoryError:
        raise
    except Exception as error:  # as above: any failure to decode is a damaged picture
        raise _damaged() from error
    return plain


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        converted: Any = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    except (ImageCms.PyCMSError, OSError):
        return picture  # a broken profile says nothing about the colours
    return converted


def _encoded(picture: Image.Image) -> bytes:
    target = BytesIO()
    picture.save(target, "JPEG", quality=82, optimize=True, progressive=True)
    return target.getvalue()


def _damaged() -> Problem:
    return refused(FieldError("/file", "damaged", _("照片不完整，可能没有传完。请重新选一次。")))


def _too_many_pixels() -> Problem:
    detail = _("照片的像素太多了，请缩小到 3000 万像素以内再传。")
    return refused(FieldError("/file", "too_many_pixels", detail))
