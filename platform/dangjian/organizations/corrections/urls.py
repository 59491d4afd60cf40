"""Pages of corrections."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.corrections import views

urlpatterns = [
    path("me/corrections/", views.own, name="my-corrections"),
    path("me/corrections/<int:pk>/withdraw/", views.withdraw, name="correction-withdraw"),
    path("branch/corrections/", views.waiting, name="corrections"),
    path("branch/corrections/<int:pk>/<slug:act>/", views.settle, name="correction-settle"),
]
