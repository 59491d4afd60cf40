"""``/api/v1/`` of sign-in."""

from __future__ import annotations

from django.urls import path

from dangjian.identity.api import SessionView

urlpatterns = [path("session/", SessionView.as_view(), name="api-session")]
