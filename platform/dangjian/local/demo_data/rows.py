"""The rows of a planned district, table by table; field names are the columns' names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple


class PeriodRow(NamedTuple):
    id: int
    organization_id: int
    since: date | None
    until: date | None
    parent_id: int | None
    name: str
    short_name: str
    kind: str
    sector: str


class OrganizationRow(NamedTuple):
    id: int
    path: str
    depth: int
    numchild: int
    name: str
    short_name: str
    kind: str
    sector: str
    created_at: datetime


class UserRow(NamedTuple):
    id: int
    username: str
    password: str
    name: str
    is_demo: bool
    must_change_password: bool
    first_signed_in_at: datetime | None
    last_login: datetime | None
    created_at: datetime
    is_active: bool = True


class MemberRow(NamedTuple):
    id: int
    user_id: int
    branch_id: int
    name: str
    pinyin: str
    initials: str
    status: str
    joined_on: date
    phone: str
    created_at: datetime
    converted_on: date | None
    sex: str
    born_on: date
    nationality: str
    education: str
    employment: str
    occupation: str
    id_number: str  # sealed when it is loaded
    is_floating: bool
    in_hardship: bool
    out_of_contact: bool
    left_on: date | None = None
    left_kind: str = ""


class MembershipRow(NamedTuple):
    id: int
    member_id: int
    branch_id: int
    since: date
    until: date | None
    ended: str = ""
    ended_reason: str = ""
    ended_document: str = ""


class PartyGroupRow(NamedTuple):
    id: int
    branch_id: int
    name: str


class GroupPeriodRow(NamedTuple):
    id: int
    group_id: int
    since: date
    name: str
    act: str
    reason: str


class GroupMembershipRow(NamedTuple):
    id: int
    group_id: int
    member_id: int
    leads: bool
    since: date
    reason: str


class PostHeldRow(NamedTuple):
    id: int
    member_id: int
    organization_id: int
    post: str
    since: date
    until: date | None = None


class OfficeRow(NamedTuple):
    id: int
    member_id: int
    kind: str
    organization_id: int
    since: datetime


class PostRow(NamedTuple):
    id: int
    kind: str
    text: str
    visibility: str
    audience_id: int
    author_id: int
    branch_id: int
    created_at: datetime
    edited_at: datetime | None = None
    version: int = 1
    deleted_at: datetime | None = None
    deleted_by_id: int | None = None
    hidden_at: datetime | None = None
    hidden_by_id: int | None = None
    hidden_reason: str = ""


class CounterRow(NamedTuple):
    id: int
    post_id: int
    comments: int
    likes: int
    views: int
    talk_version: int
    changed_at: datetime


class PhotoRow(NamedTuple):
    """`file` is a key of `pictures`; the loader puts the stored name in its place."""

    id: int
    owner_id: int
    post_id: int
    position: int
    file: str
    width: int
    height: int
    created_at: datetime


class CommentRow(NamedTuple):
    id: int
    post_id: int
    author_id: int
    reply_to_id: int | None
    text: str
    created_at: datetime
    edited_at: datetime | None = None
    version: int = 1
    deleted_at: datetime | None = None
    hidden_at: datetime | None = None
    hidden_by_id: int | None = None
    hidden_reason: str = ""


class LikeRow(NamedTuple):
    id: int
    post_id: int
    member_id: int
    created_at: datetime


class ViewRow(NamedTuple):
    id: int
    post_id: int
    member_id: int
    created_at: datetime


class NoticeRow(NamedTuple):
    id: int
    member_id: int
    comment_id: int
    created_at: datetime
    read_at: datetime | None


class ReportRow(NamedTuple):
    id: int
    post_id: int
    comment_id: int | None
    reporter_id: int
    reason: str
    created_at: datetime


class TransferRow(NamedTuple):
    id: int
    member_id: int
    leaving_id: int
    receiving_id: int
    year: int
    serial: int
    state: str
    reason: str
    proposed_on: date
    dues_until: date
    answer_by: date
    valid_until: date
    accepted_on: date | None
    version: int
    created_at: datetime


class CorrectionRow(NamedTuple):
    id: int
    member_id: int
    field: str
    before: str
    wanted: str
    reason: str
    state: str
    created_at: datetime
    settled_by_id: int | None
    settled_at: datetime | None
    answer: str


class TransferStepRow(NamedTuple):
    id: int
    transfer_id: int
    act: str
    by_id: int
    on: date
    reason: str
    at: datetime


class ElectionRow(NamedTuple):
    id: int
    organization_id: int
    state: str
    held_on: date
    document: str
    committee: bool
    seats: int
    eligible: int
    present: int
    issued: int
    returned: int
    valid: int
    invalid: int
    shift_by_id: int | None
    shift_document: str
    shift_reason: str
    approved_on: date | None
    approval_document: str
    reminded_on: date | None
    version: int
    created_at: datetime


class ElectionCandidateRow(NamedTuple):
    id: int
    election_id: int
    member_id: int
    votes: int
    post: str


class ElectionStepRow(NamedTuple):
    id: int
    election_id: int
    act: str
    by_id: int
    reason: str
    at: datetime


class DuesBasisRow(NamedTuple):
    id: int
    member_id: int
    since: date
    kind: str
    base: Decimal | None
    agreed: Decimal | None
    relief: str
    reason: str
    by_id: int


class DuesSheetRow(NamedTuple):
    id: int
    branch_id: int
    month: date
    version: int
    confirmed_at: datetime | None
    confirmed_by_id: int | None


class DuesChargeRow(NamedTuple):
    id: int
    member_id: int
    branch_id: int
    month: date
    kind: str
    base: Decimal | None
    rate: Decimal | None
    relief: str
    amount: Decimal | None
    paid: Decimal
    confirmed: bool


class DuesPaymentRow(NamedTuple):
    id: int
    charge_id: int
    amount: Decimal
    way: str
    received_on: date
    by_id: int
    at: datetime


class AdmissionRow(NamedTuple):
    id: int
    branch_id: int
    state: str
    stage: str
    name: str
    sex: str
    born_on: date
    nationality: str
    member_id: int | None
    created_at: datetime


class AdmissionStepRow(NamedTuple):
    id: int
    case_id: int
    key: str
    on: date
    data: str  # JSON


class AdmissionCompanionRow(NamedTuple):
    id: int
    case_id: int
    member_id: int
    role: str


class AdmissionPaperRow(NamedTuple):
    id: int
    case_id: int
    step: str
    kind: str
    name: str
    file: str
    media_type: str
    size: int
    digest: str
    by_id: int
    at: datetime


class AdmissionRequestRow(NamedTuple):
    id: int
    case_id: int
    step: str
    by_id: int
    at: datetime
    answer: str
    answered_by_id: int | None
    answered_at: datetime | None


class AdmissionTransitionRow(NamedTuple):
    id: int
    case_id: int
    action: str
    step: str
    from_stage: str
    to_stage: str
    on: date | None
    by_id: int
    at: datetime
    detail: str  # JSON


@dataclass(slots=True)
class Plan:
    """A whole district as plain rows with ids from 1, every reference among them by id.

    `moment` is when the plan's year ends: no row is later. `cast` names those who get the known password. `members` are
    in the register, `departed` were.
    """

    moment: datetime
    cast: tuple[str, ...] = ()
    organizations: list[OrganizationRow] = field(default_factory=list)
    users: list[UserRow] = field(default_factory=list)
    members: list[MemberRow] = field(default_factory=list)
    departed_users: list[UserRow] = field(default_factory=list)
    departed: list[MemberRow] = field(default_factory=list)
    departed_memberships: list[MembershipRow] = field(default_factory=list)
    periods: list[PeriodRow] = field(default_factory=list)
    memberships: list[MembershipRow] = field(default_factory=list)
    party_groups: list[PartyGroupRow] = field(default_factory=list)
    group_periods: list[GroupPeriodRow] = field(default_factory=list)
    group_memberships: list[GroupMembershipRow] = field(default_factory=list)
    posts_held: list[PostHeldRow] = field(default_factory=list)
    earlier_posts_held: list[PostHeldRow] = field(default_factory=list)
    offices: list[OfficeRow] = field(default_factory=list)
    corrections: list[CorrectionRow] = field(default_factory=list)
    transfers: list[TransferRow] = field(default_factory=list)
    transfer_steps: list[TransferStepRow] = field(default_factory=list)
    elections: list[ElectionRow] = field(default_factory=list)
    election_candidates: list[ElectionCandidateRow] = field(default_factory=list)
    election_steps: list[ElectionStepRow] = field(default_factory=list)
    dues_bases: list[DuesBasisRow] = field(default_factory=list)
    dues_sheets: list[DuesSheetRow] = field(default_factory=list)
    dues_charges: list[DuesChargeRow] = field(default_factory=list)
    dues_payments: list[DuesPaymentRow] = field(default_factory=list)
    admissions: list[AdmissionRow] = field(default_factory=list)
    admission_steps: list[AdmissionStepRow] = field(default_factory=list)
    admission_companions: list[AdmissionCompanionRow] = field(default_factory=list)
    admission_papers: list[AdmissionPaperRow] = field(default_factory=list)
    admission_requests: list[AdmissionRequestRow] = field(default_factory=list)
    admission_transitions: list[AdmissionTransitionRow] = field(default_factory=list)
    posts: list[PostRow] = field(default_factory=list)
    counters: list[CounterRow] = field(default_factory=list)
    photos: list[PhotoRow] = field(default_factory=list)
    comments: list[CommentRow] = field(default_factory=list)
    likes: list[LikeRow] = field(default_factory=list)
    views: list[ViewRow] = field(default_factory=list)
    notices: list[NoticeRow] = field(default_factory=list)
    reports: list[ReportRow] = field(default_factory=list)

    def digest(self) -> str:
        """A fingerprint of every row: equal digests mean equal plans."""
        digest = hashlib.sha256()
        for part in fields(self):
            digest.update(repr(getattr(self, part.name)).encode())
        return digest.hexdigest()
