"""Putting a plan into a district: COPY, one transaction."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import namedtuple
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connections, models, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from dangjian.identity.models import User
from dangjian.interaction.models import (
    Comment,
    Like,
    Photo,
    Post,
    PostCounter,
    ReplyNotice,
    Report,
    View,
)
from dangjian.interaction.photos import SIZES, phone_name
from dangjian.local.demo_data import admitting, pictures
from dangjian.local.demo_data.rows import MemberRow, Plan, UserRow
from dangjian.organizations import sealing
from dangjian.organizations.admission.models import (
    AdmissionCase,
    AdmissionCompanion,
    AdmissionPaper,
    AdmissionRequest,
    AdmissionStep,
    Transition,
)
from dangjian.organizations.corrections.models import Correction
from dangjian.organizations.dues.models import DuesBasis, DuesCharge, DuesPayment, DuesSheet
from dangjian.organizations.elections.models import Election, ElectionCandidate, ElectionStep
from dangjian.organizations.groups.models import GroupMembership, GroupPeriod, PartyGroup
from dangjian.organizations.models import (
    Member,
    Membership,
    Office,
    Organization,
    OrganizationKind,
    OrganizationPeriod,
    PostHeld,
)
from dangjian.organizations.transfers.models import Transfer, TransferStep
from tenants.context import in_district
from tenants.models import District

PASSWORD: Final = "dangjian-demo"  # noqa: S105  (published: it opens demo data alone)

_TABLES: Final[tuple[tuple[str, type[models.Model]], ...]] = (
    ("organizations", Organization),
    ("users", User),
    ("members", Member),
    ("departed_users", User),
    ("departed", Member),
    ("periods", OrganizationPeriod),
    ("memberships", Membership),
    ("departed_memberships", Membership),
    ("party_groups", PartyGroup),
    ("group_periods", GroupPeriod),
    ("group_memberships", GroupMembership),
    ("posts_held", PostHeld),
    ("earlier_posts_held", PostHeld),
    ("offices", Office),
    ("corrections", Correction),
    ("transfers", Transfer),
    ("transfer_steps", TransferStep),
    ("elections", Election),
    ("election_candidates", ElectionCandidate),
    ("election_steps", ElectionStep),
    ("dues_bases", DuesBasis),
    ("dues_sheets", DuesSheet),
    ("dues_charges", DuesCharge),
    ("dues_payments", DuesPayment),
    ("admissions", AdmissionCase),
    ("admission_steps", AdmissionStep),
    ("admission_companions", AdmissionCompanion),
    ("admission_papers", AdmissionPaper),
    ("admission_requests", AdmissionRequest),
    ("admission_transitions", Transition),
    ("posts", Post),
    ("counters", PostCounter),
    ("photos", Photo),
    ("comments", Comment),
    ("likes", Like),
    ("views", View),
    ("notices", ReplyNotice),
    ("reports", Report),
)


class NotEmpty(Exception):
    """The district holds people or organisations already."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a district was given; posts, comments, likes and views as a person counts them who may see everything."""

    organizations: int
    branches: int
    members: int
    posts: int
    comments: int
    likes: int
    views: int
    photos: int
    people: Sequence[str]


def is_empty(district: District) -> bool:
    """Whether nobody and nothing is in the district yet."""
    with in_district(district):
        return not (User.objects.exists() or Organization.objects.exists())


def load(district: District, plan: Plan) -> Summary:
    """Write the plan's rows and draw its pictures.

    Raises:
        NotEmpty: the district is not empty; nothing is written.
    """
    _require_empty(district)
    with in_district(district), _drawing(sorted({row.file for row in plan.photos})):
        if plan.admission_papers and not default_storage.exists(admitting.PAPER):
            default_storage.save(admitting.PAPER, ContentFile(admitting.paper()))
        with transaction.atomic(using=district.database), connections[district.database].cursor() as cursor:
            for part, model in _TABLES:
                _copy(cursor, model, _rows(plan, part))
            for _, model in _TABLES:
                table = sql.Identifier(model._meta.db_table)
                cursor.execute(sql.SQL("ANALYZE {}").format(table))
    return _summary(plan)


