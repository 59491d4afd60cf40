"""Pages of terms and elections."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.elections import views

urlpatterns = [
    path("officer/terms/", views.of_district, name="officer-terms"),
    path("branch/terms/", views.of_branch, name="terms"),
    path("branch/elections/new/", views.new, name="election-new"),
    path("branch/elections/<int:pk>/", views.election, name="election"),
    path("branch/elections/<int:pk>/edit/", views.edit, name="election-edit"),
    path("branch/elections/<int:pk>/<slug:act>/", views.act, name="election-act"),
]
