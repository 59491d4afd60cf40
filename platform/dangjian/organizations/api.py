"""Organisations and members by API, as far as the reader's right goes."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Length, Substr
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.paging import next_path
from dangjian.api.problems import forbidden, not_found
from dangjian.api.views import ApiView, number
from dangjian.organizations import access, queries
from dangjian.organizations.listing import Listing, listing
from dangjian.organizations.models import Member, Organization
from dangjian.organizations.phone import masked


class OrganizationSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    short_name = serializers.CharField()
    kind = serializers.CharField()
    sector = serializers.CharField(help_text="empty where none is given")
    parent: Any = serializers.IntegerField(
        allow_null=True, help_text="null at the top of what the reader sees"
    )
    depth = serializers.IntegerField(help_text="1 for the root of the tree")


class BranchSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PostSerializer(serializers.Serializer):
    post = serializers.CharField()
    organization = serializers.IntegerField(source="organization_id")


class MemberSerializer(serializers.Serializer):
    """What only the branch's secretary and its officers see is null to the others."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    branch = BranchSerializer()
    posts_held = PostSerializer(many=True)
    status = serializers.SerializerMethodField()
    phone = serializers.SerializerMethodField(help_text="masked")
    active = serializers.SerializerMethodField()
    signed_in = serializers.SerializerMethodField(help_text="whether they have ever signed in")

    def get_status(self, member: Member) -> str | None:
        return member.status if self._entitled(member) else None

    def get_phone(self, member: Member) -> str | None:
        return masked(member.phone) if access.may_see_phone(self.context["reader"], member) else None

    def get_active(self, member: Member) -> bool | None:
        return member.user.is_active if self._entitled(member) else None

    def get_signed_in(self, member: Member) -> bool | None:
        return member.user.first_signed_in_at is not None if self._entitled(member) else None

    def _entitled(self, member: Member) -> bool:
        reader: Member = self.context["reader"]
        return access.is_officer(reader, member.branch) or access.is_secretary_of(reader, member.branch)


class OrganizationPageSerializer(serializers.Serializer):
    results = OrganizationSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class MemberPageSerializer(serializers.Serializer):
    results = MemberSerializer(many=True)
    next = serializers.CharField(allow_null=True)


_STEP = Organization.steplen
_CURSOR = OpenApiParameter("cursor", str, description="from `next`")


class OrganizationsView(ApiView):
    @extend_schema(
        operation_id="organizations_list",
        parameters=[_CURSOR],
        responses={200: OrganizationPageSerializer},
    )
    def get(self, request: Request) -> Response:
        reader = _reader(request)
        visible = access.visible_organizations(reader)
        parent = visible.filter(path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Value(_STEP)))
        page = listing(
            visible.annotate(parent=Subquery(parent.order_by().values("pk")[:1])),
            which=f"organizations:{reader.pk}",
            by=("path", "id"),
            cursor=request.query_params.get("cursor", ""),
        )
        return _page(request, page, OrganizationSerializer(page.rows, many=True).data)


class MembersView(ApiView):
    @extend_schema(
        operation_id="members_list",
        parameters=[
            OpenApiParameter("q", str, description="part of a name: hanzi, pinyin, initials or a mixture"),
            OpenApiParameter("branch", int, description="the id of one branch"),
            _CURSOR,
        ],
        responses={200: MemberPageSerializer},
    )
    def get(self, request: Request) -> Response:
        reader = _reader(request)
        text, branch = request.query_params.get("q", "")[:50], number(request, "branch")
        found = queries.named(access.visible_members(reader), text)
        if branch is not None:
            if not access.visible_organizations(reader).filter(pk=branch).exists():
                raise not_found()
            found = found.filter(branch=branch)
        page = listing(
            found.select_related("user", "branch").prefetch_related("posts_held"),
            which=f"members:{reader.pk}:{branch or ''}:{text}",
            by=("pinyin", "id"),
            cursor=request.query_params.get("cursor", ""),
        )
        return _page(request, page, MemberSerializer(page.rows, many=True, context={"reader": reader}).data)


def _reader(request: Request) -> Member:
    """
    Raises:
        Problem: 403, an account that is no member's.
    """
    reader: Member | None = request._request.member  # type: ignore[attr-defined]
    if reader is None:
        raise forbidden(_("这个账号不是党员账号，没有所在的支部。"))
    return reader


def _page(request: Request, page: Listing[Any], results: Any) -> Response:
    return Response({"results": results, "next": next_path(request._request, page.next)})
