"""People who do not exist and are in the register no more: when they left, how, and the dues they paid until then."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from dangjian.local.demo_data import collecting, people, rhythm
from dangjian.local.demo_data.people import Branch, People
from dangjian.local.demo_data.rows import (
    DuesBasisRow,
    DuesChargeRow,
    DuesPaymentRow,
    MemberRow,
    MembershipRow,
    Plan,
    UserRow,
)
from dangjian.organizations.dues import judgement
from dangjian.organizations.models import Leaving, MemberStatus
from dangjian.rules.book import book

_EVERY: Final = 400  # one for so many members
_FEWEST: Final = 2
# As often as they happen; the last is for who is on probation.
_WAYS: Final = (
    (Leaving.DECEASED, "因病去世", "民医〔{year}〕{n} 号"),
    (Leaving.MOVED_AWAY, "调外地工作，组织关系转出", "〔{year}〕{n:04}"),
    (Leaving.DECEASED, "因病去世", ""),
    (Leaving.STRUCK_OFF, "连续六个月不参加组织生活、不交党费，按自行脱党除名", "组〔{year}〕{n} 号"),
    (Leaving.RESIGNED, "本人书面要求退党，支部大会讨论同意", "组〔{year}〕{n} 号"),
    (Leaving.DECEASED, "因病去世", ""),
    (Leaving.EXPELLED, "严重违纪", "纪〔{year}〕{n} 号"),
    (Leaving.PROBATION_CANCELLED, "预备期内不履行义务，支部大会讨论取消资格", "组〔{year}〕{n} 号"),
)


def draw(result: Plan, settled: People, moment: datetime, rng: Random) -> None:
    """Fill the plan's departed, beside the members, whose number they leave as it is."""
    named = {row.branch_id for row in settled.cast.values()}
    branches = [each for each in settled.branches if each.row.id not in named] or settled.branches
    reserved = {row.name for row in settled.cast.values()}
    keepers = collecting.keepers_of(settled)
    taken = {row.username for row in result.users}
    many = max(_FEWEST, len(result.members) // _EVERY)
    for number in range(many):
        kind, why, document = _WAYS[number % len(_WAYS)]
        row, stay = _gone(len(result.members) + number + 1, rng.choice(branches), kind, reserved, moment, rng)
        username = _free(row.pinyin, taken)
        told = document.format(year=stay.until.year if stay.until else moment.year, n=rng.randrange(3, 60))
        # As with the members, nobody's account has the number of their row.
        row = row._replace(user_id=len(result.users) + 1 + (number + 1) % many)
        result.departed_users.append(
            UserRow(row.user_id, username, "!", row.name, True, True, None, None, row.created_at, False)
        )
        result.departed.append(row)
        result.departed_memberships.append(
            stay._replace(
                id=len(result.memberships) + number + 1,
                ended=str(kind),
                ended_reason=why,
                ended_document=told,
            )
        )
        _pay(result, row, stay, keepers[row.branch_id], rng)
    result.departed_users.sort()


def _gone(
    number: int, branch: Branch, kind: Leaving, reserved: set[str], moment: datetime, rng: Random
) -> tuple[MemberRow, MembershipRow]:
    """Who it was, and where until when."""
    today = moment.date()
    row = people.member(number, branch, None, False, reserved, moment, rng)
    if kind == Leaving.PROBATION_CANCELLED:
        joined = today - timedelta(days=rng.randrange(200, 340))
        row = row._replace(status=str(MemberStatus.PROBATIONARY), joined_on=joined, converted_on=None)
    elif row.status != MemberStatus.FULL:
        joined = today - timedelta(days=rng.randrange(900, 6000))
        row = row._replace(
            status=str(MemberStatus.FULL), joined_on=joined, converted_on=joined + timedelta(365)
        )
    earliest = max(row.converted_on or row.joined_on, today - timedelta(days=330)) + timedelta(days=1)
    left = earliest + timedelta(days=rng.randrange(max(1, (today - earliest).days)))
    row = row._replace(left_on=left, left_kind=str(kind))
    return row, MembershipRow(0, number, branch.row.id, row.joined_on, left)


def _pay(result: Plan, row: MemberRow, stay: MembershipRow, keeper: int, rng: Random) -> None:
    """Their dues of the months they were there in, paid; what others owe and paid stays as it was drawn."""
    basis = collecting.basis_of(row, rng)
    sheets = [
        each for each in result.dues_sheets if each.branch_id == stay.branch_id and _there(stay, each.month)
    ]
    if not sheets:
        return
    result.dues_bases.append(
        DuesBasisRow(
            len(result.dues_bases) + 1, row.id, sheets[0].month, basis.kind, basis.base, basis.agreed, basis.relief,
            "年度核定" if not basis.relief else "生活困难，支部党员大会讨论通过", keeper,
        )
    )  # fmt: skip
    for sheet in sheets:
        due = judgement.owed(book(), basis, sheet.month)
        amount = due.amount or judgement.NOTHING
        number = len(result.dues_charges) + 1
        result.dues_charges.append(
            DuesChargeRow(
                number, row.id, sheet.branch_id, sheet.month, basis.kind, basis.base, due.rate, basis.relief,
                due.amount, amount, sheet.confirmed_at is not None,
            )
        )  # fmt: skip
        if amount:
            day = min(result.moment.date(), sheet.month + timedelta(days=9))
            at = min(result.moment, datetime.combine(day, time(10), rhythm.SHANGHAI))
            result.dues_payments.append(
                DuesPaymentRow(len(result.dues_payments) + 1, number, amount, "cash", day, keeper, at)
            )


def _there(stay: MembershipRow, month: date) -> bool:
    return stay.since < judgement.next_month(month) and (stay.until is None or stay.until > month)


def _free(spelling: str, taken: set[str]) -> str:
    number = 1
    while (name := spelling if number == 1 else f"{spelling}{number}") in taken:
        number += 1
    taken.add(name)
    return name
