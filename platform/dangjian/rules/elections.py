"""选举: whether enough are present, whether there are enough candidates, who has a vote, who is elected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final, cast

from dangjian.rules.book import Book, Rule
from dangjian.rules.problems import Problem
from dangjian.rules.terms import term_clock

# What is said of an election and does not stand in its way; everything else does.
REMARKS: Final = frozenset({"seats_left", "beyond_shift"})


@dataclass(frozen=True, slots=True)
class Threshold:
    """Whether a count reaches what is asked. needed: the smallest whole number that does."""

    met: bool
    needed: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who stood. has_vote: of the standing that has one, on the day of the election."""

    name: str
    votes: int
    elected: bool
    has_vote: bool = True


@dataclass(frozen=True, slots=True)
class Election:
    """An election as its minutes tell it.

    committee: members of a committee are elected, so more must stand than there are seats; without one a branch elects
    its secretary directly, and as many may stand as there are seats.
    eligible: 应到会, those with a vote. full_members: of the branch on that day, as the register has it; None where
    others elect (delegates) or it is not known.
    """

    held_on: date
    seats: int
    eligible: int
    present: int
    issued: int
    returned: int
    valid: int
    invalid: int
    candidates: tuple[Candidate, ...]
    committee: bool = True
    full_members: int | None = None


def quorum(book: Book, *, eligible: int, present: int, on: date) -> Threshold:
    """到会: of `eligible` people with a vote, `present` have come to the election. Nobody eligible is no quorum."""
    rule = book.nearest("election.quorum", on=on)
    needed = max(1, ceil(cast(Fraction, rule.value) * eligible))
    return Threshold(present >= needed, needed, rule)


def margin(book: Book, *, seats: int, candidates: int, on: date) -> Threshold:
    """差额: `candidates` stand for `seats` of a committee. Part of a person counts as one."""
    rule = book.nearest("election.margin", on=on)
    needed = seats + ceil(cast(Fraction, rule.value) * seats)
    return Threshold(candidates >= needed, needed, rule)


def majority(book: Book, *, present: int, votes: int, on: date) -> Threshold:
    """过半数: `votes` in favour, of `present` people with a vote; exactly half is not enough."""
    rule = book.nearest("election.majority", on=on)
    needed = floor(cast(Fraction, rule.value) * present) + 1
    return Threshold(votes >= needed, needed, rule)


def has_vote(book: Book, *, status: str, on: date) -> bool:
    """表决权: whether a member of this standing votes and may be elected.

    status: ``full``, ``probationary``, ``disciplinary_probation`` (留党察看).
    """
    return status not in cast(tuple[str, ...], book.nearest("election.no_vote", on=on).value)


def judge(book: Book, election: Election) -> list[Problem]:
    """Everything the rules of its day object to, in the order of the minutes: who came, the ballots, who stood, who is
    elected. `REMARKS` says which of them stop nothing."""
    return [
        *_attendance(book, election),
        *_ballots(book, election),
        *_standing(book, election),
        *_result(book, election),
    ]


def timing(book: Book, kind: str, *, before: date | None, held_on: date, approved: bool) -> list[Problem]:
    """Whether the election is early or late, and so needs an approval, which is named or not.

    kind: a key of `terms.KINDS`. before: the election of the term that runs out; None: there was none.
    In time is from the day the superior reminds to the last day of the term: who is told to prepare an election may
    hold it. Beyond the usual limit of a shift is remarked upon alone: what is far too late must be held all the same.
    """
    if before is None:
        return []
    clock = term_clock(book, kind, elected_on=before, today=held_on)
    early, late = held_on < clock.remind_from, held_on > clock.ends_on
    if not (early or late):
        return []
    words = {"before": before, "ends_on": clock.ends_on, "remind_from": clock.remind_from}
    if not approved:
        return [Problem("election_early" if early else "election_late", clock.shift, words)]
    if held_on < clock.earliest or held_on > clock.latest:
        months = cast(int, clock.shift.value)
        return [Problem("beyond_shift", clock.shift, {"ends_on": clock.ends_on, "months": months})]
    return []


