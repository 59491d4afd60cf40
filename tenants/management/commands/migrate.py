"""``manage.py migrate``: the registry, then every district that is behind.

Who is behind is one query on the registry; a district that is up to date costs nothing, so a start with a
hundred of them is as quick as with one.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand

from tenants import schemas
from tenants.context import REGISTRY_DATABASE, in_registry


class Command(MigrateCommand):
    help = "Migrates the registry and every district that is behind."

    def handle(self, *args: Any, **options: Any) -> None:
        with in_registry():
            super().handle(*args, **{**options, "database": REGISTRY_DATABASE})
        if options["app_label"] or options["plan"] or options["check_unapplied"]:
            return
        for district in schemas.behind():
            self.stdout.write(f"{district.schema_name}: {district.name}")
            schemas.migrate(district, verbosity=options["verbosity"])
