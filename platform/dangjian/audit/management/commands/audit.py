"""``manage.py audit verify [district]``: whether the audit log is whole."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dangjian.audit import chain
from tenants import registry
from tenants.context import in_district
from tenants.models import District

_SAID = {
    "edited": "row {id} was changed after it was sealed",
    "missing": "rows are missing before row {id}",
    "reordered": "row {id} does not follow the one before it",
    "truncated": "the rows up to this one were anchored and are gone",
    "replaced": "row {id} is not the one that was anchored",
}


class Command(BaseCommand):
    help = "Checks the hash chain of the audit log; exits with 1 when it was tampered with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["verify"])
        parser.add_argument("district", nargs="?", help="schema name; without it every district is checked")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = [district for district in self._districts(options["district"]) if not self._whole(district)]
        if broken:
            raise CommandError("Tampered with: " + ", ".join(district.schema_name for district in broken))

    def _districts(self, schema_name: str | None) -> list[District]:
        if schema_name is None:
            return [district for district in registry.all_districts() if district.migrated_to]
        try:
            return [registry.district(schema_name)]
        except District.DoesNotExist:
            raise CommandError(f"There is no district {schema_name!r}.") from None

    def _whole(self, district: District) -> bool:
        with in_district(district):
            report = chain.verify()
        state = "whole" if report.whole else "BROKEN"
        self.stdout.write(
            f"{district.schema_name}: {state}, {report.rows} sealed, {report.unsealed} waiting,"
            f" head {report.head.sequence} {report.head.digest}"
        )
        for fault in report.faults:
            said = _SAID[fault.kind].format(id=fault.row_id)
            self.stdout.write(f"  {fault.kind} at {fault.sequence}: {said}")
        return report.whole
