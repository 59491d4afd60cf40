"""发展党员: twelve steps from an application to full membership, judged by the rules.

A step is judged by what is recorded of it and of the steps before it, never by what comes after. So moving a date
later cannot spoil an earlier step, and recording what was missing cannot take back a step that is done.

======== ==================================================================================================
state    meaning
======== ==================================================================================================
done     it happened, in order and in time
late     it happened after its last day, or its last day has passed and it has not; what follows still counts
open     it can be done now (or is planned for a day to come, lawfully)
blocked  a step it rests on is not recorded, not lawful, or still to come
unlawful what is recorded of it breaks a rule: too early, too few votes, out of order
======== ==================================================================================================

Periods are counted as `months` says: the last day belongs to them.

Three things beside the steps came with the edition of 2026: the public notice (judged with the candidate), the
preliminary examination (with the vote) and the oath (told with probation, which it cannot spoil). Where they are left
out nothing is said of them; their periods are measured if the rule was in force when they began and on the step's day.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from math import floor
from typing import Any, Final, cast

from dangjian.rules.book import Book, Rule
from dangjian.rules.months import add_months, add_years
from dangjian.rules.problems import FACTS, STEPS, Problem
from dangjian.rules.values import Span
from dangjian.rules.workdays import days_in, weekdays

# A person's standing, by the last step that counts.
STAGES: Final = ("applicant", "activist", "candidate", "probationary", "full")
_REACHED_BY: Final = {
    "full": "conversion_approve",
    "probationary": "approve",
    "candidate": "candidate",
    "activist": "activist",
}
STATES: Final = ("done", "open", "blocked", "late", "unlawful")


@dataclass(frozen=True, slots=True)
class Vote:
    """The branch's vote. due, present: voting members due to attend, and there. yes: votes of those present in favour.

    written_yes: prior written opinions in favour, of members who could not come; they are added to `yes`.
    """

    on: date | None = None
    due: int | None = None
    present: int | None = None
    yes: int | None = None
    written_yes: int = 0


@dataclass(frozen=True, slots=True)
class Training:
    days: int = 0
    hours: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """What is recorded of one admission; None: not recorded. A date after `today` is a plan ("what if").

    introducers: how many full members introduce. special_case: the approval has a reason to take longer.
    extended_months: by how much probation was extended; None or 0: not.
    notice_from, notice_to: the first and the last day of the public notice, both included. pre_review_on: when the
    committee's preliminary examination was passed.
    """

    born_on: date
    applied_on: date
    today: date
    talked_on: date | None = None
    activist_on: date | None = None
    candidate_on: date | None = None
    introducers: int | None = None
    political_review_on: date | None = None
    training: Training | None = None
    vote: Vote | None = None
    special_case: bool = False
    approved_on: date | None = None
    extended_months: int | None = None
    conversion_vote_on: date | None = None
    conversion_approved_on: date | None = None
    notice_from: date | None = None
    notice_to: date | None = None
    pre_review_on: date | None = None
    oath_on: date | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it stands.

    on: its recorded date, for steps that have one. earliest: the first lawful day; until the steps before it are
    recorded, the first that is possible from today. latest: the last day, where a rule sets one that can be known.
    attained: it counts, so that what rests on it may follow.
    """

    key: str
    state: str
    on: date | None
    earliest: date | None
    latest: date | None
    problems: tuple[Problem, ...]
    attained: bool

    @property
    def label(self) -> str:
        return str(STEPS[self.key])


@dataclass(frozen=True, slots=True)
class Assessment:
    """Where an admission stands: one of `STAGES`, and the twelve steps in order."""

    stage: str
    steps: tuple[Step, ...]

    def __getitem__(self, key: str) -> Step:
        return next(step for step in self.steps if step.key == key)


def assess(book: Book, case: Case) -> Assessment:
    """Judge an admission by the rules in force on the day of each step, or today where it is still to come."""
    walk = _Walk(book, case)
    _application(walk)
    _candidacy(walk)
    _acceptance(walk)
    _conversion(walk)
    stage = next((stage for stage, key in _REACHED_BY.items() if walk.steps[key].attained), STAGES[0])
    return Assessment(stage, tuple(walk.steps.values()))


