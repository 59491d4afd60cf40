"""Starts PostgreSQL for the suite before Django reads its settings, unless DATABASE_URL names one."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

_servers = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: Any, parser: Any, args: Any) -> None:
    """Runs before pytest-django reads the settings."""
    root = Path(__file__).resolve().parent.parent
    sys.path[:0] = [str(root), str(root / "platform")]
    if "MEDIA_ROOT" not in os.environ:
        os.environ["MEDIA_ROOT"] = tempfile.mkdtemp(prefix="dj-media-")
        _servers.callback(shutil.rmtree, os.environ["MEDIA_ROOT"], ignore_errors=True)
    if "DATABASE_URL" in os.environ:
        return
    from dangjian.local import postgres

    folder = Path(tempfile.mkdtemp(prefix="dj-pg-"))
    folder.chmod(0o755)
    _servers.callback(shutil.rmtree, folder, ignore_errors=True)
    server = _servers.enter_context(postgres.running(folder, durable=False))
    os.environ["DATABASE_URL"] = server.url


def pytest_unconfigure(config: Any) -> None:
    _servers.close()
