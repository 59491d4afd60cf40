"""Every URL of a district's host; tests/contract/permissions.py lists them with who may open each."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from dangjian.config.health import healthz
from dangjian.interaction import media

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("", include("dangjian.identity.urls")),
    path("", include("dangjian.organizations.urls")),
    path("", include("dangjian.basis.urls")),
    path("", include("dangjian.interaction.urls")),
    path("", include("dangjian.personal.urls")),
    path("", include("dangjian.ui.urls")),
    path("api/v1/", include("dangjian.config.api_urls")),
    path("media/<slug:schema>/photos/<int:pk>/<slug:size>.jpg", media.photo, name="photo"),
]

handler404 = "dangjian.api.problems.page_not_found"
handler500 = "dangjian.api.problems.server_error"
