"""Pages of organisations: the officer's desk and the branch."""

from __future__ import annotations

from django.urls import include, path

from dangjian.organizations import (
    branch_views,
    contacts_views,
    imports_views,
    member_record_views,
    sign_in_views,
    statistics_views,
    views,
)

urlpatterns = [
    path("officer/members/", views.members, name="officer-members"),
    path("officer/members.xlsx", views.workbook, name="officer-members-xlsx"),
    path("officer/members/views/", views.views, name="officer-members-views"),
    path("members/<int:pk>/record/", member_record_views.record, name="member-record"),
    path("officer/members/look-up/", views.look_up, name="officer-members-look-up"),
    path("officer/members/<int:pk>/", views.member, name="officer-member"),
    path("officer/members/<int:pk>/<slug:action>/", views.member_action, name="officer-member-action"),
    path("officer/imports/", imports_views.imports, name="officer-imports"),
    path("officer/imports/<int:pk>/", imports_views.roster, name="officer-import"),
    path("officer/imports/<int:pk>/columns/", imports_views.map_columns, name="officer-import-columns"),
    path("officer/imports/<int:pk>/unit/", imports_views.name_unit, name="officer-import-unit"),
    path("officer/imports/<int:pk>/apply/", imports_views.apply, name="officer-import-apply"),
    path("officer/imports/<int:pk>/undo/", imports_views.undo, name="officer-import-undo"),
    path("officer/imports/<int:pk>/rows.xlsx", imports_views.to_correct, name="officer-import-rows"),
    path("officer/imports/<slug:kind>.xlsx", imports_views.template, name="officer-import-template"),
    path("officer/identity/", sign_in_views.overview, name="officer-identity"),
    path("officer/identity/accounts/", sign_in_views.accounts_continue, name="officer-accounts-continue"),
    path("officer/identity/clients/new/", sign_in_views.client_new, name="officer-client-new"),
    path("officer/identity/clients/<int:pk>/", sign_in_views.client, name="officer-client"),
    path(
        "officer/identity/clients/<int:pk>/scopes/", sign_in_views.client_scopes, name="officer-client-scopes"
    ),
    path(
        "officer/identity/clients/<int:pk>/rotate/", sign_in_views.client_rotate, name="officer-client-rotate"
    ),
    path(
        "officer/identity/clients/<int:pk>/revoke/", sign_in_views.client_revoke, name="officer-client-revoke"
    ),
    path("officer/audit/", views.audit, name="officer-audit"),
    path("", include("dangjian.organizations.admission.urls")),
    path("contacts/", contacts_views.overview, name="contacts"),
    path("statistics/", statistics_views.overview, name="statistics"),
    path("statistics/names/", statistics_views.names, name="statistics-names"),
    path("statistics.xlsx", statistics_views.workbook, name="statistics-xlsx"),
    path("branch/", branch_views.branch, name="branch"),
    path("branch/members/", branch_views.members, name="branch-members"),
    path("branch/members.xlsx", branch_views.workbook, name="branch-members-xlsx"),
    path("branch/members/views/", branch_views.views, name="branch-members-views"),
    path("branch/members/look-up/", branch_views.look_up, name="branch-members-look-up"),
    path("branch/help-sheet/", branch_views.help_sheet, name="branch-help-sheet"),
    path("", include("dangjian.organizations.corrections.urls")),
    path("", include("dangjian.organizations.transfers.urls")),
    path("", include("dangjian.organizations.elections.urls")),
    path("", include("dangjian.organizations.groups.urls")),
    path("", include("dangjian.organizations.dues.urls")),
    path("", include("dangjian.organizations.tree.urls")),
]
