"""``manage.py give_accounts huiji``: accounts in the realm for everybody of the roster who has none."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dangjian.identity import provisioning, roster
from dangjian.identity.keycloak import Refused, Unreachable
from tenants import registry
from tenants.context import in_district
from tenants.models import District


class Command(BaseCommand):
    help = "Gives everybody of the roster an account in the district's realm; ended anywhere, it can be run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema_name")

    def handle(self, *args: Any, schema_name: str, **options: Any) -> None:
        if settings.IDENTITY != "keycloak":
            raise CommandError("IDENTITY is not keycloak: this deployment keeps its passwords itself.")
        try:
            district = registry.district(schema_name)
        except District.DoesNotExist:
            known = ", ".join(each.schema_name for each in registry.all_districts()) or "none yet"
            raise CommandError(f"There is no district {schema_name}. Districts here: {known}.") from None
        began = time.monotonic()
        try:
            with in_district(district):
                progress = roster.give_accounts(district, provisioning.provisioner(district), tell=self._tell)
        except Unreachable as error:
            raise CommandError(
                f"Keycloak gave no usable answer ({error}). What was done stays; run the same command again."
            ) from None
        except (Refused, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from None
        seconds = time.monotonic() - began
        self.stdout.write(
            f"{schema_name}: {progress.done} of {progress.total} have their account ({seconds:.0f} s)"
        )
        if progress.taken:
            raise CommandError(
                f"{len(progress.taken)} names belong to accounts that were made in Keycloak by hand: "
                f"{', '.join(progress.taken[:20])}. Rename or delete those there, then run the same command again."
            )

    def _tell(self, progress: roster.Progress) -> None:
        self.stdout.write(f"  {progress.done} of {progress.total}")
        self.stdout.flush()
