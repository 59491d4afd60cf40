"""Pages of 互动."""

from __future__ import annotations

from django.urls import path

from dangjian.interaction import views

urlpatterns = [
    path("", views.home, name="home"),
    path("feed/", views.feed, name="feed"),
    path("feed/cards/", views.feed_cards, name="feed-cards"),
    path("posts/new/", views.post_new, name="post-new"),
    path("posts/<int:pk>/", views.post, name="post"),
    path("posts/<int:pk>/edit/", views.post_edit, name="post-edit"),
    path("posts/<int:pk>/delete/", views.post_delete, name="post-delete"),
    path("posts/<int:pk>/like/", views.like, name="post-like"),
    path("posts/<int:pk>/report/", views.report, name="post-report"),
    path("posts/<int:pk>/hide/", views.hide, name="post-hide"),
    path("posts/<int:pk>/unhide/", views.unhide, name="post-unhide"),
    path("posts/<int:pk>/comments/", views.comment_add, name="comment-add"),
    path("posts/<int:pk>/comments/<int:comment>/edit/", views.comment_edit, name="comment-edit"),
    path("posts/<int:pk>/comments/<int:comment>/delete/", views.comment_delete, name="comment-delete"),
    path("posts/<int:pk>/comments/<int:comment>/report/", views.report, name="comment-report"),
    path("posts/<int:pk>/comments/<int:comment>/hide/", views.hide, name="comment-hide"),
    path("posts/<int:pk>/comments/<int:comment>/unhide/", views.unhide, name="comment-unhide"),
    path("officer/reports/", views.reports, name="reports"),
    path("officer/reports/<int:pk>/hide/", views.report_settle, {"outcome": "hide"}, name="report-hide"),
    path("officer/reports/<int:pk>/keep/", views.report_settle, {"outcome": "keep"}, name="report-keep"),
]
