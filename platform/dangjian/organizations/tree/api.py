"""One organisation by API, and the acts that change it: the same forms, rehearsed or done."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.idempotency import idempotent
from dangjian.api.problems import Problem, not_found, refused_form
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView
from dangjian.organizations import access
from dangjian.organizations.api import reader_of
from dangjian.organizations.models import Member, Organization
from dangjian.organizations.services import REASON_LENGTH
from dangjian.organizations.structure import NAME_LENGTH, SHORT_NAME_LENGTH
from dangjian.organizations.tree import acts

_LARGEST_ID = 2**63 - 1


class PeriodSerializer(serializers.Serializer[Any]):
    since = serializers.DateField(allow_null=True, help_text="null: as far back as is known")
    until = serializers.DateField(allow_null=True, help_text="the first day it was no longer so; null: still")
    name = serializers.CharField()
    short_name = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    units = serializers.CharField(allow_blank=True, help_text="of a joint branch, one a line")
    parent: Any = serializers.IntegerField(source="parent_id", allow_null=True)
    act = serializers.CharField(allow_blank=True, help_text="what began it; empty where it was never said")
    reason = serializers.CharField(allow_blank=True)
    document = serializers.CharField(allow_blank=True)


class OrganizationDetailSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    short_name = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    units = serializers.CharField(allow_blank=True, help_text="of a joint branch, one a line")
    founded_on = serializers.DateField(allow_null=True)
    dissolved_on = serializers.DateField(allow_null=True, help_text="the first day on which it is no more")
    version = serializers.IntegerField(help_text="to be named by an act on it")
    acts = serializers.SerializerMethodField(help_text="what can be done to it")
    periods = serializers.SerializerMethodField()

    def get_acts(self, organization: Organization) -> list[str]:
        return list(acts.offered(organization))

    def get_periods(self, organization: Organization) -> list[dict[str, Any]]:
        rows = organization.periods.order_by(F("since").asc(nulls_first=True), "id")
        return list(PeriodSerializer(rows, many=True).data)


class ActRequestSerializer(serializers.Serializer[Any]):
    """What an act needs of it is refused when it is missing: name for found, rename and split; parent for move; into
    for merge, and for dissolve while anybody is left; members for split."""

    version = serializers.IntegerField(
        help_text="of the organisation as you saw it; another one is answered 409"
    )
    on = serializers.DateField(required=False, help_text="the first day on which it is so; today if left out")
    reason = serializers.CharField(max_length=REASON_LENGTH)
    document = serializers.CharField(max_length=60, required=False, allow_blank=True)
    name = serializers.CharField(max_length=NAME_LENGTH, required=False)
    short_name = serializers.CharField(max_length=SHORT_NAME_LENGTH, required=False, allow_blank=True)
    kind = serializers.CharField(required=False)
    sector = serializers.CharField(required=False, allow_blank=True)
    units = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        help_text="for cover: one a line; none: no joint branch",
    )
    parent: Any = serializers.IntegerField(min_value=1, max_value=_LARGEST_ID, required=False)
    into = serializers.IntegerField(min_value=1, max_value=_LARGEST_ID, required=False)
    members = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=_LARGEST_ID), required=False, max_length=500
    )
    rehearse = serializers.BooleanField(default=False, help_text="say what it would do, and do nothing")


class ConsequenceSerializer(serializers.Serializer[Any]):
    label: Any = serializers.CharField()
    value = serializers.CharField()


class ActAnswerSerializer(serializers.Serializer[Any]):
    done = serializers.BooleanField(help_text="false when it was rehearsed")
    organization: Any = serializers.IntegerField(
        help_text="the one that was made, else the one it was done to"
    )
    consequences = ConsequenceSerializer(many=True)


class OrganizationView(ApiView):
    @extend_schema(operation_id="organization_read", responses={200: OrganizationDetailSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """一个组织，撤销了的也在：现状、沿革、能办的事。负责它的管理员能看。"""
        return Response(OrganizationDetailSerializer(_organization(reader_of(request), pk)).data)


class OrganizationActView(ApiView):
    @extend_schema(
        operation_id="organization_act",
        parameters=[IDEMPOTENCY_KEY],
        request=ActRequestSerializer,
        responses={200: ActAnswerSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int, act: str) -> Response:
        """成立下级、更名、调整隶属、分设、合并、撤销；可以先演练。"""
        officer = reader_of(request)
        organization = _organization(officer, pk)
        kind = acts.offered(organization).get(act)
        if kind is None:
            if act not in acts.ACTS:
                raise not_found()
            detail = _("%(name)s 现在不能办这件事。") % {"name": organization}
            raise Problem(409, "not_offered", detail)
        serializer = ActRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = dict(serializer.validated_data)
        rehearse = given.pop("rehearse")
        form = kind.form(
            {"on": timezone.localdate(), **given},
            organization=organization,
            organizations=access.managed_organizations(officer),
        )
        if not form.is_valid():
            raise refused_form(form)
        told = acts.consequences(act, organization, form.cleaned_data)
        run = acts.rehearse if rehearse else acts.perform
        made = run(kind, actor=officer, organization=organization, given=form.cleaned_data)
        answer = {
            "done": not rehearse,
            "organization": made.pk if made is not None else organization.pk,
            "consequences": [{"label": label, "value": value} for label, value in told],
        }
        return Response(ActAnswerSerializer(answer).data)


def _organization(officer: Member, pk: int) -> Organization:
    found = Organization.objects.filter(pk=pk).first()
    if found is None or not access.is_officer(officer, found):
        raise not_found()
    return found
