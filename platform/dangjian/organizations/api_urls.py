"""``/api/v1/`` of organisations."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.api import MemberStatisticsView, MembersView, OrganizationsView
from dangjian.organizations.imports_api import ImportApplyView, ImportsView, ImportUndoView, ImportView

urlpatterns = [
    path("organizations/", OrganizationsView.as_view(), name="api-organizations"),
    path("members/", MembersView.as_view(), name="api-members"),
    path("statistics/members/", MemberStatisticsView.as_view(), name="api-statistics-members"),
    path("imports/", ImportsView.as_view(), name="api-imports"),
    path("imports/<int:pk>/", ImportView.as_view(), name="api-import"),
    path("imports/<int:pk>/apply/", ImportApplyView.as_view(), name="api-import-apply"),
    path("imports/<int:pk>/undo/", ImportUndoView.as_view(), name="api-import-undo"),
]
