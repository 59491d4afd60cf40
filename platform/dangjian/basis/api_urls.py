"""``/api/v1/rules/``."""

from __future__ import annotations

from django.urls import path

from dangjian.basis.api import AdmissionView, DuesView, TermView

urlpatterns = [
    path("rules/dues/", DuesView.as_view(), name="api-rules-dues"),
    path("rules/term/", TermView.as_view(), name="api-rules-term"),
    path("rules/admission/", AdmissionView.as_view(), name="api-rules-admission"),
]
