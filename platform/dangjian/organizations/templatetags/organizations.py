"""Tags of the officer's desk and the branch: ``{% load organizations %}``."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from dangjian.identity.providers import provider
from dangjian.organizations import member_table, phone
from dangjian.organizations.access import may_manage_sign_in, standing
from dangjian.organizations.dues.access import kept_by
from dangjian.organizations.elections.access import sees_anything as sees_terms
from dangjian.organizations.models import Member, OfficeKind
from dangjian.organizations.transfers.access import answers_for

register = template.Library()
masked = register.filter("masked", phone.masked)
posts_of = register.filter("posts_of", member_table.posts_of)
group_of = register.filter("group_of", member_table.group_of)
offices_of = register.filter("offices_of", member_table.offices_of)


class Section(NamedTuple):
    """A link of the officer's menu."""

    url: str
    label: str
    icon: str
    current: bool


@register.simple_tag(takes_context=True)
def officer_sections(context: dict[str, Any]) -> list[Section]:
    """What of the desk the reader may open: moderators only the reports."""
    reader: Member | None = context.get("member")
    if reader is None:
        return []
    own, path = standing(reader), context["request"].path
    found = []
    if own.is_officer:
        found.append(("/officer/members/", _("党员"), "users"))
        found.append(("/branch/corrections/", _("资料更正申请"), "edit"))
        found.append(("/officer/organizations/", _("组织架构"), "branch"))
        found.append(("/statistics/", _("党员统计"), "chart"))
        found.append(("/officer/terms/", _("任期与换届"), "calendar"))
        found.append(("/officer/transfers/", _("组织关系转接"), "transfer"))
        found.append(("/officer/dues/", _("党费"), "coin"))
        found.append(("/officer/imports/", _("名册导入"), "upload"))
        found.append(("/admission/superior/", _("发展党员"), "shield"))
    if own.paths_of(OfficeKind.OFFICER, OfficeKind.MODERATOR):
        found.append(("/officer/reports/", _("举报"), "alert"))
    if may_manage_sign_in(reader) and not provider().keeps_passwords:
        found.append(("/officer/identity/", _("登录与接入"), "link"))
    if own.is_officer:
        found.append(("/officer/audit/", _("审计"), "history"))
    return [Section(url, label, icon, path.startswith(url)) for url, label, icon in found]


@register.simple_tag(takes_context=True)
def branch_sections(context: dict[str, Any]) -> list[Section]:
    """What of the branch's pages the reader may open."""
    reader: Member | None = context.get("member")
    if reader is None:
        return []
    path = context["request"].path
    found = [("/branch/", _("我的支部"), "branch")]
    if standing(reader).keeps_admissions_of is not None:
        found.append((reverse("party-groups", args=[reader.branch_id]), _("党小组"), "columns"))
    if standing(reader).secretary_of is not None:
        found.append(("/branch/members/", _("党员名册"), "users"))
        found.append(("/branch/corrections/", _("资料更正申请"), "edit"))
        found.append(("/statistics/", _("党员统计"), "chart"))
    if sees_terms(reader):
        found.append(("/branch/terms/", _("任期与换届"), "calendar"))
    if answers_for(reader):
        found.append(("/branch/transfers/", _("组织关系转接"), "transfer"))
    if kept_by(reader) is not None:
        found.append(("/branch/dues/", _("党费"), "coin"))
    return [
        Section(url, label, icon, path == url if url == "/branch/" else path.startswith(url))
        for url, label, icon in found
    ]


@register.simple_tag(takes_context=True)
def admission_sections(context: dict[str, Any]) -> list[Section]:
    """The pages of 发展党员 the reader may open: the branch's for whoever keeps it, approvals for a superior."""
    reader: Member | None = context.get("member")
    if reader is None:
        return []
    own, path = standing(reader), context["request"].path
    found = []
    if own.keeps_admissions_of is not None:
        found.append(("/admission/", _("支部看板"), "columns"))
    if own.superior_paths:
        found.append(("/admission/superior/", _("审批"), "shield"))
    if found:
        found.append(("/admission/calendar/", _("日历"), "calendar"))
    return [Section(url, label, icon, path == url) for url, label, icon in found]
