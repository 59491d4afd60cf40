"""Addresses of the tree's pages."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.tree import views

urlpatterns = [
    path("officer/organizations/", views.outline, name="officer-organizations"),
    path("officer/organizations/<int:pk>/", views.organization, name="officer-organization"),
    path("officer/organizations/<int:pk>/<slug:key>/", views.act, name="officer-organization-act"),
]
