"""Figures of a district that the centre sees."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from dangjian.organizations.models import Member, Organization, OrganizationKind
from tenants import rollups


def register() -> None:
    rollups.register(rollups.Metric("organizations.branches", gettext_noop("支部数"), _branches))
    rollups.register(rollups.Metric("organizations.members", gettext_noop("党员数"), Member.objects.count))
    rollups.register(rollups.Metric("organizations.signed_in", gettext_noop("登录过的党员"), _signed_in))


def _branches() -> int:
    return Organization.objects.filter(kind=OrganizationKind.BRANCH, dissolved_on=None).count()


def _signed_in() -> int:
    return Member.objects.exclude(user__first_signed_in_at=None).count()
