"""Terms and elections by API: how terms stand, record, revise, submit, approve, return, discard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api import paging
from dangjian.api.idempotency import idempotent
from dangjian.api.paging import next_path
from dangjian.api.problems import not_found
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView, choice, number
from dangjian.organizations import api as shared
from dangjian.organizations.elections import access, queries, services, terms
from dangjian.organizations.elections.models import Election, ElectionAct, ElectionState
from dangjian.organizations.elections.services import DOCUMENT_LENGTH, MOST_CANDIDATES, Minutes, Stood
from dangjian.organizations.listing import listing
from dangjian.organizations.models import Member, Post
from dangjian.organizations.services import REASON_LENGTH
from dangjian.rules.book import Book, book
from dangjian.rules.elections import REMARKS
from tenants.context import current_district

_ID: dict[str, Any] = {"min_value": 1, "max_value": 2**63 - 1}
_SOME: dict[str, Any] = {"allow_empty": False, "max_length": MOST_CANDIDATES}
_COUNT: dict[str, Any] = {"min_value": 0, "max_value": 20_000}


class ElectionRuleSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    article = serializers.CharField()
    confidence = serializers.CharField()


class HeldSerializer(serializers.Serializer[Any]):
    post = serializers.ChoiceField(Post.choices)
    name = serializers.CharField()


class OrganizationTermSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="node.id", help_text="of the organisation")
    name = serializers.CharField(source="node.name")
    state = serializers.ChoiceField(terms.STATES, source="term.state")
    elected_on = serializers.DateField(source="node.elected_on", allow_null=True)
    ends_on = serializers.DateField(source="term.clock.ends_on", default=None, allow_null=True)
    remind_from = serializers.DateField(source="term.clock.remind_from", default=None, allow_null=True)
    earliest_with_approval = serializers.DateField(
        source="term.clock.earliest", default=None, allow_null=True
    )
    latest_with_approval = serializers.DateField(source="term.clock.latest", default=None, allow_null=True)
    committee = serializers.SerializerMethodField()
    election = serializers.IntegerField(
        source="last", allow_null=True, help_text="the one the term counts from"
    )
    open_election = serializers.SerializerMethodField()

    @extend_schema_field(HeldSerializer(many=True))
    def get_committee(self, row: queries.Row) -> Any:
        return [{"post": post, "name": name} for post, name in row.committee]

    def get_open_election(self, row: queries.Row) -> int | None:
        return row.open[0] if row.open else None


class TermPageSerializer(serializers.Serializer[Any]):
    results = OrganizationTermSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ElectionCandidateSerializer(serializers.Serializer[Any]):
    member = serializers.IntegerField(source="member_id", **_ID)
    name = serializers.CharField(source="member.name", read_only=True)
    votes = serializers.IntegerField(**_COUNT)
    post = serializers.ChoiceField(
        [("", ""), *Post.choices], allow_blank=True, default="", help_text="empty: not elected"
    )


class ElectionStepSerializer(serializers.Serializer[Any]):
    act = serializers.ChoiceField(ElectionAct.values)
    by = serializers.CharField(source="by.name")
    at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)


class ElectionObjectionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    rule = ElectionRuleSerializer(source="rule.as_json")
    blocks = serializers.SerializerMethodField(
        help_text="whether it cannot be submitted as long as this is so"
    )

    def get_blocks(self, problem: Any) -> bool:
        return problem.code not in REMARKS


class MinutesSerializer(serializers.Serializer[Any]):
    """What is written down of an election; the whole of it each time."""

    held_on = serializers.DateField()
    document = serializers.CharField(max_length=DOCUMENT_LENGTH, help_text="number of the report")
    committee = serializers.BooleanField(help_text="a committee is elected, not a secretary directly")
    seats = serializers.IntegerField(min_value=1, max_value=99)
    eligible = serializers.IntegerField(**_COUNT)
    present = serializers.IntegerField(**_COUNT)
    issued = serializers.IntegerField(**_COUNT)
    returned = serializers.IntegerField(**_COUNT)
    valid = serializers.IntegerField(**_COUNT)
    invalid = serializers.IntegerField(**_COUNT)
    candidates = ElectionCandidateSerializer(many=True, **_SOME)
    shift_by = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="the organisation above that approved an early or late one",
        **_ID,
    )
    shift_document = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=DOCUMENT_LENGTH
    )
    shift_reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=REASON_LENGTH
    )


class RecordSerializer(MinutesSerializer):
    organization = serializers.IntegerField(**_ID)


class RevisionSerializer(MinutesSerializer):
    version = serializers.IntegerField(min_value=1, help_text="of the record that is corrected")


class ElectionSerializer(MinutesSerializer):
    id = serializers.IntegerField()
    organization = shared.BranchSerializer()
    state = serializers.ChoiceField(ElectionState.values)
    shift_by = serializers.IntegerField(source="shift_by_id", allow_null=True)
    approved_on = serializers.DateField(allow_null=True, help_text="the first day of the new posts")
    approval_document = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()
    steps = serializers.SerializerMethodField()

    @extend_schema_field(ElectionStepSerializer(many=True))
    def get_steps(self, election: Election) -> Any:
        steps = sorted(election.steps.all(), key=lambda step: (step.at, step.pk))
        return ElectionStepSerializer(steps, many=True).data


class JudgedElectionSerializer(ElectionSerializer):
    objections = serializers.SerializerMethodField(help_text="empty once it is settled")

    @extend_schema_field(ElectionObjectionSerializer(many=True))
    def get_objections(self, election: Election) -> Any:
        if election.state in {ElectionState.APPROVED, ElectionState.DISCARDED}:
            return []
        found = queries.objections(election, list(election.candidates.all()), _book())
        return ElectionObjectionSerializer(found, many=True).data


class ElectionPageSerializer(serializers.Serializer[Any]):
    results = ElectionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ElectionApprovalSerializer(serializers.Serializer[Any]):
    on = serializers.DateField(
        required=False, help_text="the first day of the new posts; today if it is left out"
    )
    document = serializers.CharField(required=False, allow_blank=True, default="", max_length=DOCUMENT_LENGTH)


class ElectionReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class NothingSerializer(serializers.Serializer[Any]):
    pass


class TermsView(ApiView):
    @extend_schema(
        operation_id="terms_list",
        parameters=[
            shared.AS_OF,
            OpenApiParameter("state", str, enum=terms.STATES, description="every state without it"),
            OpenApiParameter("cursor", str, description="from `next`"),
        ],
        responses={200: TermPageSerializer},
    )
    def get(self, request: Request) -> Response:
        """任期：自己负责的组织各在什么状态，最急的在前。"""
        reader, day = shared.reader_of(request), shared.as_of(request)
        state = choice(request, "state", terms.STATES, "")
        found = queries.rows(reader, day=day, book=_book())
        if state:
            found = [row for row in found if row.term.state == state]
        which = f"api-terms:{reader.pk}:{day}:{state}"
        key = paging.unseal(which, request.query_params.get("cursor", ""))
        start = int(key[0]) if key else 0
        after = start + paging.PAGE_SIZE
        cursor = paging.seal(which, (after,)) if after < len(found) else None
        results = OrganizationTermSerializer(found[start:after], many=True).data
        return Response({"results": results, "next": next_path(request._request, cursor)})


class ElectionsView(ApiView):
    @extend_schema(
        operation_id="elections_list",
        parameters=[
            OpenApiParameter("state", str, enum=ElectionState.values, description="every state without it"),
            OpenApiParameter("organization", int),
            OpenApiParameter("cursor", str, description="from `next`"),
        ],
        responses={200: ElectionPageSerializer},
    )
    def get(self, request: Request) -> Response:
        """换届选举：自己负责的组织的，新的在前。"""
        reader = shared.reader_of(request)
        state = choice(request, "state", ElectionState.values, "")
        organization = number(request, "organization")
        found = queries.elections(reader)
        if state:
            found = found.filter(state=state)
        if organization is not None:
            found = found.filter(organization=organization)
        page = listing(
            found,
            which=f"api-elections:{reader.pk}:{state}:{organization or ''}",
            by=("-held_on", "-id"),
            cursor=request.query_params.get("cursor", ""),
        )
        results = ElectionSerializer(page.rows, many=True).data
        return Response({"results": results, "next": next_path(request._request, page.next)})

    @extend_schema(
        operation_id="election_record",
        parameters=[IDEMPOTENCY_KEY],
        request=RecordSerializer,
        responses={201: JudgedElectionSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """记录选举：书记、副书记，或负责它的组织部管理员。不合规定的先记下，报上级时才拦。"""
        actor, given = shared.reader_of(request), _given(RecordSerializer, request)
        organization = access.recordable(actor).filter(pk=given.pop("organization")).first()
        if organization is None:
            raise not_found()
        made = services.record(actor=actor, organization=organization, minutes=_minutes(given))
        return Response(JudgedElectionSerializer(_election(actor, made.pk)).data, status=201)


class ElectionView(ApiView):
    @extend_schema(operation_id="election_read", responses={200: JudgedElectionSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """一次选举：记录、不合规定的地方和经过。"""
        return Response(JudgedElectionSerializer(_election(shared.reader_of(request), pk)).data)

    @extend_schema(
        operation_id="election_revise",
        parameters=[IDEMPOTENCY_KEY],
        request=RevisionSerializer,
        responses={200: JudgedElectionSerializer},
    )
    @idempotent
    def put(self, request: Request, pk: int) -> Response:
        """修改没有报上去或被退回的记录；`version` 不是现在的，答 409。"""
        actor = shared.reader_of(request)
        election, given = _election(actor, pk), _given(RevisionSerializer, request)
        version = given.pop("version")
        services.revise(actor=actor, election=election, minutes=_minutes(given), version=version)
        return Response(JudgedElectionSerializer(_election(actor, pk)).data)


class _ActView(ApiView):
    """What one side does to a record, by the service `run`; 409 when it is not the moment."""

    shape: type[serializers.Serializer[Any]] = ElectionReasonSerializer
    run: Callable[..., Election]

    def _act(self, request: Request, pk: int) -> Response:
        actor = shared.reader_of(request)
        election = _election(actor, pk)
        self.run(actor=actor, election=election, **_given(self.shape, request))
        return Response(JudgedElectionSerializer(_election(actor, pk)).data)


class ElectionSubmitView(_ActView):
    shape = NothingSerializer
    run = staticmethod(services.submit)

    @extend_schema(
        operation_id="election_submit",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={200: JudgedElectionSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """报上级；不合规定的每一处都写明，答 422。"""
        return self._act(request, pk)


class ElectionApproveView(_ActView):
    shape = ElectionApprovalSerializer
    run = staticmethod(services.approve)

    @extend_schema(
        operation_id="election_approve",
        parameters=[IDEMPOTENCY_KEY],
        request=ElectionApprovalSerializer,
        responses={200: JudgedElectionSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """批准：从那天起任新的职务，原来的同一天免去。"""
        return self._act(request, pk)


class ElectionReturnView(_ActView):
    run = staticmethod(services.send_back)

    @extend_schema(
        operation_id="election_return",
        parameters=[IDEMPOTENCY_KEY],
        request=ElectionReasonSerializer,
        responses={200: JudgedElectionSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """退回，写明原因；职务不变。"""
        return self._act(request, pk)


class ElectionDiscardView(_ActView):
    run = staticmethod(services.discard)

    @extend_schema(
        operation_id="election_discard",
        parameters=[IDEMPOTENCY_KEY],
        request=ElectionReasonSerializer,
        responses={200: JudgedElectionSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """没有报上去或被退回的记录作废，写明原因；还可以查看。"""
        return self._act(request, pk)


def _election(reader: Member, pk: int) -> Election:
    found: Election | None = queries.elections(reader).filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


def _minutes(given: dict[str, Any]) -> Minutes:
    stood = tuple(Stood(each["member_id"], each["votes"], each["post"]) for each in given.pop("candidates"))
    return Minutes(**given, candidates=stood)


def _book() -> Book:
    return book(current_district().schema_name)


def _given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    given: dict[str, Any] = dict(serializer.validated_data)
    return given
