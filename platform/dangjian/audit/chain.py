"""The hash chain over the log: each sealed row carries the digest of the one before.

Rows are sealed in the order of (transaction, id), once no transaction that could still write an earlier one is
open. The head is kept in the registry too, so that a chain cut short at its end is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Final, Protocol

import structlog
from django.db import models, transaction
from django.utils import timezone

from dangjian.audit.models import AuditRow
from tenants.context import current_district, in_registry
from tenants.models import Anchor

log = structlog.get_logger(__name__)

GENESIS: Final = "0" * 64
BATCH: Final = 1000
_HASHED: Final = (
    "id",
    "transaction",
    "actor_id",
    "actor_name",
    "action",
    "object_kind",
    "object_id",
    "object_name",
    "reason",
    "detail",
)

# --- judgement -----------------------------------------------------------------------------------------------------


class Link(Protocol):
    """What verification reads of a sealed row."""

    id: int
    sequence: int
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain: number and digest."""

    sequence: int
    digest: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the chain and where.

    kind: ``edited`` a row does not have the content it was sealed with · ``missing`` numbers are absent before
    this row · ``reordered`` the row does not follow the one before it · ``truncated`` rows that were anchored are
    absent from the end · ``replaced`` the anchored row is another.
    """

    kind: str
    sequence: int
    row_id: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """rows: how many are sealed. unsealed: how many wait. head: the last one found."""

    rows: int
    unsealed: int
    head: Head
    faults: list[Fault] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return not self.faults


class Broken(RuntimeError):
    """The chain no longer ends where it was anchored; sealing on would cover it up."""


def digest(row: Any, previous: str) -> str:
    """The digest of a row's content after the link `previous`, in hexadecimal."""
    content = {name: getattr(row, name) for name in _HASHED}
    content["at"] = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    content["previous"] = previous
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def faults_of(rows: Iterable[Any], anchor: Head | None) -> tuple[list[Fault], int, Head]:
    """Walk sealed rows in the order of their numbers: what is wrong, how many there are, and the last one."""
    faults: list[Fault] = []
    head, count = Head(0, GENESIS), 0
    met_anchor = anchor is None
    for row in rows:
        count += 1
        if row.sequence != head.sequence + 1:
            faults.append(Fault("missing", row.sequence, row.id))
        elif row.previous != head.digest:
            faults.append(Fault("reordered", row.sequence, row.id))
        if digest(row, row.previous) != row.digest:
            faults.append(Fault("edited", row.sequence, row.id))
        head = Head(row.sequence, row.digest)
        if anchor is not None and row.sequence == anchor.sequence:
            met_anchor = True
            if row.digest != anchor.digest:
                faults.append(Fault("replaced", row.sequence, row.id))
    if not met_anchor and anchor is not None and anchor.sequence > head.sequence:
        faults.append(Fault("truncated", anchor.sequence))
    return faults, count, head


# --- the open district's chain -------------------------------------------------------------------------------------

# Sealing is the one writer of existing rows; AuditRow's own manager refuses it.
_rows: models.QuerySet[AuditRow] = models.QuerySet(AuditRow)


def seal() -> int:
    """Seal what can be sealed, and anchor the head in the registry. Returns how many rows were sealed.

    Two at once wait for each other. Stopped between the two writes, the next run anchors.

    Raises:
        Broken: the chain does not hold the row that was anchored.
    """
    anchored = _anchor()
    sealed = 0
    with transaction.atomic(using=current_district().database):
        rows = list(_sealable()[:BATCH])
        head = _head()
        _require(anchored, head)
        for row in rows:
            row.sequence, row.previous = head.sequence + 1, head.digest
            row.digest = digest(row, head.digest)
            head = Head(row.sequence, row.digest)
        if rows:
            sealed = len(rows)
            _rows.all().bulk_update(rows, ["sequence", "previous", "digest"])
    if head.sequence > (anchored.sequence if anchored is not None else 0):
        _set_anchor(head)
    return sealed


def verify() -> Report:
    """Check the open district's whole chain against itself and its anchor. Reads every sealed row."""
    anchored = _anchor()
    sealed = AuditRow.objects.filter(sequence__isnull=False).order_by("sequence")
    faults, count, head = faults_of(sealed.iterator(BATCH), anchored)
    return Report(count, AuditRow.objects.filter(sequence=None).count(), head, faults)


def _sealable() -> models.QuerySet[AuditRow]:
    """Unsealed rows that nothing can still come before, locked.

    Below the oldest transaction still open everything is settled. A row from beyond the newest one was written in
    another cluster and came with a restored backup.
    """
    settled = models.expressions.RawSQL(
        "transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        " OR transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint",
        [],
        output_field=models.BooleanField(),
    )
    return (
        _rows.all()
        .annotate(settled=settled)
        .filter(sequence=None, settled=True)
        .order_by("transaction", "id")
        .select_for_update()
    )


def _head() -> Head:
    last = AuditRow.objects.filter(sequence__isnull=False).order_by("-sequence").first()
    if last is None or last.sequence is None:
        return Head(0, GENESIS)
    return Head(last.sequence, last.digest)


def _require(anchored: Head | None, head: Head) -> None:
    if anchored is None or anchored == head:
        return
    row = AuditRow.objects.filter(sequence=anchored.sequence).first()
    if row is None or row.digest != anchored.digest:
        district = current_district().schema_name
        log.error("audit.broken", district=district, anchored=anchored.sequence)
        raise Broken(
            f"{district}: row {anchored.sequence} of the audit chain is not the one that was anchored"
        )


def _anchor() -> Head | None:
    district = current_district()
    with in_registry():
        anchor = Anchor.objects.filter(district_id=district.pk).first()
    return Head(anchor.sequence, anchor.digest) if anchor is not None else None


def _set_anchor(head: Head) -> None:
    district = current_district()
    # The log line is a second anchor, out of reach of whoever can write to the database.
    log.info("audit.sealed", district=district.schema_name, sequence=head.sequence, digest=head.digest)
    with in_registry():
        values = {"sequence": head.sequence, "digest": head.digest, "at": timezone.now()}
        Anchor.objects.bulk_create([Anchor(district_id=district.pk, **values)], ignore_conflicts=True)
        # Never back: another who sealed at the same time may have been further.
        Anchor.objects.filter(district_id=district.pk, sequence__lt=head.sequence).update(**values)