@dataclass
class _Walk:
    """The steps judged so far."""

    book: Book
    case: Case
    steps: dict[str, Step] = field(default_factory=dict)

    def rule(self, identity: str, on: date | None) -> Rule:
        return self.book.nearest(f"admission.{identity}", on=on or self.case.today)

    def measured(self, identity: str, began: date | None, on: date | None) -> Rule | None:
        """The rule on a period that began on a day, for a step of the day `on`, or of today where it is to come."""
        return measured(self.book, identity, began, on or self.case.today)

    def happened(self, key: str) -> date | None:
        """When a step was, or is planned; None also for one that is unlawful: it is to be done again."""
        step = self.steps[key]
        return step.on if step.state != "unlawful" else None

    def expected(self, key: str) -> date:
        """When a step was, or the first day it can be."""
        return self.happened(key) or max(self.steps[key].earliest or self.case.today, self.case.today)

    def judge(
        self,
        key: str,
        basis: Rule,
        *,
        after: tuple[str, ...] = (),
        on: date | None = None,
        recorded: bool | None = None,
        earliest: date | None = None,
        latest: date | None = None,
        unlawful: list[Problem] | None = None,
        incomplete: list[Problem] | None = None,
        too_late: Problem | None = None,
        notes: list[Problem] | None = None,
    ) -> None:
        """Add a step.

        basis: the rule named where only the order is at fault. after: the steps it rests on. recorded: whether it
        happened, for steps without a date. unlawful, incomplete: what is wrong with, or missing from, its own record.
        notes: what is told and changes nothing.
        """
        happened = on is not None if recorded is None else recorded
        out_of_order = self._out_of_order(key, on, basis)
        against = [*out_of_order, *(unlawful or [])]
        waits = next((self.steps[each] for each in after if not self.steps[each].attained), None)
        planned = on is not None and on > self.case.today
        overdue = latest is not None and (on or self.case.today) > latest
        problems: list[Problem] = against
        if happened and against:
            state = "unlawful"
        elif waits is not None:
            state = "blocked"
            # Said once, right behind the step at fault: ten steps that repeat it hide it.
            if happened and not planned and waits.state != "blocked":
                problems = [self._waits_for(waits, basis)]
        elif incomplete:
            state, problems = "open", incomplete
        elif overdue:
            state, problems = "late", [too_late] if too_late else []
        elif happened and not planned:
            state = "done"
        else:
            state, problems = "open", []
        if notes and state not in {"unlawful", "blocked"}:
            problems = [*problems, *notes]
        attained = happened and not planned and state in {"done", "late"}
        self.steps[key] = Step(key, state, on, earliest, latest, tuple(problems), attained)

    def _out_of_order(self, key: str, on: date | None, basis: Rule) -> list[Problem]:
        """A date before the latest of the dates recorded earlier in the way."""
        before = [step for step in self.steps.values() if step.on is not None]
        last = max(before, key=lambda step: cast(date, step.on), default=None)
        if on is None or last is None or last.on is None or on >= last.on:
            return []
        return [_before_time(basis, STEPS[key], on, STEPS[last.key], last.on)]

    def _waits_for(self, step: Step, basis: Rule) -> Problem:
        broken = step.state == "unlawful"
        return Problem(
            "earlier_unlawful" if broken else "earlier_missing", basis, {"before": STEPS[step.key]}
        )


def measured(book: Book, identity: str, began: date | None, on: date) -> Rule | None:
    """The rule by which a period that began on a day is measured, for a step on the day `on`; None: by none."""
    if began is None or book.find(f"admission.{identity}", on=on) is None:
        return None
    return book.find(f"admission.{identity}", on=began)


def _before_time(rule: Rule, step: Any, on: date, before: Any, before_on: date) -> Problem:
    return Problem("out_of_order", rule, {"step": step, "on": on, "before": before, "before_on": before_on})


