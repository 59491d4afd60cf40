"""Pages of 制度依据: what is in force, and three small reckoners."""

from __future__ import annotations

from django.urls import path

from dangjian.basis import views

urlpatterns = [
    path("rules/", views.rules, name="rules"),
    path("rules/dues/", views.dues_reckoner, name="rules-dues"),
    path("rules/term/", views.term_reckoner, name="rules-term"),
    path("rules/admission/", views.admission_reckoner, name="rules-admission"),
]
