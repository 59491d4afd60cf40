"""``manage.py restore FOLDER``: the whole deployment, as a backup holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dangjian.local import archive


class Command(BaseCommand):
    help = (
        "Puts the deployment back as a backup holds it. Stop web, live and worker first. "
        "Everybody signs in again afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="what `backup` wrote")
        parser.add_argument("--replace", action="store_true", help="drop what the database holds now")

    def handle(self, *args: Any, folder: Path, replace: bool, **options: Any) -> None:
        summary = archive.restore(folder.absolute(), replace=replace)
        self.stdout.write(
            f"Restored {len(summary.districts)} districts and {summary.files} files as of "
            f"{summary.taken_at:%Y-%m-%d %H:%M}. Start web, live and worker again."
        )