def _application(walk: _Walk) -> None:
    """申请、谈话、积极分子."""
    case = walk.case
    age = walk.rule("age", case.applied_on)
    of_age = add_years(case.born_on, cast(int, age.value))
    unlawful = []
    if case.born_on > case.applied_on:
        unlawful = [Problem("born_after_application", age)]
    elif case.applied_on < of_age:
        unlawful = [Problem("under_age", age, {"years": age.value, "earliest": of_age})]
    walk.judge("apply", age, on=case.applied_on, earliest=of_age, unlawful=unlawful)

    within = walk.rule("talk_within", case.talked_on)
    latest = add_months(case.applied_on, cast(int, within.value))
    walk.judge(
        "talk", within, after=("apply",), on=case.talked_on, earliest=case.applied_on, latest=latest,
        too_late=Problem("talk_late", within, {"latest": latest}),
    )  # fmt: skip

    wait = walk.rule("activist_wait", case.activist_on)
    soonest = add_months(case.applied_on, cast(int, wait.value))
    too_soon = case.activist_on is not None and case.activist_on < soonest
    values = {"months": wait.value, "earliest": soonest}
    walk.judge(
        "activist", wait, after=("apply", "talk"), on=case.activist_on,
        earliest=max(soonest, walk.expected("talk")),
        unlawful=[Problem("activist_too_soon", wait, values)] if too_soon else [],
    )  # fmt: skip


def _candidacy(walk: _Walk) -> None:
    """发展对象、介绍人、政审、培训."""
    case = walk.case
    wait = walk.rule("candidate_wait", case.candidate_on)
    earliest = add_months(walk.expected("activist"), cast(int, wait.value))
    short = (
        case.candidate_on is not None
        and walk.happened("activist") is not None
        and case.candidate_on < earliest
    )
    values = {"months": wait.value, "earliest": earliest}
    too_soon = [Problem("activist_period_short", wait, values)] if short else []
    wrong, notes = _notice(walk)
    listed = case.candidate_on is not None
    walk.judge(
        "candidate", wait, after=("activist",), on=case.candidate_on, earliest=earliest,
        unlawful=[*too_soon, *(wrong if listed else [])], incomplete=[] if listed else wrong, notes=notes,
    )  # fmt: skip
    candidate = walk.expected("candidate")

    two = walk.rule("introducers", case.candidate_on)
    few = case.introducers is not None and case.introducers < cast(int, two.value)
    counts = {"needed": two.value, "given": case.introducers}
    walk.judge(
        "introducers", two, after=("candidate",), recorded=case.introducers is not None, earliest=candidate,
        unlawful=[Problem("introducers_short", two, counts)] if few else [],
    )  # fmt: skip

    review = walk.rule("review", case.political_review_on)
    walk.judge("review", review, after=("candidate",), on=case.political_review_on, earliest=candidate)

    days, hours = (walk.rule(f"training_{unit}", case.candidate_on) for unit in ("days", "hours"))
    short = (
        case.training is not None
        and case.training.days < cast(int, days.value)
        and case.training.hours < cast(int, hours.value)
    )
    given = case.training or Training()
    values = {
        "days": days.value, "hours": hours.value, "given_days": given.days, "given_hours": given.hours
    }  # fmt: skip
    walk.judge(
        "training", days, after=("candidate",), recorded=case.training is not None, earliest=candidate,
        unlawful=[Problem("training_short", days, values)] if short else [],
    )  # fmt: skip


def _notice(walk: _Walk) -> tuple[list[Problem], list[Problem]]:
    """公示: what its days contradict, and what of them somebody has to check."""
    case, starts, ends = walk.case, walk.case.notice_from, walk.case.notice_to
    rule = walk.measured("publicity", starts, case.candidate_on)
    if rule is None or starts is None or ends is None:
        return [], []
    values = {"starts": starts, "ends": ends, "needed": rule.value}
    if ends < starts:
        return [Problem("notice_reversed", rule, values)], []
    wrong, notes = [], []
    activist_on, needed = walk.happened("activist"), cast(int, rule.value)
    if activist_on is not None and starts < activist_on:
        before = {"before": STEPS["activist"], "before_on": activist_on}
        wrong.append(Problem("notice_too_early", rule, values | before))
    # Any weekend may be worked in exchange for a holiday, so only the calendar's days can be too few for certain.
    if (given := days_in(starts, ends)) < needed:
        wrong.append(Problem("notice_short", rule, values | {"given": given}))
    elif (given := weekdays(starts, ends)) < needed:
        notes.append(Problem("notice_to_check", rule, values | {"given": given}))
    if case.candidate_on is not None and case.candidate_on < ends:
        notes.append(Problem("notice_after_candidate", rule, values | {"on": case.candidate_on}))
    return wrong, notes


