"""Pages of organisations: the officer's desk and the branch."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations import branch_views, views

urlpatterns = [
    path("officer/members/", views.members, name="officer-members"),
    path("officer/members/<int:pk>/", views.member, name="officer-member"),
    path("officer/members/<int:pk>/<slug:action>/", views.member_action, name="officer-member-action"),
    path("officer/audit/", views.audit, name="officer-audit"),
    path("branch/", branch_views.branch, name="branch"),
    path("branch/help-sheet/", branch_views.help_sheet, name="branch-help-sheet"),
]
