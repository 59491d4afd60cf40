#!/usr/bin/env python
"""The way in for administration; see ``manage.py help``."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run a management command with both source roots on the path."""
    sys.path.insert(1, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangjian.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
