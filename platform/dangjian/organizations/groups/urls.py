"""Addresses of the pages of Party groups."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.groups import views

urlpatterns = [
    path("organizations/<int:pk>/groups/", views.overview, name="party-groups"),
    path("organizations/<int:pk>/groups/new/", views.new, name="party-group-new"),
    path("organizations/<int:pk>/groups/arrange/", views.arrange, name="party-groups-arrange"),
    path("groups/<int:pk>/rename/", views.rename, name="party-group-rename"),
    path("groups/<int:pk>/dissolve/", views.dissolve, name="party-group-dissolve"),
]
