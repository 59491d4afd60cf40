"""Starts PostgreSQL for the suite before Django reads its settings, unless DATABASE_URL names one.

The suite is run by several workers at once (pytest-xdist), each with a PostgreSQL of its own: what a test waits for
(a browser, Keycloak, a process that starts) costs no core, and another goes on meanwhile.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_servers = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: Any, parser: Any, args: Any) -> None:
    """Runs before pytest-django reads the settings."""
    root = Path(__file__).resolve().parent.parent
    sys.path[:0] = [str(root), str(root / "platform")]
    if _hands_out(args):
        return
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


def _hands_out(args: list[str]) -> bool:
    """Whether this process runs no test itself but gives them to workers, each of which has servers of its own."""
    return "PYTEST_XDIST_WORKER" not in os.environ and any(
        given.startswith(("-n", "--numprocesses")) and given not in {"-n0", "--numprocesses=0"}
        for given in args
    )


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["tests.hashers.QuickPasswordHasher"]
    # Static files are looked up when asked for; else every test client would begin by reading all of them.
    settings.WHITENOISE_AUTOREFRESH = True


class Shares(LoadScopeScheduling):
    """A worker takes a file at a time, or the whole of a folder whose house (a Keycloak, browsers) is built once.

    The permission table is dealt out row by row.
    """

    WHOLE_FOLDERS = ("tests/sso/", "tests/browser/")
    BY_TEST = "tests/contract/test_permissions.py"

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file == self.BY_TEST:
            return nodeid
        return next((folder for folder in self.WHOLE_FOLDERS if file.startswith(folder)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares:
    return Shares(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest is begun first, or it would be waited for in the end."""

    def place(item: pytest.Item) -> bool:
        return not item.nodeid.startswith(Shares.WHOLE_FOLDERS)

    items.sort(key=place)


def pytest_unconfigure(config: Any) -> None:
    _servers.close()
