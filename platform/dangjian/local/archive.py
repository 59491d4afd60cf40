"""A backup of the whole deployment: every database and every file, in one folder that can be checked.

``manifest.json`` names the parts with their digests and is written last: a folder without it is no backup. The
signing key is not in it; keep that where your other secrets are.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.cache import caches
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from django.utils import timezone
from psycopg.conninfo import make_conninfo
from redis.exceptions import RedisError

from dangjian.identity.models import Session
from dangjian.local import postgres
from realtime import outbox
from tenants import registry, schemas
from tenants.context import in_district

FORMAT = 1
_MANIFEST = "manifest.json"
_CLOSING_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds."""

    taken_at: datetime
    districts: list[str]
    files: int


def backup(folder: Path) -> Summary:
    """Write the whole deployment into `folder`, which must not exist yet; the servers may go on running.

    The databases come first: a row in the backup has its file there, while a file more does no harm.

    Raises:
        CommandError: with one sentence for a person; nothing is left at `folder` then.
    """
    if folder.exists():
        raise CommandError(
            f"{folder} exists already: name a folder that does not, so that no backup is overwritten."
        )
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(mode=0o700, parents=True)
        taken_at = timezone.localtime()
        for alias in settings.DATABASES:
            _client("pg_dump", alias, "--format=custom", f"--file={unfinished / f'{alias}.dump'}")
        _copy_tree(settings.MEDIA_ROOT, unfinished / "media")
        districts = [district.schema_name for district in registry.all_districts()]
        digests = dict(_digests(unfinished))
        manifest = {
            "format": FORMAT,
            "taken_at": taken_at.isoformat(),
            "migrations": schemas.fingerprint(),
            "districts": districts,
            "sha256": digests,
        }
        (unfinished / _MANIFEST).write_text(
            json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8"
        )
        unfinished.rename(folder)
    except OSError as error:
        raise CommandError(
            f"The backup could not be written: {error.strerror} ({error.filename})."
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Summary(taken_at, districts, len(digests))


def restore(folder: Path, *, replace: bool) -> Summary:
    """Put the deployment back as `folder` holds it, migrate it to this code, and make old numbers worthless.

    Sessions that were ended since the backup would be alive again, and cached fragments belong to rows that no
    longer exist: both are dropped. Live topics get a new epoch, because their numbers will repeat.

    Raises:
        CommandError: with one sentence for a person. Until the backup has been checked nothing is changed.
    """
    manifest = _checked_manifest(folder)
    for alias in settings.DATABASES:
        _require_idle(alias)
        if not replace and _tables(alias):
            raise CommandError(
                "The database is not empty: give --replace to put the backup in the place of everything in it."
            )
    for alias in settings.DATABASES:
        _empty(alias)
        # Owners and grants are the business of whoever runs this database, not of the one it came from. Not one
        # transaction: a hundred districts have more tables than PostgreSQL has locks by default.
        _client("pg_restore", alias, "--no-owner", "--no-privileges", str(folder / f"{alias}.dump"))
    _replace_tree(folder / "media", settings.MEDIA_ROOT)
    call_command("migrate", interactive=False, verbosity=0)
    for district in registry.all_districts():
        with in_district(district):
            outbox.renew_epoch()
            Session.objects.all().delete()
    _empty_cache()
    return Summary(
        datetime.fromisoformat(manifest["taken_at"]), manifest["districts"], len(manifest["sha256"])
    )


def _checked_manifest(folder: Path) -> Mapping[str, Any]:
    try:
        manifest: Mapping[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CommandError(f"{folder} is no finished backup: it has no {_MANIFEST}.") from None
    except (OSError, ValueError) as error:
        raise CommandError(f"{folder / _MANIFEST} cannot be read: {error}.") from error
    if manifest.get("format") != FORMAT:
        raise CommandError(f"{folder} is in format {manifest.get('format')}; this version reads {FORMAT}.")
    missing = [alias for alias in settings.DATABASES if f"{alias}.dump" not in manifest["sha256"]]
    if missing:
        raise CommandError(f"{folder} holds nothing for the database {missing[0]}.")
    found = dict(_digests(folder))
    wrong = sorted(name for name, digest in manifest["sha256"].items() if found.get(name) != digest)
    if wrong:
        raise CommandError(
            f"{folder} is damaged: {wrong[0]} is missing or changed ({len(wrong)} such). Nothing was restored."
        )
    return manifest


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != _MANIFEST:
            with path.open("rb") as file:
                yield str(path.relative_to(folder)), hashlib.file_digest(file, "sha256").hexdigest()


def _parameters(alias: str) -> dict[str, Any]:
    wanted = connections[alias].get_connection_params()
    return {name: value for name, value in wanted.items() if isinstance(value, (str, int))}


def _connected(alias: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(make_conninfo(**_parameters(alias)), autocommit=True)
    except psycopg.OperationalError as error:
        raise CommandError(f"The database does not answer: {str(error).strip()}") from error


def _client(name: str, alias: str, *arguments: str) -> None:
    """Run pg_dump or pg_restore on the database `alias`; the password goes by the environment, not by `ps`."""
    parameters = _parameters(alias)
    with _connected(alias) as connection:
        major = connection.info.server_version // 10000
    program = postgres.client_program(name, server_major=major)
    if program is None:
        raise CommandError(
            f"{name} of PostgreSQL {major} or newer was not found: install it "
            f"(apt-get install postgresql-client-{major}) and run the same command again."
        )
    password = parameters.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    done = subprocess.run(
        [program, f"--dbname={make_conninfo(**parameters)}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and not only_harmless(done.stderr):
        raise CommandError(f"{name} failed: {done.stderr.strip()}")


def only_harmless(errors: str) -> bool:
    """Whether pg_restore met no error but the one of version 17 and newer on a server of version 16 or older.

    It sets a parameter there that such a server does not know, and goes on.
    """
    found = re.findall(r"^pg_restore: error: (.*)", errors, flags=re.MULTILINE)
    return bool(found) and all(
        'unrecognized configuration parameter "transaction_timeout"' in error for error in found
    )


def _require_idle(alias: str) -> None:
    connections[alias].close()
    connections[alias].close_pool()  # type: ignore[attr-defined]  # PostgreSQL alone has one
    deadline = time.monotonic() + _CLOSING_SECONDS
    with _connected(alias) as connection:
        while True:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
            others = row[0] if row else 0
            if not others:
                return
            if time.monotonic() > deadline:
                raise CommandError(
                    f"{others} connections to the database are open: stop web, live and worker first."
                )
            time.sleep(0.1)


def _tables(alias: str) -> int:
    with _connected(alias) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchone()
    return row[0] if row else 0


def _empty(alias: str) -> None:
    with _connected(alias) as connection:
        rows = connection.execute(
            r"SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'"
        ).fetchall()
        for (schema,) in rows:
            connection.execute(f'DROP SCHEMA "{schema}" CASCADE')
        connection.execute("CREATE SCHEMA public")


def _copy_tree(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)


def _replace_tree(source: Path, target: Path) -> None:
    """Put `source`'s content in the place of `target`'s; `target` itself stays, for it may be a mounted volume."""
    incoming = target / ".restoring"
    shutil.rmtree(incoming, ignore_errors=True)
    _copy_tree(source, incoming)
    for old in target.iterdir():
        if old == incoming:
            continue
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
    for new in incoming.iterdir():
        new.rename(target / new.name)
    incoming.rmdir()


def _empty_cache() -> None:
    try:
        caches["default"].clear()
    except (RedisError, OSError) as error:
        raise CommandError(
            "Everything is restored, but Valkey does not answer: empty it (FLUSHALL) before the servers start, "
            "for it remembers pages of the time after the backup."
        ) from error