def _attendance(book: Book, told: Election) -> Iterator[Problem]:
    found = quorum(book, eligible=told.eligible, present=told.present, on=told.held_on)
    words: dict[str, Any] = {"eligible": told.eligible, "present": told.present}
    if told.full_members is not None and told.eligible > told.full_members:
        no_vote = book.nearest("election.no_vote", on=told.held_on)
        yield Problem(
            "eligible_above_register", no_vote, {"eligible": told.eligible, "full": told.full_members}
        )
    if told.present > told.eligible:
        yield Problem("present_above_eligible", found.rule, words)
    elif not found.met:
        yield Problem("quorum_short", found.rule, words | {"share": found.rule.value, "needed": found.needed})


def _ballots(book: Book, told: Election) -> Iterator[Problem]:
    rule = book.nearest("election.ballots", on=told.held_on)
    if told.issued > told.present:
        yield Problem("issued_above_present", rule, {"issued": told.issued, "present": told.present})
    if told.returned > told.issued:
        yield Problem("returned_above_issued", rule, {"returned": told.returned, "issued": told.issued})
    if told.valid + told.invalid != told.returned:
        words = {"returned": told.returned, "valid": told.valid, "invalid": told.invalid}
        yield Problem("ballots_do_not_add", rule, words)
    for each in told.candidates:
        if each.votes > told.valid:
            yield Problem(
                "votes_above_valid", rule, {"name": each.name, "votes": each.votes, "valid": told.valid}
            )
    total, most = sum(each.votes for each in told.candidates), told.valid * told.seats
    if total > most:
        yield Problem(
            "votes_above_seats",
            rule,
            {"total": total, "valid": told.valid, "seats": told.seats, "most": most},
        )


def _standing(book: Book, told: Election) -> Iterator[Problem]:
    stood = len(told.candidates)
    found = margin(book, seats=told.seats, candidates=stood, on=told.held_on)
    words: dict[str, Any] = {"seats": told.seats, "stood": stood}
    if told.committee and not found.met:
        words |= {"share": found.rule.value, "needed": found.needed}
        yield Problem("margin_short", found.rule, words)
    elif not told.committee and stood < told.seats:
        yield Problem("candidates_short", found.rule, words)
    for each in told.candidates:
        if not each.has_vote:
            yield Problem(
                "candidate_without_vote",
                book.nearest("election.no_vote", on=told.held_on),
                {"name": each.name},
            )


def _result(book: Book, told: Election) -> Iterator[Problem]:
    """The elected are those with most votes, each with a majority; a tie for the last seats is voted on again."""
    elected = [each for each in told.candidates if each.elected]
    others = [each for each in told.candidates if not each.elected]
    found = majority(book, present=told.present, votes=0, on=told.held_on)
    if not elected:
        yield Problem("nobody_elected", found.rule, {})
        return
    for each in elected:
        if each.votes < found.needed:
            yield Problem(
                "majority_short", found.rule,
                {
                    "name": each.name, "votes": each.votes, "present": told.present,
                    "share": found.rule.value, "needed": found.needed,
                },
            )  # fmt: skip
    least = min(elected, key=lambda each: each.votes)
    for each in others:
        if each.votes < found.needed:
            continue
        if each.votes > least.votes:
            words = {"name": each.name, "votes": each.votes, "other": least.name, "others": least.votes}
            yield Problem("passed_over", found.rule, words)
        elif len(elected) < told.seats:
            yield Problem(
                "left_out", found.rule, {"name": each.name, "votes": each.votes, "seats": told.seats}
            )
        elif each.votes == least.votes:
            words = {"name": each.name, "other": least.name, "votes": each.votes}
            yield Problem("tied", found.rule, words)
    if len(elected) > told.seats:
        yield Problem("elected_above_seats", found.rule, {"elected": len(elected), "seats": told.seats})
    elif len(elected) < told.seats:
        yield Problem("seats_left", found.rule, {"elected": len(elected), "seats": told.seats})
