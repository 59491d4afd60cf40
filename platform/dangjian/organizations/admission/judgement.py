"""How a case stands: the twenty-five steps, each with its state, its days and what is wrong or missing. Pure.

The twelve judged steps are told by `dangjian.rules.admission`. The thirteen others are done when they have a day that
does not come before the last judged step in front of them, and open once that one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from dangjian.organizations.admission.steps import BRANCH, NUMBERS, PHASES, STEPS, StepKind
from dangjian.rules import admission
from dangjian.rules.book import Book, Rule
from dangjian.rules.problems import Problem
from dangjian.rules.values import Span

# Steps of the rules that are recorded as a date: step → field of `admission.Case`.
DATES: Final = {
    "talk": "talked_on",
    "activist": "activist_on",
    "candidate": "candidate_on",
    "review": "political_review_on",
    "approve": "approved_on",
    "conversion_vote": "conversion_vote_on",
    "conversion_approve": "conversion_approved_on",
}
# Between a candidate's naming and the vote, in any order.
_SIDE_BY_SIDE: Final = frozenset({"introducers", "review", "training"})
_UNNOTICED: Final = "notice_missing"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is recorded of one step: its day and what else was said (counts of a vote, days of training or notice)."""

    on: date | None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """Everything that is recorded of a case. entries: step → `Entry`. papers: keys of those in the file.

    contacts, introducers: how many full members accompany and introduce.
    """

    born_on: date
    entries: Mapping[str, Entry]
    papers: frozenset[str] = frozenset()
    contacts: int = 0
    introducers: int = 0
    special_case: bool = False
    extended_months: int | None = None

    def with_entry(self, key: str, entry: Entry, **more: Any) -> Record:
        """As it would be with that step recorded."""
        return replace(self, entries={**self.entries, key: entry}, **more)


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as it stands. on, earliest, latest as in `admission.Step`; attained: what rests on it may follow.

    problems: what is wrong with it, and (`missing`) the papers and acts it lacks.
    """

    kind: StepKind
    state: str
    on: date | None
    earliest: date | None
    latest: date | None
    problems: tuple[Problem, ...]
    attained: bool
    missing: tuple[Problem, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    rule: Rule = field(kw_only=True)

    @property
    def key(self) -> str:
        return self.kind.key

    @property
    def number(self) -> int:
        return NUMBERS[self.kind.key]

    @property
    def label(self) -> str:
        return self.kind.label_on(self.rule.starts)  # the rule is that of the step's own day

    @property
    def notice(self) -> tuple[date, date] | None:
        """The first and the last day of the public notice, of a step that keeps them."""
        kept = notice_of(Entry(self.on, self.data))
        return (kept["notice_from"], kept["notice_to"]) if kept else None

    @property
    def unnoticed(self) -> list[Problem]:
        """That the days of the public notice are missing, if they are."""
        return [problem for problem in self.missing if problem.code == _UNNOTICED]


@dataclass(frozen=True, slots=True)
class View:
    """A case: where the person stands (one of `admission.STAGES`) and the steps in order."""

    stage: str
    steps: tuple[StepView, ...]

    def __getitem__(self, key: str) -> StepView:
        return self.steps[NUMBERS[key] - 1]

    @property
    def phases(self) -> list[tuple[str, list[StepView]]]:
        return [
            (str(label), [step for step in self.steps if step.kind.phase == phase])
            for phase, label in enumerate(PHASES)
        ]

    @property
    def next(self) -> StepView | None:
        """The first step that is not done, which is what the case waits for."""
        return next((step for step in self.steps if not step.attained), None)

    @property
    def objections(self) -> list[tuple[StepView, Problem]]:
        """Everything that is wrong, then everything that is missing, step by step."""
        return [
            (step, problem)
            for step in self.steps
            for problem in (*step.problems, *(step.missing if step.attained else ()))
        ]


def case_of(record: Record, today: date) -> admission.Case:
    """`record` as the rules are asked about it."""
    entries = record.entries
    given: dict[str, Any] = {name: entries[key].on for key, name in DATES.items() if key in entries}
    if "training" in entries:
        told = entries["training"].data
        given["training"] = admission.Training(told.get("days", 0), told.get("hours", 0))
    if "vote" in entries:
        given["vote"] = vote_of(entries["vote"])
    if "candidate" in entries:
        given |= notice_of(entries["candidate"])
    if "pre_review" in entries:
        given["pre_review_on"] = entries["pre_review"].on
    return admission.Case(
        born_on=record.born_on,
        applied_on=entries["apply"].on or today,
        today=today,
        introducers=record.introducers if "introducers" in entries else None,
        special_case=record.special_case,
        extended_months=record.extended_months,
        **given,
    )


def vote_of(entry: Entry) -> admission.Vote:
    counts = {name: entry.data.get(name) for name in ("due", "present", "yes")}
    return admission.Vote(on=entry.on, written_yes=entry.data.get("written_yes") or 0, **counts)


def notice_of(entry: Entry) -> dict[str, date]:
    """The public notice kept with a candidate: `notice_from` and `notice_to`; empty: none."""
    names = ("notice_from", "notice_to")
    if not all(entry.data.get(name) for name in names):
        return {}
    return {name: date.fromisoformat(entry.data[name]) for name in names}


def assess(book: Book, record: Record, today: date) -> View:
    """Judge a case by the rules in force on the day of each step, or today where it is still to come."""
    case = case_of(record, today)
    found = admission.assess(book, case)
    steps: list[StepView] = []
    for kind in STEPS:
        entry = record.entries.get(kind.key)
        if kind.judged:
            step = _judged(book, kind, found[kind.judged], entry, steps, today)
        else:
            step = _plain(book, kind, entry, steps, record, today)
            if kind.key == "oath":
                step = _oath(book, step, steps[NUMBERS["approve"] - 1], today)
        lacking = tuple(
            Problem("paper_missing", step.rule, {"paper": paper.label})
            for paper in kind.papers
            if paper.required and paper.key not in record.papers
        )
        if kind.key == "candidate":
            lacking += _unnoticed(book, record)
        steps.append(replace(step, missing=lacking))
    return View(found.stage, tuple(steps))


def _unnoticed(book: Book, record: Record) -> tuple[Problem, ...]:
    """That no public notice is recorded of a candidate, as long as it can be: an approval closes what is before it."""
    entry = record.entries.get("candidate")
    if entry is None or entry.on is None or notice_of(entry) or "approve" in record.entries:
        return ()
    rule = book.find("admission.publicity", on=entry.on)
    return (Problem(_UNNOTICED, rule),) if rule is not None else ()


def step_rule(book: Book, kind: StepKind, on: date) -> Rule:
    """What a step rests on."""
    return book.nearest(f"admission.{kind.rule}", on=on)


def before(view: View, key: str) -> list[tuple[StepView, Problem]]:
    """What stands in the way of asking a superior for the step `key`: the steps in front of it that are not done,
    and what they and, as far as the branch brings it, the step itself lack."""
    found: list[tuple[StepView, Problem]] = []
    for step in view.steps[: NUMBERS[key] - 1]:
        if not step.attained:
            found += [(step, problem) for problem in step.problems] or [
                (step, Problem("step_missing", step.rule, {"step": step.label}))
            ]
        # The rules do not say whether the notice comes before the superior's consent.
        found += [
            (step, problem)
            for problem in step.missing
            if key != "candidate_filing" or problem.code != _UNNOTICED
        ]
    own = view[key]
    brought = {str(paper.label) for paper in own.kind.papers if paper.by == BRANCH}
    return found + [(own, problem) for problem in own.missing if str(problem.values["paper"]) in brought]


def _judged(
    book: Book, kind: StepKind, step: admission.Step, entry: Entry | None, steps: list[StepView], today: date
) -> StepView:
    problems = step.problems
    on = step.on or (entry.on if entry else None)
    attained, state = step.attained, step.state
    if entry is not None and not problems:
        # What the rules leave open: the votes on conversion, and days of steps that they know by a number alone.
        rule = step_rule(book, kind, on or today)
        problems = tuple(_out_of_order(kind, on, steps, rule) if step.on is None else ())
        if kind.key == "conversion_vote":
            problems += tuple(admission.vote_problems(book, vote_of(entry)))
        if problems:
            attained, state = False, "unlawful"
    return StepView(
        kind, state, on, step.earliest, step.latest, problems, attained,
        data=entry.data if entry else {}, rule=step_rule(book, kind, on or today),
    )  # fmt: skip


def _plain(
    book: Book, kind: StepKind, entry: Entry | None, steps: list[StepView], record: Record, today: date
) -> StepView:
    before = [step for step in steps if step.kind.judged]
    ready = all(step.attained for step in before)
    after = before[-1].on or before[-1].earliest
    rule = step_rule(book, kind, (entry.on if entry else None) or today)
    view = StepView(kind, "open" if ready else "blocked", None, after, None, (), False, rule=rule)
    if entry is None:
        return view
    view = replace(view, on=entry.on, data=entry.data)
    against = _out_of_order(kind, entry.on, steps, rule)
    if kind.key == "contacts" and isinstance(rule.value, Span) and record.contacts not in rule.value:
        values = {"least": rule.value.least, "most": rule.value.most, "given": record.contacts}
        against.append(Problem("contacts_range", rule, values))
    if against:
        return replace(view, state="unlawful", problems=tuple(against))
    planned = entry.on is not None and entry.on > today
    return replace(view, state="done", attained=True) if ready and not planned else view


def _oath(book: Book, view: StepView, approved: StepView, today: date) -> StepView:
    """The oath with its last day, where a rule sets one; late it counts. Also after an approval that is planned."""
    on = view.on or today
    found = admission.oath_by(book, approved.on, on) if approved.state != "unlawful" else None
    if found is None:
        return view
    rule, latest = found
    waits = view.state == "blocked" and view.on is None
    if view.state == "unlawful" or waits or on <= latest:
        return replace(view, latest=latest)
    return replace(
        view, latest=latest, state="late", problems=(Problem("oath_late", rule, {"latest": latest}),)
    )


def _out_of_order(kind: StepKind, on: date | None, steps: list[StepView], rule: Rule) -> list[Problem]:
    """A day before the latest of the days that the rules know of the steps in front of it."""
    beside = _SIDE_BY_SIDE if kind.key in _SIDE_BY_SIDE else frozenset()
    dated = [step for step in steps if step.kind.judged and step.on and step.key not in beside]
    last = max(dated, key=lambda step: step.on or date.min, default=None)
    if on is None or last is None or last.on is None or on >= last.on:
        return []
    values = {"step": kind.label_on(on), "on": on, "before": last.label, "before_on": last.on}
    return [Problem("out_of_order", rule, values)]
