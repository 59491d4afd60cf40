"""Every URL of a district's host; tests/contract/permissions.py lists them with who may open each."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
