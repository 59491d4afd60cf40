"""Reading cases: the board of a branch, what is due, what a superior is asked for."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, F, Prefetch, Q, QuerySet

from dangjian.api.problems import not_found
from dangjian.organizations import access
from dangjian.organizations.admission import services
from dangjian.organizations.admission.judgement import StepView, View
from dangjian.organizations.admission.models import (
    AdmissionCase,
    AdmissionPaper,
    AdmissionRequest,
    CaseState,
    CompanionRole,
)
from dangjian.organizations.admission.words import STAGES
from dangjian.organizations.models import Member, Organization, OrganizationKind

# Somebody who has been converted stays on the board for so long.
SHOWN_AFTER: Final = timedelta(days=183)
SOON: Final = timedelta(days=30)


@dataclass(frozen=True)
class Card:
    """A case on the board: what it waits for, and how urgent that is.

    pressing: "overdue", "soon" (within a month), "wrong" (something breaks a rule), "asked" (the superior has it), or
    empty. due: the step whose last day that is, which need not be the next: the oath does not wait for the filing.
    """

    case: AdmissionCase
    view: View
    step: StepView | None
    pressing: str
    days_left: int | None
    asked: bool
    due: StepView | None

    @property
    def lacking(self) -> int:
        """How much is missing or wrong."""
        return len(self.view.objections)


@dataclass(frozen=True)
class Due:
    """A day of the calendar. last: it is the last day for the step; otherwise the first on which it may be done."""

    on: date
    case: AdmissionCase
    step: StepView
    last: bool
    overdue: bool


def visible(reader: Member) -> QuerySet[AdmissionCase]:
    """The cases that `access.may_see_admissions` lets `reader` see."""
    found: QuerySet[AdmissionCase] = AdmissionCase.objects.filter(
        branch__in=access.admission_branches(reader)
    )
    return found


def case_of(reader: Member, pk: int) -> AdmissionCase:
    """One case with what is recorded of it.

    Raises:
        Problem: 404.
    """
    found = whole(visible(reader)).filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


def whole(cases: QuerySet[AdmissionCase]) -> QuerySet[AdmissionCase]:
    """With branch, steps, companions, papers and open requests, in a query each."""
    return cases.select_related("branch", "member", "restarted_from", "restarted_as").prefetch_related(
        "steps",
        Prefetch("papers", AdmissionPaper.objects.order_by("at", "id")),
        "companions__member",
        Prefetch(
            "requests", AdmissionRequest.objects.select_related("by", "answered_by").order_by("at", "id")
        ),
    )


def branches_of(reader: Member) -> list[Organization]:
    """The branches whose boards `reader` may open, each with how many are on the way in (`under_way`)."""
    return list(
        access.admission_branches(reader)
        .filter(kind=OrganizationKind.BRANCH, dissolved_on=None)
        .annotate(under_way=Count("admissions", filter=Q(admissions__state=CaseState.ACTIVE)))
    )


def cards(branches: Iterable[Any], today: date) -> list[Card]:
    """Everybody on the way into those branches, and who was lately converted; the most pressing first."""
    lately = Q(
        state=CaseState.COMPLETED,
        transitions__action="accept",
        transitions__at__date__gte=today - SHOWN_AFTER,
    )
    found = whole(
        AdmissionCase.objects.filter(branch__in=branches)
        .filter(Q(state=CaseState.ACTIVE) | lately)
        .distinct()
    ).order_by("created_at", "id")
    return sorted((card(case, today) for case in found), key=_urgency)


def card(case: AdmissionCase, today: date) -> Card:
    view = services.judged(case, today)
    step = view.next if case.is_active else None
    asked = any(not request.answer for request in case.requests.all())
    due = _due(view) if case.is_active else None
    left = (due.latest - today).days if due is not None and due.latest is not None else None
    pressing = ""
    if any(each.state == "unlawful" for each in view.steps):
        pressing = "wrong"
    elif left is not None and left < 0:
        pressing = "overdue"
    elif asked:
        pressing = "asked"
    elif left is not None and left <= SOON.days:
        pressing = "soon"
    return Card(case, view, step, pressing, left, asked, due)


def _due(view: View) -> StepView | None:
    """The step that has to be done by a day: the next one, or the first of those that need not wait for it."""
    step = view.next
    if step is None or step.latest is not None:
        return step
    waiting = [
        each
        for each in view.steps
        if not each.attained and each.state in {"open", "late"} and each.kind.dated
    ]
    return min(
        (each for each in waiting if each.latest), key=lambda each: each.latest or date.max, default=step
    )


_ORDER: Final = ("overdue", "wrong", "soon", "", "asked")


def _urgency(found: Card) -> tuple[int, int]:
    return _ORDER.index(found.pressing), found.days_left if found.days_left is not None else 9999


def columns(found: Sequence[Card]) -> list[tuple[str, Any, list[Card]]]:
    """The board: (stage, its name, its cards) for each stage."""
    return [
        (stage, name, [each for each in found if each.case.stage == stage]) for stage, name in STAGES.items()
    ]


def due_in(found: Iterable[Card], year: int, month: int, today: date) -> list[Due]:
    """What of those cases is due, or may be done from, in that month; what is overdue stands in the present month."""
    first, last = date(year, month, 1), date(year, month, monthrange(year, month)[1])
    days: list[Due] = []
    for each in found:
        if not each.case.is_active:
            continue
        for step in each.view.steps:
            if step.attained or (not step.kind.judged and step.latest is None):
                continue
            overdue = step.latest is not None and step.latest < today
            if step.latest is not None and (
                first <= step.latest <= last or (overdue and first <= today <= last)
            ):
                days.append(Due(step.latest, each.case, step, True, overdue))
            elif _begins(step, today) and step.earliest is not None and first <= step.earliest <= last:
                days.append(Due(step.earliest, each.case, step, False, False))
    return sorted(days, key=lambda day: (not day.overdue, day.on, day.case.pk))


def _begins(step: StepView, today: date) -> bool:
    """Whether its first day is news: it lies ahead, and rests on days that are recorded."""
    return (
        step.kind.key in {"candidate", "conversion_vote"}
        and step.earliest is not None
        and step.earliest > today
    )


def asked_of(superior: Member) -> list[AdmissionRequest]:
    """What waits for `superior`'s answer, the oldest first."""
    return list(
        AdmissionRequest.objects.filter(answer="", case__branch__in=_below(superior))
        .select_related("case__branch", "by")
        .order_by("at", "id")
    )


