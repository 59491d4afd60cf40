"""Pictures as people upload them: checked by what they contain, and drawn anew.

What comes out was drawn by us: no EXIF, no place, no payload behind or inside the picture.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

import pi_heif
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps

from dangjian.api.problems import FieldError, Problem, refused

# A decoded picture of that many bytes and the one drawn from it fit into 256 MB.
_MOST_BYTES: Final = 100_000_000
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF")

Image.init()
pi_heif.register_heif_opener(thumbnails=False)


def drawn_anew(file: UploadedFile, *, longest: int) -> Image.Image:
    """The uploaded picture upright, in sRGB on white, its longest side at most `longest` pixels.

    Raises:
        Problem: 415 (not one of the formats, whatever its name), 422 (damaged, or more pixels than can be taken).
    """
    return _drawn_anew(_opened(file, longest), longest)


def encoded(picture: Image.Image) -> bytes:
    """As a JPEG."""
    target = BytesIO()
    picture.save(target, "JPEG", quality=82, optimize=True, progressive=True)
    return target.getvalue()


def damaged() -> Problem:
    return refused(FieldError("/file", "damaged", _("照片不完整，可能没有传完。请重新选一次。")))


def _opened(file: UploadedFile, longest: int) -> Image.Image:
    """The picture with its header read, none of its pixels."""
    try:
        picture = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Image.UnidentifiedImageError as error:
        detail = _("这不是能用的照片。请选 JPG、PNG、WebP 或 HEIC 格式。")
        raise Problem(415, "unknown_format", detail) from error
    except Exception as error:  # what decoders raise on hostile headers is open-ended
        raise damaged() from error
    if picture.format in {"JPEG", "MPO"}:  # MPO: a JPEG with more of them behind it, as some phones make
        # Decoded at a fraction of its size where that is still enough.
        picture.draft("RGB", (longest, longest))
    if picture.width * picture.height * len(picture.getbands()) > _MOST_BYTES:
        raise _too_many_pixels()
    return picture


def _drawn_anew(picture: Image.Image, longest: int) -> Image.Image:
    try:
        picture.load()
        profile = picture.info.get("icc_profile")
        picture.thumbnail((longest, longest))
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
        raise damaged() from error
    return plain


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        converted: Any = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    except (ImageCms.PyCMSError, OSError):
        return picture  # a broken profile says nothing about the colours
    return converted


def _too_many_pixels() -> Problem:
    detail = _("照片的像素太多了，请缩小到 3000 万像素以内再传。")
    return refused(FieldError("/file", "too_many_pixels", detail))
