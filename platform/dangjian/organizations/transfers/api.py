"""Transfers by API: list, propose, accept, return, withdraw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.idempotency import idempotent
from dangjian.api.paging import next_path
from dangjian.api.problems import FieldError, not_found, refused
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView, choice
from dangjian.organizations.api import BranchSerializer, reader_of
from dangjian.organizations.listing import listing
from dangjian.organizations.models import Member
from dangjian.organizations.services import REASON_LENGTH
from dangjian.organizations.transfers import access, judgement, queries, services
from dangjian.organizations.transfers.models import Transfer, TransferAct, TransferState

_CLOCKS = (judgement.WAITING, judgement.LATE, judgement.LAPSED, judgement.SETTLED)


class TransferMemberSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class TransferStepSerializer(serializers.Serializer[Any]):
    act = serializers.ChoiceField(TransferAct.values)
    by = serializers.CharField(source="by.name")
    on = serializers.DateField()
    at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)


class TransferSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.CharField(help_text="of the letter: 〔2026〕0017")
    member = TransferMemberSerializer()
    leaving = BranchSerializer()
    receiving = BranchSerializer()
    state = serializers.ChoiceField(TransferState.values)
    reason = serializers.CharField()
    proposed_on = serializers.DateField(help_text="the day of the letter")
    answer_by = serializers.DateField(help_text="the receiving branch should have answered by then")
    valid_until = serializers.DateField(help_text="the last day on which the letter is good")
    clock = serializers.SerializerMethodField()
    accepted_on = serializers.DateField(allow_null=True, help_text="the first day in the receiving branch")
    version = serializers.IntegerField()
    steps = TransferStepSerializer(many=True)

    def get_clock(self, transfer: Transfer) -> str:
        return judgement.clock(
            transfer.state,
            answer_by=transfer.answer_by,
            valid_until=transfer.valid_until,
            today=timezone.localdate(),
        )


class TransferPageSerializer(serializers.Serializer[Any]):
    results = TransferSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ProposalSerializer(serializers.Serializer[Any]):
    member = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    receiving = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="a branch")
    reason = serializers.CharField(max_length=REASON_LENGTH)
    on = serializers.DateField(required=False, help_text="the day of the letter; today if it is left out")
    dues_until = serializers.DateField(
        required=False, allow_null=True, help_text="any day of the last month dues are paid for"
    )


class AcceptanceSerializer(serializers.Serializer[Any]):
    on = serializers.DateField(
        required=False, help_text="the first day in the receiving branch; today if it is left out"
    )


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class TransfersView(ApiView):
    @extend_schema(
        operation_id="transfers_list",
        parameters=[
            OpenApiParameter("show", str, enum=queries.FILTERS, description="everything without it"),
            OpenApiParameter("way", str, enum=("in", "out"), description="both without it"),
            OpenApiParameter("q", str, description="part of the member's name, as for members"),
            OpenApiParameter("cursor", str, description="from `next`"),
        ],
        responses={200: TransferPageSerializer},
    )
    def get(self, request: Request) -> Response:
        """组织关系转接：转入、转出自己负责的组织的，新的在前。"""
        reader, today = reader_of(request), timezone.localdate()
        show, way = choice(request, "show", queries.FILTERS, ""), choice(request, "way", ("in", "out"), "")
        text = request.query_params.get("q", "").replace("\0", "")[:50]
        found = queries.listed(reader, direction=way, text=text)
        if show:
            found = found.filter(queries.condition(show, today))
        page = listing(
            found.prefetch_related("steps__by"),
            which=f"api-transfers:{reader.pk}:{show}:{way}:{text}",
            by=("-created_at", "-id"),
            cursor=request.query_params.get("cursor", ""),
        )
        results = TransferSerializer(page.rows, many=True).data
        return Response({"results": results, "next": next_path(request._request, page.next)})

    @extend_schema(
        operation_id="transfer_propose",
        parameters=[IDEMPOTENCY_KEY],
        request=ProposalSerializer,
        responses={201: TransferSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """提出转接：转出支部的书记，或负责它的组织部管理员。"""
        actor, given = reader_of(request), _given(ProposalSerializer, request)
        member = access.proposable(actor).filter(pk=given.pop("member")).first()
        if member is None:
            raise not_found()
        receiving = access.receivers().filter(pk=given.pop("receiving")).first()
        if receiving is None:
            raise refused(FieldError("/receiving", "no_branch", _("党员只能编入党支部，请选择一个支部。")))
        made = services.propose(actor=actor, member=member, receiving=receiving, **given)
        return Response(TransferSerializer(_transfer(actor, made.pk)).data, status=201)


class ReceiversView(ApiView):
    @extend_schema(operation_id="transfers_receivers", responses={200: BranchSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """能接收的支部：提出转接时从这里选。"""
        if not access.may_propose_somebody(reader_of(request)):
            raise not_found()
        return Response(BranchSerializer(access.receivers(), many=True).data)


class TransferView(ApiView):
    @extend_schema(operation_id="transfer_read", responses={200: TransferSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """一份转接：两个支部的书记、上级和本人能看。"""
        return Response(TransferSerializer(_transfer(reader_of(request), pk)).data)


class _ActView(ApiView):
    """What one side does to a transfer, by the service `run`; 409 with who was quicker when it is settled already."""

    shape: type[serializers.Serializer[Any]] = ReasonSerializer
    run: Callable[..., Transfer]

    def _act(self, request: Request, pk: int) -> Response:
        actor = reader_of(request)
        transfer = _transfer(actor, pk)
        self.run(actor=actor, transfer=transfer, **_given(self.shape, request))
        return Response(TransferSerializer(_transfer(actor, pk)).data)


class TransferAcceptView(_ActView):
    shape = AcceptanceSerializer

    run = staticmethod(services.accept)

    @extend_schema(
        operation_id="transfer_accept",
        parameters=[IDEMPOTENCY_KEY],
        request=AcceptanceSerializer,
        responses={200: TransferSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """接收：从那天起，党员编入接收支部。"""
        return self._act(request, pk)


class TransferReturnView(_ActView):
    run = staticmethod(services.send_back)

    @extend_schema(
        operation_id="transfer_return",
        parameters=[IDEMPOTENCY_KEY],
        request=ReasonSerializer,
        responses={200: TransferSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """退回，写明原因；党员仍在原支部。"""
        return self._act(request, pk)


class TransferWithdrawView(_ActView):
    run = staticmethod(services.withdraw)

    @extend_schema(
        operation_id="transfer_withdraw",
        parameters=[IDEMPOTENCY_KEY],
        request=ReasonSerializer,
        responses={200: TransferSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """接收之前撤回，写明原因。"""
        return self._act(request, pk)


def _transfer(reader: Member, pk: int) -> Transfer:
    found = (
        access.visible(reader)
        .select_related("member", "leaving", "receiving")
        .prefetch_related("steps__by")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise not_found()
    return found


def _given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    given: dict[str, Any] = dict(serializer.validated_data)
    return given
