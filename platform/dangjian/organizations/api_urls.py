"""``/api/v1/`` of organisations."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.api import MembersView, OrganizationsView

urlpatterns = [
    path("organizations/", OrganizationsView.as_view(), name="api-organizations"),
    path("members/", MembersView.as_view(), name="api-members"),
]
