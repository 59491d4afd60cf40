"""Papers of a case: taken in, checked by what they contain, kept in the district's storage, handed out again.

A PDF is kept as it is and only ever handed out as a download; a picture of a paper is drawn anew, so that nothing of
the phone's place or of its making remains.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from dangjian.api import pictures
from dangjian.api.parsers import too_large
from dangjian.api.problems import FieldError, Problem, refused
from dangjian.organizations.admission.models import AdmissionCase, AdmissionPaper
from dangjian.organizations.models import Member
from tenants.context import current_district

LONGEST: Final = 2400  # pixels: a page of A4 stays readable
NAME_LENGTH: Final = 120
_PDF: Final = b"%PDF-"
_END: Final = b"%%EOF"


def keep(
    *, case: AdmissionCase, step: str, kind: str, file: UploadedFile[Any] | None, by: Member
) -> AdmissionPaper:
    """Check and store an upload, within the caller's transaction; undone with it.

    Raises:
        Problem: 413 (over `UPLOAD_MAX_BYTES`), 415 (neither a PDF nor a picture), 422 (none, empty or damaged).
    """
    if file is None or not file.size:
        raise refused(FieldError("/file", "required", _("请选一个文件（PDF 或照片）。")))
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise too_large(settings.UPLOAD_MAX_BYTES)
    content, media_type = _checked(file)
    suffix = "pdf" if media_type == "application/pdf" else "jpg"
    stored = default_storage.save(f"admission/{case.pk}/{uuid.uuid4().hex}.{suffix}", ContentFile(content))
    try:
        with transaction.atomic(using=current_district().database):
            return AdmissionPaper.objects.create(
                case=case, step=step, kind=kind, name=_name(file.name or "", suffix), file=stored,
                media_type=media_type, size=len(content), digest=hashlib.sha256(content).hexdigest(), by=by,
            )  # fmt: skip
    except BaseException:
        default_storage.delete(stored)
        raise


def opened(paper: AdmissionPaper) -> IO[bytes]:
    """
    Raises:
        FileNotFoundError
    """
    return default_storage.open(paper.file)


def remove(paper: AdmissionPaper) -> None:
    """Take the row away; the file goes after the commit: a file without a row is waste, a row without a file a hole."""
    name = paper.file
    paper.delete()
    # Demo data have one paper in many files.
    if not AdmissionPaper.objects.filter(file=name).exists():
        transaction.on_commit(lambda: default_storage.delete(name), using=current_district().database)


def _checked(file: UploadedFile[Any]) -> tuple[bytes, str]:
    head = file.read(1024)
    file.seek(0)
    if _PDF in head:
        content = file.read()
        # What was cut off on the way has no end; readers accept rubbish in front of and behind the document.
        if _END not in content[-2048:]:
            raise refused(FieldError("/file", "damaged", _("这个 PDF 不完整，可能没有传完。请重新选一次。")))
        return content, "application/pdf"
    try:
        picture = pictures.drawn_anew(file, longest=LONGEST)
    except Problem as problem:
        if problem.status != 415:
            raise
        detail = _("材料要 PDF，或者 JPG、PNG、WebP、HEIC 照片。Word、WPS 文档请先另存为 PDF。")
        raise Problem(415, "unknown_format", detail) from problem
    return pictures.encoded(picture), "image/jpeg"


def _name(given: str, suffix: str) -> str:
    """The uploaded name without what a file system or a header could trip over, with the suffix of what is kept."""
    told = "".join(sign for sign in given if sign.isprintable() and sign not in '/\\:*?"<>|').strip(" .")
    stem = told.rpartition(".")[0] or told or "paper"
    return f"{stem[: NAME_LENGTH - 5]}.{suffix}"
