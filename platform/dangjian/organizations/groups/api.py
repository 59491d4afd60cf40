"""Party groups by API: how a branch is divided on a day, and the acts that change it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.idempotency import idempotent
from dangjian.api.problems import Problem, not_found, refused
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView
from dangjian.organizations import access
from dangjian.organizations.api import AS_OF, as_of, reader_of
from dangjian.organizations.groups import queries, services
from dangjian.organizations.groups.models import NAME_LENGTH, PartyGroup
from dangjian.organizations.models import Member, Organization, OrganizationKind
from dangjian.organizations.services import REASON_LENGTH

_ID: dict[str, Any] = {"min_value": 1, "max_value": 2**63 - 1}
_MOST = 500  # members named in one request


class GroupPersonSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PartyGroupSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    since = serializers.DateField(help_text="the day it was formed")
    leader = GroupPersonSerializer(allow_null=True)
    members = GroupPersonSerializer(many=True)


class DivisionSerializer(serializers.Serializer[Any]):
    """A branch on a day."""

    branch = serializers.IntegerField()
    version = serializers.IntegerField(help_text="of the groups as they are today; an act names it")
    groups = PartyGroupSerializer(many=True)
    rest = GroupPersonSerializer(many=True, help_text="who is in none")


class GroupActSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="of the branch's groups as you saw them"
    )
    on = serializers.DateField(required=False, help_text="the first day on which it is so; today if left out")
    reason = serializers.CharField(max_length=REASON_LENGTH)
    document = serializers.CharField(
        max_length=services.DOCUMENT_LENGTH, required=False, allow_blank=True, default=""
    )


class NewGroupSerializer(GroupActSerializer):
    name = serializers.CharField(max_length=NAME_LENGTH)
    members = serializers.ListField(child=serializers.IntegerField(**_ID), max_length=_MOST)
    leader = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="one of `members`", **_ID
    )


class GroupNameSerializer(GroupActSerializer):
    name = serializers.CharField(max_length=NAME_LENGTH)


class GroupEndSerializer(GroupActSerializer):
    into = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        help_text="the group of the branch that takes its members in; null: none",
        **_ID,
    )


class GroupPlaceSerializer(serializers.Serializer[Any]):
    member = serializers.IntegerField(**_ID)
    group = serializers.IntegerField(allow_null=True, help_text="null: in none", **_ID)


class GroupLeaderSerializer(serializers.Serializer[Any]):
    group = serializers.IntegerField(**_ID)
    member = serializers.IntegerField(allow_null=True, help_text="null: nobody leads it", **_ID)


class ArrangementSerializer(GroupActSerializer):
    """Who is not named stays where they are, and a group not named keeps its leader."""

    members = serializers.ListField(
        child=GroupPlaceSerializer(), required=False, default=list, max_length=_MOST
    )
    leaders = serializers.ListField(
        child=GroupLeaderSerializer(), required=False, default=list, max_length=_MOST
    )

    def validate_members(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        _require_once([each["member"] for each in given], _("有党员写了两次（%(ids)s），请只留一个。"))
        return given

    def validate_leaders(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        _require_once([each["group"] for each in given], _("有党小组写了两次（%(ids)s），请只留一个。"))
        return given


class PartyGroupsView(ApiView):
    @extend_schema(operation_id="party_groups", parameters=[AS_OF], responses={200: DivisionSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """党小组：一个支部分成几个组，谁在哪个组，谁是组长。本支部党员和负责它的管理员能看。"""
        branch = Organization.objects.filter(pk=pk, kind=OrganizationKind.BRANCH).first()
        if branch is None or not access.may_see_groups(reader_of(request), branch):
            raise not_found()
        return _shown(branch, as_of(request))

    @extend_schema(
        operation_id="party_group_form",
        parameters=[IDEMPOTENCY_KEY],
        request=NewGroupSerializer,
        responses={200: DivisionSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """划分党小组：名称、编入的党员、组长。"""
        act, given = _asked(request, _branch(request, pk), NewGroupSerializer)
        services.form(act, **given)
        return _shown(act.branch)


class PartyGroupsArrangeView(ApiView):
    @extend_schema(
        operation_id="party_groups_arrange",
        parameters=[IDEMPOTENCY_KEY],
        request=ArrangementSerializer,
        responses={200: DivisionSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """调整编组：谁到哪个组，哪个组由谁当组长。"""
        act, given = _asked(request, _branch(request, pk), ArrangementSerializer)
        members = {each["member"]: each["group"] for each in given["members"]}
        leaders = {each["group"]: each["member"] for each in given["leaders"]}
        try:
            services.arrange(act, members=members, leaders=leaders)
        except Problem as problem:
            if problem.status != 422:
                raise
            places = {f"/leaders/{group}": f"/leaders/{index}" for index, group in enumerate(leaders)}
            raise refused(
                *(
                    replace(error, pointer=places.get(error.pointer, error.pointer))
                    for error in problem.errors
                )
            ) from problem
        return _shown(act.branch)


class PartyGroupRenameView(ApiView):
    @extend_schema(
        operation_id="party_group_rename",
        parameters=[IDEMPOTENCY_KEY],
        request=GroupNameSerializer,
        responses={200: DivisionSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """党小组更名。"""
        group = _group(request, pk)
        act, given = _asked(request, group.branch, GroupNameSerializer)
        services.rename(act, group=group, **given)
        return _shown(act.branch)


class PartyGroupDissolveView(ApiView):
    @extend_schema(
        operation_id="party_group_dissolve",
        parameters=[IDEMPOTENCY_KEY],
        request=GroupEndSerializer,
        responses={200: DivisionSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """撤销党小组：组员编入另一个组，或者先不编入。"""
        group = _group(request, pk)
        act, given = _asked(request, group.branch, GroupEndSerializer)
        into = None
        if given["into"] is not None:
            into = _of_branch(group.branch, given["into"])
        services.dissolve(act, group=group, into=into)
        return _shown(act.branch)


# --- parts -----------------------------------------------------------------------------------------------------------


def _require_once(ids: list[int], words: str) -> None:
    if twice := sorted(pk for pk, times in Counter(ids).items() if times > 1):
        raise serializers.ValidationError(words % {"ids": ", ".join(map(str, twice))}, code="twice")


def _branch(request: Request, pk: int) -> Organization:
    return _arranged(reader_of(request), Organization.objects.filter(pk=pk).first())


def _group(request: Request, pk: int) -> PartyGroup:
    group = PartyGroup.objects.select_related("branch").filter(pk=pk).first()
    _arranged(reader_of(request), group.branch if group is not None else None)
    assert group is not None  # noqa: S101  (else there would be no branch)
    return group


def _of_branch(branch: Organization, pk: int) -> PartyGroup:
    found = PartyGroup.objects.filter(pk=pk, branch=branch).first()
    if found is None:
        raise not_found()
    return found


def _arranged(actor: Member, branch: Organization | None) -> Organization:
    if branch is None or not access.may_arrange_groups(actor, branch):
        raise not_found()
    return branch


def _asked(
    request: Request, branch: Organization, shape: type[GroupActSerializer]
) -> tuple[services.Act, dict[str, Any]]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    given = {"on": timezone.localdate(), **serializer.validated_data}
    told = {name: given.pop(name) for name in ("version", "on", "reason", "document")}
    return services.Act(actor=reader_of(request), branch=branch, **told), given


def _shown(branch: Organization, day: Any = None) -> Response:
    found = queries.division(branch, day=day or timezone.localdate())
    shown = {"branch": branch.pk, "version": found.version, "groups": found.groups, "rest": found.rest}
    return Response(DivisionSerializer(shown).data)
