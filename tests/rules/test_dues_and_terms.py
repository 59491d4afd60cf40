"""Dues, terms, elections and what a branch should look like, by tables; months at their ends."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dangjian.rules import elections, terms
from dangjian.rules.book import Book, NoRule
from dangjian.rules.dues import BY_BASE, KINDS, dues
from dangjian.rules.founding import Composition, remarks
from dangjian.rules.months import add_months, add_years
from dangjian.rules.terms import term_clock

ON = date(2026, 11, 25)


def table(name: str) -> list[Any]:
    rows = yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))
    assert isinstance(rows, list)
    return rows


# --- dues ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "base", "rate", "due"), table("dues.yaml"))
def test_dues(country: Book, kind: str, base: str, rate: str, due: str) -> None:
    found = dues(country, kind, on=ON, monthly_base=Decimal(base))
    assert found.rate == Decimal(rate.removesuffix("%")) / 100
    assert found.due == Decimal(due)
    assert found.rule.id == f"dues.{kind}"


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("farmer", "0.20", "1.00"),
        ("student", "0.20", "0.20"),
        ("unemployed", "0.20", "0.20"),
        ("relief", "0.20", "0.20"),
    ],
)
def test_dues_without_a_base(country: Book, kind: str, least: str, most: str) -> None:
    found = dues(country, kind, on=ON)
    assert (found.least, found.most, found.rate) == (Decimal(least), Decimal(most), None)
    assert found.due == (Decimal(least) if least == most else None)
    assert found.rule.cited.endswith("第 6 条")


def test_a_district_may_narrow_what_farmers_owe(tightened: Callable[..., Book]) -> None:
    local = tightened(
        "huiji",
        {"id": "dues.farmer", "value": {"min": "0.50", "max": "0.50"}, "document": "惠组〔2026〕2号",
         "from": "2026-01-01", "to": "2026-12-31"},
    )  # fmt: skip
    found = dues(local, "farmer", on=ON)
    assert (found.due, found.rule.confidence) == (Decimal("0.50"), "local_custom")
    assert dues(local, "farmer", on=date(2027, 1, 1)).most == Decimal("1.00")


def test_dues_need_a_base_and_a_rule(country: Book) -> None:
    for kind in BY_BASE:
        with pytest.raises(ValueError, match="base"):
            dues(country, kind, on=ON)
        with pytest.raises(ValueError, match="base"):
            dues(country, kind, on=ON, monthly_base=Decimal("-0.01"))
    with pytest.raises(NoRule):
        dues(country, "wage", on=date(2008, 3, 31), monthly_base=Decimal(1))


@given(fen=st.integers(0, 10**9), more=st.integers(1, 10**6), kind=st.sampled_from(BY_BASE))
def test_whoever_earns_more_never_owes_less(country: Book, fen: int, more: int, kind: str) -> None:
    less, greater = (
        dues(country, kind, on=ON, monthly_base=Decimal(each) / 100) for each in (fen, fen + more)
    )
    assert less.most <= greater.least
    assert less.rate is not None
    assert less.due == (Decimal(fen) / 100 * less.rate).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_every_kind_has_a_rule(country: Book) -> None:
    for kind in KINDS:
        assert country.rule(f"dues.{kind}", on=ON)


# --- months --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 8, 31), -6, date(2026, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2027, 1, 15), -1, date(2026, 12, 15)),
        (date.max, 1, date.max),
        (date.min, -1, date.min),
    ],
)
def test_months(day: date, months: int, then: date) -> None:
    assert add_months(day, months) == then


@given(day=st.dates(date(1900, 1, 1), date(2200, 12, 31)), months=st.integers(-600, 600))
def test_months_keep_the_day_or_take_the_last(day: date, months: int) -> None:
    then = add_months(day, months)
    assert (then.year * 12 + then.month) - (day.year * 12 + day.month) == months
    assert then.day == min(day.day, monthrange(then.year, then.month)[1])
    back = add_months(then, -months)
    assert back == day if then.day == day.day else back <= day


@given(one=st.dates(), other=st.dates(), years=st.integers(0, 50))
def test_years_keep_the_order_of_days(one: date, other: date, years: int) -> None:
    if one <= other:
        assert add_years(one, years) <= add_years(other, years)


# --- terms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "elected", "today", "ends", "remind", "earliest", "latest", "state"), table("terms.yaml")
)
def test_terms(
    country: Book, kind: str, elected: date, today: date, ends: date, remind: date, earliest: date,
    latest: date, state: str,
) -> None:  # fmt: skip
    clock = term_clock(country, kind, elected_on=elected, today=today)
    assert (clock.ends_on, clock.remind_from, clock.earliest, clock.latest) == (
        ends,
        remind,
        earliest,
        latest,
    )
    assert clock.state == state


@given(kind=st.sampled_from([*terms.KINDS]), elected=st.dates(), today=st.dates(), sooner=st.dates())
def test_the_dates_of_a_term_are_in_order(
    country: Book, kind: str, elected: date, today: date, sooner: date
) -> None:
    clock = term_clock(country, kind, elected_on=elected, today=today)
    assert elected <= clock.earliest <= clock.remind_from <= clock.ends_on <= clock.latest
    assert clock.state in terms.STATES
    if sooner <= today:
        before = term_clock(country, kind, elected_on=elected, today=sooner).state
        assert terms.STATES.index(before) <= terms.STATES.index(clock.state)


# --- elections, composition ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("eligible", "needed"), [(0, 1), (1, 1), (4, 4), (5, 4), (6, 5), (10, 8), (20, 16), (21, 17), (99, 80)]
)
def test_quorum(country: Book, eligible: int, needed: int) -> None:
    for present in range(eligible + 1):
        found = elections.quorum(country, eligible=eligible, present=present, on=ON)
        assert (found.needed, found.met) == (needed, present >= needed)


@pytest.mark.parametrize(("seats", "needed"), [(1, 2), (3, 4), (5, 6), (6, 8), (7, 9), (10, 12), (11, 14)])
def test_margin(country: Book, seats: int, needed: int) -> None:
    assert elections.margin(country, seats=seats, candidates=needed, on=ON).met
    short = elections.margin(country, seats=seats, candidates=needed - 1, on=ON)
    assert (short.met, short.needed, short.rule.confidence) == (False, needed, "quoted")


def told(
    committee: bool, seats: int, who: tuple[int, int, int], ballots: tuple[int, int, int, int], stood: str
) -> elections.Election:
    """One row of the table as minutes; somebody marked 预备 has no vote."""
    candidates = []
    for each in stood.split("，"):
        name, votes, *marks = each.split()
        candidates.append(
            elections.Candidate(name, int(votes), "当选" in marks, has_vote="预备" not in marks)
        )
    full, eligible, present = who
    return elections.Election(
        ON, seats, eligible, present, *ballots, tuple(candidates), committee=committee, full_members=full
    )


@pytest.mark.parametrize(("committee", "seats", "who", "ballots", "stood", "codes"), table("elections.yaml"))
def test_elections(
    country: Book, committee: bool, seats: int, who: Any, ballots: Any, stood: str, codes: list[str]
) -> None:
    found = elections.judge(country, told(committee, seats, who, ballots, stood))
    assert [each.code for each in found] == codes
    assert all(each.message and "%" not in each.message for each in found)
    assert all(each.rule.id.startswith("election.") for each in found)


def test_a_majority_is_more_than_half(country: Book) -> None:
    for present in range(60):
        needed = elections.majority(country, present=present, votes=0, on=ON).needed
        assert needed * 2 > present >= (needed - 1) * 2
        assert elections.majority(country, present=present, votes=needed, on=ON).met


@pytest.mark.parametrize(
    ("held_on", "without", "approved"),
    [
        # Elected on 2023-05-12 for three years; reminded of from 2025-11-12.
        (date(2025, 5, 11), ["election_early"], ["beyond_shift"]),
        (date(2025, 5, 12), ["election_early"], []),
        (date(2025, 11, 11), ["election_early"], []),
        (date(2025, 11, 12), [], []),
        (date(2026, 5, 12), [], []),
        (date(2026, 5, 13), ["election_late"], []),
        (date(2027, 5, 12), ["election_late"], []),
        (date(2027, 5, 13), ["election_late"], ["beyond_shift"]),
    ],
)
def test_early_and_late(country: Book, held_on: date, without: list[str], approved: list[str]) -> None:
    for named, codes in ((False, without), (True, approved)):
        found = elections.timing(country, "branch", before=date(2023, 5, 12), held_on=held_on, approved=named)
        assert [each.code for each in found] == codes
        assert all(each.message and each.rule.id == "term.shift" for each in found)
    assert not elections.timing(country, "branch", before=None, held_on=held_on, approved=False)


@pytest.mark.parametrize(
    ("on", "codes"),
    [
        (date(2025, 11, 11), []),
        (date(2025, 11, 12), ["term_running_out"]),
        (date(2026, 5, 12), ["term_running_out"]),
        (date(2026, 5, 13), ["term_overdue"]),
        (date(2030, 1, 1), ["term_overdue"]),
    ],
)
def test_what_is_said_of_a_term(country: Book, on: date, codes: list[str]) -> None:
    found = terms.remarks(country, "branch", elected_on=date(2023, 5, 12), on=on)
    assert [each.code for each in found] == codes
    assert all("2026" in each.message for each in found)


def test_who_has_a_vote(country: Book) -> None:
    assert elections.has_vote(country, status="full", on=ON)
    assert not elections.has_vote(country, status="probationary", on=ON)
    assert not elections.has_vote(country, status="disciplinary_probation", on=ON)


@pytest.mark.parametrize(
    ("branch", "codes"),
    [
        (Composition(full_members=3, members=3), []),
        (Composition(full_members=2, members=4), ["below_founding"]),
        (Composition(full_members=2, members=9, units=4), []),
        (Composition(full_members=30, members=30, units=6, committee=3), ["joint_units"]),
        (Composition(full_members=6, members=8), []),
        (Composition(full_members=6, members=8, committee=3), ["committee_not_due"]),
        (Composition(full_members=7, members=8), ["committee_due"]),
        (Composition(full_members=7, members=8, committee=3), []),
        (Composition(full_members=20, members=20, committee=7), []),
        (Composition(full_members=20, members=20, committee=8), ["committee_size"]),
        (Composition(full_members=20, members=20, committee=2), ["committee_size"]),
        (Composition(full_members=48, members=50, committee=5), []),
        (Composition(full_members=48, members=51, committee=5), ["above_size"]),
        (Composition(full_members=9, members=9, committee=3, has_secretary=False), ["no_secretary"]),
    ],
)
def test_composition(country: Book, branch: Composition, codes: list[str]) -> None:
    found = remarks(country, branch, on=ON)
    assert [each.code for each in found] == codes
    assert all(each.message and each.rule.cited for each in found)
