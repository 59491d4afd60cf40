"""Organisations and members by API, as far as the reader's right goes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api import paging
from dangjian.api.paging import next_path
from dangjian.api.problems import Problem, forbidden, not_found
from dangjian.api.views import ApiView, choice, number
from dangjian.identity.bearers import ServiceCaller
from dangjian.identity.models import ServiceScope
from dangjian.organizations import (
    access,
    changes,
    member_list,
    member_record,
    member_table,
    queries,
    services,
    statistics,
    timeline,
)
from dangjian.organizations.listing import Listing, listing
from dangjian.organizations.member_record_views import seen_by
from dangjian.organizations.models import Leaving, Member, MemberStatus
from dangjian.organizations.particulars import FIRST_CONGRESS
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
    members = serializers.IntegerField(help_text="in it and everything below it, as far as the reader sees")


class BranchSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PostSerializer(serializers.Serializer):
    post = serializers.CharField()
    organization = serializers.IntegerField(source="organization_id")


class MemberGroupSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    leads = serializers.BooleanField()


class MemberSerializer(serializers.Serializer):
    """What only the branch's secretary and its officers see is null to the others."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    branch = BranchSerializer(source="branch_shown")
    posts_held = PostSerializer(many=True, source="posts_shown")
    party_group = MemberGroupSerializer(
        source="group_shown", allow_null=True, help_text="null for who is in none"
    )
    status = serializers.SerializerMethodField()
    phone = serializers.SerializerMethodField(help_text="masked")
    active = serializers.SerializerMethodField()
    signed_in = serializers.SerializerMethodField(help_text="whether they have ever signed in")
    left_on = serializers.SerializerMethodField(
        help_text="the first day on which they were no longer in the register; null for who is in it"
    )
    left_kind = serializers.SerializerMethodField(help_text="how they left")

    def get_status(self, member: Any) -> str | None:
        return member.status_shown if self._entitled(member) else None

    def get_phone(self, member: Member) -> str | None:
        return masked(member.phone) if access.may_see_phone(self.context["reader"], member) else None

    def get_active(self, member: Member) -> bool | None:
        return member.user.is_active if self._entitled(member) else None

    def get_signed_in(self, member: Member) -> bool | None:
        return member.user.first_signed_in_at is not None if self._entitled(member) else None

    def get_left_on(self, member: Member) -> date | None:
        return member.left_on if self._entitled(member) else None

    def get_left_kind(self, member: Member) -> str | None:
        return member.left_kind if self._entitled(member) else None

    def _entitled(self, member: Member) -> bool:
        reader: access.Reader = self.context["reader"]
        return access.is_officer(reader, member.branch) or access.is_secretary_of(reader, member.branch)


class OrganizationPageSerializer(serializers.Serializer):
    results = OrganizationSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class MemberPageSerializer(serializers.Serializer):
    results = MemberSerializer(many=True)
    next = serializers.CharField(allow_null=True)


_CURSOR = OpenApiParameter("cursor", str, description="from `next`")
AS_OF = OpenApiParameter(
    "as_of", date, description="how it stood at the end of that day; today without it, never a day ahead"
)


class OrganizationsView(ApiView):
    service_scopes = {"GET": ServiceScope.ORGANIZATIONS}

    @extend_schema(
        operation_id="organizations_list",
        parameters=[
            AS_OF,
            OpenApiParameter("parent", int, description="only those directly below that organisation"),
            _CURSOR,
        ],
        responses={200: OrganizationPageSerializer},
    )
    def get(self, request: Request) -> Response:
        reader = reader_or_service(request)
        day, parent = as_of(request), number(request, "parent")
        tree = queries.visible_tree(reader, day)
        if parent is not None and parent not in tree.nodes:
            raise not_found()
        members = tree.rolled_up(timeline.counts(day))
        rows = [
            {
                "id": node.id, "name": node.name, "short_name": node.short_name, "kind": node.kind,
                "sector": node.sector, "parent": node.parent if node.parent in tree.nodes else None,
                "depth": depth, "members": members[node.id],
            }
            for node, depth in tree.walk()
            if parent is None or node.parent == parent
        ]  # fmt: skip
        which = f"organizations:{reader.pk}:{day}:{parent or ''}"
        position = paging.unseal(which, request.query_params.get("cursor", ""))
        # A past day does not change any more; today's tree may, and then a page may show a row twice or not at all.
        start = int(position[0]) if position else 0
        found = rows[start : start + paging.PAGE_SIZE]
        more = start + paging.PAGE_SIZE < len(rows)
        cursor = paging.seal(which, (start + paging.PAGE_SIZE,)) if more else None
        return Response({"results": found, "next": next_path(request._request, cursor)})


