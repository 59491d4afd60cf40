"""The audit log as the officer reads it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from dangjian.audit.models import AuditRow
from dangjian.identity.models import ServiceScope
from dangjian.organizations.access import ever_managed_members, standing
from dangjian.organizations.models import Leaving, Member, OfficeKind, Post


def visible_rows(officer: Member) -> QuerySet[AuditRow]:
    """All of the district's log to an officer over the whole of it; to others what was done to the members they look
    after, and what those did that touched nobody else."""
    rows: QuerySet[AuditRow] = AuditRow.objects.all()
    if standing(officer).is_district_officer:
        return rows
    accounts = ever_managed_members(officer).values("user_id")
    return rows.filter(
        Q(object_kind="user", object_id__in=accounts) | Q(object_kind="", actor_id__in=accounts)
    )


def about(row: AuditRow) -> str:
    """What an act was about, beyond its object: the office, the branch, the address; empty when there is no more."""
    detail: dict[str, Any] = row.detail
    where = detail.get("organization_name", "")
    if "left" in detail:
        return _joined(_label(Leaving, detail["left"]), detail["on"], where)
    if "office" in detail:
        return _joined(_label(OfficeKind, detail["office"]), where)
    if "post" in detail:
        return _joined(_label(Post, detail["post"]), where)
    if "scopes" in detail:
        return "、".join(_label(ServiceScope, scope) for scope in detail["scopes"])
    if "to_group" in detail:
        leads = _("组长") if detail["leads"] else ""
        return _joined(f"{detail['from_group'] or '—'} → {detail['to_group'] or '—'}", leads)
    if "group" in detail and "to" not in detail:
        return str(detail["group"])
    if "rows" in detail:
        return _("%(rows)s 人") % detail
    if "from_name" in detail:
        return f"{detail['from_name']} → {detail.get('to_name', '')}"
    if "from" in detail and "to" in detail:
        return f"{detail['from']} → {detail['to']}"
    if detail.get("address"):
        return _("来自 %(address)s") % {"address": detail["address"]}
    return ""


def _label(choices: Any, value: Any) -> str:
    return str(choices(value).label) if value in choices.values else str(value)


def _joined(*parts: str) -> str:
    return _("，").join(part for part in parts if part)
