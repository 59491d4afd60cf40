"""Pages of the frame, on every host."""

from __future__ import annotations

from django.urls import path

from dangjian.ui import views

urlpatterns = [
    path("preferences/", views.preferences, name="preferences"),
]
