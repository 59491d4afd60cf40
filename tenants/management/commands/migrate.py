"""``manage.py migrate``: the registry, then every district that is behind.

Who is behind is one query on the registry; a district that is up to date costs nothing, so a start with a
hundred of them is as quick as with one.
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand

from tenants import schemas
from tenants.context import REGISTRY_DATABASE, in_registry
from tenants.locks import exclusive


class Command(MigrateCommand):
    help = "Migrates the registry and every district that is behind."

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check_unapplied"] or options["plan"]:
            self._registry(*args, **options)
            self._say_behind(fail=options["check_unapplied"])
            return
        with exclusive("migrate"):
            self._registry(*args, **options)
            if options["app_label"]:
                return
            for district in schemas.behind():
                self.stdout.write(f"{district.schema_name}: {district.name}")
                schemas.migrate(district, verbosity=options["verbosity"])

    def _registry(self, *args: Any, **options: Any) -> None:
        with in_registry():
            super().handle(*args, **{**options, "database": REGISTRY_DATABASE})

    def _say_behind(self, *, fail: bool) -> None:
        behind = [district.schema_name for district in schemas.behind()]
        if behind:
            self.stdout.write("Districts behind: " + ", ".join(behind))
            if fail:
                sys.exit(1)
