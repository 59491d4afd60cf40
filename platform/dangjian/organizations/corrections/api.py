"""Corrections by API: list, ask, accept, decline, withdraw."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.idempotency import idempotent
from dangjian.api.paging import next_path
from dangjian.api.problems import not_found
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView
from dangjian.organizations.api import reader_of
from dangjian.organizations.corrections import services
from dangjian.organizations.corrections.models import CorrectedField, Correction, CorrectionState
from dangjian.organizations.listing import listing
from dangjian.organizations.models import Member
from dangjian.organizations.services import REASON_LENGTH


class CorrectionMemberSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class CorrectionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    member = CorrectionMemberSerializer()
    field = serializers.ChoiceField(CorrectedField.values)
    before = serializers.SerializerMethodField(help_text="telephone numbers masked")
    wanted = serializers.SerializerMethodField(help_text="telephone numbers masked")
    reason = serializers.CharField()
    state = serializers.ChoiceField(CorrectionState.values)
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(allow_blank=True, help_text="why it was declined")

    def get_before(self, correction: Correction) -> str:
        return services.shown(correction.field, correction.before)

    def get_wanted(self, correction: Correction) -> str:
        return services.shown(correction.field, correction.wanted)


class CorrectionPageSerializer(serializers.Serializer[Any]):
    results = CorrectionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class CorrectionRequestSerializer(serializers.Serializer[Any]):
    field = serializers.ChoiceField(CorrectedField.values)
    wanted = serializers.CharField(max_length=50, help_text="a value of the field's choices, a date, or text")
    reason = serializers.CharField(max_length=REASON_LENGTH)


class DeclineSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class CorrectionsView(ApiView):
    @extend_schema(
        operation_id="corrections_list",
        parameters=[OpenApiParameter("cursor", str, description="from `next`")],
        responses={200: CorrectionPageSerializer},
    )
    def get(self, request: Request) -> Response:
        """资料更正申请：自己的，和等自己处理的，新的在前。"""
        reader = reader_of(request)
        page = listing(
            services.visible(reader).select_related("member"),
            which=f"api-corrections:{reader.pk}",
            by=("-created_at", "-id"),
            cursor=request.query_params.get("cursor", ""),
        )
        results = CorrectionSerializer(page.rows, many=True).data
        return Response({"results": results, "next": next_path(request._request, page.next)})

    @extend_schema(
        operation_id="correction_ask",
        parameters=[IDEMPOTENCY_KEY],
        request=CorrectionRequestSerializer,
        responses={201: CorrectionSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """申请更正自己的一项资料。"""
        serializer = CorrectionRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        made = services.ask(member=reader_of(request), **serializer.validated_data)
        return Response(CorrectionSerializer(made).data, status=201)


class _ActView(ApiView):
    def _correction(self, reader: Member, pk: int) -> Correction:
        found = Correction.objects.select_related("member__branch").filter(pk=pk).first()
        if found is None or not services.visible_to_settler(reader, found):
            raise not_found()
        return found


class CorrectionAcceptView(_ActView):
    @extend_schema(
        operation_id="correction_accept", parameters=[IDEMPOTENCY_KEY], request=None,
        responses={200: CorrectionSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """同意，写进名册。"""
        reader = reader_of(request)
        done = services.accept(actor=reader, correction=self._correction(reader, pk))
        return Response(CorrectionSerializer(done).data)


class CorrectionDeclineView(_ActView):
    @extend_schema(
        operation_id="correction_decline", parameters=[IDEMPOTENCY_KEY], request=DeclineSerializer,
        responses={200: CorrectionSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """不同意，写明原因。"""
        reader = reader_of(request)
        shown = self._correction(reader, pk)
        serializer = DeclineSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        done = services.decline(actor=reader, correction=shown, **serializer.validated_data)
        return Response(CorrectionSerializer(done).data)


class CorrectionWithdrawView(_ActView):
    @extend_schema(
        operation_id="correction_withdraw", parameters=[IDEMPOTENCY_KEY], request=None,
        responses={200: CorrectionSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """本人撤回。"""
        reader = reader_of(request)
        done = services.withdraw(member=reader, correction=self._correction(reader, pk))
        return Response(CorrectionSerializer(done).data)
