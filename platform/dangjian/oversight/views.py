"""The centre's pages: figures the districts relayed; no district is opened to show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dangjian.ui.templatetags.ui import when
from tenants import rollups
from tenants.models import District, DistrictState


@dataclass(frozen=True, slots=True)
class Row:
    """A district in the table. values: in the order of `columns`, None where nothing has been relayed yet.

    late: running, but its figures have stopped coming; `late_by` says for how long, in words.
    """

    district: District
    columns: list[str]
    values: list[int | None]
    as_of: datetime | None
    late: bool
    late_by: str

    @property
    def figures(self) -> list[tuple[str, int | None]]:
        """Each value with the name of its column."""
        return list(zip(self.columns, self.values, strict=True))


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    metrics = rollups.metrics()
    columns = {metric.key: _(metric.label) for metric in metrics}
    rows = [_row(figures, columns, now) for figures in rollups.overview(now=now)]
    running = [row for row in rows if row.district.state == DistrictState.ACTIVE]
    context = {
        "heading": _("各地情况"),
        "columns": columns.values(),
        "rows": rows,
        "warnings": _warnings(running),
        "as_of": min((row.as_of for row in running if row.as_of and not row.late), default=None),
    }
    return render(request, "oversight/overview.html", context)


def _warnings(running: list[Row]) -> list[tuple[str, str]]:
    """What is to be known before reading the figures: (a sentence, what follows from it) each."""
    late = [row for row in running if row.late]
    if late and len(late) == len(running):
        return [(_("汇总任务停了，下面都是停下之前的数字。"), _("请运维检查后台任务进程。"))]
    return [_warning(row) for row in late]


def _warning(row: Row) -> tuple[str, str]:
    if row.as_of is None:
        return _("%(name)s还没有送来数据。") % {"name": row.district.name}, _("表里先空着。")
    words = {"name": row.district.name, "time": when(row.as_of), "late": row.late_by}
    return (
        _("%(name)s的数据停在 %(time)s，晚了 %(late)s。") % words,
        _("下面用的是当时的数字，不与其他地方比较。"),
    )


def _row(figures: rollups.DistrictFigures, columns: dict[str, str], now: datetime) -> Row:
    late = figures.late and figures.district.is_active
    return Row(
        figures.district,
        list(columns.values()),
        [figures.values.get(key) for key in columns],
        figures.as_of,
        late,
        _passed(now - figures.as_of) if late and figures.as_of else "",
    )


def _passed(duration: timedelta) -> str:
    """A duration in the largest unit that is not nothing: 3 分钟, 33 小时, 4 天."""
    seconds = int(duration.total_seconds())
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if hours < 1:
        return ngettext("%(count)s 分钟", "%(count)s 分钟", minutes) % {"count": minutes}
    if days < 3:
        return ngettext("%(count)s 小时", "%(count)s 小时", hours) % {"count": hours}
    return ngettext("%(count)s 天", "%(count)s 天", days) % {"count": days}
