"""Request id and district on every log line, and one line a request."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger(__name__)

_ACCEPTED = re.compile(r"\A[A-Za-z0-9-]{8,64}\Z")
_PROBES = {"/healthz", "/readyz"}


class RequestIdMiddleware:
    """Gives each request an id (the proxy's ``X-Request-Id`` when it has the form of one), returns and logs it.

    The line holds no query string: what somebody searched for is theirs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ACCEPTED.match(given) else uuid.uuid4().hex
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            district = getattr(request, "district", None)
            (log.debug if request.path in _PROBES else log.info)(
                "request",
                district=district.schema_name if district else None,
                method=request.method,
                path=request.path,
                status=response.status_code,
                duration_ms=round((time.perf_counter() - began) * 1000, 1),
            )
        response["X-Request-Id"] = request_id
        return response
