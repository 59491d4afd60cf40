"""发展党员 by API: the same acts, the same refusals as on pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.idempotency import idempotent
from dangjian.api.problems import not_found
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView, number
from dangjian.organizations import access
from dangjian.organizations.admission import queries, services
from dangjian.organizations.admission.models import AdmissionCase, AdmissionRequest, Answer, CaseState
from dangjian.organizations.admission.steps import ASKABLE, PAPERS, STEPS, WHO
from dangjian.organizations.admission.words import STAGES
from dangjian.organizations.api import reader_of
from dangjian.organizations.models import Education, Employment, Organization, Sex
from dangjian.organizations.services import NAME_LENGTH, REASON_LENGTH
from dangjian.rules.admission import STATES

_MOST = 10_000
_PAPER_BYTES = 21 * 1024 * 1024
_DAYS = [
    MinValueValidator(date(1900, 1, 1), _("日期不能早于 1900 年。")),
    MaxValueValidator(date(2199, 12, 31), _("日期不能晚于 2199 年。")),
]
_OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True}


def _day(**options: Any) -> serializers.DateField:
    return serializers.DateField(
        input_formats=["iso-8601"], validators=_DAYS,
        **options,
    )  # fmt: skip


def _count(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=_MOST, **_OPTIONAL, **options)


def _text(most: int, **options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=most, **options)


# --- shapes --------------------------------------------------------------------------------------------------------


class AdmissionRuleSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    article = serializers.CharField(help_text="document and article, in the reader's language")
    confidence = serializers.CharField()


class AdmissionObjectionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField(help_text="says what to change, in the reader's language")
    rule = serializers.SerializerMethodField()

    @extend_schema_field(AdmissionRuleSerializer)
    def get_rule(self, problem: Any) -> Any:
        return problem.rule.as_json()


class AdmissionStepSerializer(serializers.Serializer[Any]):
    key = serializers.ChoiceField([step.key for step in STEPS])
    number = serializers.IntegerField(help_text="1 to 25")
    by = serializers.ChoiceField(list(WHO), source="kind.by")
    state = serializers.ChoiceField(STATES)
    on = serializers.DateField(allow_null=True)
    earliest = serializers.DateField(allow_null=True)
    latest = serializers.DateField(allow_null=True)
    data: Any = serializers.DictField(
        help_text="counts of a vote, days and hours of training, first and last day of a candidate's public notice"
    )
    problems = AdmissionObjectionSerializer(many=True)
    missing = AdmissionObjectionSerializer(many=True, help_text="papers the step lacks, and a public notice")


class AdmissionPaperSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    step = serializers.CharField()
    kind = serializers.CharField(allow_blank=True, help_text="empty: one that no step asks for")
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")
    digest = serializers.CharField(help_text="SHA-256")


class AdmissionRequestSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    step = serializers.ChoiceField(ASKABLE)
    note = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()
    answer = serializers.ChoiceField(Answer.values, allow_blank=True, help_text="empty while it waits")
    reason = serializers.CharField(allow_blank=True)


class AdmissionSummarySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="case.id")
    name = serializers.CharField(source="case.name")
    branch = serializers.IntegerField(source="case.branch_id")
    state = serializers.ChoiceField(CaseState.values, source="case.state")
    stage = serializers.ChoiceField(list(STAGES), source="case.stage")
    next: Any = serializers.SerializerMethodField(help_text="key of the step it waits for")
    latest: Any = serializers.SerializerMethodField(help_text="the last day for it")
    pressing = serializers.CharField(allow_blank=True, help_text="overdue, wrong, soon, asked or empty")

    def get_next(self, card: Any) -> str | None:
        return card.step.key if card.step else None

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_latest(self, card: Any) -> date | None:
        return card.step.latest if card.step else None


class AdmissionCaseSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    branch = serializers.IntegerField()
    state = serializers.ChoiceField(CaseState.values)
    stage = serializers.ChoiceField(list(STAGES))
    born_on = serializers.DateField()
    member: Any = serializers.IntegerField(allow_null=True, help_text="once the person is in the register")
    extended_months: Any = serializers.IntegerField(allow_null=True)
    restarted_from: Any = serializers.IntegerField(allow_null=True)
    steps = AdmissionStepSerializer(many=True)
    papers = AdmissionPaperSerializer(many=True)
    requests = AdmissionRequestSerializer(many=True)


class NewAdmissionSerializer(serializers.Serializer[Any]):
    branch = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    name = _text(NAME_LENGTH)
    applied_on = _day()
    born_on = _day(**_OPTIONAL)
    id_number = _text(30, required=False, allow_blank=True)
    sex = serializers.ChoiceField(Sex.values, required=False, allow_blank=True)
    nationality = _text(20, required=False, allow_blank=True)
    education = serializers.ChoiceField(Education.values, required=False, allow_blank=True)
    employment = serializers.ChoiceField(Employment.values, required=False, allow_blank=True)
    phone = _text(20, required=False, allow_blank=True)


class StepRecordSerializer(serializers.Serializer[Any]):
    """What is said of a step: `members` of contacts and introducers, days or hours of training, counts of a vote, the
    public notice of a candidate (needed since 11 May 2026; may follow later, without a reason)."""

    on = _day()
    reason = _text(REASON_LENGTH, required=False, allow_blank=True, help_text="needed for a correction")
    members = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=10
    )
    days = _count()
    hours = _count()
    due = _count(help_text="voting members due to attend")
    present = _count()
    yes = _count(help_text="votes of those present in favour")
    written_yes = _count(help_text="prior written opinions in favour")
    notice_from = _day(**_OPTIONAL, help_text="first day of the public notice; left out: as it was")
    notice_to = _day(**_OPTIONAL, help_text="its last day")


class AskSerializer(serializers.Serializer[Any]):
    step = serializers.ChoiceField(ASKABLE)
    note = _text(REASON_LENGTH, required=False, allow_blank=True)
    months = serializers.IntegerField(min_value=0, max_value=120, help_text="of an extension", **_OPTIONAL)


class AnswerSerializer(serializers.Serializer[Any]):
    answer = serializers.ChoiceField(Answer.values)
    on = _day(**_OPTIONAL, help_text="the day of the decision; needed to accept")
    special_case = serializers.BooleanField(default=False)
    reason = _text(REASON_LENGTH, required=False, allow_blank=True, help_text="needed to return")


class EndSerializer(serializers.Serializer[Any]):
    reason = _text(REASON_LENGTH)


class RestartSerializer(serializers.Serializer[Any]):
    applied_on = _day()
    reason = _text(REASON_LENGTH)


_LIST = inline_serializer("AdmissionList", {"results": AdmissionSummarySerializer(many=True)})
_BRANCH = OpenApiParameter("branch", int, description="one branch; without it the reader's own")
_WHAT_IF = (
    "activist", "notice_from", "notice_to", "candidate", "review", "pre_review", "vote", "approve", "oath",
    "conversion_vote", "conversion_approve",
)  # fmt: skip


class _WhatIfSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> Any:
        return {name: _day(required=False) for name in _WHAT_IF}


# --- operations ----------------------------------------------------------------------------------------------------


class AdmissionsView(ApiView):
    @extend_schema(operation_id="admissions_list", parameters=[_BRANCH], responses={200: _LIST})
    def get(self, request: Request) -> Response:
        """一个支部在发展过程中的人，最急的在前。"""
        reader, asked = reader_of(request), number(request, "branch")
        branches = {each.pk for each in queries.branches_of(reader)}
        own = access.standing(reader).keeps_admissions_of
        chosen = asked if asked is not None else own.pk if own is not None else None
        if chosen is None or chosen not in branches:
            raise not_found()
        return Response(
            {
                "results": AdmissionSummarySerializer(
                    queries.cards([chosen], timezone.localdate()), many=True
                ).data
            }
        )

    @extend_schema(
        operation_id="admission_open", parameters=[IDEMPOTENCY_KEY], request=NewAdmissionSerializer,
        responses={201: AdmissionCaseSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """为递交申请书的人建档案。"""
        asked = _asked(NewAdmissionSerializer, request)
        branch = Organization.objects.filter(pk=asked.pop("branch")).first()
        if branch is None:
            raise not_found()
        case = services.open_case(actor=reader_of(request), branch=branch, **asked)
        return _shown(request, case.pk, status=201)


class AdmissionCaseView(ApiView):
    @extend_schema(operation_id="admission_read", responses={200: AdmissionCaseSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """二十五步的现状，每一步最早、最迟哪天，缺什么。"""
        return _shown(request, pk)


class AdmissionStepView(ApiView):
    @extend_schema(
        operation_id="admission_record",
        request=StepRecordSerializer,
        responses={200: AdmissionCaseSerializer},
    )
    def put(self, request: Request, pk: int, step: str) -> Response:
        """记下支部的一步，或者更正它；表决没有通过的也记下，那一步不算数。"""
        reader = reader_of(request)
        case = queries.case_of(reader, pk)
        services.record(actor=reader, case=case, step=step, **_asked(StepRecordSerializer, request))
        return _shown(request, pk)


class AdmissionRequestsView(ApiView):
    @extend_schema(
        operation_id="admission_ask", parameters=[IDEMPOTENCY_KEY], request=AskSerializer,
        responses={201: AdmissionRequestSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """报上级备案、同意、预审、审批，或申请延长预备期。"""
        reader = reader_of(request)
        case = queries.case_of(reader, pk)
        made = services.ask(actor=reader, case=case, **_asked(AskSerializer, request))
        return Response(AdmissionRequestSerializer(made).data, status=201)


class AdmissionAnswerView(ApiView):
    @extend_schema(
        operation_id="admission_answer", parameters=[IDEMPOTENCY_KEY], request=AnswerSerializer,
        responses={200: AdmissionCaseSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """上级同意或退回。"""
        reader = reader_of(request)
        asked = AdmissionRequest.objects.filter(pk=pk, case__in=queries.visible(reader)).first()
        if asked is None:
            raise not_found()
        given = _asked(AnswerSerializer, request)
        if given["answer"] == Answer.ACCEPTED:
            services.accept(
                actor=reader, request=asked, on=given.get("on") or timezone.localdate(),
                special_case=given["special_case"], reason=given.get("reason", ""),
            )  # fmt: skip
        else:
            services.send_back(actor=reader, request=asked, reason=given.get("reason", ""))
        return _shown(request, asked.case_id)


class AdmissionCancelView(ApiView):
    @extend_schema(
        operation_id="admission_cancel", parameters=[IDEMPOTENCY_KEY], request=EndSerializer,
        responses={200: AdmissionCaseSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """终止；记录和材料都留着。"""
        reader = reader_of(request)
        services.cancel(actor=reader, case=queries.case_of(reader, pk), **_asked(EndSerializer, request))
        return _shown(request, pk)


class AdmissionRestartView(ApiView):
    @extend_schema(
        operation_id="admission_restart", parameters=[IDEMPOTENCY_KEY], request=RestartSerializer,
        responses={201: AdmissionCaseSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """从新的申请书重新开始；原来的档案留着。"""
        reader = reader_of(request)
        again = services.restart(
            actor=reader, case=queries.case_of(reader, pk), **_asked(RestartSerializer, request)
        )
        return _shown(request, again.pk, status=201)


class AdmissionPapersView(ApiView):
    parser_classes = [MultiPartParser]
    max_body_bytes = _PAPER_BYTES

    @extend_schema(
        operation_id="admission_add_paper",
        parameters=[IDEMPOTENCY_KEY],
        request={
            "multipart/form-data": inline_serializer(
                "AdmissionPaperUpload",
                {
                    "file": serializers.FileField(help_text="a PDF, or a picture of the paper"),
                    "step": serializers.ChoiceField([step.key for step in STEPS]),
                    "kind": serializers.ChoiceField(list(PAPERS), required=False, allow_blank=True),
                },
            )
        },
        responses={201: AdmissionPaperSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """把一份材料放进档案。"""
        reader = reader_of(request)
        given: Any = request.data
        paper = services.add_paper(
            actor=reader, case=queries.case_of(reader, pk), step=str(given.get("step", "")),
            kind=str(given.get("kind", "")), file=request.FILES.get("file"),
        )  # fmt: skip
        return Response(AdmissionPaperSerializer(paper).data, status=201)


class AdmissionWhatIfView(ApiView):
    @extend_schema(
        operation_id="admission_what_if",
        parameters=[
            *(
                OpenApiParameter(name, date, description="the day the step might come on")
                for name in _WHAT_IF
            ),
            OpenApiParameter("extended_months", int),
        ],
        responses={
            200: inline_serializer(
                "AdmissionWhatIf",
                {"stage": serializers.ChoiceField(list(STAGES)), "steps": AdmissionStepSerializer(many=True)},
            )
        },
    )
    def get(self, request: Request, pk: int) -> Response:
        """如果某一步在某一天办；什么都不保存。"""
        given = {name: value for name, value in request.query_params.items() if value}
        asked = _WhatIfSerializer(data=given)
        asked.is_valid(raise_exception=True)
        case = queries.case_of(reader_of(request), pk)
        months = number(request, "extended_months")
        view = services.what_if(
            case, extended_months=min(months, 120) if months else None, **asked.validated_data
        )
        return Response({"stage": view.stage, "steps": AdmissionStepSerializer(view.steps, many=True).data})


def _shown(request: Request, pk: int, *, status: int = 200) -> Response:
    case: AdmissionCase = queries.case_of(reader_of(request), pk)
    told = {
        "id": case.pk, "name": case.name, "branch": case.branch_id, "state": case.state, "stage": case.stage,
        "born_on": case.born_on, "member": case.member_id, "extended_months": case.extended_months,
        "restarted_from": case.restarted_from_id, "steps": services.judged(case).steps,
        "papers": case.papers.all(), "requests": case.requests.all(),
    }  # fmt: skip
    return Response(AdmissionCaseSerializer(told).data, status=status)


def _asked(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    asked: dict[str, Any] = serializer.validated_data
    return asked