_LEFT = ("any", *Leaving.values)


class MembersView(ApiView):
    service_scopes = {"GET": ServiceScope.MEMBERS}

    @extend_schema(
        operation_id="members_list",
        parameters=[
            OpenApiParameter("q", str, description="part of a name: hanzi, pinyin, initials or a mixture"),
            OpenApiParameter("branch", int, description="an organisation: its members and those below it"),
            OpenApiParameter("kind", str, enum=MemberStatus.values),
            *(
                OpenApiParameter(each.name, str, enum=[value for value, _label in each.choices])
                for each in member_table.filters()
            ),
            OpenApiParameter(
                "left",
                str,
                enum=_LEFT,
                description="instead those who have left by `as_of`, in that way; for officers",
            ),
            AS_OF,
            _CURSOR,
        ],
        responses={200: MemberPageSerializer},
    )
    def get(self, request: Request) -> Response:
        reader = reader_or_service(request)
        text, branch = request.query_params.get("q", "")[:50], number(request, "branch")
        kind, day = choice(request, "kind", MemberStatus.values, ""), as_of(request)
        left = choice(request, "left", _LEFT, "")
        if left and not access.standing(reader).is_officer:
            raise forbidden(_("已离开的党员只对组织部管理员开放。"))
        people = queries.left_members_on(reader, day) if left else queries.visible_members_on(reader, day)
        found: Any = queries.named(people, text)
        if left != "any" and left:
            found = found.filter(left_kind=left)
        if branch is not None:
            tree = queries.visible_tree(reader, day)
            if branch not in tree.nodes:
                raise not_found()
            found = found.filter(branch_then__in=tree.subtree(branch))
        asked = {
            each.name: choice(request, each.name, [value for value, _label in each.choices], "")
            for each in member_table.filters()
        }
        if kind or any(asked.values()):
            # What one may not see of somebody one may not find them by either.
            if not statistics.may_count(reader):
                raise forbidden(_("按这些条件查找只对支部书记和组织部管理员开放。"))
            if not left:
                found = found.filter(pk__in=statistics.counted(reader, day=day).values("member"))
            found = member_table.filtered(found, asked, day)
        if kind:
            found = found.filter(status_then=kind)
        page = listing(
            found.select_related("user", "branch").defer("id_number_sealed"),
            which=f"members:{reader.pk}:{branch or ''}:{kind}:{left}:{day}:{':'.join(asked.values())}:{text}",
            by=("pinyin", "id"),
            cursor=request.query_params.get("cursor", ""),
        )
        queries.show_as_of(page.rows, day)
        return _page(request, page, MemberSerializer(page.rows, many=True, context={"reader": reader}).data)


class LookUpSerializer(serializers.Serializer):
    id_number = serializers.CharField(max_length=40, help_text="all 18 characters")


class LookedUpSerializer(serializers.Serializer):
    member: Any = MemberSerializer(
        allow_null=True, help_text="null: nobody the reader may look for has this number"
    )


class MemberLookUpView(ApiView):
    @extend_schema(
        operation_id="members_look_up", request=LookUpSerializer, responses={200: LookedUpSerializer}
    )
    def post(self, request: Request) -> Response:
        """按身份证号查人：书记查本支部，管理员查负责的范围；查过谁会记入审计日志。"""
        reader = reader_of(request)
        desk = member_list.desk_of(reader)
        serializer = LookUpSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        number = serializer.validated_data["id_number"]
        found = services.look_up_id_number(actor=reader, members=desk.ever, number=number)
        if found is None:
            return Response({"member": None})
        today = timezone.localdate()
        people = queries.left_members_on if found.left_on is not None else queries.visible_members_on
        shown = people(reader, today).select_related("user", "branch").get(pk=found.pk)
        queries.show_as_of([shown], today)
        return Response({"member": MemberSerializer(shown, context={"reader": reader}).data})


class FactSerializer(serializers.Serializer):
    day = serializers.DateField(allow_null=True, help_text="the first on which it was so; null: not known")
    kind = serializers.ChoiceField(
        ["branch", "post", "post_ended", "group", "group_left", "left", "joined", "converted", "transfer"]
    )
    text = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    document = serializers.CharField(allow_blank=True)


class ChangedFieldSerializer(serializers.Serializer):
    label: Any = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class ChangeSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_blank=True, help_text="empty: the system")
    text = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    fields_changed = serializers.SerializerMethodField()

    @extend_schema_field(ChangedFieldSerializer(many=True))
    def get_fields_changed(self, change: member_record.Change) -> list[dict[str, str]]:
        return [{"label": label, "before": before, "after": after} for label, before, after in change.fields]


