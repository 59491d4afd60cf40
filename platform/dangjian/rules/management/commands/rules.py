"""``manage.py rules check``: whether the rule packs can be used; ``manage.py rules list``: what is in force."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dangjian.rules import book
from dangjian.rules.reading import PackRefused


class Command(BaseCommand):
    help = "Check the rule packs, or list the rules in force."
    # The check itself says what is wrong, without the system check in front of it.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="the national pack and RULES_DIR, or the files named")
        check.add_argument(
            "files", nargs="*", type=Path, help="files of districts, before they are put in place"
        )
        listed = actions.add_parser("list", help="every rule in force")
        listed.add_argument("--on", type=date.fromisoformat, help="YYYY-MM-DD; today if it is left out")
        listed.add_argument(
            "--district", default="", help="the district's schema; the country if it is left out"
        )

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "check":
            self._check(options["files"])
        else:
            self._list(options["on"] or timezone.localdate(), options["district"])

    def _check(self, files: list[Path]) -> None:
        faults = book.faults()
        if files and not faults:
            national = book.load_national(book.NATIONAL_PACK)
            for path in files:
                try:
                    book.load_local(path, national)
                except PackRefused as refused:
                    faults += refused.problems
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write("Every rule pack can be used.")

    def _list(self, on: date, district: str) -> None:
        for rule in book.book(district).in_force(on):
            local = f"  (national: {rule.national.said()})" if rule.national else ""
            self.stdout.write(f"{rule.id:30} {rule.said()}{local}  {rule.cited}  {rule.confidence}")
