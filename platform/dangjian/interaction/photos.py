"""Uploaded pictures: checked and drawn anew (`dangjian.api.pictures`), kept in two sizes."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import IO, Final

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db.models.functions import Now
from django.utils import timezone

from dangjian.api import pictures
from dangjian.api.parsers import too_large
from dangjian.interaction.models import Photo
from dangjian.organizations.models import Member
from realtime import outbox

SIZES: Final = {"desktop": 1600, "phone": 720}  # longest side in pixels
ABANDONED_AFTER: Final = timedelta(hours=25)
_REMOVED_AT_ONCE: Final = 200


def keep(*, owner: Member, file: UploadedFile) -> Photo:
    """Check and re-encode an upload; the photo belongs to `owner` alone until a post takes it.

    Raises:
        Problem: 413 (over `UPLOAD_MAX_BYTES`), 415 (not one of the formats, whatever its name), 422 (damaged, or
            with more pixels than can be taken).
    """
    if file.size is not None and file.size > settings.UPLOAD_MAX_BYTES:
        raise too_large(settings.UPLOAD_MAX_BYTES)
    if not file.size:
        raise pictures.damaged()
    picture = pictures.drawn_anew(file, longest=SIZES["desktop"])
    name = f"photos/{timezone.localdate():%Y/%m}/{uuid.uuid4().hex}.jpg"
    default_storage.save(name, ContentFile(pictures.encoded(picture)))
    phone = picture.copy()
    phone.thumbnail((SIZES["phone"], SIZES["phone"]))
    default_storage.save(phone_name(name), ContentFile(pictures.encoded(phone)))
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
