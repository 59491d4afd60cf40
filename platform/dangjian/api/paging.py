"""Keyset pages: a page starts after the row the last one ended with, so it neither repeats nor skips a row while
new ones arrive.

A cursor is opaque and signed; it belongs to one list under one filter in one district.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext as _

from dangjian.api.problems import Problem
from tenants.context import required_scope

PAGE_SIZE = 20
Key = tuple[int | str, ...]


def seal(which: str, key: Key) -> str:
    """The cursor after the row with that sort key. `which` names the list and its filter: ``feed:branch:snapshot``."""
    return signing.dumps(key, salt=_salt(which), compress=False)


def unseal(which: str, cursor: str) -> Key | None:
    """The sort key in `cursor`; None for an empty one, which asks for the first page.

    Raises:
        Problem: 400, it is not one of ours or was made for another list, filter or district.
    """
    if not cursor:
        return None
    try:
        key = signing.loads(cursor, salt=_salt(which))
    except signing.BadSignature:
        detail = _("翻页的位置不属于这个列表，或者筛选条件变了。请从第一页重新读。")
        raise Problem(400, "bad_cursor", detail) from None
    return tuple(key)


def next_path(request: HttpRequest, cursor: str | None) -> str | None:
    """The relative address of the next page: the request's own with the cursor; None after the last."""
    if cursor is None:
        return None
    query: dict[str, Any] = {name: value for name, value in request.GET.items() if name != "cursor"}
    return f"{request.path}?{urlencode(query | {'cursor': cursor})}"


def _salt(which: str) -> str:
    return f"dangjian.paging:{required_scope().schema}:{which}"