def answered_by(superior: Member, limit: int) -> list[AdmissionRequest]:
    """What was lately answered for the branches below `superior`, the newest first."""
    return list(
        AdmissionRequest.objects.exclude(answer="")
        .filter(case__branch__in=_below(superior), answered_at__isnull=False)
        .select_related("case__branch", "answered_by")
        .order_by(F("answered_at").desc(), "-id")[:limit]
    )


def _below(superior: Member) -> QuerySet[Organization]:
    paths = access.standing(superior).superior_paths
    condition = Q(pk=None)
    for path in paths:
        condition |= Q(path__startswith=path)
    return Organization.objects.filter(condition)


def stages_below(superior: Member) -> list[tuple[Organization, dict[str, int]]]:
    """How many are in each stage, for every branch below `superior` that has anybody on the way in."""
    counts: dict[int, dict[str, int]] = {}
    rows = (
        AdmissionCase.objects.filter(state=CaseState.ACTIVE, branch__in=_below(superior))
        .values_list("branch", "stage")
        .annotate(Count("id"))
        .order_by()
    )
    for branch, stage, number in rows:
        counts.setdefault(branch, dict.fromkeys(STAGES, 0))[stage] = number
    named = Organization.objects.filter(pk__in=counts).order_by("path", "id")
    return [(branch, counts[branch.pk]) for branch in named]


def companions(case: AdmissionCase, role: CompanionRole) -> list[Member]:
    return [each.member for each in case.companions.all() if each.role == role]
