"""Dues by API: a month's sheet, entries on it, counter-entries, what dues follow from, totals, one's own."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.idempotency import idempotent
from dangjian.api.problems import FieldError, Problem, not_found, refused
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView, number
from dangjian.organizations import access as tree_access
from dangjian.organizations.api import reader_of
from dangjian.organizations.dues import access, judgement, queries, services
from dangjian.organizations.dues.models import DuesPayment, DuesSheet, Relief, Way
from dangjian.organizations.dues.services import Entry
from dangjian.organizations.models import Employment, Member, Organization, OrganizationKind
from dangjian.organizations.services import REASON_LENGTH

_MONEY: dict[str, Any] = {"max_digits": 9, "decimal_places": 2, "help_text": "yuan"}
_GIVEN: dict[str, Any] = _MONEY | {
    "min_value": 0,
    "max_value": judgement.MOST,
    "required": False,
    "allow_null": True,
}
_SUM: dict[str, Any] = {"max_digits": 14, "decimal_places": 2, "help_text": "yuan"}
_IDS: dict[str, Any] = {"min_value": 1, "max_value": 2**63 - 1}


class DuesLineSerializer(serializers.Serializer[Any]):
    member = serializers.IntegerField(source="member.id")
    name = serializers.CharField(source="member.name")
    kind = serializers.CharField(source="basis.kind", allow_blank=True, help_text="empty: nobody said")
    relief = serializers.CharField(source="basis.relief", allow_blank=True)
    base: Any = serializers.DecimalField(source="basis.base", allow_null=True, **_MONEY)
    rate: Any = serializers.DecimalField(
        source="owed.rate",
        max_digits=4,
        decimal_places=3,
        allow_null=True,
        help_text="a factor of the whole base",
    )
    amount = serializers.DecimalField(allow_null=True, **_MONEY)
    paid = serializers.DecimalField(**_MONEY)
    missing = serializers.DecimalField(**_MONEY)


class DuesSumsSerializer(serializers.Serializer[Any]):
    members = serializers.IntegerField(help_text="charges: one a member and month")
    due = serializers.DecimalField(**_SUM)
    paid = serializers.DecimalField(**_SUM)
    missing = serializers.DecimalField(**_SUM)
    unknown = serializers.IntegerField(help_text="of them, without an amount")


class DuesSheetSerializer(serializers.Serializer[Any]):
    branch = serializers.IntegerField()
    month = serializers.CharField(help_text="2026-11")
    version = serializers.IntegerField(help_text="send it with the next entry")
    confirmed_at = serializers.DateTimeField(allow_null=True)
    sums = DuesSumsSerializer()
    lines = DuesLineSerializer(many=True)


class DuesEntrySerializer(serializers.Serializer[Any]):
    member = serializers.IntegerField(**_IDS)
    base = serializers.DecimalField(**_GIVEN)
    received = serializers.DecimalField(**_GIVEN)


class DuesEntriesSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1, help_text="of the sheet you saw")
    entries = serializers.ListField(child=DuesEntrySerializer(), required=False, max_length=500)
    way = serializers.ChoiceField(Way.values, default=Way.CASH)
    received_on = serializers.DateField(required=False)
    everybody_paid = serializers.BooleanField(
        default=False, help_text="whatever is still missing was received"
    )
    confirm = serializers.BooleanField(default=False, help_text="the month is complete")


class DuesBasisSerializer(serializers.Serializer[Any]):
    since = serializers.CharField(max_length=7, help_text="2026-12")
    kind = serializers.ChoiceField(Employment.values)
    base = serializers.DecimalField(**_GIVEN)
    agreed = serializers.DecimalField(**_GIVEN)
    relief = serializers.ChoiceField(Relief.values, default="", allow_blank=True)
    reason = serializers.CharField(max_length=REASON_LENGTH)
    document = serializers.CharField(max_length=60, default="", allow_blank=True)


class DuesBasisShownSerializer(serializers.Serializer[Any]):
    since = serializers.DateField()
    kind = serializers.CharField()
    base = serializers.DecimalField(allow_null=True, **_MONEY)
    agreed = serializers.DecimalField(allow_null=True, **_MONEY)
    relief = serializers.CharField(allow_blank=True)


class CounterEntrySerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class DuesPaymentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    amount = serializers.DecimalField(**_MONEY)
    way = serializers.CharField()
    received_on = serializers.DateField()
    reverses: Any = serializers.IntegerField(source="reverses_id", allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class DuesChargeSerializer(serializers.Serializer[Any]):
    month = serializers.SerializerMethodField()
    amount = serializers.DecimalField(allow_null=True, **_MONEY)
    paid = serializers.DecimalField(**_MONEY)
    confirmed = serializers.BooleanField()
    payments = DuesPaymentSerializer(many=True)

    def get_month(self, charge: Any) -> str:
        return f"{charge.month:%Y-%m}"


class MyDuesSerializer(serializers.Serializer[Any]):
    year = serializers.IntegerField()
    charges = DuesChargeSerializer(many=True)


class DuesTotalSerializer(serializers.Serializer[Any]):
    organization = serializers.IntegerField()
    name = serializers.CharField()
    parent: Any = serializers.IntegerField(allow_null=True)
    sums = DuesSumsSerializer()
    confirmed = serializers.IntegerField(help_text="sheets confirmed, with those below")
    expected = serializers.IntegerField(help_text="sheets there should be")


class DuesTotalsSerializer(serializers.Serializer[Any]):
    first = serializers.CharField()
    last = serializers.CharField()
    organizations = DuesTotalSerializer(many=True)


class DuesSheetView(ApiView):
    @extend_schema(operation_id="dues_sheet", responses={200: DuesSheetSerializer})
    def get(self, request: Request, pk: int, month: date) -> Response:
        """党费月表：应交、实交，一人一行。"""
        return Response(_shown(_kept(reader_of(request), pk, month), month))

    @extend_schema(
        operation_id="dues_enter",
        parameters=[IDEMPOTENCY_KEY],
        request=DuesEntriesSerializer,
        responses={200: DuesSheetSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int, month: date) -> Response:
        """记账：基数、收到的金额；也可以确认这个月。"""
        actor = reader_of(request)
        branch, given = _kept(actor, pk, month), _given(DuesEntriesSerializer, request)
        entries = {
            each["member"]: Entry(base=each.get("base"), received=each.get("received"))
            for each in given.pop("entries", [])
        }
        services.enter(actor=actor, branch=branch, month=month, entries=entries, **given)
        return Response(_shown(branch, month))


class DuesReverseView(ApiView):
    @extend_schema(
        operation_id="dues_reverse",
        parameters=[IDEMPOTENCY_KEY],
        request=CounterEntrySerializer,
        responses={200: DuesPaymentSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """冲正：记一笔相反的，原来的保留。"""
        actor = reader_of(request)
        found = DuesPayment.objects.select_related("charge__branch").filter(pk=pk).first()
        if found is None or not access.keeps(actor, found.charge.branch):
            raise not_found()
        reason = _given(CounterEntrySerializer, request)["reason"]
        made = services.reverse(actor=actor, payment=found, reason=reason)
        return Response(DuesPaymentSerializer(made).data)


class DuesBasisView(ApiView):
    @extend_schema(
        operation_id="dues_basis",
        parameters=[IDEMPOTENCY_KEY],
        request=DuesBasisSerializer,
        responses={200: DuesBasisShownSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """党费按什么算：收入来源、基数、减免，从哪个月起。"""
        actor = reader_of(request)
        member = Member.ever.select_related("branch").filter(pk=pk).first()
        if member is None or not access.keeps(actor, member.branch):
            raise not_found()
        given = _given(DuesBasisSerializer, request)
        try:
            given["since"] = judgement.month_of(given["since"])
        except ValueError as error:
            raise refused(FieldError("/since", "invalid", _("月份写成 2026-11 这样。"))) from error
        made = services.set_basis(actor=actor, member=member, **given)
        return Response(DuesBasisShownSerializer(made).data)


class DuesTotalsView(ApiView):
    @extend_schema(
        operation_id="dues_totals",
        parameters=[
            OpenApiParameter("from", str, description="2026-01; this month without it"),
            OpenApiParameter("to", str, description="2026-11; the same as `from` without it"),
        ],
        responses={200: DuesTotalsSerializer},
    )
    def get(self, request: Request) -> Response:
        """党费汇总：每个组织连同它下面的。"""
        officer, today = reader_of(request), timezone.localdate()
        if not tree_access.standing(officer).is_officer:
            raise not_found()
        first = _month(request, "from") or today.replace(day=1)
        last = _month(request, "to") or first
        if last < first or (last.year - first.year) * 12 + last.month - first.month >= judgement.MONTHS_BACK:
            raise Problem(400, "bad_parameter", _("参数 to 应该不早于 from，相隔不超过三年。"))
        rows = [
            {
                "organization": row["node"].id, "name": row["node"].name, "parent": row["node"].parent,
                "sums": row["sums"], "confirmed": row["confirmed"], "expected": row["expected"],
            }
            for row in queries.of_officer(officer, first, last)
        ]  # fmt: skip
        answer = {"first": f"{first:%Y-%m}", "last": f"{last:%Y-%m}", "organizations": rows}
        return Response(DuesTotalsSerializer(answer).data)


class MyDuesView(ApiView):
    @extend_schema(
        operation_id="my_dues",
        parameters=[OpenApiParameter("year", int, description="this year without it")],
        responses={200: MyDuesSerializer},
    )
    def get(self, request: Request) -> Response:
        """我的党费。"""
        reader = reader_of(request)
        year = number(request, "year") or timezone.localdate().year
        if not 2000 <= year <= 2999:
            raise Problem(400, "bad_parameter", _("参数 %(name)s 应该是一个整数。") % {"name": "year"})
        return Response(MyDuesSerializer({"year": year, "charges": queries.of_member(reader, year)}).data)


def _kept(actor: Member, pk: int, month: date) -> Organization:
    found = Organization.objects.filter(pk=pk, kind=OrganizationKind.BRANCH).first()
    first, last = judgement.open_months(timezone.localdate())
    if found is None or not access.keeps(actor, found) or not first <= month <= last:
        raise not_found()
    return found


def _shown(branch: Organization, month: date) -> Any:
    sheet = DuesSheet.objects.filter(branch=branch, month=month).first()
    lines = queries.lines(services.rules(), branch, month)
    shown = {
        "branch": branch.pk, "month": f"{month:%Y-%m}", "version": sheet.version if sheet else 0,
        "confirmed_at": sheet.confirmed_at if sheet else None, "sums": queries.summed(lines), "lines": lines,
    }  # fmt: skip
    return DuesSheetSerializer(shown).data


def _month(request: Request, name: str) -> date | None:
    text = request.query_params.get(name, "")
    try:
        return judgement.month_of(text) if text else None
    except ValueError as error:
        raise Problem(400, "bad_parameter", _("月份写成 2026-11 这样。")) from error


def _given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    given: dict[str, Any] = dict(serializer.validated_data)
    return given
