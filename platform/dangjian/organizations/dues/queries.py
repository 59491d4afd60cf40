"""Sheets, arrears and totals as far as their reader's right goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from dangjian.organizations import timeline
from dangjian.organizations.access import standing
from dangjian.organizations.dues import judgement
from dangjian.organizations.dues.judgement import Basis, Owed
from dangjian.organizations.dues.models import DuesBasis, DuesCharge, DuesSheet
from dangjian.organizations.models import Member, Membership, OfficeKind, Organization, OrganizationKind
from dangjian.rules.book import Book

ZERO: Final = judgement.NOTHING
_UNPAID: Final = Q(confirmed=True, paid__lt=F("amount"))


@dataclass(slots=True)
class Line:
    """One member's line of a sheet. charge: None before the first entry of the month; owed: as it stands now."""

    member: Member
    basis: Basis
    owed: Owed
    charge: DuesCharge | None

    @property
    def amount(self) -> Decimal | None:
        return self.charge.amount if self.charge and self.charge.confirmed else self.owed.amount

    @property
    def paid(self) -> Decimal:
        return self.charge.paid if self.charge else ZERO

    @property
    def missing(self) -> Decimal:
        """What is still to come; nothing where the amount is not known."""
        return max(ZERO, (self.amount or ZERO) - self.paid)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a sheet or a subtree. unknown: lines without an amount; open: lines with something still to come."""

    members: int = 0
    due: Decimal = ZERO
    paid: Decimal = ZERO
    open: int = 0
    unknown: int = 0

    @property
    def missing(self) -> Decimal:
        return max(ZERO, self.due - self.paid)


def owing(branch: Organization, month: date) -> QuerySet[Member]:
    """Who pays to the branch for the month: who was in it when the month, or their membership in the Party, began."""
    earlier = Membership.objects.filter(
        member=OuterRef("member"), until__gt=month, until__lte=OuterRef("since")
    )
    inside = Membership.objects.filter(
        Q(since=None) | Q(since__lt=judgement.next_month(month)),
        Q(until=None) | Q(until__gt=month),
        ~Exists(earlier),
        branch=branch,
    )
    return Member.ever.filter(pk__in=inside.values("member")).order_by("pinyin", "id")


def lines(book: Book, branch: Organization, month: date) -> list[Line]:
    """The sheet, in three queries. Who has a charge of this branch for the month stays on it."""
    charges = {row.member_id: row for row in DuesCharge.objects.filter(branch=branch, month=month)}
    members = list(owing(branch, month))
    away = charges.keys() - {member.pk for member in members}
    if away:
        members = sorted(
            [*members, *Member.ever.filter(pk__in=away)], key=lambda each: (each.pinyin, each.pk)
        )
    bases = bases_of([member.pk for member in members], month)
    found = []
    for member in members:
        basis = bases.get(member.pk) or Basis(kind=member.employment)
        charge = charges.get(member.pk)
        found.append(Line(member, basis, judgement.owed(book, basis, month), charge))
    return found


def bases_of(members: Iterable[int], month: date) -> dict[int, Basis]:
    rows = DuesBasis.objects.filter(timeline.on(month), member__in=list(members))
    return {row.member_id: Basis(row.kind, row.base, row.agreed, row.relief) for row in rows}


def summed(found: Iterable[Line]) -> Sums:
    sums = Sums()
    for line in found:
        sums = Sums(
            sums.members + 1,
            sums.due + (line.amount or ZERO),
            sums.paid + line.paid,
            sums.open + (line.missing > 0),
            sums.unknown + (line.amount is None),
        )
    return sums


def year_of(branch: Organization, year: int) -> dict[date, tuple[DuesSheet, Sums]]:
    """The branch's sheets of a year that have an entry, each with its sums. Two queries."""
    within = {"month__gte": date(year, 1, 1), "month__lte": date(year, 12, 1)}
    sheets = {
        row.month: row
        for row in DuesSheet.objects.filter(branch=branch, **within).select_related("confirmed_by")
    }
    rows = DuesCharge.objects.filter(branch=branch, **within).order_by().values("month").annotate(**_SUMS)
    return {row["month"]: (sheets[row["month"]], _sums(row)) for row in rows if row["month"] in sheets}


