"""Party groups of people who do not exist: the larger branches are divided, as the regulation would have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from dangjian.local.demo_data.people import Branch, People
from dangjian.local.demo_data.rows import (
    GroupMembershipRow,
    GroupPeriodRow,
    MembershipRow,
    PartyGroupRow,
)
from dangjian.organizations.models import MemberStatus, Post

_FROM: Final = 30  # members of a branch that is divided
_SHARE: Final = 0.4  # of the other branches above _FROM are divided
_ABOUT: Final = 12  # members of a group
_NEW: Final = timedelta(days=45)  # so long somebody may wait to be put into one
_ORDINALS: Final = "一二三四五六"
_LED: Final = 0.96
_WHY: Final = "支委会研究决定，按居住地划分"


@dataclass(slots=True)
class Drawn:
    groups: list[PartyGroupRow] = field(default_factory=list)
    periods: list[GroupPeriodRow] = field(default_factory=list)
    memberships: list[GroupMembershipRow] = field(default_factory=list)


def draw(settled: People, memberships: Sequence[MembershipRow], moment: datetime, rng: Random) -> Drawn:
    """The branches of the cast are divided from the same size on, and so look the same from run to run."""
    arrived = {row.member_id: row.since for row in memberships if row.until is None}
    in_committee = {held.member_id for held in settled.posts_held if held.post != Post.COMMITTEE_MEMBER}
    named = {row.branch_id for row in settled.cast.values()}
    drawn, today = Drawn(), moment.date()
    for branch in settled.branches:
        chance = rng.random()
        if len(branch.members) >= _FROM and (branch.row.id in named or chance < _SHARE):
            _divide(drawn, branch, arrived, in_committee, today, rng)
    return drawn


def _divide(
    drawn: Drawn,
    branch: Branch,
    arrived: dict[int, date],
    in_committee: set[int],
    today: date,
    rng: Random,
) -> None:
    number = min(len(_ORDINALS), max(2, len(branch.members) // _ABOUT))
    formed = today - timedelta(days=rng.randrange(120, 700))
    for ordinal in range(number):
        pk = len(drawn.groups) + 1
        name = f"第{_ORDINALS[ordinal]}党小组"
        drawn.groups.append(PartyGroupRow(pk, branch.row.id, name))
        drawn.periods.append(GroupPeriodRow(pk, pk, formed, name, "form", _WHY))
        people = [row for row in branch.members[ordinal::number] if arrived[row.id] < today - _NEW]
        may_lead = [
            row for row in people
            if row.status == MemberStatus.FULL and row.id not in in_committee and arrived[row.id] <= formed
        ]  # fmt: skip
        leader = rng.choice(may_lead).id if may_lead and rng.random() < _LED else None
        for row in people:
            drawn.memberships.append(
                GroupMembershipRow(
                    len(drawn.memberships) + 1,
                    pk,
                    row.id,
                    row.id == leader,
                    max(formed, arrived[row.id]),
                    _WHY,
                )
            )
