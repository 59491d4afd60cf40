"""Corrections that people who do not exist asked for: a few that wait, more that are settled."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Final

from dangjian.local.demo_data.people import People
from dangjian.local.demo_data.rows import CorrectionRow, MemberRow
from dangjian.organizations.models import Education, Post

_EVERY: Final = 260  # one member in so many
_HERS: Final = 2  # that wait in the branch of the demo's secretary
_ABOVE: Final = {
    Education.MIDDLE_SCHOOL: Education.HIGH_SCHOOL,
    Education.HIGH_SCHOOL: Education.COLLEGE,
    Education.COLLEGE: Education.BACHELOR,
    Education.BACHELOR: Education.MASTER,
}
_BELOW: Final = {above: below for below, above in _ABOVE.items()}
_WHY: Final = ("去年拿到了毕业证", "在职读完了，证书编号可以查", "入党时填的是当时的学历", "名册里填错了一格")
_NO: Final = ("请带毕业证原件到支部看一下", "证书在学信网上查不到，请核实")


def draw(settled: People, moment: datetime, rng: Random) -> list[CorrectionRow]:
    """About their education: what waits is a step above what the register says, what was accepted a step below it."""
    leads = {
        held.organization_id: held.member_id for held in settled.posts_held if held.post == Post.SECRETARY
    }
    hers = settled.cast["wangfang"].branch_id if "wangfang" in settled.cast else None
    named = {row.id for row in settled.cast.values()}
    able = [
        row
        for row in settled.members
        if row.education in _ABOVE and row.branch_id in leads and row.id not in named | {leads[row.branch_id]}
    ]
    waiting = [row for row in able if row.branch_id == hers][:_HERS]
    rest = [row for row in able if row.branch_id != hers]
    others = rng.sample(rest, min(len(rest), len(settled.members) // _EVERY))
    rows: list[CorrectionRow] = []

    def add(member: MemberRow, state: str) -> None:
        asked = moment - timedelta(days=rng.randrange(1, 9), minutes=rng.randrange(600))
        now, settled_at = member.education, None
        before, wanted = now, str(_ABOVE[Education(now)])
        if state == "accepted":
            before, wanted = str(_BELOW[Education(now)]), now
        if state != "open":
            asked -= timedelta(days=rng.randrange(20, 200))
            settled_at = asked + timedelta(days=rng.randrange(1, 6))
        rows.append(
            CorrectionRow(
                len(rows) + 1, member.id, "education", before, wanted, rng.choice(_WHY), state, asked,
                leads[member.branch_id] if settled_at else None, settled_at,
                rng.choice(_NO) if state == "declined" else "",
            )
        )  # fmt: skip

    for member in waiting:
        add(member, "open")
    for number, member in enumerate(others):
        state = ("accepted", "open", "accepted", "declined")[number % 4]
        add(member, state if state != "accepted" or member.education in _BELOW else "open")
    return rows
