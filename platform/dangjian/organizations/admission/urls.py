"""Pages of 发展党员."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.admission import views

urlpatterns = [
    path("admission/", views.board, name="admission"),
    path("admission/calendar/", views.calendar, name="admission-calendar"),
    path("admission/superior/", views.superior, name="admission-superior"),
    path("admission/new/", views.new, name="admission-new"),
    path("admission/<int:pk>/", views.case, name="admission-case"),
    path("admission/<int:pk>/person/", views.person, name="admission-person"),
    path("admission/<int:pk>/steps/<slug:step>/", views.step, name="admission-step"),
    path("admission/<int:pk>/ask/<slug:step>/", views.ask, name="admission-ask"),
    path("admission/<int:pk>/papers/", views.paper_add, name="admission-paper-add"),
    path("admission/<int:pk>/cancel/", views.cancel, name="admission-cancel"),
    path("admission/<int:pk>/restart/", views.restart, name="admission-restart"),
    path("admission/<int:pk>/what-if/", views.what_if, name="admission-what-if"),
    path("admission/<int:pk>/files/", views.file_list, name="admission-files"),
    path("admission/papers/<int:pk>/", views.paper, name="admission-paper"),
    path("admission/papers/<int:pk>/remove/", views.paper_remove, name="admission-paper-remove"),
    path("admission/requests/<int:pk>/", views.answer, name="admission-answer"),
]
