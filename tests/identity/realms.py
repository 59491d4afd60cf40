"""Telling a district of the tests where its realm is."""

from __future__ import annotations

from dangjian.identity.models import User
from tenants import registry
from tenants.context import in_district, in_registry
from tenants.models import District


def put_realm(district: District, fields: dict[str, str], subjects: dict[str, str] | None = None) -> None:
    """Put the realm on the district's row and each person's subject, their name if not given, beside their account."""
    for name, value in fields.items():
        setattr(district, name, value)
    with in_registry():
        District.objects.filter(pk=district.pk).update(**fields)
    registry.forget()
    with in_district(district):
        for user in User.objects.all():
            subject = user.username if subjects is None else subjects.get(user.username, "")
            User.objects.filter(pk=user.pk).update(
                issuer=fields["issuer"] if subject else "", subject=subject
            )
