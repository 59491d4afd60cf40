"""``manage.py suspend_district huiji --reason 数据迁移，周日 8 点恢复``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants import lifecycle, registry
from tenants.models import District


class Command(BaseCommand):
    help = "Closes a district's pages, sockets and jobs; its data stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema_name")
        parser.add_argument(
            "--reason", required=True, help="shown to everybody who comes, at most 200 characters"
        )

    def handle(self, *args: Any, schema_name: str, reason: str, **options: Any) -> None:
        if not 0 < len(reason.strip()) <= 200:
            raise CommandError("Give a reason of 1 to 200 characters: everybody who comes will read it.")
        lifecycle.suspend_district(district_named(schema_name), reason=reason.strip())
        self.stdout.write(f"{schema_name} is suspended")


def district_named(schema_name: str) -> District:
    """
    Raises:
        CommandError: there is no such district; says which there are.
    """
    try:
        return registry.district(schema_name)
    except District.DoesNotExist:
        known = ", ".join(district.schema_name for district in registry.all_districts()) or "none yet"
        raise CommandError(f"There is no district {schema_name}. Districts here: {known}.") from None
