"""``manage.py reseal``: seals identity numbers with the first of SEALING_KEYS, after which the others may go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from dangjian.organizations import bulk
from dangjian.organizations.models import Member
from tenants import registry
from tenants.context import in_district
from tenants.models import District


class Command(BaseCommand):
    help = "Seals the identity numbers of every district with the first of SEALING_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        for district in registry.active_districts():
            self.stdout.write(f"{district.schema_name}: {reseal(district)} identity numbers sealed anew")


def reseal(district: District) -> int:
    """How many numbers of the district were sealed with the first key."""
    with in_district(district), transaction.atomic(using=district.database):
        rows = list(Member.ever.select_for_update().exclude(id_number_sealed=""))
        for row in rows:
            row.id_number = row.id_number
        columns = ["id_number_sealed", "id_number_index"]
        bulk.update(Member, columns, bulk.values(rows, columns))
    return len(rows)