def _acceptance(walk: _Walk) -> None:
    """支部大会、审批."""
    case, vote = walk.case, walk.case.vote or Vote()
    present, yes = walk.rule("vote_present", vote.on), walk.rule("vote_yes", vote.on)
    counts = (vote.due, vote.present, vote.yes)
    missing = []
    if case.vote is not None and vote.on is None:
        missing.append(Problem("vote_date_missing", present))
    if case.vote is not None and None in counts and not (vote.on and vote.on > case.today):
        missing.append(Problem("vote_counts_missing", present))
    in_front = _in_front_of_the_vote(walk)
    examined = walk.measured("vote_within", case.pre_review_on, vote.on)
    earliest = max(walk.expected("candidate"), walk.expected("review"), *(day for _, _, day in in_front))
    latest = add_months(cast(date, case.pre_review_on), cast(int, examined.value)) if examined else None
    # Days that contradict one another leave no time for it; that is said where they do.
    latest = latest if latest is not None and latest >= earliest else None
    out_of_order = [
        _before_time(rule, STEPS["vote"], vote.on, FACTS[key], day)
        for rule, key, day in in_front
        if vote.on is not None and vote.on < day
    ]
    walk.judge(
        "vote", present, after=("candidate", "introducers", "review", "training"), on=vote.on,
        recorded=case.vote is not None, earliest=earliest, latest=latest,
        unlawful=[*out_of_order, *_votes(vote, present, yes)], incomplete=missing,
        too_late=Problem("vote_late", examined, {"latest": latest}) if examined else None,
    )  # fmt: skip

    within, special = (
        walk.rule("approval_within", case.approved_on),
        walk.rule("approval_special", case.approved_on),
    )
    allowed = special if case.special_case else within
    voted_on = walk.happened("vote")
    latest = add_months(voted_on, cast(int, allowed.value)) if voted_on else None
    walk.judge(
        "approve", allowed, after=("vote",), on=case.approved_on,
        earliest=walk.expected("vote"), latest=latest, too_late=_approved_late(case, voted_on, allowed, special),
    )  # fmt: skip


def _in_front_of_the_vote(walk: _Walk) -> list[tuple[Rule, str, date]]:
    """The days beside the steps that the vote cannot come before: the rule, which of `FACTS`, its day."""
    case, voted_on = walk.case, walk.case.vote.on if walk.case.vote else None
    examined = walk.measured("vote_within", case.pre_review_on, voted_on)
    # By the vote's own day too: one under the edition of 2014 is judged as it was.
    noticed = walk.measured("publicity", case.notice_from, case.candidate_on)
    noticed = noticed if walk.measured("publicity", case.notice_from, voted_on) else None
    found = [(noticed, "notice", case.notice_to), (examined, "pre_review", case.pre_review_on)]
    return [(rule, key, day) for rule, key, day in found if rule is not None and day is not None]


def _approved_late(case: Case, voted_on: date | None, allowed: Rule, special: Rule) -> Problem | None:
    """Within the time of a special case the reason is missing; beyond it the branch's decision has lapsed."""
    if voted_on is None:
        return None
    last = add_months(voted_on, cast(int, special.value))
    if (case.approved_on or case.today) > last:
        return Problem("approval_beyond_special", special, {"latest": last})
    latest = add_months(voted_on, cast(int, allowed.value))
    return Problem("approval_late", allowed, {"latest": latest, "special": special.value})


def vote_problems(book: Book, vote: Vote) -> list[Problem]:
    """What is wrong with the counts of a branch's vote: they cannot be, or do not suffice; empty without counts."""
    day = vote.on or date.max
    present, yes = (book.nearest(f"admission.vote_{each}", on=day) for each in ("present", "yes"))
    return _votes(vote, present, yes)


