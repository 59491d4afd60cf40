"""One member by API, and what an officer can do to them: the same forms and services as the panel's."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.idempotency import idempotent
from dangjian.api.problems import Problem, not_found, refused_form
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView
from dangjian.organizations import access, member_actions
from dangjian.organizations.api import BranchSerializer, reader_of
from dangjian.organizations.leaving.judgement import gone
from dangjian.organizations.member_record_views import seen_by
from dangjian.organizations.models import Leaving, Member, Office, PostHeld
from dangjian.organizations.phone import masked
from dangjian.organizations.services import REASON_LENGTH

_LARGEST_ID = 2**63 - 1


class HeldPostSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="`held` of the act end-post")
    post = serializers.CharField()
    organization = serializers.IntegerField(source="organization_id")
    since = serializers.DateField(allow_null=True)


class HeldOfficeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="`office` of the act take-office")
    kind = serializers.CharField()
    organization = serializers.IntegerField(source="organization_id")


class MemberDetailSerializer(serializers.Serializer[Any]):
    """What the register says of one member; telephone and identity number masked."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    branch = BranchSerializer()
    status = serializers.CharField()
    joined_on = serializers.DateField(allow_null=True)
    converted_on = serializers.DateField(allow_null=True)
    sex = serializers.CharField(allow_blank=True)
    born_on = serializers.DateField(allow_null=True)
    nationality = serializers.CharField(allow_blank=True)
    education = serializers.CharField(allow_blank=True)
    employment = serializers.CharField(allow_blank=True)
    occupation = serializers.CharField(allow_blank=True)
    phone = serializers.SerializerMethodField()
    id_number = serializers.CharField(source="masked_id_number", allow_blank=True)
    is_floating = serializers.BooleanField()
    in_hardship = serializers.BooleanField()
    out_of_contact = serializers.BooleanField()
    left_on = serializers.DateField(
        allow_null=True, help_text="the first day on which they were no longer in the register"
    )
    left_kind = serializers.ChoiceField([("", ""), *Leaving.choices], help_text="how they left; else empty")
    posts = serializers.SerializerMethodField()
    offices = serializers.SerializerMethodField()
    acts = serializers.SerializerMethodField(help_text="what the reader can do to them")

    def get_phone(self, member: Member) -> str:
        return masked(member.phone)

    def get_posts(self, member: Member) -> list[dict[str, Any]]:
        held = PostHeld.objects.filter(member=member).order_by("since", "id")
        return list(HeldPostSerializer(held, many=True).data)

    def get_offices(self, member: Member) -> list[dict[str, Any]]:
        held = Office.objects.filter(member=member).order_by("since", "id")
        return list(HeldOfficeSerializer(held, many=True).data)

    def get_acts(self, member: Member) -> list[str]:
        return list(_offered(self.context["reader"], member))


class MemberActRequestSerializer(serializers.Serializer[Any]):
    """Besides the reason the fields of the act's form; what is left out stays as it is, or as the form begins."""

    reason = serializers.CharField(max_length=REASON_LENGTH)
    name = serializers.CharField(max_length=50, required=False)
    branch = serializers.IntegerField(
        min_value=1, max_value=_LARGEST_ID, required=False, help_text="move, restore"
    )
    organization = serializers.IntegerField(
        min_value=1, max_value=_LARGEST_ID, required=False, help_text="set-post, give-office"
    )
    post = serializers.CharField(max_length=20, required=False, help_text="set-post")
    held = serializers.IntegerField(min_value=1, max_value=_LARGEST_ID, required=False, help_text="end-post")
    kind = serializers.CharField(max_length=20, required=False, help_text="give-office, leave")
    office = serializers.IntegerField(
        min_value=1, max_value=_LARGEST_ID, required=False, help_text="take-office"
    )
    since = serializers.DateField(required=False, help_text="set-post, move")
    until = serializers.DateField(required=False, help_text="end-post")
    on = serializers.DateField(
        required=False, help_text="leave: the first day out of the register; restore: the first in it again"
    )
    account = serializers.BooleanField(
        required=False, help_text="restore, take-back: open the account too; true without it"
    )
    document = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="move, leave, restore"
    )
    status = serializers.CharField(max_length=12, required=False, help_text="this and what follows: correct")
    joined_on = serializers.DateField(required=False, allow_null=True)
    converted_on = serializers.DateField(required=False, allow_null=True)
    sex = serializers.CharField(max_length=6, required=False, allow_blank=True)
    born_on = serializers.DateField(required=False, allow_null=True)
    nationality = serializers.CharField(max_length=20, required=False, allow_blank=True)
    education = serializers.CharField(max_length=16, required=False, allow_blank=True)
    employment = serializers.CharField(max_length=12, required=False, allow_blank=True)
    occupation = serializers.CharField(max_length=30, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=20, required=False)
    id_number = serializers.CharField(max_length=24, required=False)
    is_floating = serializers.BooleanField(required=False)
    in_hardship = serializers.BooleanField(required=False)
    out_of_contact = serializers.BooleanField(required=False)


class MemberActAnswerSerializer(serializers.Serializer[Any]):
    member = MemberDetailSerializer()
    told: Any = serializers.CharField(
        allow_null=True, help_text="told this once: a one-time password, an identity number"
    )


class MemberView(ApiView):
    @extend_schema(operation_id="member_read", responses={200: MemberDetailSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """一位党员登记的资料：本人、支部书记和组织部管理员能看。"""
        reader = reader_of(request)
        return Response(MemberDetailSerializer(seen_by(reader, pk), context={"reader": reader}).data)


class MemberActView(ApiView):
    @extend_schema(
        operation_id="member_act",
        parameters=[IDEMPOTENCY_KEY],
        request=MemberActRequestSerializer,
        responses={200: MemberActAnswerSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int, act: str) -> Response:
        """任职、免职、转支部、更正资料等，和名册里能办的一样。"""
        officer = reader_of(request)
        member = access.ever_managed_members(officer).select_related("user", "branch").filter(pk=pk).first()
        if member is None or act not in member_actions.ACTIONS:
            raise not_found()
        chosen = _offered(officer, member).get(act)
        if chosen is None:
            if member.left_on is not None:
                raise Problem(409, "left", gone(member.name, member.left_on, member.left_kind))
            raise Problem(409, "not_offered", _("对%(name)s现在不能办这件事。") % {"name": member.name})
        serializer = MemberActRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        organizations = access.managed_organizations(officer)
        begun = chosen.form(member=member, organizations=organizations)
        data = {**begun.initial, **serializer.validated_data}
        form = chosen.form(data, member=member, organizations=organizations)
        if not form.is_valid():
            raise refused_form(form)
        told = chosen.run(actor=officer, member=member, **form.cleaned_data)
        access.forget_standing(officer)
        # A move may have taken the member out of the officer's care; the answer is about what was just done.
        now = Member.ever.select_related("user", "branch").get(pk=member.pk)
        answer = {"member": now, "told": told if isinstance(told, str) else None}
        return Response(MemberActAnswerSerializer(answer, context={"reader": officer}).data)


def _offered(reader: Member, member: Member) -> dict[str, member_actions.Action]:
    if not access.may_manage_member(reader, member):
        return {}
    return member_actions.offered(reader, member, access.standing(member))