@contextmanager
def _drawing(keys: Sequence[str]) -> Iterator[None]:
    """Draw the pictures in a process beside the block; it ends when they are there.

    Raises:
        CalledProcessError: they could not be drawn.
    """
    orders = [
        pictures.Order(
            key, default_storage.path(name), default_storage.path(phone_name(name)), SIZES["phone"]
        )
        for key in keys
        for name in (_stored_name(key),)
    ]
    with tempfile.TemporaryFile("w+") as script:
        script.write("\n".join(map(json.dumps, orders)))
        script.seek(0)
        with subprocess.Popen([sys.executable, pictures.__file__], stdin=script) as painter:
            yield
    if painter.returncode:
        raise subprocess.CalledProcessError(painter.returncode, painter.args)


def _stored_name(key: str) -> str:
    return f"photos/demo/{key}.jpg"


def load_centre(district: District, username: str, name: str) -> Summary:
    """Put the central overseer into the centre, the only person there.

    Raises:
        NotEmpty: somebody is there already.
    """
    _require_empty(district)
    with in_district(district), transaction.atomic(using=district.database):
        user = User.objects.create_user(username, PASSWORD, name=name, is_demo=True)
        User.objects.filter(pk=user.pk).update(first_signed_in_at=models.F("created_at"))
    return Summary(0, 0, 0, 0, 0, 0, 0, 0, [username])


def _require_empty(district: District) -> None:
    if not is_empty(district):
        raise NotEmpty(
            f"{district.name} ({district.schema_name}) already holds people or organisations: "
            "demo data go only into an empty district, so open a new one for them."
        )


def _rows(plan: Plan, part: str) -> Sequence[NamedTuple]:
    if part == "users":
        cast = set(plan.cast)
        return [_with_password(row) if row.username in cast else row for row in plan.users]
    if part in {"members", "departed"}:
        return [_sealed(row) for row in getattr(plan, part)]
    if part == "photos":
        return [row._replace(file=_stored_name(row.file)) for row in plan.photos]
    rows: Sequence[NamedTuple] = getattr(plan, part)
    return rows


def _with_password(row: UserRow) -> UserRow:
    user = User()
    user.set_password(PASSWORD)
    return row._replace(password=user.password)


def _sealed(row: MemberRow) -> NamedTuple:
    """The row with the identity number as it is stored."""
    values = row._asdict()
    number = values.pop("id_number")
    stored = values | {"id_number_sealed": sealing.seal(number), "id_number_index": sealing.index(number)}
    return _stored_row(tuple(stored))(**stored)


@cache
def _stored_row(names: tuple[str, ...]) -> Any:
    return namedtuple("StoredRow", names)  # noqa: PYI024  (its names are the columns', told at run time)


def _copy(cursor: CursorWrapper, model: type[models.Model], rows: Sequence[NamedTuple]) -> None:
    if not rows:
        return
    columns = list(rows[0]._fields)
    defaults = {
        field.attname: field.get_db_prep_save(field.get_default(), connection=cursor.db)
        for field in model._meta.concrete_fields
        if field.attname not in columns and not field.has_db_default() and not field.null
    }
    table = sql.Identifier(model._meta.db_table)
    names = sql.SQL(", ").join(map(sql.Identifier, [*columns, *defaults]))
    constant = tuple(defaults.values())
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)) as copy:
        for row in rows:
            copy.write_row((*row, *constant))
    cursor.execute(
        sql.SQL("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)"), [model._meta.db_table, rows[-1][0]]
    )


def _summary(plan: Plan) -> Summary:
    return Summary(
        organizations=len(plan.organizations),
        branches=sum(row.kind == OrganizationKind.BRANCH for row in plan.organizations),
        members=len(plan.members),
        posts=sum(row.deleted_at is None and row.hidden_at is None for row in plan.posts),
        comments=sum(row.comments for row in plan.counters),
        likes=len(plan.likes),
        views=len(plan.views),
        photos=len(plan.photos),
        people=plan.cast,
    )
