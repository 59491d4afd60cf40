"""Judgement by API, without storing anything: anybody signed in may check the rules with figures of their own."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api import words
from dangjian.api.problems import FieldError, refused
from dangjian.api.views import ApiView
from dangjian.rules import admission, dues, terms
from dangjian.rules.book import Book, NoRule, book
from dangjian.rules.problems import STEPS

EARLIEST: Final = date(1900, 1, 1)
LATEST: Final = date(2199, 12, 31)
DAY_LIMITS: Final = [
    MinValueValidator(EARLIEST, gettext_lazy("日期不能早于 1900 年。")),
    MaxValueValidator(LATEST, gettext_lazy("日期不能晚于 2199 年。")),
]
NO_RULE_ON_DUES: Final = gettext_lazy("这一天还没有收录的党费规则，请换一个日期。")
NO_BASE: Final = gettext_lazy("请填写每月收入，比如 5000.00。")
# A branch has dozens of members; a slip of the hand has more.
MOST_PEOPLE: Final = 10_000
_CONFIDENCES: Final = ("quoted", "to_be_confirmed", "local_custom")


def rules_of(request: Request | HttpRequest) -> Book:
    """The rules of the district whose host was asked."""
    return book(request.district.schema_name)  # type: ignore[union-attr]


# --- shapes --------------------------------------------------------------------------------------------------------


def day_field(**options: Any) -> serializers.DateField:
    return serializers.DateField(
        input_formats=["iso-8601"],
        validators=DAY_LIMITS,
        **options,
    )


def count_field(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(**{"min_value": 0, "max_value": MOST_PEOPLE} | options)


OPTIONAL: Final[dict[str, Any]] = {"required": False, "allow_null": True}


class RuleSerializer(serializers.Serializer[Any]):
    """The rule behind an answer."""

    id = serializers.CharField()
    article = serializers.CharField(help_text="document and article, in the reader's language")
    confidence = serializers.ChoiceField(choices=_CONFIDENCES)


class DuesQuestionSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=dues.KINDS, error_messages=words.one_of(dues.KINDS))
    monthly_base = serializers.DecimalField(
        max_digits=11, decimal_places=2, min_value=0, **OPTIONAL,
        help_text="yuan: the month's wage after tax, or the whole pension; needed for wage and retired",
    )  # fmt: skip
    on = day_field(required=False, help_text="a day of the month; today if it is left out")


class RatedDuesSerializer(serializers.Serializer[Any]):
    rate = serializers.DecimalField(
        max_digits=4, decimal_places=3, allow_null=True,
        help_text="a factor of the whole base, 0.005 for 0.5 %; null where the amount depends on no base",
    )  # fmt: skip
    due = serializers.DecimalField(max_digits=11, decimal_places=2, help_text="yuan a month")
    rule = RuleSerializer()


class DuesInASpanSerializer(serializers.Serializer[Any]):
    min = serializers.DecimalField(max_digits=11, decimal_places=2, help_text="yuan a month")
    max = serializers.DecimalField(max_digits=11, decimal_places=2, help_text="yuan a month")
    rule = RuleSerializer()


class TermQuestionSerializer(serializers.Serializer[Any]):
    organization_kind = serializers.ChoiceField(
        choices=list(terms.KINDS), error_messages=words.one_of(terms.KINDS)
    )
    elected_on = day_field()
    today = day_field(required=False, help_text="the day it is judged on; today if it is left out")


class TermSerializer(serializers.Serializer[Any]):
    ends_on = serializers.DateField(help_text="the last day of the term")
    remind_from = serializers.DateField()
    earliest_with_approval = serializers.DateField(source="earliest")
    latest_with_approval = serializers.DateField(source="latest")
    state = serializers.ChoiceField(choices=terms.STATES)


class TrainingSerializer(serializers.Serializer[Any]):
    days = count_field(default=0)
    hours = count_field(default=0, help_text="class-hours")


class VoteSerializer(serializers.Serializer[Any]):
    on = day_field(**OPTIONAL)
    due = count_field(**OPTIONAL, help_text="voting members due to attend")
    present = count_field(**OPTIONAL, help_text="of them, present")
    yes = count_field(**OPTIONAL, help_text="votes of those present in favour")
    written_yes = count_field(default=0, help_text="prior written opinions in favour; added to `yes`")


class AdmissionQuestionSerializer(serializers.Serializer[Any]):
    """What is recorded; leave out what is not. A date after `today` is a plan.

    What only the edition of 2026 asks for (notice_from, notice_to, pre_review_on, oath_on) is no problem where it is
    left out; days that contradict the rule are named at the steps candidate, vote and probation.
    """

    born_on = day_field()
    applied_on = day_field()
    talked_on = day_field(**OPTIONAL)
    activist_on = day_field(**OPTIONAL)
    candidate_on = day_field(**OPTIONAL)
    introducers = count_field(**OPTIONAL, help_text="how many full members introduce")
    political_review_on = day_field(**OPTIONAL)
    training = TrainingSerializer(**OPTIONAL)
    vote = VoteSerializer(**OPTIONAL)
    special_case = serializers.BooleanField(default=False)
    approved_on = day_field(**OPTIONAL)
    extended_months = count_field(**OPTIONAL, max_value=120)
    conversion_vote_on = day_field(**OPTIONAL)
    conversion_approved_on = day_field(**OPTIONAL)
    notice_from = day_field(
        **OPTIONAL, help_text="first day of the candidate's public notice (edition of 2026)"
    )
    notice_to = day_field(**OPTIONAL, help_text="its last day")
    pre_review_on = day_field(
        **OPTIONAL, help_text="the committee's preliminary examination; the vote follows within a month"
    )
    oath_on = day_field(**OPTIONAL, help_text="usually within a month of the approval")
    today = day_field(required=False, help_text="the day it is judged on; today if it is left out")


class ObjectionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField(help_text="says what to change, in the reader's language")
    rule = serializers.SerializerMethodField()

    @extend_schema_field(RuleSerializer)
    def get_rule(self, problem: Any) -> Any:
        return problem.rule.as_json()


class StepSerializer(serializers.Serializer[Any]):
    key = serializers.ChoiceField(choices=list(STEPS))
    state = serializers.ChoiceField(choices=admission.STATES)
    earliest = serializers.DateField(allow_null=True)
    latest = serializers.DateField(allow_null=True)
    problems = ObjectionSerializer(many=True)


class AdmissionSerializer(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(choices=admission.STAGES)
    steps = StepSerializer(many=True)


# --- operations ----------------------------------------------------------------------------------------------------


class DuesView(ApiView):
    @extend_schema(
        request=DuesQuestionSerializer,
        responses=PolymorphicProxySerializer(
            "Dues", [RatedDuesSerializer, DuesInASpanSerializer], resource_type_field_name=None
        ),
        operation_id="rules_dues",
    )
    def post(self, request: Request) -> Response:
        """党费: what is owed for a month. Farmers may choose within a span."""
        asked = _asked(DuesQuestionSerializer, request)
        kind, base = asked["kind"], asked.get("monthly_base")
        if kind in dues.BY_BASE and base is None:
            raise refused(FieldError("/monthly_base", "required", str(NO_BASE)))
        try:
            owed = dues.dues(
                rules_of(request), kind, on=asked.get("on") or timezone.localdate(), monthly_base=base
            )
        except NoRule as error:
            raise refused(FieldError("/on", "no_rule", str(NO_RULE_ON_DUES))) from error
        rule = owed.rule.as_json()
        if owed.due is None:
            answer = DuesInASpanSerializer({"min": owed.least, "max": owed.most, "rule": rule}).data
        else:
            answer = RatedDuesSerializer({"rate": owed.rate, "due": owed.due, "rule": rule}).data
        return Response(answer)


class TermView(ApiView):
    @extend_schema(request=TermQuestionSerializer, responses=TermSerializer, operation_id="rules_term")
    def post(self, request: Request) -> Response:
        """任期: when a term ends, when to remind, between which days an election may be held with approval."""
        asked = _asked(TermQuestionSerializer, request)
        clock = terms.term_clock(
            rules_of(request), asked["organization_kind"], elected_on=asked["elected_on"],
            today=asked.get("today") or timezone.localdate(),
        )  # fmt: skip
        return Response(TermSerializer(asdict(clock)).data)


class AdmissionView(ApiView):
    @extend_schema(
        request=AdmissionQuestionSerializer, responses=AdmissionSerializer, operation_id="rules_admission"
    )
    def post(self, request: Request) -> Response:
        """发展党员: what each of the twelve steps is, and when it may and must be done."""
        asked = _asked(AdmissionQuestionSerializer, request)
        return Response(AdmissionSerializer(admission.assess(rules_of(request), case_of(asked))).data)


def case_of(asked: dict[str, Any]) -> admission.Case:
    """A case from what was given; today where no day is."""
    vote, training = asked.get("vote"), asked.get("training")
    parts = {
        "today": asked.get("today") or timezone.localdate(),
        "vote": admission.Vote(**vote) if vote else None,
        "training": admission.Training(**training) if training else None,
    }
    return admission.Case(**asked | parts)


def _asked(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    asked: dict[str, Any] = serializer.validated_data
    return asked