class MemberRecordSerializer(serializers.Serializer):
    facts = FactSerializer(many=True, help_text="the latest first")
    changes = ChangeSerializer(many=True, help_text="the newest first")


class MemberRecordView(ApiView):
    @extend_schema(operation_id="member_record", responses={200: MemberRecordSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """党员档案：在册经历，谁改过什么。本人、支部书记和组织部管理员能看。"""
        shown = seen_by(reader_of(request), pk)
        return Response(MemberRecordSerializer(member_record.of(shown)).data)


class StatisticsGroupSerializer(serializers.Serializer):
    key = serializers.CharField(help_text="empty: the register does not say", allow_blank=True)
    label: Any = serializers.CharField()
    count = serializers.IntegerField()


class StatisticsSerializer(serializers.Serializer):
    as_of = serializers.DateField()
    by = serializers.CharField()
    total = serializers.IntegerField()
    groups = StatisticsGroupSerializer(many=True)


class MemberStatisticsView(ApiView):
    service_scopes = {"GET": ServiceScope.STATISTICS}

    @extend_schema(
        operation_id="statistics_members",
        parameters=[
            AS_OF,
            OpenApiParameter("by", str, enum=statistics.BY, description="`kind` without it"),
            OpenApiParameter("organization", int, description="only it and what was below it on that day"),
        ],
        responses={200: StatisticsSerializer},
    )
    def get(self, request: Request) -> Response:
        """党员统计：某一天在册的党员有多少，按一项分组。"""
        reader, day, within = _counting(request)
        by = choice(request, "by", statistics.BY, "kind")
        found = statistics.members(reader, by=by, day=day, within=within)
        return Response(StatisticsSerializer(found).data)


class MemberChangesSerializer(serializers.Serializer):
    first = serializers.DateField(help_text="the first of January of the year of `as_of`")
    as_of = serializers.DateField(source="day")
    before = serializers.IntegerField(help_text="on the day before `first`")
    now = serializers.IntegerField(help_text="on `as_of`")
    came = StatisticsGroupSerializer(many=True)
    went = StatisticsGroupSerializer(many=True)


class MemberChangesView(ApiView):
    service_scopes = {"GET": ServiceScope.STATISTICS}

    @extend_schema(
        operation_id="statistics_changes",
        parameters=[
            AS_OF,
            OpenApiParameter("organization", int, description="only it and what was below it on that day"),
        ],
        responses={200: MemberChangesSerializer},
    )
    def get(self, request: Request) -> Response:
        """党员增减：从年初到某一天，进了多少、出了多少，怎样进出。"""
        reader, day, within = _counting(request)
        return Response(MemberChangesSerializer(changes.of_year(reader, day=day, within=within)).data)


def _counting(request: Request) -> tuple[access.Reader, date, int | None]:
    """Who counts, on which day, within which organisation.

    Raises:
        Problem: 403, the reader may count nothing; 404, an organisation they do not see.
    """
    reader = reader_or_service(request)
    if not statistics.may_count(reader):
        raise forbidden(_("统计只有支部书记和组织部管理员能看。"))
    day, within = as_of(request), number(request, "organization")
    if within is not None and within not in queries.visible_tree(reader, day).nodes:
        raise not_found()
    return reader, day, within


def as_of(request: Request) -> date:
    """The day asked for; today when none is.

    Raises:
        Problem: 400, no date, or one ahead.
    """
    text = request.query_params.get("as_of", "")
    today = timezone.localdate()
    if not text:
        return today
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or day < FIRST_CONGRESS:
        raise Problem(400, "bad_parameter", _("参数 as_of 应该是一个日期，如 2026-03-31。"))
    if day > today:
        raise Problem(400, "in_future", _("%(day)s 还没有到，查不到那天的情况。") % {"day": day.isoformat()})
    return day


def reader_of(request: Request) -> Member:
    """
    Raises:
        Problem: 403, an account that is no member's.
    """
    reader: Member | None = request._request.member  # type: ignore[attr-defined]
    if reader is None:
        raise forbidden(_("这个账号不是党员账号，没有所在的支部。"))
    return reader


def reader_or_service(request: Request) -> access.Reader:
    """Who reads in a view that names a scope: a member, or another system of the district.

    Raises:
        Problem: 403, an account that is no member's.
    """
    if isinstance(request.user, ServiceCaller):
        return access.ServiceReader(request.user.pk)
    return reader_of(request)


def _page(request: Request, page: Listing[Any], results: Any) -> Response:
    return Response({"results": results, "next": next_path(request._request, page.next)})
