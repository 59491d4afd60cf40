"""``manage.py worker``: runs the background jobs of every district until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from procrastinate.contrib.django import app


class Command(BaseCommand):
    help = "Runs the background jobs of every district (SIGTERM or Ctrl-C: finishes what runs, then stops)."
    requires_system_checks = ["security"]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, default=2, help="jobs at the same time")

    def handle(self, *args: Any, **options: Any) -> None:
        # A full collection in the middle of a roster looks at what jobs made; Django itself would take it 0.1 s.
        gc.freeze()
        asyncio.run(self._run(options["concurrency"]))

    async def _run(self, concurrency: int) -> None:
        # Replaced in the app itself: the clocks queue through the app their tasks were made with, and its own
        # connector asks Django for a cursor, which needs a scope.
        connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
        with app.replace_connector(connector):
            async with app.open_async():
                await app.run_worker_async(
                    concurrency=concurrency, delete_jobs="successful", shutdown_graceful_timeout=20
                )