def _votes(vote: Vote, present_rule: Rule, yes_rule: Rule) -> list[Problem]:
    """Counts that cannot be, or that do not suffice."""
    if vote.due is None or vote.present is None or vote.yes is None:
        return []
    due, present, yes = vote.due, vote.present, vote.yes
    absent = due - present
    values = {"due": due, "present": present, "yes": yes, "written": vote.written_yes, "absent": absent}
    impossible = []
    if present > due:
        impossible.append(Problem("present_above_due", present_rule, values))
    elif vote.written_yes > absent:
        impossible.append(Problem("written_above_absent", yes_rule, values))
    if yes > present:
        impossible.append(Problem("yes_above_present", yes_rule, values))
    if impossible:
        return impossible
    return [
        *_not_above(present, due, present_rule, "present_too_few", values),
        *_not_above(
            yes + vote.written_yes, due, yes_rule, "yes_too_few", values | {"yes": yes + vote.written_yes}
        ),
    ]


def _not_above(given: int, due: int, rule: Rule, code: str, values: dict[str, Any]) -> list[Problem]:
    share = cast(Fraction, rule.value)
    if given > share * due:
        return []
    return [Problem(code, rule, values | {"share": f"{share}", "needed": floor(share * due) + 1})]


def _conversion(walk: _Walk) -> None:
    """预备期、转正."""
    case = walk.case
    begun = walk.expected("vote")
    probation, extension = walk.rule("probation", begun), walk.rule("extension", begun)
    allowed = cast(Span, extension.value)
    extended = case.extended_months or 0
    ends = add_months(begun, cast(int, probation.value) + extended)
    last = ends if extended else add_months(begun, cast(int, probation.value) + allowed.most)
    given = {"least": allowed.least, "most": allowed.most, "given": extended}
    wrong = (
        [Problem("extension_out_of_range", extension, given)] if extended and extended not in allowed else []
    )
    known = walk.happened("vote") is not None
    over = walk.steps["approve"].attained and case.today >= ends
    # Its last day is its record: it is over when that has come, and it needs nobody to say so.
    walk.judge(
        "probation", probation, after=("approve",), recorded=bool(wrong) or over,
        earliest=ends, latest=None, unlawful=wrong, notes=_oath(walk),
    )  # fmt: skip
    # Set here and not above: probation that lasts longest is not late.
    walk.steps["probation"] = replace(walk.steps["probation"], latest=last if known else None)

    early = known and case.conversion_vote_on is not None and case.conversion_vote_on < ends
    walk.judge(
        "conversion_vote", probation, after=("probation",), on=case.conversion_vote_on, earliest=ends,
        unlawful=[Problem("probation_not_over", probation, {"earliest": ends})] if early else [],
    )  # fmt: skip

    within = walk.rule("conversion_within", case.conversion_approved_on)
    voted_on = walk.happened("conversion_vote")
    latest = add_months(voted_on, cast(int, within.value)) if voted_on else None
    walk.judge(
        "conversion_approve", within, after=("conversion_vote",), on=case.conversion_approved_on,
        earliest=walk.expected("conversion_vote"), latest=latest,
        too_late=Problem("conversion_late", within, {"latest": latest}),
    )  # fmt: skip


def oath_by(book: Book, approved_on: date | None, on: date) -> tuple[Rule, date] | None:
    """The last day for the oath of somebody approved on a day, for an oath on the day `on`; None: no rule sets one."""
    rule = measured(book, "oath_within", approved_on, on)
    return (rule, add_months(cast(date, approved_on), cast(int, rule.value))) if rule is not None else None


def _oath(walk: _Walk) -> list[Problem]:
    """入党宣誓: told, for it spoils nothing."""
    approved_on, sworn_on = walk.happened("approve"), walk.case.oath_on
    found = oath_by(walk.book, approved_on, sworn_on) if sworn_on is not None else None
    if found is None or approved_on is None or sworn_on is None:
        return []
    rule, latest = found
    if sworn_on < approved_on:
        return [_before_time(rule, FACTS["oath"], sworn_on, STEPS["approve"], approved_on)]
    return [Problem("oath_late", rule, {"latest": latest})] if sworn_on > latest else []
