"""Rosters by API: upload, look at the dry run, apply, undo."""

from __future__ import annotations

import json
from typing import Any, Final

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.idempotency import idempotent
from dangjian.api.problems import FieldError, not_found, refused
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView
from dangjian.organizations import tasks
from dangjian.organizations.api import reader_of
from dangjian.organizations.imports import columns, reading, services
from dangjian.organizations.models import Import, ImportKind, ImportState, Member, Outcome

PROBLEMS_SHOWN: Final = 5000
_FORM_OVERHEAD: Final = 64 * 1024


class RowsSerializer(serializers.Serializer):
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class ImportProblemSerializer(serializers.Serializer):
    row = serializers.IntegerField(allow_null=True, help_text="null: the file as a whole")
    column = serializers.CharField(help_text="its title in the file", allow_blank=True)
    value = serializers.CharField(help_text="numbers of people are cut", allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class ImportSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(ImportKind.values)
    state = serializers.ChoiceField(ImportState.values)
    progress = serializers.IntegerField(help_text="percent of what the job does now")
    file_name = serializers.CharField()
    mapping: Any = serializers.DictField(child=serializers.CharField(), help_text="field → title")
    total = serializers.IntegerField(help_text="rows of the file")
    rows = RowsSerializer()
    problems = ImportProblemSerializer(many=True)


_ACCEPTED = inline_serializer("ImportAccepted", {"id": serializers.IntegerField()})


class ImportsView(ApiView):
    parser_classes = [MultiPartParser]
    max_body_bytes = reading.MOST_BYTES + _FORM_OVERHEAD

    @extend_schema(
        operation_id="import_roster",
        parameters=[IDEMPOTENCY_KEY],
        request={
            "multipart/form-data": inline_serializer(
                "ImportRequest",
                {
                    "file": serializers.FileField(),
                    "kind": serializers.ChoiceField(ImportKind.values),
                    "mapping": serializers.CharField(
                        required=False, help_text='JSON: {"name": "title of the column", …}'
                    ),
                },
            )
        },
        responses={202: _ACCEPTED},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """传一份名册（.xlsx、.xls、.csv，20 MB 以内），先试算，不写入。"""
        given: Any = request.data
        made = services.begin(
            by=reader_of(request),
            kind=str(given.get("kind", "")),
            file=request.FILES.get("file"),
            mapping=_mapping(given.get("mapping")),
        )
        tasks.wake(made)
        return Response({"id": made.pk}, status=202)


class ImportView(ApiView):
    @extend_schema(operation_id="import_read", responses={200: ImportSerializer})
    def get(self, request: Request, pk: int) -> Response:
        return Response(ImportSerializer(described(_import(request, pk))).data)


class ImportApplyView(ApiView):
    @extend_schema(
        operation_id="import_apply", parameters=[IDEMPOTENCY_KEY], request=None, responses={202: _ACCEPTED}
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """把没有问题的行一次写入；要改的行不动。"""
        source = _import(request, pk)
        services.apply(by=reader_of(request), source=source)
        tasks.wake(source)
        return Response({"id": source.pk}, status=202)


class ImportUndoView(ApiView):
    @extend_schema(
        operation_id="import_undo", parameters=[IDEMPOTENCY_KEY], request=None, responses={200: _ACCEPTED}
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """24 小时内整批撤回；之后又有变动的，不能撤回。"""
        source = _import(request, pk)
        services.undo(by=reader_of(request), source=source)
        return Response({"id": source.pk})


def described(source: Import) -> dict[str, Any]:
    """The import as `ImportSerializer` shows it."""
    known = columns.BY_KIND[ImportKind(source.kind)]
    problems = []
    if source.fault:
        problems.append({"row": None, "column": "", "value": "", **source.fault})
    told = source.rows.filter(outcome=Outcome.REFUSED).order_by("number", "id")
    for number, found in told.values_list("number", "problems")[:PROBLEMS_SHOWN]:
        problems += [
            {
                "row": number,
                "column": source.mapping.get(each["field"])
                or (known[each["field"]].title if each["field"] in known else ""),
                "value": each["value"],
                "code": each["code"],
                "message": each["message"],
            }
            for each in found
        ]
    return {
        "id": source.pk,
        "kind": source.kind,
        "state": source.state,
        "progress": services.progress(source),
        "file_name": source.file_name,
        "mapping": source.mapping,
        "total": source.total,
        "rows": {outcome: source.counts.get(outcome, 0) for outcome in Outcome.values},
        "problems": problems,
    }


def _import(request: Request, pk: int) -> Import:
    reader: Member = reader_of(request)
    found: Import | None = services.visible(reader).filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


def _mapping(text: Any) -> dict[str, str]:
    """
    Raises:
        Problem: 422, not a JSON object of texts.
    """
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(title, str) for title in found.values()):
        detail = _('mapping 应该是 JSON，如 {"name": "党员姓名"}。')
        raise refused(FieldError("/mapping", "malformed", detail))
    return found
