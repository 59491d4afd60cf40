"""The way into the Party, against a table of worked cases, and what holds for any case at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangjian.rules.admission import STAGES, STATES, Case, Training, Vote, assess
from dangjian.rules.book import Book
from dangjian.rules.workdays import days_in, weekdays

TABLE = yaml.safe_load((Path(__file__).parent / "admission.yaml").read_text(encoding="utf-8"))
STEPS = {
    "申请": "apply", "谈话": "talk", "积极分子": "activist", "发展对象": "candidate", "介绍人": "introducers",
    "政审": "review", "培训": "training", "支部大会": "vote", "批准": "approve", "预备期": "probation",
    "转正大会": "conversion_vote", "转正批准": "conversion_approve",
}  # fmt: skip
RECORDS = {
    "出生": "born_on", "申请": "applied_on", "今天": "today", "谈话": "talked_on", "积极分子": "activist_on",
    "发展对象": "candidate_on", "介绍人": "introducers", "政审": "political_review_on", "培训": "training",
    "支部大会": "vote", "特殊情况": "special_case", "批准": "approved_on", "延长": "extended_months",
    "转正大会": "conversion_vote_on", "转正批准": "conversion_approved_on", "公示从": "notice_from",
    "公示到": "notice_to", "预审": "pre_review_on", "宣誓": "oath_on",
}  # fmt: skip
WITHIN = {
    "日期": "on", "应到": "due", "实到": "present", "赞成": "yes", "书面赞成": "written_yes", "天": "days",
    "学时": "hours",
}  # fmt: skip
SAID = {"已完成": "done", "可办理": "open", "待前一步": "blocked", "逾期": "late", "不合规定": "unlawful"}
STANDINGS = {
    "申请人": "applicant", "积极分子": "activist", "发展对象": "candidate", "预备党员": "probationary",
    "正式党员": "full",
}  # fmt: skip


def case_of(row: dict[str, Any]) -> Case:
    record = {**TABLE["齐全"], **(TABLE["新细则齐全"] if row.get("细则") == 2026 else {})}
    if "只有" in row:
        record = {name: record[name] for name in row["只有"]}
    record |= row.get("改", {})
    for name in row.get("去掉", []):
        del record[name]
    given: dict[str, Any] = {RECORDS[name]: value for name, value in record.items()}
    for name, kind in (("vote", Vote), ("training", Training)):
        if name in given:
            given[name] = kind(**{WITHIN[key]: value for key, value in given[name].items()})
    return Case(**given)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["说明"]) for row in TABLE["例子"]])
def test_worked_cases(country: Book, row: dict[str, Any]) -> None:
    found = assess(country, case_of(row))
    assert found.stage == STANDINGS[row["阶段"]]
    assert [step.key for step in found.steps] == list(STEPS.values())
    for name, key in STEPS.items():
        state, _, code = row.get("结论", {}).get(name, "已完成").partition(" ")
        step = found[key]
        assert step.state == SAID[state], f"{name}: {step}"
        if code:
            assert [problem.code for problem in step.problems] == [code]
        elif step.state in {"done", "open"}:
            assert step.problems == ()
        else:
            assert {problem.code for problem in step.problems} <= {"earlier_missing", "earlier_unlawful"}
    for column, attribute in (("最早", "earliest"), ("最迟", "latest")):
        for name, day in row.get(column, {}).items():
            assert getattr(found[STEPS[name]], attribute) == day, name


def test_the_table_is_long_enough_and_shows_every_objection() -> None:
    assert len(TABLE["例子"]) >= 30
    named = {
        said.partition(" ")[2]
        for row in TABLE["例子"]
        for said in row.get("结论", {}).values()
        if " " in said
    }
    assert {
        "under_age", "out_of_order", "present_too_few", "yes_too_few", "extension_out_of_range", "notice_short",
        "notice_to_check", "notice_reversed", "notice_too_early", "notice_after_candidate", "vote_late", "oath_late",
    } <= named  # fmt: skip


def test_a_message_says_what_to_change_in_both_languages(country: Book) -> None:
    case = replace(case_of({}), vote=Vote(on=date(2023, 7, 1), due=20, present=10, yes=10, written_yes=5))
    (problem,) = assess(country, case)["vote"].problems
    assert problem.message == "应到会 20 人，到会 10 人；到会超过 1/2（至少 11 人）才能开会表决。"
    assert problem.rule.as_json() == {
        "id": "admission.vote_present",
        "article": "《中国共产党发展党员工作细则（2014 年）》第 20 条",
        "confidence": "quoted",
    }
    with translation.override("en"):
        assert problem.message.isascii()
        assert "11" in problem.message
        assert problem.rule.cited == "Detailed Rules on Admitting Members (2014), article 20"


def test_what_is_at_fault_is_said_once(country: Book) -> None:
    """One missing record leaves ten steps blocked; only the first of them says why."""
    found = assess(country, replace(case_of({}), talked_on=None))
    assert [step.state for step in found.steps] == ["done", "late", *["blocked"] * 10]
    assert [problem.code for step in found.steps for problem in step.problems] == [
        "talk_late",
        "earlier_missing",
    ]
    assert "派人谈话" in found["activist"].problems[0].message


def test_a_district_may_ask_for_more(tightened: Callable[..., Book], country: Book) -> None:
    local = tightened(
        "huiji",
        {"id": "admission.activist_wait", "value": 6, "document": "惠组〔2020〕1号", "from": "2020-01-01"},
        {"id": "admission.training_days", "value": 5, "document": "惠组〔2020〕1号", "from": "2020-01-01"},
        {"id": "admission.training_hours", "value": 40, "document": "惠组〔2020〕1号", "from": "2020-01-01"},
    )
    case = case_of({})
    assert assess(country, case).stage == "full"
    found = assess(local, case)
    assert found.stage == "applicant"
    (problem,) = found["activist"].problems
    assert (problem.code, problem.rule.cited) == ("activist_too_soon", "惠组〔2020〕1号")
    assert found["activist"].earliest == date(2022, 9, 1)
    later = replace(case, activist_on=date(2022, 9, 1), candidate_on=date(2023, 9, 1))
    assert [each.code for each in assess(local, later)["training"].problems] == ["training_short"]


# --- for any case --------------------------------------------------------------------------------------------------

_DAYS = st.dates(date(2014, 1, 1), date(2026, 12, 31))
_EDGES = st.sampled_from([date.min, date(1900, 1, 1), date(2023, 1, 31), date(2024, 2, 29), date.max])
_ANY = _DAYS | _EDGES
_COUNT = st.integers(0, 40)
VOTES = st.builds(
    Vote, on=st.none() | _ANY, due=st.none() | _COUNT, present=st.none() | _COUNT, yes=st.none() | _COUNT,
    written_yes=_COUNT,
)  # fmt: skip
TRAININGS = st.builds(Training, days=st.integers(0, 5), hours=st.integers(0, 40))
ANYTHING = st.builds(
    Case, born_on=_ANY, applied_on=_ANY, today=_ANY, talked_on=st.none() | _ANY, activist_on=st.none() | _ANY,
    candidate_on=st.none() | _ANY, introducers=st.none() | st.integers(0, 3), political_review_on=st.none() | _ANY,
    training=st.none() | TRAININGS, vote=st.none() | VOTES, special_case=st.booleans(), approved_on=st.none() | _ANY,
    extended_months=st.none() | st.integers(0, 24), conversion_vote_on=st.none() | _ANY,
    conversion_approved_on=st.none() | _ANY, notice_from=st.none() | _ANY, notice_to=st.none() | _ANY,
    pre_review_on=st.none() | _ANY, oath_on=st.none() | _ANY,
)  # fmt: skip


@st.composite
def sensible(draw: st.DrawFn, edition: int = 2014) -> Case:
    """The lawful way with a few things changed, so that most steps count: random cases are blocked almost at once."""
    case = case_of({"细则": edition})
    changed: dict[str, Any] = {
        name: getattr(case, name) + timedelta(draw(st.integers(-15, 120)))
        for name in draw(st.sets(st.sampled_from(DATED), max_size=3))
    }
    if draw(st.integers(0, 3)) == 0:
        changed["vote"] = Vote(
            on=voted_on(case) + timedelta(draw(st.integers(-10, 60))), due=20,
            present=draw(st.integers(9, 20)), yes=draw(st.integers(8, 20)), written_yes=draw(st.integers(0, 3)),
        )  # fmt: skip
    if draw(st.integers(0, 5)) == 0:
        changed["introducers"] = draw(st.integers(1, 3))
    absent = draw(st.sets(st.sampled_from(OPTIONAL), max_size=2)) if draw(st.booleans()) else set()
    return replace(case, **(changed | dict.fromkeys(absent)))


def voted_on(case: Case) -> date:
    assert case.vote is not None
    assert case.vote.on is not None
    return case.vote.on


def new_edition() -> st.SearchStrategy[Case]:
    """The same under the edition of 2026, where the days beside the steps are moved about, or gone."""
    moved = st.fixed_dictionaries({name: st.none() | st.integers(-12, 60) for name in FACTS})

    def change(case: Case, days: dict[str, int | None]) -> Case:
        shifted = {
            name: None if shift is None else getattr(case, name) + timedelta(shift)
            for name, shift in days.items()
        }
        return replace(case, **shifted)

    return st.builds(change, sensible(2026), moved)


# The days beside the steps, each with the number of the first step it may have to do with.
FACTS = {"notice_from": 3, "notice_to": 3, "pre_review_on": 7, "oath_on": 9}
DATED = (
    "talked_on", "activist_on", "candidate_on", "political_review_on", "approved_on", "conversion_vote_on",
    "conversion_approved_on", "today",
)  # fmt: skip
OPTIONAL = (
    "talked_on", "activist_on", "candidate_on", "introducers", "political_review_on", "training", "vote",
    "approved_on", "conversion_vote_on", "conversion_approved_on",
)  # fmt: skip
ORDER = [
    "applied_on", "talked_on", "activist_on", "candidate_on", "introducers", "political_review_on", "training",
    "vote", "approved_on", "", "conversion_vote_on", "conversion_approved_on",
]  # fmt: skip
OFTEN = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@OFTEN
@given(case=ANYTHING)
def test_any_record_gets_an_answer(country: Book, case: Case) -> None:
    found = assess(country, case)
    assert found.stage in STAGES
    assert len(found.steps) == 12
    for step in found.steps:
        assert step.state in STATES
        assert step.earliest is None or step.latest is None or step.earliest <= step.latest
        assert step.state != "unlawful" or step.problems
        assert all(problem.message for problem in step.problems)


@OFTEN
@given(case=sensible() | new_edition() | ANYTHING, data=st.data())
def test_a_later_date_never_spoils_an_earlier_step(country: Book, case: Case, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, len(ORDER) - 1))
    name = ORDER[number]
    days = timedelta(data.draw(st.integers(0, 800)))
    value = getattr(case, name) if name else None
    if isinstance(value, date):
        later: Any = value + days if value < date(9990, 1, 1) else value
    elif isinstance(value, Vote) and value.on is not None and value.on < date(9990, 1, 1):
        later = replace(value, on=value.on + days)
    else:
        return
    before, after = assess(country, case), assess(country, replace(case, **{name: later}))
    for one, other in zip(before.steps[:number], after.steps[:number], strict=True):
        assert (one.state, other.state) == (one.state, one.state)


@OFTEN
@given(
    case=sensible() | new_edition() | ANYTHING, other=sensible() | new_edition() | ANYTHING, data=st.data()
)
def test_recording_what_was_missing_never_takes_back_a_step(
    country: Book, case: Case, other: Case, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(OPTIONAL))
    if getattr(case, name) is not None:
        case = replace(case, **{name: None})
    done = {step.key for step in assess(country, case).steps if step.state == "done"}
    fuller = assess(country, replace(case, **{name: getattr(other, name)}))
    assert done <= {step.key for step in fuller.steps if step.state == "done"}


@OFTEN
@given(case=sensible() | new_edition())
def test_a_step_done_has_everything_before_it(country: Book, case: Case) -> None:
    found = assess(country, case)
    attained = [
        step.attained for step in found.steps if step.key not in {"introducers", "review", "training"}
    ]
    assert attained == sorted(attained, reverse=True)
    if found["vote"].attained:
        assert all(found[key].attained for key in ("introducers", "review", "training"))


def test_the_properties_see_steps_that_are_done(country: Book) -> None:
    """A generator that only makes blocked cases would prove nothing."""
    seen: set[tuple[str, str]] = set()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(case=sensible())
    def look(case: Case) -> None:
        seen.update((step.key, step.state) for step in assess(country, case).steps)

    look()
    assert {(key, "done") for key in STEPS.values()} <= seen
    assert {
        ("talk", "late"),
        ("vote", "unlawful"),
        ("approve", "late"),
        ("conversion_vote", "unlawful"),
    } <= seen


# --- the days beside the steps ------------------------------------------------------------------------------------

LAST_OF_2014 = date(2026, 5, 10)


@OFTEN
@given(case=sensible() | ANYTHING, facts=st.fixed_dictionaries(dict.fromkeys(FACTS, st.none() | _ANY)))
def test_under_the_older_edition_they_change_nothing(
    country: Book, case: Case, facts: dict[str, date | None]
) -> None:
    """Also where they are given: the older edition asked for none of them."""
    days = {"candidate_on", "approved_on", "today"}
    earlier: dict[str, Any] = {
        name: min(value, LAST_OF_2014) for name in days if (value := getattr(case, name)) is not None
    }
    if case.vote is not None and case.vote.on is not None:
        earlier["vote"] = replace(case.vote, on=min(case.vote.on, LAST_OF_2014))
    case = replace(case, **earlier)
    assert assess(country, replace(case, **facts)) == assess(country, replace(case, **dict.fromkeys(FACTS)))


@OFTEN
@given(case=new_edition() | ANYTHING, name=st.sampled_from(sorted(FACTS)), day=st.none() | _ANY)
def test_one_of_them_never_touches_an_earlier_step(
    country: Book, case: Case, name: str, day: date | None
) -> None:
    number = FACTS[name]
    before, after = assess(country, case), assess(country, replace(case, **{name: day}))
    assert before.steps[:number] == after.steps[:number]


@OFTEN
@given(case=sensible(2026))
def test_without_them_nothing_is_objected_to(country: Book, case: Case) -> None:
    """Left out they are no problem, and what the rules say without them they say with lawful ones."""
    silent = assess(country, replace(case, **dict.fromkeys(FACTS)))
    codes = {problem.code for step in silent.steps for problem in step.problems}
    assert not {code for code in codes if code.startswith(("notice", "oath", "vote_late"))}


@OFTEN
@given(case=new_edition(), day=st.none() | _ANY)
def test_the_oath_spoils_nothing(country: Book, case: Case, day: date | None) -> None:
    states = [step.state for step in assess(country, case).steps]
    assert states == [step.state for step in assess(country, replace(case, oath_on=day)).steps]


@OFTEN
@given(start=st.dates(date(2026, 5, 11), date(2026, 12, 31)), length=st.integers(1, 12))
def test_a_notice_is_called_too_short_only_if_it_cannot_be_long_enough(
    country: Book, start: date, length: int
) -> None:
    """Whatever weekends are worked in exchange for a holiday: four days of the calendar are never five of work."""
    ends = start + timedelta(length - 1)
    whole = case_of({"细则": 2026})
    shift = max(timedelta(), ends - cast(date, whole.candidate_on))
    case = Case(
        born_on=whole.born_on, applied_on=whole.applied_on, talked_on=whole.talked_on, activist_on=whole.activist_on,
        candidate_on=cast(date, whole.candidate_on) + shift, today=date(2027, 6, 1), notice_from=start, notice_to=ends,
    )  # fmt: skip
    step = assess(country, case)["candidate"]
    worked = sum((start + timedelta(each)).weekday() < 5 for each in range(length))
    assert weekdays(start, ends) == worked
    assert (step.state == "unlawful") == (length < 5)
    expected = ["notice_short"] if length < 5 else ["notice_to_check"] if worked < 5 else []
    assert [problem.code for problem in step.problems] == expected


@OFTEN
@given(first=st.dates(), last=st.dates())
def test_weekdays_of_any_two_days(first: date, last: date) -> None:
    assert 0 <= weekdays(first, last) <= days_in(first, last)
    assert weekdays(first, min(first, date.max - timedelta(7)) + timedelta(6)) <= 5


def test_each_period_is_measured_where_it_began(country: Book, tightened: Callable[..., Book]) -> None:
    """A deadline that was over before there was a rule is none; what a district asks for more counts from its day."""
    case = case_of({"细则": 2026})
    early = replace(case, pre_review_on=date(2026, 5, 10), oath_on=date(2026, 10, 30))
    assert assess(country, early)["vote"].latest is None
    local = tightened(
        "huiji",
        {"id": "admission.publicity", "value": 7, "document": "惠组〔2026〕9号", "from": "2026-05-20"},
    )
    assert [each.code for each in assess(local, case)["candidate"].problems] == ["notice_to_check"]
    short = replace(case, notice_to=date(2026, 5, 29))
    (problem,) = assess(local, short)["candidate"].problems
    assert (problem.code, problem.rule.cited) == ("notice_short", "惠组〔2026〕9号")


def test_every_record_is_in_the_table() -> None:
    assert {field.name for field in fields(Case)} == set(RECORDS.values())
