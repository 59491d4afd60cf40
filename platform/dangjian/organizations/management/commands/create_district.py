"""``manage.py create_district huiji --name 惠济区 --host huiji.example.cn --officer zhangwei``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants import lifecycle
from tenants.models import DistrictKind


class Command(BaseCommand):
    help = "Opens a district with its first officer, or goes on opening one that stopped half way."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema_name", help="2–40 lower-case letters, digits or underscores: huiji")
        parser.add_argument("--name", required=True, help="as people call it: 惠济区")
        parser.add_argument("--short-name", default="", help="as shown where there is little room: 惠济")
        parser.add_argument("--host", action="append", required=True, help="a host it answers at; repeatable")
        parser.add_argument("--officer", default="", help="user name of the first officer")
        parser.add_argument("--officer-name", default="", help="the officer's own name: 张伟")
        parser.add_argument("--centre", action="store_true", help="the central committee, not a district")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            district = lifecycle.create_district(
                schema_name=options["schema_name"],
                name=options["name"],
                short_name=options["short_name"] or options["name"][:20],
                hosts=options["host"],
                kind=DistrictKind.CENTRE if options["centre"] else DistrictKind.DISTRICT,
                options={
                    "officer_username": options["officer"],
                    "officer_name": options["officer_name"],
                    "on_officer": self._tell,
                },
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except lifecycle.NotYet as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{district.name} is open at {', '.join(options['host'])}")

    def _tell(self, username: str, password: str) -> None:
        self.stdout.write(f"First account: {username}, one-time password {password} (shown this once)")
