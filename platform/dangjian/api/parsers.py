"""Bodies: JSON of a bounded size."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError

from dangjian.api.problems import Problem


class JSONParser(parsers.JSONParser):
    """REST framework's, which would read a body of any length and fail on a deep one.

    Raises:
        Problem: 413 over `DATA_UPLOAD_MAX_MEMORY_SIZE`, 400 for anything but a JSON object.
    """

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise too_large(limit)
        try:
            found = super().parse(BytesIO(raw), media_type, parser_context)
        except (ParseError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Problem(400, "malformed", _("请求的内容应该是一个 JSON 对象。"))
        return found


def too_large(limit: int) -> Problem:
    """413 that names the limit."""
    return Problem(413, "too_large", _("内容不能超过 %(size)s MB。") % {"size": limit // 1024 // 1024})
