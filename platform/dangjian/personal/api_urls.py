"""What is one's own, and the REST twin of the socket."""

from __future__ import annotations

from django.urls import path

from dangjian.personal import api

urlpatterns = [
    path("me/", api.MeView.as_view(), name="api-me"),
    path("me/replies/", api.RepliesView.as_view(), name="api-replies"),
    path("me/replies/read/", api.RepliesReadView.as_view(), name="api-replies-read"),
    path("events/", api.EventsView.as_view(), name="api-events"),
]
