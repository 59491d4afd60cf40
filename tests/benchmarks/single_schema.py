"""Settings of the anchor: the same product on plain single-schema Django, without a tenant in sight."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from dangjian.config.settings import *  # noqa: F403
from dangjian.config.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE

DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASE_ROUTERS = []
INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "django_tenants"]
MIDDLEWARE = [
    "tests.benchmarks.single_schema.OneDistrict" if name == "tenants.middleware.DistrictMiddleware" else name
    for name in MIDDLEWARE
]


class OneDistrict:
    """Stands where the product resolves a host: there is one district, known beforehand."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        from tenants.models import District

        self.get_response = get_response
        self.district = District(
            id=1, name="惠济区", short_name="惠济", schema_name="public", state="active", database="default"
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from tenants.context import in_district

        request.district = self.district  # type: ignore[attr-defined]
        with in_district(self.district):
            return self.get_response(request)
