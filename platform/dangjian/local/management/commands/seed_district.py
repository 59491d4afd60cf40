"""``manage.py seed_district SCHEMA --size full``: puts the reference data into an empty district."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dangjian.local import demo_data
from dangjian.local.demo_data.rhythm import SHANGHAI
from tenants import registry
from tenants.models import District


class Command(BaseCommand):
    help = "Puts the demo's organisations, people and a year of posts into an empty district."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema", help="the district's schema, such as huiji; centre gets its one person")
        parser.add_argument("--size", choices=list(demo_data.SIZES), default="small")
        parser.add_argument(
            "--seed", type=int, default=demo_data.SEED, help="the same seed gives the same rows"
        )
        parser.add_argument(
            "--today",
            type=date.fromisoformat,
            help="the day the year of posts ends with, at 18:00; without it, it ends with the hour that has begun",
        )

    def handle(
        self, *args: Any, schema: str, size: str, seed: int, today: date | None = None, **options: Any
    ) -> None:
        moment = datetime(today.year, today.month, today.day, 18, tzinfo=SHANGHAI) if today else None
        started = time.monotonic()
        try:
            district = registry.district(schema)
            summary = demo_data.seed(district, size, seed=seed, moment=moment)
        except District.DoesNotExist:
            known = ", ".join(each.schema_name for each in registry.all_districts()) or "none yet"
            raise CommandError(f"There is no district {schema}. Districts: {known}.") from None
        except demo_data.NotEmpty as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{district.name}: {summary.organizations} organizations, {summary.branches} of them branches, "
            f"{summary.members} members, {summary.posts} posts, "
            f"{summary.comments} comments, {summary.likes} likes, {summary.views} views, {summary.photos} photos "
            f"in {time.monotonic() - started:.1f} s"
        )
