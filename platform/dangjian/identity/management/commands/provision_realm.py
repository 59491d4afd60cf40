"""``manage.py provision_realm huiji``, ``--check``, ``--rotate-secrets``, ``--all``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dangjian.identity import provisioning
from dangjian.identity.keycloak import Refused, Unreachable
from tenants import registry
from tenants.models import District


class Command(BaseCommand):
    help = "Makes a district's realm in Keycloak what it must be; run again, it changes only what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema_name", nargs="*", help="districts: huiji luoyang")
        parser.add_argument("--all", action="store_true", help="every district and the centre")
        parser.add_argument(
            "--check",
            action="store_true",
            help="say what differs and change nothing; exit status 1 if anything does",
        )
        parser.add_argument(
            "--rotate-secrets",
            action="store_true",
            help="give its clients new secrets, kept in KEYCLOAK_SECRETS",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IDENTITY != "keycloak":
            raise CommandError("IDENTITY is not keycloak: this deployment keeps its passwords itself.")
        if options["check"] and options["rotate_secrets"]:
            raise CommandError("--check changes nothing: leave it out to rotate secrets.")
        drifted = []
        for district in self._districts(options["schema_name"], everyone=options["all"]):
            try:
                if options["rotate_secrets"]:
                    provisioning.rotate_secrets(district)
                lines = provisioning.provision_realm(district, check=options["check"])
            except Unreachable as error:
                raise CommandError(
                    f"{district.schema_name}: Keycloak at {district.keycloak_url} gave no usable answer ({error}). "
                    "Run the same command again when it is back."
                ) from None
            except (Refused, ImproperlyConfigured) as error:
                raise CommandError(f"{district.schema_name}: {error}") from None
            for line in lines:
                self.stdout.write(f"{district.schema_name}  {line}")
            if not lines:
                self.stdout.write(f"{district.schema_name}  is as it must be")
            elif options["check"]:
                drifted.append(district.schema_name)
        if drifted:
            raise CommandError(
                f"{', '.join(drifted)}: not as it must be. Without --check this command puts it right."
            )

    def _districts(self, names: list[str], *, everyone: bool) -> list[District]:
        if bool(names) == everyone:
            raise CommandError("Name the districts, or give --all.")
        known = registry.all_districts()
        if everyone:
            return known
        by_name = {district.schema_name: district for district in known}
        for name in names:
            if name not in by_name:
                raise CommandError(
                    f"There is no district {name}. Districts here: {', '.join(by_name) or 'none yet'}."
                )
        return [by_name[name] for name in names]
