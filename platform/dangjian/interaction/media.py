"""Stored photos, to those who may see the post they belong to."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from dangjian.api.problems import Problem
from dangjian.interaction import access, photos
from tenants.context import current_district


@require_safe
def photo(request: HttpRequest, schema: str, pk: int, size: str) -> FileResponse:
    """The JPEG of that size (a key of `photos.SIZES`). It never changes, so a browser keeps it for a year."""
    member = request.member  # type: ignore[attr-defined]
    if schema != current_district().schema_name or size not in photos.SIZES or member is None:
        raise Http404
    try:
        file = photos.opened(access.readable_photo(member, pk), size)
    except (Problem, FileNotFoundError) as error:
        raise Http404 from error
    return FileResponse(
        file,
        content_type="image/jpeg",
        headers={
            "Cache-Control": "private, max-age=31536000, immutable",
            "Content-Encoding": "identity",  # it is compressed already; GZipMiddleware leaves it alone then
        },
    )
