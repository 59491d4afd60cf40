"""A backup of the whole deployment, and what is there after it is restored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from dangjian.local import archive, postgres, valkey

ROOT = Path(__file__).resolve().parents[2]
Manage = Callable[..., subprocess.CompletedProcess[str]]

OPEN = """
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from dangjian.identity.models import Session, User
from realtime import outbox
from tenants import lifecycle
from tenants.context import in_district
for schema in ("huiji", "luoyang"):
    district = lifecycle.create_district(
        schema_name=schema, name=schema, short_name=schema, hosts=[schema + ".localhost"]
    )
    with in_district(district):
        user = User.objects.create_user("wangfang", "dangjian-demo", name=schema)
        Session.objects.create(session_key=schema, user=user, session_data="", expire_date="2099-01-01T00:00Z")
        default_storage.save("photos/one.jpg", ContentFile(schema.encode()))
"""
LOSE = """
from django.core.cache import cache
from dangjian.identity.models import User
from tenants import registry
from tenants.context import in_district
for district in registry.all_districts():
    with in_district(district):
        User.objects.create_user("newcomer", None, name="after the backup")
        User.objects.filter(username="wangfang").update(name="lost")
        cache.set("fragment", "of a row that will not exist")
"""
LOOK = """
import json
from django.core.cache import cache
from django.core.files.storage import default_storage
from dangjian.identity.models import Session, User
from realtime import outbox
from tenants import registry
from tenants.context import in_district
seen = {}
for district in registry.all_districts():
    with in_district(district):
        seen[district.schema_name] = {
            "users": dict(User.objects.values_list("username", "name")),
            "sessions": Session.objects.count(),
            "cached": cache.get("fragment"),
            "photo": default_storage.open("photos/one.jpg").read().decode(),
            "epoch": outbox.positions([])[0],
        }
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dj-backup-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[postgres.Server]:
    with postgres.running(folder / "postgres", durable=False) as server:
        yield server


@pytest.fixture(scope="module")
def manage(folder: Path, database: postgres.Server) -> Iterator[Manage]:
    with valkey.running(folder / "valkey") as cache:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
            "PYTHONUTF8": "1",
            "DATABASE_URL": database.url,
            "VALKEY_URL": cache.url,
            "MEDIA_ROOT": str(folder / "media"),
            "SECRET_KEY": "0123456789abcdef0123456789abcdef0123456789abcdef",
            "IDENTITY_LOCAL_IN_PRODUCTION": "1",
            "LOG_LEVEL": "WARNING",
        }

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "platform/manage.py", *arguments]
            return subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
            )

        yield run


def shell(manage: Manage, code: str) -> str:
    done = manage("shell", "--no-imports", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def backup(manage: Manage, folder: Path) -> Path:
    assert manage("migrate").returncode == 0
    shell(manage, OPEN)
    done = manage("backup", str(folder / "monday"))
    assert done.returncode == 0, done.stderr
    assert "2 districts" in done.stdout
    return folder / "monday"


def test_everything_comes_back_and_old_numbers_are_worthless(
    manage: Manage, backup: Path, folder: Path
) -> None:
    before = json.loads(shell(manage, LOOK))
    shell(manage, LOSE)
    (folder / "media" / "huiji" / "photos" / "one.jpg").unlink()
    (folder / "media" / "huiji" / "photos" / "later.jpg").write_text("after the backup")

    refused = manage("restore", str(backup))
    assert refused.returncode == 1
    assert "give --replace" in refused.stderr

    done = manage("restore", str(backup), "--replace")
    assert done.returncode == 0, done.stderr
    after = json.loads(shell(manage, LOOK))
    for schema in ("huiji", "luoyang"):
        assert after[schema]["users"] == {"wangfang": schema}
        assert after[schema]["photo"] == schema
        assert after[schema]["sessions"] == 0
        assert after[schema]["cached"] is None
        assert after[schema]["epoch"] != before[schema]["epoch"]
    assert not (folder / "media" / "huiji" / "photos" / "later.jpg").exists()


def test_a_backup_is_closed_to_others_and_never_overwritten(manage: Manage, backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    again = manage("backup", str(backup))
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_a_damaged_backup_changes_nothing(manage: Manage, backup: Path) -> None:
    photo = backup / "media" / "huiji" / "photos" / "one.jpg"
    whole = photo.read_bytes()
    before = shell(manage, LOOK)
    photo.write_bytes(b"damaged")
    try:
        done = manage("restore", str(backup), "--replace")
    finally:
        photo.write_bytes(whole)
    assert done.returncode == 1
    assert "damaged: media/huiji/photos/one.jpg" in done.stderr
    assert shell(manage, LOOK) == before


def test_an_unfinished_backup_is_none(manage: Manage, tmp_path: Path) -> None:
    done = manage("restore", str(tmp_path))
    assert done.returncode == 1
    assert "no finished backup" in done.stderr


def test_nothing_is_restored_under_running_servers(
    manage: Manage, backup: Path, database: postgres.Server
) -> None:
    with psycopg.connect(database.url):
        done = manage("restore", str(backup), "--replace")
    assert done.returncode == 1
    assert "stop web, live and worker first" in done.stderr


UNKNOWN = (
    'pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"\n'
    "Command was: SET transaction_timeout = 0;\n"
)
LOST = (
    'pg_restore: error: could not execute query: ERROR:  relation "post" already exists\n'
    "Command was: CREATE TABLE post ();\n"
)


@pytest.mark.parametrize(
    ("errors", "harmless"),
    [
        (UNKNOWN, True),
        (UNKNOWN + LOST, False),
        (LOST, False),
        ("", False),
        ("pg_dump: error: no password\n", False),
    ],
)
def test_only_what_an_older_server_does_not_know_is_passed_over(errors: str, harmless: bool) -> None:
    assert archive.only_harmless(errors) is harmless
