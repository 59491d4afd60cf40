"""A POST that is sent twice is done once: the ``Idempotency-Key`` header of the API, and the key of a form.

The answer is kept in the transaction of what was done, so a crash leaves both or neither. Refused requests are
not kept: a text that was corrected may be sent again under its key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api import database
from dangjian.api.models import IdempotentAnswer
from dangjian.api.problems import Problem
from realtime import outbox

HEADER: Final = "Idempotency-Key"
KEPT_HOURS: Final = 24
MAX_KEY_LENGTH: Final = 100
_PATIENCE = "100ms"


@dataclass(frozen=True, slots=True)
class Answer:
    """status and body (JSON) of the first run; `repeated` when this was not it."""

    status: int | None
    body: Any
    repeated: bool


def once(*, user_id: int, path: str, key: str, digest: str, run: Callable[[], tuple[int, Any]]) -> Answer:
    """The answer of `run`, or the one kept for the same person, path and key within 24 hours.

    `run` returns (status, JSON body) and raises to refuse; what it writes is committed together with its answer.
    digest: of the request's content.

    Raises:
        Problem: 422 for another content under the same key, 409 while the first is still running.
    """
    with outbox.atomic():
        kept = _claim(user_id, path, key, digest)
        if isinstance(kept, IdempotentAnswer):
            if kept.request_digest != digest:
                detail = _("这个提交编号已经用过，内容却不一样。请换一个编号再提交。")
                raise Problem(422, "key_reused", detail)
            return Answer(kept.status, kept.body, repeated=True)
        status, body = run()
        IdempotentAnswer.objects.filter(pk=kept).update(status=status, body=body)
        return Answer(status, body, repeated=False)


def idempotent(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Make a REST view's ``post`` heed the `Idempotency-Key` header."""

    @wraps(handler)
    def post(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable():
            detail = _("提交编号应该是 1 到 %(most)s 个可见字符。") % {"most": MAX_KEY_LENGTH}
            raise Problem(400, "bad_key", detail)

        made: list[Response] = []

        def run() -> tuple[int, Any]:
            made.append(handler(view, request, *args, **kwargs))
            return made[0].status_code, made[0].data

        user_id: Any = request.user.pk
        answer = once(user_id=user_id, path=request.path, key=key, digest=digest_of(request.data), run=run)
        if made:
            return made[0]
        return Response(answer.body, status=answer.status, headers={"Idempotency-Replayed": "true"})

    return post


def digest_of(content: Any) -> str:
    """Of what was sent, not of how: the order of JSON members and a multipart boundary do not count.

    content: ``request.data``; a file counts with its bytes.
    """
    total = hashlib.sha256()
    if hasattr(content, "lists"):
        for name, values in sorted(content.lists()):
            for value in values:
                total.update(json.dumps([name, isinstance(value, UploadedFile)]).encode())
                total.update(_digest_of_part(value))
    else:
        total.update(json.dumps(content, sort_keys=True).encode())
    return total.hexdigest()


def _digest_of_part(value: Any) -> bytes:
    part = hashlib.sha256()
    if isinstance(value, UploadedFile):
        for chunk in value.chunks():
            part.update(chunk)
        value.seek(0)
    else:
        part.update(json.dumps(value).encode())
    return part.digest()


def _claim(user_id: int, path: str, key: str, digest: str) -> int | IdempotentAnswer:
    """The id of a fresh row for this request, or the row with the first one's answer.

    The first request's row is invisible until it commits; only its lock tells that it is running, so waiting for
    that lock is cut short.
    """
    with database.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        try:
            cursor.execute(
                "INSERT INTO api_idempotentanswer AS kept (user_id, path, key, request_digest)"
                " VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (user_id, path, key) DO UPDATE"
                " SET request_digest = excluded.request_digest, status = NULL, body = NULL, created_at = now()"
                " WHERE kept.created_at < now() - make_interval(hours => %s)"
                " RETURNING id",
                [user_id, path, key, digest, KEPT_HOURS],
            )
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            detail = _("同样的提交还在处理，请稍等，不用再发一次。")
            raise Problem(409, "still_running", detail, headers={"Retry-After": "1"}) from error
        row = cursor.fetchone()
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    if row is not None:
        return int(row[0])
    return IdempotentAnswer.objects.get(user_id=user_id, path=path, key=key)
