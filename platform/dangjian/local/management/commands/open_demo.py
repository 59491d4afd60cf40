"""``manage.py open_demo``: migrates, and opens and fills the demo's districts; does only what is not done yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from dangjian.local import demo_data
from tenants import lifecycle, registry
from tenants.models import District, DistrictKind, DistrictState


@dataclass(frozen=True, slots=True)
class DemoDistrict:
    """A tenant of the demo; `full_size` is what it holds at --size full."""

    schema_name: str
    name: str
    short_name: str
    host: str
    full_size: str
    kind: str = DistrictKind.DISTRICT


DISTRICTS = [
    DemoDistrict("centre", "中央监督", "中央", "central.localhost", "small", DistrictKind.CENTRE),
    DemoDistrict("luoyang", "洛阳市直机关", "洛阳", "luoyang.localhost", "pilot"),
    DemoDistrict("huiji", "惠济区", "惠济", "huiji.localhost", "full"),
]


class Command(BaseCommand):
    help = "Migrates, and opens and fills the districts of the demo where that is not done yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=("small", "pilot", "full"), default="full")

    def handle(self, *args: Any, size: str, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        active = {
            district.schema_name
            for district in registry.all_districts()
            if district.state != DistrictState.PROVISIONING
        }
        for wanted in DISTRICTS:
            if wanted.schema_name not in active:
                self._open(wanted, wanted.full_size if size == "full" else size)

    def _open(self, wanted: DemoDistrict, size: str) -> None:
        self._say(f"{wanted.name} ({wanted.host})")

        def seed(district: District, options: lifecycle.Options) -> None:
            # Not empty: the run before this one wrote everything and was ended before it could note that.
            if demo_data.is_empty(district):
                summary = demo_data.seed(district, size)
                self._say(
                    f"{wanted.name}: {summary.branches} branches, {summary.members} members, {summary.posts} posts, "
                    f"{summary.comments} comments, {summary.likes} likes, {summary.views} views"
                )

        lifecycle.create_district(
            schema_name=wanted.schema_name,
            name=wanted.name,
            short_name=wanted.short_name,
            hosts=[wanted.host],
            kind=wanted.kind,
            extra_steps=[lifecycle.Step("demo-data", seed)],
        )

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