def arrears(branch: Organization) -> list[DuesCharge]:
    """What is missing of confirmed months, by name and month; nobody is put before anybody else. Whoever has left is
    not among them."""
    found = DuesCharge.objects.filter(_UNPAID, branch=branch, member__left_on=None).select_related("member")
    return list(found.order_by("member__pinyin", "member_id", "month"))


def totals(first: date, last: date, branches: Iterable[int] | None) -> dict[int, tuple[Sums, int]]:
    """By branch (None: all of them): what was reckoned and received for these months, and how many sheets are
    confirmed. One pass over the charges, one over the sheets."""
    within: dict[str, Any] = {"month__gte": first, "month__lte": last}
    if branches is not None:
        within["branch__in"] = list(branches)
    confirmed = dict(
        DuesSheet.objects.filter(confirmed_at__isnull=False, **within)
        .order_by()
        .values_list("branch")
        .annotate(Count("id"))
    )
    rows = DuesCharge.objects.filter(**within).order_by().values("branch").annotate(**_SUMS)
    return {row["branch"]: (_sums(row), confirmed.get(row["branch"], 0)) for row in rows}


def rolled_up(
    tree: timeline.Tree, found: dict[int, tuple[Sums, int]], within: set[int]
) -> dict[int, tuple[Sums, int, int]]:
    """For each organisation its sums with everything below, confirmed sheets, and branches that count."""
    sums: dict[int, tuple[Sums, int, int]] = {}
    for pk in tree.nodes:
        own, confirmed = found.get(pk, (Sums(), 0))
        sums[pk] = (own, confirmed, 1 if pk in within else 0)
    for node, _depth in reversed(list(tree.walk())):
        if node.parent in sums:
            (above, confirmed, many), (own, more, others) = sums[node.parent], sums[node.id]
            added = Sums(
                above.members + own.members,
                above.due + own.due,
                above.paid + own.paid,
                above.open + own.open,
                above.unknown + own.unknown,
            )
            sums[node.parent] = (added, confirmed + more, many + others)
    return sums


def of_officer(officer: Member, first: date, last: date) -> list[dict[str, Any]]:
    """What the officer looks after, as the tree is today, each with what is below it: ``{node, depth, sums, confirmed,
    expected}``. Three queries."""
    paths = standing(officer).paths_of(OfficeKind.OFFICER)
    nodes = {
        pk: node
        for pk, node in timeline.tree(timezone.localdate()).nodes.items()
        if node.path.startswith(paths)
    }
    tree = timeline.Tree(nodes)
    # Over the whole district no charge has to be asked for its branch.
    whole = standing(officer).covers(standing(officer).path[0], OfficeKind.OFFICER)
    branches = {pk for pk, node in nodes.items() if node.kind == OrganizationKind.BRANCH}
    many = (last.year - first.year) * 12 + last.month - first.month + 1
    sums = rolled_up(tree, totals(first, last, None if whole else branches), branches)
    return [
        {
            "node": node,
            "depth": depth,
            "sums": sums[node.id][0],
            "confirmed": sums[node.id][1],
            "expected": sums[node.id][2] * many,
        }
        for node, depth in tree.walk()
    ]


def paid_until(member: Member) -> date | None:
    """The last month whose dues are paid in full, as a letter of introduction names it."""
    paid = DuesCharge.objects.filter(member=member, paid__gte=F("amount"))
    return paid.order_by("-month", "-id").values_list("month", flat=True).first()


def of_member(member: Member, year: int) -> list[DuesCharge]:
    """A member's charges of a year, each with its payments. Two queries."""
    found = DuesCharge.objects.filter(
        member=member, month__gte=date(year, 1, 1), month__lte=date(year, 12, 1)
    )
    return list(
        found.select_related("branch")
        .prefetch_related("payments__by", "payments__reversed_by")
        .order_by("month", "id")
    )


_SUMS: Final[dict[str, Any]] = {
    "members": Count("id"),
    "due": Sum("amount"),
    "received": Sum("paid"),
    "open": Count("id", filter=Q(paid__lt=F("amount"))),
    "unknown": Count("id", filter=Q(amount=None)),
}


def _sums(row: Any) -> Sums:
    return Sums(row["members"], row["due"] or ZERO, row["received"] or ZERO, row["open"], row["unknown"])
