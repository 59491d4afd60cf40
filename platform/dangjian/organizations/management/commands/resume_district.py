"""``manage.py resume_district huiji``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dangjian.organizations.management.commands.suspend_district import district_named
from tenants import lifecycle
from tenants.models import DistrictState


class Command(BaseCommand):
    help = "Opens a suspended district again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema_name")

    def handle(self, *args: Any, schema_name: str, **options: Any) -> None:
        district = district_named(schema_name)
        if district.state != DistrictState.SUSPENDED:
            raise CommandError(f"{schema_name} is not suspended; it is {district.state}.")
        lifecycle.resume_district(district)
        self.stdout.write(f"{schema_name} is open again")
