"""``manage.py backup FOLDER``: the whole deployment, databases and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dangjian.local import archive


class Command(BaseCommand):
    help = "Writes every database and every uploaded file into a new folder. The servers may go on running."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a folder that does not exist yet")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        summary = archive.backup(folder.absolute())
        self.stdout.write(
            f"{folder}: {len(summary.districts)} districts, {summary.files} files, {summary.taken_at:%Y-%m-%d %H:%M}"
        )
