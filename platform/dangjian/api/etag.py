"""Entity tags: a read that would answer what the reader already has answers 304; a change names what it changes.

The tag of a versioned thing is ``"<version>-<digest>"``: all of it decides whether a read is fresh, but a change
is compared by the version alone, so that somebody's like does not stand in the way of an edit.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.problems import Problem

# A compressing proxy makes a tag weak, and some add a suffix: neither changes the version in front.
_TAG = re.compile(r'(?:W/)?"?(\d{1,18})(?:-[^"]*)?"?')


def tagged(body: dict[str, Any], *, version: int, status: int = 200) -> Response:
    """A response whose tag carries the version."""
    digest = hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=9).hexdigest()
    return Response(body, status=status, headers={"ETag": f'"{version}-{digest}"'})


def expected_version(request: Request) -> int | None:
    """The version that ``If-Match`` names: a tag this API gave, or the `version` member itself; None for ``*``.

    Raises:
        Problem: 428 without the header; a tag that names no version is stale, 412.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given:
        detail = _("请在 If-Match 里写明你改的是哪个版本，免得盖掉别人刚改的内容。")
        raise Problem(428, "version_missing", detail)
    if given == "*":
        return None
    found = _TAG.fullmatch(given)
    if found is None:
        raise stale()
    return int(found.group(1))


def stale() -> Problem:
    """412: somebody changed it in between."""
    return Problem(412, "stale", _("这段内容刚刚被改过。你写的还在，请看过最新的版本再保存。"))
