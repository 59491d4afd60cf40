"""Pages of the central host."""

from __future__ import annotations

from django.urls import path

from dangjian.oversight import views

urlpatterns = [path("", views.overview, name="overview")]
