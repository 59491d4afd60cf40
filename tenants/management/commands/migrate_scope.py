"""Django's own migrate, in whichever scope is open; the way in is ``migrate``."""

from django.core.management.commands.migrate import Command as Command  # noqa: PLC0414
