"""The API of a district, put together from its modules; and its description."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

urlpatterns = [
    path("", include("dangjian.identity.api_urls")),
    path("", include("dangjian.organizations.api_urls")),
    path("", include("dangjian.basis.api_urls")),
    path("", include("dangjian.interaction.api_urls")),
    path("", include("dangjian.personal.api_urls")),
    path("schema/", SpectacularJSONAPIView.as_view(), name="api-schema"),
    path(
        "docs/",
        SpectacularSwaggerView.as_view(url_name="api-schema", template_name="api/docs.html"),
        name="api-docs",
    ),
]
