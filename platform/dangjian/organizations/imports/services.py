"""A roster's way: uploaded, read and judged by a job, looked at, applied in one transaction, undone within a day.

`begin`, `apply` and `undo` answer at once; `read_now` and `apply_now` are what the job does. A job that is killed is
put back (tenants.tasks.revive) and finds the import in the state it was in: reading begins anew, an application that
did not commit has left nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, not_found, refused
from dangjian.audit.services import record
from dangjian.identity import services as identity
from dangjian.organizations import access, bulk, sealing
from dangjian.organizations.imports import cells, columns, judging, reading
from dangjian.organizations.imports.judging import Judged, Row
from dangjian.organizations.imports.register import register_for
from dangjian.organizations.imports.writing import Built, unwrite, write
from dangjian.organizations.models import (
    ColumnTitle,
    Import,
    ImportKind,
    ImportRow,
    ImportState,
    Member,
    Organization,
    Outcome,
)
from realtime import outbox

UNDO_HOURS: Final = 24
KEPT_DAYS: Final = 30
_FILE_NAME_LENGTH: Final = 120
Told = Callable[[int, int], None]


# --- what the officer does -------------------------------------------------------------------------------------------


def begin(
    *, by: Member, kind: str, file: UploadedFile[Any] | None, mapping: Mapping[str, str] | None = None
) -> Import:
    """Take a roster in; a job reads it next.

    mapping: field → title of its column, where the file's titles are unusual.

    Raises:
        Problem: 404, the reader is no officer; 422 with the field; 413, the file is too large.
    """
    _require_officer(by)
    if kind not in ImportKind.values:
        detail = _("kind 只能是 members（党员名册）或 organizations（组织名册）。")
        raise refused(FieldError("/kind", "unknown", detail))
    if file is None:
        raise refused(FieldError("/file", "required", _("请选一个名册文件（.xlsx、.xls 或 .csv）。")))
    if not file.size:
        raise refused(
            FieldError("/file", "empty", _("这个文件是空的，一个字也没有。请打开看一看，另存后再传。"))
        )
    if (file.size or 0) > reading.MOST_BYTES:
        raise Problem(413, "too_large", _("文件超过 20 MB。请拆成几个文件，分几次导入。"))
    mapping = dict(mapping or {})
    if unknown := mapping.keys() - columns.BY_KIND[ImportKind(kind)].keys():
        words = {"names": "、".join(sorted(unknown))}
        raise refused(FieldError("/mapping", "unknown", _("mapping 里有不认识的项：%(names)s。") % words))
    if any("\0" in title for title in mapping.values()):
        detail = _("mapping 里有看不见的字符，请重新填写列名。")
        raise refused(FieldError("/mapping", "unprintable", detail))
    with outbox.atomic():
        made = Import.objects.create(
            kind=kind,
            by=by,
            file_name=cells.text(file.name)[-_FILE_NAME_LENGTH:].replace("\0", ""),
            content=sealing.seal(file.read().decode("latin-1")),
            language=translation.get_language() or "zh-hans",
            mapping=mapping,
        )
        _remember(kind, mapping)
    return made


def map_columns(*, by: Member, source: Import, mapping: Mapping[str, str]) -> None:
    """Say which column is which, remember it, and have the file read again."""
    with outbox.atomic():
        held = _held(by, source, ImportState.READY, ImportState.REFUSED)
        if not held.content:
            raise _wrong_state(_("文件已经不在了，请重新上传。"))
        held.mapping = {name: title for name, title in mapping.items() if title}
        held.state, held.fault = ImportState.READING, None
        held.save(update_fields=["mapping", "state", "fault"])
        _remember(held.kind, held.mapping)
        _teller(held)(0, 1)


def name_unit(*, by: Member, source: Import, name: str, organization: Organization) -> None:
    """Say that `name` in the file means `organization`, in every row, and have the rows judged again."""
    with outbox.atomic():
        held = _held(by, source, ImportState.READY)
        if not access.is_officer(by, organization):
            raise not_found()
        held.units = held.units | {cells.text(name): organization.pk}
        held.state = ImportState.READING
        held.save(update_fields=["units", "state"])
        _teller(held)(0, 1)


def apply(*, by: Member, source: Import) -> None:
    """Have the rows without fault written by a job."""
    with outbox.atomic():
        held = _held(by, source, ImportState.READY)
        if not held.counts.get(Outcome.NEW) and not held.counts.get(Outcome.CHANGED):
            raise _wrong_state(_("没有可以导入的行：没有新增，也没有更新。"))
        held.state = ImportState.APPLYING
        held.save(update_fields=["state"])
        _teller(held)(0, 1)


def may_undo(source: Import) -> bool:
    """Whether its time for being taken back has not passed."""
    if source.state != ImportState.APPLIED or source.applied_at is None:
        return False
    return timezone.now() - source.applied_at <= timedelta(hours=UNDO_HOURS)


def undo(*, by: Member, source: Import) -> None:
    """Take back what an applied import wrote, all of it or nothing.

    Raises:
        Problem: 409, later than 24 hours, or something was built on it since: the first rows are named.
    """
    with outbox.atomic():
        held = _held(by, source, ImportState.APPLIED)
        now = timezone.now()
        if not may_undo(held):
            raise Problem(409, "too_late", _("超过 24 小时，不能整批撤回了。请逐个更正。"))
        try:
            unwrite(held, by=by)
        except Built as built:
            words = {"rows": _("、").join(built.names[:5]), "count": len(built.names)}
            detail = _("导入后又有了新的变动，不能整批撤回：%(rows)s（共 %(count)s 处）。请逐个更正。")
            raise Problem(409, "built_upon", detail % words) from built
        held.state, held.undone_at = ImportState.UNDONE, now
        held.save(update_fields=["state", "undone_at"])
        _note(by, held, "import.undo")


# --- what the job does -----------------------------------------------------------------------------------------------


def run(import_id: int) -> None:
    """Do what the import waits for; nothing when it waits for nothing."""
    source = Import.objects.select_related("by__user", "by__branch").filter(pk=import_id).first()
    if source is None:
        return
    with translation.override(source.language):
        if source.state == ImportState.READING:
            read_now(source)
        elif source.state == ImportState.APPLYING:
            apply_now(source)


def read_now(source: Import) -> None:
    """Read the file if its rows are not there yet or its columns changed, and judge every row."""
    try:
        with outbox.atomic():
            held = Import.objects.select_for_update().get(pk=source.pk)
            if held.state != ImportState.READING:
                return
            if held.content:
                _read_rows(held)
            else:
                _judge(held)
            held.state = ImportState.READY
            held.save()
    except reading.Unreadable as fault:
        found = {"titles": fault.titles, "mapping": fault.mapping} if isinstance(fault, NeedsColumns) else {}
        Import.objects.filter(pk=source.pk, state=ImportState.READING).update(
            state=ImportState.REFUSED, fault={"code": fault.code, "message": fault.message}, **found
        )


def apply_now(source: Import) -> None:
    """Judge once more, as the register is now, and write it all in one transaction.

    When a row would fare otherwise than its officer saw, nothing is written and the import waits to be looked at again.
    """
    try:
        with outbox.atomic():
            held = Import.objects.select_for_update().get(pk=source.pk)
            if held.state != ImportState.APPLYING:
                return
            # Against other imports and acts on the tree; a name entered by hand meanwhile shows in the judgement.
            list(
                Organization.objects.select_for_update(no_key=True)
                .filter(depth=1)
                .values_list("pk", flat=True)
            )
            seen = dict(held.rows.values_list("number", "outcome"))
            judged = _judge(held)
            if {each.number: each.outcome for each in judged} != seen:
                held.state = ImportState.READY
                held.fault = {"code": "changed_meanwhile", "message": _changed_meanwhile()}
                held.save(update_fields=["state", "fault"])
                return
            write(held, judged, tell=_teller(held))
            if held.counts.get(Outcome.NEW) and held.kind == ImportKind.MEMBERS:
                identity.entered()
            held.state, held.applied_at, held.content, held.fault = (
                ImportState.APPLIED,
                timezone.now(),
                "",
                None,
            )
            held.save(update_fields=["state", "applied_at", "content", "fault"])
            _note(source.by, held, "import.apply")
    except IntegrityError:
        # Somebody entered one of these numbers between our look and our writing.
        Import.objects.filter(pk=source.pk, state=ImportState.APPLYING).update(
            state=ImportState.READING, fault={"code": "changed_meanwhile", "message": _changed_meanwhile()}
        )
        run(source.pk)


def forget_old() -> None:
    """Drop imports, and what they hold of people, that nobody can undo any more."""
    Import.objects.filter(created_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()


def progress(source: Import) -> int:
    """Percent of what the job does now; 100 when it does nothing."""
    if source.state not in {ImportState.READING, ImportState.APPLYING}:
        return 100
    return int(cache.get(f"import:{source.pk}", 0))


# --- parts -----------------------------------------------------------------------------------------------------------


def _teller(source: Import) -> Told:
    """Progress goes past the transaction, or nobody would see it before the end."""

    def tell(done: int, total: int) -> None:
        cache.set(f"import:{source.pk}", min(99, done * 100 // max(1, total)), 3600)

    return tell


def _read_rows(source: Import) -> None:
    tell = _teller(source)
    tell(0, 1)
    content = sealing.unseal(source.content).encode("latin-1")
    remembered = dict(ColumnTitle.objects.filter(kind=source.kind).values_list("title", "field"))
    sheets = reading.read(content)
    table = columns.find(sheets, source.kind, given=source.mapping, remembered=remembered)
    source.titles = [title for title in table.titles if title]
    source.mapping = {name: table.titles[index] for name, index in table.mapping.items()}
    if lacking := columns.missing(source.kind, table.mapping):
        known = columns.BY_KIND[ImportKind(source.kind)]
        names = _("、").join(str(known[name].label) for name in lacking)
        raise NeedsColumns(source, _("没有找到这几列：%(names)s。请对应列名后再核对。") % {"names": names})
    source.rows.all().delete()
    hollow = dict.fromkeys(table.sheet.merged, "merged") | dict.fromkeys(table.sheet.formulas, "formula")
    rows: list[Row] = []
    for index in range(table.header + 1, len(table.sheet.rows)):
        line = table.sheet.rows[index]
        given = {
            name: cells.storable(line[column]) for name, column in table.mapping.items() if column < len(line)
        }
        if not any(cells.text(cell) for cell in line):
            continue
        holes = {
            name: hollow[index + 1, column]
            for name, column in table.mapping.items()
            if (index + 1, column) in hollow
        }
        rows.append(Row(index + 1, given, holes))
    if not rows:
        raise reading.Unreadable("empty", _("标题下面没有内容。请填好再传。"))
    tell(len(rows), 4 * len(rows))
    source.total = len(rows)
    _found, notes = _judged(source, rows)
    tell(2 * len(rows), 4 * len(rows))
    bulk.insert(
        ImportRow,
        [
            {
                "source_id": source.pk,
                "number": row.number,
                "cells": sealing.seal_json({"cells": row.cells, "holes": row.holes}),
                **note,
            }
            for row, note in zip(rows, notes, strict=True)
        ],
    )


class NeedsColumns(reading.Unreadable):
    """A column that must be there was not found; what was found is kept for whoever maps the rest."""

    def __init__(self, source: Import, message: str) -> None:
        super().__init__("columns_missing", message)
        self.titles, self.mapping = source.titles, source.mapping


_NOTED: Final = ("outcome", "problems", "target")


def _judge(source: Import) -> list[Judged]:
    """Judge the stored rows and note what was found with each."""
    stored = list(source.rows.order_by("number", "id").values_list("pk", "number", "cells", *_NOTED))
    rows = []
    for _key, number, sealed, *_before in stored:
        told = sealing.unseal_json(sealed)
        rows.append(Row(number, told["cells"], told["holes"]))
    found, notes = _judged(source, rows)
    changed = [
        [key, *(note[name] for name in _NOTED)]
        for (key, _number, _sealed, *before), note in zip(stored, notes, strict=True)
        if before != [note[name] for name in _NOTED]
    ]
    bulk.update(ImportRow, _NOTED, changed)
    return found


def _judged(source: Import, rows: list[Row]) -> tuple[list[Judged], list[dict[str, Any]]]:
    """Judge `rows` and note the counts with the import; for each row what was found, and as it is stored with it."""
    judge = judging.members if source.kind == ImportKind.MEMBERS else judging.organizations
    found = judge(rows, register_for(source))
    notes = [
        {
            "outcome": judged.outcome,
            "target": judged.target,
            "problems": [
                {
                    "field": fault.field,
                    "value": judging.shown(fault.field, row.cells.get(fault.field)),
                    "code": fault.code,
                    "message": fault.message,
                    "suggestions": [list(told) for told in fault.suggestions],
                }
                for fault in judged.faults
            ],
        }
        for row, judged in zip(rows, found, strict=True)
    ]
    source.counts = dict(Counter(each.outcome for each in found))
    source.save(update_fields=["counts", "total", "titles", "mapping"])
    return found, notes


def _remember(kind: str, mapping: Mapping[str, str]) -> None:
    rows = [
        ColumnTitle(kind=kind, title=columns.plain(title), field=name)
        for name, title in mapping.items()
        if columns.plain(title)
    ]
    ColumnTitle.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["kind", "title"], update_fields=["field"]
    )


def _held(by: Member, source: Import, *states: ImportState) -> Import:
    """The import, locked, in one of `states`.

    Raises:
        Problem: 404, it is not the reader's to act on; 409, it is in another state.
    """
    _require_officer(by)
    held: Import | None = visible(by).select_for_update(of=("self",)).filter(pk=source.pk).first()
    if held is None:
        raise not_found()
    if held.state not in states:
        raise _wrong_state(_("现在不能这样做：这份名册%(state)s。") % {"state": held.get_state_display()})
    return held


def _wrong_state(detail: str) -> Problem:
    return Problem(409, "wrong_state", detail)


def _require_officer(by: Member) -> None:
    if not access.standing(by).is_officer:
        raise not_found()


def visible(reader: Member) -> Any:
    """The imports a reader may see: their own, and all of them to an officer over the whole district."""
    own = access.standing(reader)
    if not own.is_officer:
        return Import.objects.none()
    if access.is_officer(reader, own.path[0]):
        return Import.objects.all()
    return Import.objects.filter(by=reader)


def _changed_meanwhile() -> str:
    return _("名册里的人在你核对之后有了变动，所以什么都没有写入。请再看一遍。")


def _note(by: Member, source: Import, action: str) -> None:
    record(
        action=action,
        actor=by.user,
        object_kind="import",
        object_id=source.pk,
        object_name=source.file_name,
        detail={"kind": source.kind, **source.counts},
    )
