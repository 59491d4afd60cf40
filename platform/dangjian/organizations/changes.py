"""年内增减: how many came into the register and left it from the first of January until a day.

Who is counted, and where, is as in `statistics`: the branches of the day that the reader may count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from django.db.models import BooleanField, Case, F, Q, Value, When
from django.utils.translation import gettext as _

from dangjian.organizations import access, statistics, timeline
from dangjian.organizations.models import Leaving, Membership
from dangjian.organizations.statistics import Group

ENTERED: Final = "entered"
RESTORED: Final = "restored"
MOVED_IN: Final = "moved_in"
MOVED_OUT: Final = "moved_out"


@dataclass(frozen=True, slots=True)
class Stay:
    """A membership, as far as it matters here. inside: in a branch that is counted."""

    member: int
    since: date | None
    until: date | None
    ended: str
    inside: bool


@dataclass(frozen=True, slots=True)
class Year:
    """before: members on the last day of the year before. came, went: how many in which way, only where there are
    some."""

    first: date
    day: date
    before: int
    came: tuple[Group, ...]
    went: tuple[Group, ...]

    @property
    def now(self) -> int:
        """On `day`."""
        return self.before + sum(each.count for each in self.came) - sum(each.count for each in self.went)


def of_year(reader: access.Reader, *, day: date, within: int | None = None) -> Year:
    """From the first of January of its year until `day`, in two queries (and the tree, where `within` is given)."""
    first = day.replace(month=1, day=1)
    scope = statistics.scope(reader, day=day, within=within)
    before = Membership.objects.filter(scope, timeline.on(first - timedelta(days=1))).count()
    touched = Membership.objects.filter(
        scope, Q(since__range=(first, day)) | Q(until__range=(first, day))
    )  # fmt: skip
    inside: Any = (
        Case(When(scope, then=True), default=False, output_field=BooleanField()) if scope else Value(True)
    )
    rows = (
        Membership.objects.filter(member__in=touched.values("member"))
        .annotate(inside=inside)
        .order_by("member", F("until").asc(nulls_last=True))
        .values_list("member", "since", "until", "ended", "inside")
    )
    found = flows((Stay(*row) for row in rows), first=first, day=day)
    labels = _labels()
    came, went = (
        tuple(Group(key, labels[key], found[key]) for key in keys if found[key])
        for keys in ((ENTERED, RESTORED, MOVED_IN), (*Leaving.values, MOVED_OUT))
    )
    return Year(first, day, before, came, went)


def flows(stays: Iterable[Stay], *, first: date, day: date) -> Counter[str]:
    """How often each thing happened from `first` until `day`. stays: of each member one after the other, the oldest
    first."""
    found: Counter[str] = Counter()
    for _member, own in groupby(stays, key=lambda stay: stay.member):
        found += _flows_of(list(own), first, day)
    return found


def _flows_of(stays: Sequence[Stay], first: date, day: date) -> Counter[str]:
    found: Counter[str] = Counter()
    before: Stay | None = None
    for stay in stays:
        if stay.since is not None and first <= stay.since <= day:
            if before is None or before.ended:
                found[ENTERED if before is None else RESTORED] += stay.inside
            elif stay.inside != before.inside:
                found[MOVED_IN if stay.inside else MOVED_OUT] += 1
        if stay.ended and stay.inside and stay.until is not None and first <= stay.until <= day:
            found[stay.ended] += 1
        before = stay
    return found


def _labels() -> dict[str, str]:
    return {
        ENTERED: _("新入册"),
        RESTORED: _("恢复党籍"),
        MOVED_IN: _("从别处转入"),
        MOVED_OUT: _("转到别处"),
    } | {str(value): str(label) for value, label in Leaving.choices}
