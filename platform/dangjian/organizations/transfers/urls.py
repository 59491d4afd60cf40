"""Pages of transfers."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.transfers import views

urlpatterns = [
    path("officer/transfers/", views.of_district, name="officer-transfers"),
    path("branch/transfers/", views.of_branch, name="transfers"),
    path("branch/transfers/new/", views.new, name="transfer-new"),
    path("branch/transfers/<int:pk>/", views.transfer, name="transfer"),
    path("branch/transfers/<int:pk>/letter/", views.letter, name="transfer-letter"),
    path("branch/transfers/<int:pk>/<slug:act>/", views.act, name="transfer-act"),
]
