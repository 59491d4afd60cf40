"""Posts, comments, likes and uploads."""

from __future__ import annotations

from django.urls import path

from dangjian.interaction import api

urlpatterns = [
    path("feed/", api.FeedView.as_view(), name="api-feed"),
    path("posts/", api.PostsView.as_view(), name="api-posts"),
    path("posts/<int:pk>/", api.PostView.as_view(), name="api-post"),
    path("posts/<int:pk>/like/", api.LikeView.as_view(), name="api-like"),
    path("posts/<int:pk>/comments/", api.CommentsView.as_view(), name="api-comments"),
    path("posts/<int:pk>/comments/<int:comment>/", api.CommentView.as_view(), name="api-comment"),
    path("posts/<int:pk>/reports/", api.ReportsView.as_view(), name="api-reports"),
    path("uploads/", api.UploadsView.as_view(), name="api-uploads"),
]
