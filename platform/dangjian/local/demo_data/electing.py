"""Elections of people who do not exist: the one each committee was elected in, and the next where one is under way.

Most terms run; some end within the half year, a few are over, and of those some have held the next election.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil
from random import Random
from typing import Final

from dangjian.local.demo_data import rhythm
from dangjian.local.demo_data.people import FIVE_YEAR_TERMS, Branch, People
from dangjian.local.demo_data.rows import (
    ElectionCandidateRow,
    ElectionRow,
    ElectionStepRow,
    MemberRow,
    MembershipRow,
    PostHeldRow,
)
from dangjian.organizations.elections import judgement
from dangjian.organizations.models import OfficeKind, Post
from dangjian.rules.months import add_years

_WITH_COMMITTEE: Final = frozenset({Post.ORGANIZATION, Post.PUBLICITY, Post.DISCIPLINE})
# Of so many branches whose people could have been elected then one whose term is over, by so many days; the last by
# more than may be put off.
_OVERDUE_EVERY: Final = 11
_OVER_BY: Final = (12, 34, 95, 150, 61, 20, 210, 48, 400)
# Every so many of those due one that has held the next election, and what became of the record.
_UNDER_WAY_EVERY: Final = 4
_UNDER_WAY: Final = (
    judgement.SUBMITTED, judgement.SUBMITTED, judgement.RETURNED, judgement.RECORDED, judgement.SUBMITTED,
)  # fmt: skip
_HERS_ENDS_IN: Final = 96  # days, of 王芳's branch
_BACK: Final = "会议记录没有监票人签名，请补齐再报"
_WHY_LATE: Final = "与本系统的支部集中换届，统一安排"


@dataclass(slots=True)
class Drawn:
    posts_held: list[PostHeldRow]
    elections: list[ElectionRow]
    candidates: list[ElectionCandidateRow]
    steps: list[ElectionStepRow]


def draw(settled: People, memberships: Sequence[MembershipRow], moment: datetime, rng: Random) -> Drawn:
    """An election for each branch with posts, whose day the posts begin after, and a few that wait to be settled."""
    work = _Work(settled, memberships, moment, rng)
    for branch in settled.branches:
        work.elect(branch)
    return work.drawn


def earlier(
    settled: People, memberships: Sequence[MembershipRow], moment: datetime, rng: Random
) -> list[PostHeldRow]:
    """Who held the posts in the term before the one that runs, so that a day of the last years has its committees too.

    To be drawn after the elections; beside the posts, of which each branch has one set.
    """
    work = _Work(settled, memberships, moment, rng)
    rows: list[PostHeldRow] = []
    for branch in settled.branches:
        for row in work.term_before(branch):
            rows.append(row._replace(id=len(settled.posts_held) + len(rows) + 1))
    return rows


class _Work:
    def __init__(
        self, settled: People, memberships: Sequence[MembershipRow], moment: datetime, rng: Random
    ) -> None:
        self.settled, self.moment, self.rng = settled, moment, rng
        self.today = moment.date()
        self.drawn = Drawn(list(settled.posts_held), [], [], [])
        self.here_since = {row.member_id: row.since for row in memberships if row.until is None}
        self.officer = next(row.member_id for row in settled.offices if row.kind == OfficeKind.OFFICER)
        self.parents = {row.path: row.id for row in settled.organizations}
        self.held: dict[int, list[int]] = {}
        for index, row in enumerate(settled.posts_held):
            self.held.setdefault(row.organization_id, []).append(index)
        self.due = self.could_be_over = 0

    def elect(self, branch: Branch) -> None:
        rows = [self.drawn.posts_held[index] for index in self.held.get(branch.row.id, ())]
        if not rows:
            return
        years = 5 if branch.row.sector in FIVE_YEAR_TERMS else 3
        committee = any(row.post in _WITH_COMMITTEE for row in rows)
        wanted = len(rows) + (ceil(len(rows) / 5) if committee else 0)
        full = sorted((row for row in branch.members if row.status == "full"), key=self._voted_from)
        holders = {row.member_id for row in rows}
        others = [row for row in full if row.id not in holders]
        needed = [row for row in full if row.id in holders] + others[: wanted - len(rows)]
        earliest = max(self._voted_from(row) for row in needed) + timedelta(days=12)
        since = max(self._begins(branch, rows, years, earliest), earliest)
        if any(row.until is not None for row in rows):
            since = min(since, self.today - timedelta(days=60))
        held_on = since - timedelta(days=self.rng.randrange(3, 11))
        for index in self.held[branch.row.id]:
            self.drawn.posts_held[index] = self.drawn.posts_held[index]._replace(since=since)
        voters = [row for row in full if self._voted_from(row) <= held_on]
        stood = [(row.member_id, row.post) for row in rows]
        stood += [(row.id, "") for row in others[: wanted - len(rows)]]
        self._write(
            branch,
            held_on,
            voters=len(voters),
            seats=len(rows),
            committee=committee,
            stood=stood,
            since=since,
        )
        ends_on = add_years(held_on, years)
        if ends_on - timedelta(days=180) > self.today:
            return
        self.due += 1
        if self.due % _UNDER_WAY_EVERY == 1 and branch.row.id not in self._ours():
            self._next(branch, rows, others, committee, late=ends_on)

    def term_before(self, branch: Branch) -> Iterator[PostHeldRow]:
        """The posts until the present ones began: most of them the same people's, half of the secretaries others."""
        rows = [self.settled.posts_held[index] for index in self.held.get(branch.row.id, ())]
        full = sorted((row for row in branch.members if row.status == "full"), key=self._voted_from)
        if not rows or not full:
            return
        until = rows[0].since
        years = 5 if branch.row.sector in FIVE_YEAR_TERMS else 3
        since = add_years(until, -years) - timedelta(days=self.rng.randrange(30))
        since = max(since, self._voted_from(full[0]))
        if since >= until:
            return
        able = {row.id for row in full if self._voted_from(row) <= since}
        others = sorted(
            able - {row.member_id for row in rows} - {row.id for row in self.settled.cast.values()}
        )
        self.rng.shuffle(others)
        for row in rows:
            again = row.member_id in able
            if others and (not again or (row.post == Post.SECRETARY and self.rng.random() < 0.5)):
                yield row._replace(member_id=others.pop(), since=since, until=until)
            elif again:
                yield row._replace(since=since, until=until)

    def _begins(self, branch: Branch, rows: Sequence[PostHeldRow], years: int, earliest: date) -> date:
        """The day the posts begin: as it was drawn with the posts, or so that the term is over by now."""
        leads = self.settled.cast.get("wangfang")
        if leads is not None and leads.branch_id == branch.row.id:
            return add_years(self.today + timedelta(days=_HERS_ENDS_IN), -years)
        over = _OVER_BY[self.could_be_over // _OVERDUE_EVERY % len(_OVER_BY)]
        began = add_years(self.today - timedelta(days=over), -years)
        if began < earliest or branch.row.id in self._ours():
            return rows[0].since
        self.could_be_over += 1
        return began if self.could_be_over % _OVERDUE_EVERY == 1 else rows[0].since

    def _next(
        self,
        branch: Branch,
        rows: Sequence[PostHeldRow],
        others: Sequence[MemberRow],
        committee: bool,
        late: date,
    ) -> None:
        """The next election, held these days: most again, one new."""
        state = _UNDER_WAY[self.due // _UNDER_WAY_EVERY % len(_UNDER_WAY)]
        # Not before the reminder, six months ahead: that would need an approval of its own.
        held_on = max(self.today - timedelta(days=self.rng.randrange(4, 16)), late - timedelta(days=180))
        voters = [row for row in branch.members if row.status == "full" and self._voted_from(row) <= held_on]
        able = {row.id for row in voters}
        seats = len(rows)
        wanted = seats + (ceil(seats / 5) if committee else 0)
        chosen = [row.member_id for row in rows if row.member_id in able]
        chosen += [row.id for row in others if row.id in able]
        if len(chosen) < wanted:
            return
        posts = [row.post for row in rows] + [""] * (wanted - seats)
        self._write(
            branch, held_on, voters=len(voters), seats=seats, committee=committee, state=state,
            stood=list(zip(chosen[:wanted], posts, strict=True)), late=late < held_on,
        )  # fmt: skip

    def _write(
        self,
        branch: Branch,
        held_on: date,
        *,
        voters: int,
        seats: int,
        committee: bool,
        stood: list[tuple[int, str]],
        since: date | None = None,
        state: str = judgement.APPROVED,
        late: bool = False,
    ) -> None:
        number, rng = len(self.drawn.elections) + 1, self.rng
        present = rng.randrange(ceil(voters * 4 / 5), voters + 1)
        returned = present - (present > 8 and rng.random() < 0.15)
        invalid = int(returned > 10 and rng.random() < 0.2)
        valid = returned - invalid
        name, year = branch.row.short_name.removesuffix("党支部"), held_on.year
        above = self.parents[branch.row.path[:-4]]
        self.drawn.elections.append(
            ElectionRow(
                number,
                branch.row.id,
                state,
                held_on,
                f"{name}支〔{year}〕{rng.randrange(2, 9)}号",
                committee,
                seats,
                voters,
                present,
                present,
                returned,
                valid,
                invalid,
                above if late else None,
                f"组〔{year}〕{rng.randrange(10, 60)}号" if late else "",
                _WHY_LATE if late else "",
                since,
                f"组〔{year}〕{rng.randrange(60, 140)}号" if since else "",
                None,
                1,
                min(self.moment, max(self._at(held_on), branch.row.created_at)),
            )
        )
        majority, given = present // 2 + 1, 0
        for place, (member, post) in enumerate(stood):
            if post:
                votes = max(majority, valid - rng.randrange(0, 2 + place))
            else:
                votes = rng.randrange(0, max(1, min(majority, valid * seats - given)))
            given += votes
            self.drawn.candidates.append(
                ElectionCandidateRow(len(self.drawn.candidates) + 1, number, member, votes, post)
            )
        self._steps(number, branch, held_on, since, state)

    def _steps(self, number: int, branch: Branch, held_on: date, since: date | None, state: str) -> None:
        opened = branch.row.created_at
        if since is not None and self._at(since) < opened:
            # Of a time before the register: entered by an officer when it was opened.
            acts = [("record", self.officer, "", opened), ("submit", self.officer, "", opened)]
            acts.append(("approve", self.officer, "", opened + timedelta(minutes=1)))
        else:
            first = self._at(held_on + timedelta(days=1))
            acts = [("record", branch.secretary_id, "", first)]
            if state != judgement.RECORDED:
                acts.append(("submit", branch.secretary_id, "", first + timedelta(minutes=12)))
            if state == judgement.RETURNED:
                acts.append(("return", self.officer, _BACK, self._at(held_on + timedelta(days=3))))
            if since is not None:
                acts.append(("approve", self.officer, "", max(self._at(since), first + timedelta(hours=1))))
        for act, by, reason, at in acts:
            steps = self.drawn.steps
            steps.append(ElectionStepRow(len(steps) + 1, number, act, by, reason, min(at, self.moment)))

    def _voted_from(self, row: MemberRow) -> date:
        """From when the member votes in this branch."""
        voted = row.converted_on or row.joined_on + timedelta(days=365)
        return max(voted, self.here_since.get(row.id, voted))

    def _ours(self) -> set[int]:
        return {row.branch_id for row in self.settled.cast.values()}

    @staticmethod
    def _at(day: date) -> datetime:
        return datetime.combine(day, time(10, 20), tzinfo=rhythm.SHANGHAI)
