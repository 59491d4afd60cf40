"""From a host to its district, for HTTP."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError, connections
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from psycopg_pool import PoolTimeout, TooManyRequests

from tenants.context import in_district
from tenants.models import District, DistrictState
from tenants.pool import give_back_connections
from tenants.registry import district_for_host

RETRY_AFTER_SECONDS = 5


def _busy(error: BaseException) -> bool:
    return isinstance(error.__cause__, (PoolTimeout, TooManyRequests)) or isinstance(
        error, (PoolTimeout, TooManyRequests)
    )


def busy_response() -> HttpResponse:
    """503 with Retry-After: every database connection is taken; waiting longer would only lengthen the queue."""
    response = HttpResponse(
        _("现在访问的人很多，请过几秒再试。"), status=503, content_type="text/plain; charset=utf-8"
    )
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


class DistrictMiddleware:
    """Opens the district of the request's host around everything below it.

    Unknown host: a plain 404 that tells nothing. Suspended or not ready: 503 with the reason; only ``/healthz``
    and ``/readyz`` answer for themselves then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._answer(request)
        except OperationalError as error:
            if not _busy(error):
                raise
            return busy_response()

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError) and _busy(exception):
            return busy_response()
        return None

    def _answer(self, request: HttpRequest) -> HttpResponse:
        district = district_for_host(request.META.get("HTTP_HOST", ""))
        if district is None:
            return HttpResponseNotFound("Not found\n", content_type="text/plain")
        request.district = district  # type: ignore[attr-defined]
        if district.is_centre:
            request.urlconf = settings.CENTRE_URLCONF
        with in_district(district):
            # One checkout a request, taken at the door: an empty pool is met here, where it can be answered, and
            # not inside a middleware below, whose error would become a plain 500.
            connections[district.database].ensure_connection()
            if not district.is_active and request.path not in {"/healthz", "/readyz"}:
                return self._closed(district)
            response = self.get_response(request)
        if response.streaming:
            give_back_connections()  # a slow phone that fetches a photo must not hold a connection meanwhile
        return response

    def _closed(self, district: District) -> HttpResponse:
        html = render_to_string(
            "tenants/closed.html",
            {"district": district, "suspended": district.state == DistrictState.SUSPENDED},
        )
        response = HttpResponse(html, status=503)
        response["Retry-After"] = "60"
        return response
