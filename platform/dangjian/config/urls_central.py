"""Every URL of the central host; tests/contract/permissions.py lists them with who may open each."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from dangjian.config.health import healthz
from dangjian.personal.api import MeView

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("", include("dangjian.identity.urls")),
    path("", include("dangjian.oversight.urls")),
    path("", include("dangjian.ui.urls")),
    path("api/v1/", include("dangjian.identity.api_urls")),
    path("api/v1/me/", MeView.as_view(), name="api-me"),
]
