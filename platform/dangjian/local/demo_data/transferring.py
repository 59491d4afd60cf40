"""Transfers of people who do not exist: how those came who came within the year, and what is under way."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from dangjian.local.demo_data import rhythm
from dangjian.local.demo_data.people import People
from dangjian.local.demo_data.rows import MemberRow, MembershipRow, TransferRow, TransferStepRow
from dangjian.organizations.models import OfficeKind, Post
from dangjian.organizations.transfers import judgement
from dangjian.rules.book import book

_YEAR: Final = 365
_WHY: Final = (
    "工作调动",
    "搬到新社区居住",
    "单位合并，组织关系随迁",
    "退休后转到居住地",
    "到村任职",
    "网格调整，就近编入",
)
_BACK: Final = ("入党材料不全，请补齐后再转", "不在本支部范围内居住，请核实地址", "党费交到哪个月没有写明")
_TAKEN_BACK: Final = ("写错了接收支部", "本人暂时不调动了")
# Days ago of what is open: some in time, some beyond the answer, one with a lapsed letter.
_OPEN: Final = (2, 3, 5, 8, 9, 12, 16, 21, 27, 36, 41, 55, 101)


def draw(
    settled: People, memberships: list[MembershipRow], moment: datetime, rng: Random
) -> tuple[list[TransferRow], list[TransferStepRow]]:
    """A transfer for each move of the year, a few that failed, and one in twenty branches that waits."""
    today = moment.date()
    leads = {
        held.organization_id: held.member_id for held in settled.posts_held if held.post == Post.SECRETARY
    }
    officer = next(row.member_id for row in settled.offices if row.kind == OfficeKind.OFFICER)
    drawn: list[tuple[date, MemberRow, int, int, str, date | None]] = []
    by_id = {row.id: row for row in settled.members}
    before: MembershipRow | None = None
    for row in memberships:
        if before is not None and before.member_id == row.member_id and (today - row.since).days < _YEAR:
            asked = row.since - timedelta(days=rng.randrange(2, 20))
            drawn.append((asked, by_id[row.member_id], before.branch_id, row.branch_id, "accept", row.since))
        before = row
    drawn += _under_way(settled, today, rng)
    drawn.sort(key=lambda each: (each[0], each[1].id))
    transfers: list[TransferRow] = []
    steps: list[TransferStepRow] = []
    serials: dict[int, int] = {}
    national = book()
    for asked, member, leaving, receiving, act, accepted in drawn:
        number = len(transfers) + 1
        serials[asked.year] = serials.get(asked.year, 0) + 1
        until = judgement.deadlines(national, asked)
        reason, at = rng.choice(_WHY), _at(asked, rng)
        paid = (asked.replace(day=1) - timedelta(days=1)).replace(day=1)
        transfers.append(
            TransferRow(
                number, member.id, leaving, receiving, asked.year, serials[asked.year], judgement.ACTS[act].after,
                reason, asked, paid, until.answer_by, until.valid_until, accepted, 1 if act == "propose" else 2, at,
            )
        )  # fmt: skip
        steps.append(
            TransferStepRow(len(steps) + 1, number, "propose", leads.get(leaving, officer), asked, reason, at)
        )
        if act == "propose":
            continue
        day = accepted or min(today, asked + timedelta(days=rng.randrange(1, 9)))
        why = {"return": _BACK, "withdraw": _TAKEN_BACK}.get(act)
        by = leads.get(leaving if act == "withdraw" else receiving, officer)
        settled_at = min(moment, max(at + timedelta(hours=1), _at(day, rng)))
        steps.append(
            TransferStepRow(len(steps) + 1, number, act, by, day, rng.choice(why) if why else "", settled_at)
        )
    return transfers, steps


def _under_way(
    settled: People, today: date, rng: Random
) -> list[tuple[date, MemberRow, int, int, str, date | None]]:
    """Open ones and failed ones, of people without a post; 周杰 wants to come to 王芳's branch, one of hers to go."""
    posts = {held.member_id for held in settled.posts_held} | {row.member_id for row in settled.offices}
    known = {row.id for row in settled.cast.values()}
    branches = [branch.row.id for branch in settled.branches]
    found: list[tuple[date, MemberRow, int, int, str, date | None]] = []
    taken: set[int] = set()

    def add(days: int, member: MemberRow, receiving: int, act: str) -> None:
        taken.add(member.id)
        found.append((today - timedelta(days=days), member, member.branch_id, receiving, act, None))

    def somebody(branch: int) -> MemberRow | None:
        members = next(each.members for each in settled.branches if each.row.id == branch)
        free = [row for row in members if row.id not in posts | known | taken]
        return rng.choice(free) if free else None

    goes, hers = settled.cast.get("zhoujie"), settled.cast.get("wangfang")
    if goes is not None and hers is not None and goes.id not in posts:
        add(4, goes, hers.branch_id, "propose")
        leaver = somebody(hers.branch_id)
        if leaver is not None:
            add(
                33,
                leaver,
                next(pk for pk in branches if pk not in {hers.branch_id, goes.branch_id}),
                "propose",
            )
    many = max(1, len(branches) // 20)
    acts = [(days, "propose") for days in _OPEN[:many]]
    acts += [(rng.randrange(10, 300), rng.choice(("return", "withdraw"))) for _ in range(many)]
    for days, act in acts:
        leaving, receiving = rng.sample(branches, 2)
        member = somebody(leaving)
        if member is not None and (today - member.joined_on).days > days:
            add(days, member, receiving, act)
    return found


def _at(day: date, rng: Random) -> datetime:
    return datetime.combine(day, time(9 + rng.randrange(8), rng.randrange(60)), tzinfo=rhythm.SHANGHAI)
