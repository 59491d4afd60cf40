"""``manage.py flush_views``: write what is buffered of every district, before a clean stop."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from dangjian.interaction import views_buffer
from tenants import registry
from tenants.context import in_district


class Command(BaseCommand):
    help = "Write the buffered views of every district to its database."

    def handle(self, *args: Any, **options: Any) -> None:
        for district in registry.all_districts():
            with in_district(district):
                new = views_buffer.flush()
            if new:
                self.stdout.write(f"{district.schema_name}: {new}")
