"""``/api/v1/`` of organisations."""

from __future__ import annotations

from django.urls import path

from dangjian.organizations.admission import api as admission
from dangjian.organizations.api import (
    MemberChangesView,
    MemberLookUpView,
    MemberRecordView,
    MemberStatisticsView,
    MembersView,
    OrganizationsView,
)
from dangjian.organizations.contacts_api import ContactsView
from dangjian.organizations.corrections import api as corrections
from dangjian.organizations.dues import addresses
from dangjian.organizations.dues.api import (
    DuesBasisView,
    DuesReverseView,
    DuesSheetView,
    DuesTotalsView,
    MyDuesView,
)
from dangjian.organizations.elections import api as elections
from dangjian.organizations.groups import api as groups
from dangjian.organizations.imports_api import ImportApplyView, ImportsView, ImportUndoView, ImportView
from dangjian.organizations.member_acts_api import MemberActView, MemberView
from dangjian.organizations.saved_views_api import SavedViewsView, SavedViewView
from dangjian.organizations.transfers.api import (
    ReceiversView,
    TransferAcceptView,
    TransferReturnView,
    TransfersView,
    TransferView,
    TransferWithdrawView,
)
from dangjian.organizations.tree.api import OrganizationActView, OrganizationView

addresses.register()

urlpatterns = [
    path("organizations/", OrganizationsView.as_view(), name="api-organizations"),
    path("organizations/<int:pk>/", OrganizationView.as_view(), name="api-organization"),
    path(
        "organizations/<int:pk>/acts/<slug:act>/", OrganizationActView.as_view(), name="api-organization-act"
    ),
    path("organizations/<int:pk>/party-groups/", groups.PartyGroupsView.as_view(), name="api-party-groups"),
    path(
        "organizations/<int:pk>/party-groups/arrange/",
        groups.PartyGroupsArrangeView.as_view(),
        name="api-party-groups-arrange",
    ),
    path(
        "party-groups/<int:pk>/rename/", groups.PartyGroupRenameView.as_view(), name="api-party-group-rename"
    ),
    path(
        "party-groups/<int:pk>/dissolve/",
        groups.PartyGroupDissolveView.as_view(),
        name="api-party-group-dissolve",
    ),
    path("contacts/", ContactsView.as_view(), name="api-contacts"),
    path("members/", MembersView.as_view(), name="api-members"),
    path("members/views/", SavedViewsView.as_view(), name="api-members-views"),
    path("members/views/<int:pk>/", SavedViewView.as_view(), name="api-members-view"),
    path("members/look-up/", MemberLookUpView.as_view(), name="api-members-look-up"),
    path("members/<int:pk>/", MemberView.as_view(), name="api-member"),
    path("members/<int:pk>/acts/<slug:act>/", MemberActView.as_view(), name="api-member-act"),
    path("members/<int:pk>/record/", MemberRecordView.as_view(), name="api-member-record"),
    path("statistics/members/", MemberStatisticsView.as_view(), name="api-statistics-members"),
    path("statistics/changes/", MemberChangesView.as_view(), name="api-statistics-changes"),
    path("admissions/", admission.AdmissionsView.as_view(), name="api-admissions"),
    path("admissions/<int:pk>/", admission.AdmissionCaseView.as_view(), name="api-admission"),
    path(
        "admissions/<int:pk>/steps/<slug:step>/",
        admission.AdmissionStepView.as_view(),
        name="api-admission-step",
    ),
    path(
        "admissions/<int:pk>/requests/",
        admission.AdmissionRequestsView.as_view(),
        name="api-admission-requests",
    ),
    path("admissions/<int:pk>/papers/", admission.AdmissionPapersView.as_view(), name="api-admission-papers"),
    path("admissions/<int:pk>/cancel/", admission.AdmissionCancelView.as_view(), name="api-admission-cancel"),
    path(
        "admissions/<int:pk>/restart/", admission.AdmissionRestartView.as_view(), name="api-admission-restart"
    ),
    path(
        "admissions/<int:pk>/what-if/", admission.AdmissionWhatIfView.as_view(), name="api-admission-what-if"
    ),
    path(
        "admissions/requests/<int:pk>/", admission.AdmissionAnswerView.as_view(), name="api-admission-answer"
    ),
    path("corrections/", corrections.CorrectionsView.as_view(), name="api-corrections"),
    path(
        "corrections/<int:pk>/accept/",
        corrections.CorrectionAcceptView.as_view(),
        name="api-correction-accept",
    ),
    path(
        "corrections/<int:pk>/decline/",
        corrections.CorrectionDeclineView.as_view(),
        name="api-correction-decline",
    ),
    path(
        "corrections/<int:pk>/withdraw/",
        corrections.CorrectionWithdrawView.as_view(),
        name="api-correction-withdraw",
    ),
    path("imports/", ImportsView.as_view(), name="api-imports"),
    path("imports/<int:pk>/", ImportView.as_view(), name="api-import"),
    path("imports/<int:pk>/apply/", ImportApplyView.as_view(), name="api-import-apply"),
    path("imports/<int:pk>/undo/", ImportUndoView.as_view(), name="api-import-undo"),
    path("transfers/", TransfersView.as_view(), name="api-transfers"),
    path("transfers/receivers/", ReceiversView.as_view(), name="api-transfers-receivers"),
    path("transfers/<int:pk>/", TransferView.as_view(), name="api-transfer"),
    path("transfers/<int:pk>/accept/", TransferAcceptView.as_view(), name="api-transfer-accept"),
    path("transfers/<int:pk>/return/", TransferReturnView.as_view(), name="api-transfer-return"),
    path("transfers/<int:pk>/withdraw/", TransferWithdrawView.as_view(), name="api-transfer-withdraw"),
    path("terms/", elections.TermsView.as_view(), name="api-terms"),
    path("elections/", elections.ElectionsView.as_view(), name="api-elections"),
    path("elections/<int:pk>/", elections.ElectionView.as_view(), name="api-election"),
    path("elections/<int:pk>/submit/", elections.ElectionSubmitView.as_view(), name="api-election-submit"),
    path("elections/<int:pk>/approve/", elections.ElectionApproveView.as_view(), name="api-election-approve"),
    path("elections/<int:pk>/return/", elections.ElectionReturnView.as_view(), name="api-election-return"),
    path("elections/<int:pk>/discard/", elections.ElectionDiscardView.as_view(), name="api-election-discard"),
    path("dues/sheets/<int:pk>/<month:month>/", DuesSheetView.as_view(), name="api-dues-sheet"),
    path("dues/members/<int:pk>/", DuesBasisView.as_view(), name="api-dues-basis"),
    path("dues/payments/<int:pk>/reverse/", DuesReverseView.as_view(), name="api-dues-reverse"),
    path("dues/totals/", DuesTotalsView.as_view(), name="api-dues-totals"),
    path("me/dues/", MyDuesView.as_view(), name="api-my-dues"),
]
