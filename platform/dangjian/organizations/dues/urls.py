"""Pages of dues."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.dues import addresses, views

addresses.register()


urlpatterns = [
    path("officer/dues/", views.of_district, name="officer-dues"),
    path("officer/dues/table.xlsx", views.district_table, name="officer-dues-table"),
    path("branch/dues/", views.own_branch, name="dues"),
    path("branch/dues/<int:branch>/", views.of_branch, name="dues-branch"),
    path("branch/dues/<int:branch>/<month:month>/", views.sheet, name="dues-sheet"),
    path("branch/dues/<int:branch>/<month:month>/table.xlsx", views.sheet_table, name="dues-sheet-table"),
    path("branch/dues/members/<int:pk>/", views.member, name="dues-member"),
    path("branch/dues/payments/<int:pk>/reverse/", views.reverse_payment, name="dues-reverse"),
    path("me/dues/", views.mine, name="my-dues"),
]
