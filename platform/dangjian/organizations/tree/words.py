"""What became of an organisation, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangjian.audit.models import AuditRow
from dangjian.organizations.models import Organization, OrganizationPeriod

ACTS: Final = {
    "found": gettext_lazy("成立"),
    "split": gettext_lazy("分设成立"),
    "rename": gettext_lazy("更名"),
    "cover": gettext_lazy("联合党支部的单位"),
    "move": gettext_lazy("调整隶属"),
    "import": gettext_lazy("名册导入"),
}


class Turn(NamedTuple):
    """One line of the history. on: None where the register does not know the day."""

    on: date | None
    what: str
    detail: str
    reason: str
    document: str


def history(
    organization: Organization, periods: Sequence[OrganizationPeriod], ended: AuditRow | None
) -> list[Turn]:
    """The periods (newest first) as what happened at the beginning of each, and the end of the last.

    ended: the act that dissolved it; a period tells only what began it.
    """
    turns = []
    if organization.dissolved_on is not None:
        detail = ended.detail if ended is not None else {}
        merged = ended is not None and ended.action == "organization.merge"
        into = detail.get("to_name", "")
        turns.append(
            Turn(
                organization.dissolved_on,
                _("合并") if merged else _("撤销"),
                _("党员转到 %(name)s") % {"name": into} if into else "",
                ended.reason if ended is not None else "",
                detail.get("document", ""),
            )
        )
    for number, period in enumerate(periods):
        before = periods[number + 1] if number + 1 < len(periods) else None
        what = str(ACTS.get(period.act, "")) or (_("有登记以来") if before is None else _("变动"))
        turns.append(Turn(period.since, what, _detail(period, before), period.reason, period.document))
    return turns


def _detail(period: OrganizationPeriod, before: OrganizationPeriod | None) -> str:
    under = str(period.parent) if period.parent is not None else ""
    if before is None:
        return (
            _("%(name)s，隶属 %(parent)s") % {"name": period.name, "parent": under} if under else period.name
        )
    changes = []
    if before.name != period.name:
        changes.append(f"{before.name} → {period.name}")
    elif before.short_name != period.short_name:
        changes.append(f"{before.short_name} → {period.short_name}")
    if before.parent_id != period.parent_id:
        changes.append(f"{before.parent or '—'} → {under or '—'}")
    if before.sector != period.sector:
        changes.append(f"{before.get_sector_display() or '—'} → {period.get_sector_display() or '—'}")
    if before.units != period.units:
        changes.append(period.units.replace("\n", _("、")) or _("不再是联合党支部"))
    return _("；").join(changes)
