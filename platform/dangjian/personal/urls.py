"""我的, and the places whose modules are still to come."""

from __future__ import annotations

from django.urls import path

from dangjian.personal import views

urlpatterns = [
    path("me/", views.me, name="me"),
    path("me/posts/", views.my_posts, name="my-posts"),
    path("me/comments/", views.my_comments, name="my-comments"),
    path("me/replies/", views.my_replies, name="my-replies"),
    path("news/", views.news, name="news"),
    path("learning/", views.learning, name="learning"),
    path("management/", views.management, name="management"),
    path("ui/", views.components, name="components"),
]
