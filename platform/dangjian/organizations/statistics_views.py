"""党员统计: how many there were on a day, by everything the register says, and who they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dangjian.api.problems import not_found
from dangjian.organizations import access, changes, sheets, statistics, timeline
from dangjian.organizations.listing import listing
from dangjian.organizations.models import Member, Organization
from dangjian.organizations.particulars import FIRST_CONGRESS

NAMES_A_PAGE: Final = 50
_PARAMETERS: Final = ("as_of", "organization")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. problem: in the reader's words, where its day could not be taken."""

    reader: Member
    day: date
    chosen: Organization | None
    choices: list[Organization]
    problem: str
    query: str

    @property
    def within(self) -> int | None:
        return self.chosen.pk if self.chosen else None

    def address(self, name: str, **more: str) -> str:
        query = "&".join(part for part in (self.query, urlencode(more)) if part)
        return reverse(name) + (f"?{query}" if query else "")


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """All figures of a day; with a day that cannot be taken today's, and why."""
    asked = _asked(request)
    found = statistics.tables(asked.reader, day=asked.day, within=asked.within)
    context = {
        "total": found[0].total,
        "year": changes.of_year(asked.reader, day=asked.day, within=asked.within),
        "tables": [(table, list(_shares(asked, table))) for table in found],
        "download": asked.address("statistics-xlsx"),
    }
    return render(
        request,
        "organizations/statistics.html",
        _frame(asked) | context,
        status=422 if asked.problem else 200,
    )


@never_cache
@require_safe
def names(request: HttpRequest) -> HttpResponse:
    """Who is counted in one of the groups."""
    asked = _asked(request)
    by, key = request.GET.get("by", ""), request.GET.get("key", "")
    if by not in statistics.BY or asked.problem:
        raise not_found()
    people = statistics.of_group(asked.reader, by=by, key=key, day=asked.day, within=asked.within)
    page = listing(
        people,
        which=f"statistics:{asked.reader.pk}:{asked.day}:{asked.within}:{by}:{key}",
        by=("pinyin", "id"),
        cursor=request.GET.get("cursor", ""),
        size=NAMES_A_PAGE,
    )
    nodes = timeline.tree(asked.day).nodes
    managed = access.standing(asked.reader).is_officer
    group = next((each for each in statistics.groups(by) if each.key == key), None)
    table = statistics.Statistics(asked.day, by, 0, ())
    context = {
        "title": table.title,
        "group": group.label if group else key or _("没有登记"),
        "rows": [(each, nodes.get(each.branch_then), managed) for each in page.rows],  # type: ignore[attr-defined]
        "pages": {
            way: asked.address("statistics-names", by=by, key=key, **({"cursor": cursor} if cursor else {}))
            for way, cursor in (
                ("first", "" if page.previous else None),
                ("previous", page.previous),
                ("next", page.next),
            )
            if cursor is not None
        },
        "back": asked.address("statistics"),
    }
    return render(request, "organizations/statistics_names.html", _frame(asked) | context)


@never_cache
@require_safe
def workbook(request: HttpRequest) -> HttpResponse:
    """The same figures as a table: one row a group."""
    asked = _asked(request)
    if asked.problem:
        raise not_found()
    found = statistics.tables(asked.reader, day=asked.day, within=asked.within)
    name = _("党员统计 %(day)s") % {"day": asked.day.isoformat()}
    titles = [_("项目"), _("分类"), _("人数"), _("占比（%）")]
    rows: Iterable[tuple[Any, ...]] = [
        (table.title, group.label, group.count, round(100 * group.count / (table.total or 1), 1))
        for table in found
        for group in table.groups
    ]
    year = changes.of_year(asked.reader, day=asked.day, within=asked.within)
    title = _("%(year)s 年增减") % {"year": year.day.year}
    moved: list[tuple[Any, ...]] = [
        (title, _("年初"), year.before, None),
        *((title, each.label, each.count, None) for each in year.came),
        *((title, each.label, -each.count, None) for each in year.went),
    ]
    return sheets.answer(name, titles, [(_("合计"), "", found[0].total, None), *moved, *rows])


def _asked(request: HttpRequest) -> Asked:
    """
    Raises:
        Problem: 404, nothing to count for the reader, or an organisation that is not theirs to count.
    """
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None or not statistics.may_count(reader):
        raise not_found()
    given = request.GET
    choices = list(access.managed_organizations(reader))
    chosen = None
    if pk := given.get("organization", ""):
        chosen = next((each for each in choices if str(each.pk) == pk), None)
        if chosen is None:
            raise not_found()
    day, problem = _day(given.get("as_of", ""))
    query = urlencode({name: given[name] for name in _PARAMETERS if given.get(name)})
    return Asked(reader, day, chosen, choices, problem, query)


def _day(text: str) -> tuple[date, str]:
    today = timezone.localdate()
    if not text:
        return today, ""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or day < FIRST_CONGRESS:
        return today, _("“%(text)s”不是能查的日期，请写成 2026-03-31 这样。下面是今天的数字。") % {
            "text": text[:20]
        }
    if day > today:
        return today, _("%(day)s 还没有到，查不到那天的情况。下面是今天的数字。") % {"day": day.isoformat()}
    return day, ""


def _frame(asked: Asked) -> dict[str, Any]:
    officer = access.standing(asked.reader).is_officer
    return {
        "heading": _("党员统计"),
        "frame": "organizations/desk.html" if officer else "organizations/transfers/frame.html",
        "back": "/branch/",
        "asked": asked,
        "organizations": [
            ("　" * (each.depth - asked.choices[0].depth) + str(each), each) for each in asked.choices
        ],
    }


def _shares(asked: Asked, table: statistics.Statistics) -> Iterable[dict[str, Any]]:
    """The rows of a table; `width` is of a bar, 100 for the largest group, so that small ones are told apart too."""
    largest = max((group.count for group in table.groups), default=0) or 1
    for group in table.groups:
        yield {
            "group": group,
            "share": 100 * group.count / (table.total or 1),
            "width": round(100 * group.count / largest),
            "names": asked.address("statistics-names", by=table.by, key=group.key) if group.count else "",
        }
