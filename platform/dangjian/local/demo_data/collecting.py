"""Dues of people who do not exist: a year of sheets, most confirmed and paid, the last ones still open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from dangjian.local.demo_data import rhythm
from dangjian.local.demo_data.people import People
from dangjian.local.demo_data.rows import (
    DuesBasisRow,
    DuesChargeRow,
    DuesPaymentRow,
    DuesSheetRow,
    MemberRow,
    MembershipRow,
    Plan,
)
from dangjian.organizations.dues import judgement
from dangjian.organizations.dues.judgement import Basis
from dangjian.organizations.models import Employment, Post
from dangjian.rules.book import book
from dangjian.rules.months import add_months

_MONTHS: Final = 12
_LATE: Final = 0.004  # of confirmed charges, not paid
_AGREED: Final = (Decimal("0.20"), Decimal("0.50"), Decimal("0.50"), Decimal("1.00"))


def draw(result: Plan, settled: People, moment: datetime, rng: Random) -> None:
    """Fill the plan's dues: what they follow from, sheets, charges, payments."""
    this = moment.date().replace(day=1)
    months = [add_months(this, -number) for number in range(_MONTHS - 1, -1, -1)]
    keepers = keepers_of(settled)
    rules = book()
    bases = {row.id: basis_of(row, rng) for row in result.members}
    owed = {pk: judgement.owed(rules, basis, this) for pk, basis in bases.items()}
    for row in result.members:
        basis, branch = bases[row.id], row.branch_id
        result.dues_bases.append(
            DuesBasisRow(
                len(result.dues_bases) + 1, row.id, months[0], basis.kind, basis.base, basis.agreed, basis.relief,
                "年度核定" if not basis.relief else "生活困难，支部党员大会讨论通过", keepers[branch],
            )
        )  # fmt: skip
    homes = _homes(result.memberships)
    pinyin = {row.id: (row.pinyin, row.id) for row in result.members}
    for month in months:
        by_branch: dict[int, list[int]] = defaultdict(list)
        for member, stays in homes.items():
            home = _home(stays, month)
            if home is not None:
                by_branch[home].append(member)
        for branch in sorted(by_branch):
            members = sorted(by_branch[branch], key=pinyin.__getitem__)
            _month(result, branch, month, members, bases, owed, keepers[branch], moment, rng)


def _month(
    result: Plan,
    branch: int,
    month: date,
    members: Sequence[int],
    bases: dict[int, Basis],
    owed: dict[int, judgement.Owed],
    keeper: int,
    moment: datetime,
    rng: Random,
) -> None:
    today = moment.date()
    this = today.replace(day=1)
    # This month some have begun, last month a few are late, before that all is confirmed.
    chance = rng.random()
    if month == this and chance < 0.55:
        return
    confirmed = month < add_months(this, -1) or (chance < 0.94 if month < this else chance > 0.8)
    collected = min(today, month + timedelta(days=rng.randrange(4, 27)))
    at = min(
        moment, datetime.combine(collected, time(9 + rng.randrange(8), rng.randrange(60)), rhythm.SHANGHAI)
    )
    result.dues_sheets.append(
        DuesSheetRow(
            len(result.dues_sheets) + 1,
            branch,
            month,
            1,
            at if confirmed else None,
            keeper if confirmed else None,
        )
    )
    way = "transfer" if rng.random() < 0.35 else "cash"
    unpaid = _LATE if confirmed else 0.3
    for member in members:
        basis, due = bases[member], owed[member]
        number = len(result.dues_charges) + 1
        pays = bool(due.amount) and rng.random() >= unpaid
        amount = due.amount if pays and due.amount is not None else judgement.NOTHING
        result.dues_charges.append(
            DuesChargeRow(
                number, member, branch, month, basis.kind, basis.base, due.rate, basis.relief, due.amount, amount,
                confirmed,
            )
        )  # fmt: skip
        if pays:
            result.dues_payments.append(
                DuesPaymentRow(len(result.dues_payments) + 1, number, amount, way, collected, keeper, at)
            )


def basis_of(row: MemberRow, rng: Random) -> Basis:
    """What their dues follow from."""
    if row.in_hardship and rng.random() < 0.5:
        return Basis(row.employment, relief=judgement.EXEMPT)
    if row.employment == Employment.WAGE:
        return Basis(
            row.employment, Decimal(round(rng.triangular(2600, 13_000, 5600), -1)).quantize(judgement.FEN)
        )
    if row.employment == Employment.RETIRED:
        return Basis(
            row.employment, Decimal(round(rng.triangular(1900, 8200, 3600), -1)).quantize(judgement.FEN)
        )
    return Basis(row.employment, agreed=rng.choice(_AGREED) if row.employment == Employment.FARMER else None)


def keepers_of(settled: People) -> dict[int, int]:
    """Who keeps each branch's dues: its member for organisation, or its secretary."""
    found = {branch.row.id: branch.secretary_id for branch in settled.branches}
    found |= {
        held.organization_id: held.member_id
        for held in settled.posts_held
        if held.post == Post.ORGANIZATION and held.organization_id in found
    }
    return found


def _homes(memberships: Sequence[MembershipRow]) -> dict[int, list[MembershipRow]]:
    homes: dict[int, list[MembershipRow]] = defaultdict(list)
    for row in memberships:
        homes[row.member_id].append(row)
    return homes


def _home(stays: Sequence[MembershipRow], month: date) -> int | None:
    """The branch a member was in when the month, or the membership, began."""
    end = judgement.next_month(month)
    for stay in stays:
        if stay.since < end and (stay.until is None or stay.until > month):
            return stay.branch_id
    return None
