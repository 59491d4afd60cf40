"""A roster while its worker dies by kill -9: in the middle of reading, in the middle of writing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dangjian.local import postgres, process, valkey
from tests.soak.house import ROOT, House, Part

ROWS = 1500
# A worker's silence before its job is put back is half a minute; then the job itself.
PATIENCE = 150.0
BEGIN = """
import django; django.setup()
from tenants import registry
from tenants.context import in_district
from dangjian.organizations import tasks
from dangjian.organizations.imports import services
from dangjian.organizations.models import Import, Member, Organization
from tests.benchmarks.register_worker import workbook
with in_district(registry.district("huiji")):
    officer = Member.objects.select_related("user", "branch").get(user__username="zhangwei")
    branches = list(Organization.objects.filter(kind="branch").order_by("path", "id").values_list("name", flat=True))
    source = services.begin(by=officer, kind="members", file=workbook({rows}, branches))
    tasks.wake(source)
"""
APPLY = """
import django; django.setup()
from tenants import registry
from tenants.context import in_district
from dangjian.organizations import tasks
from dangjian.organizations.imports import services
from dangjian.organizations.models import Import, Member
with in_district(registry.district("huiji")):
    officer = Member.objects.select_related("user", "branch").get(user__username="zhangwei")
    source = Import.objects.get()
    services.apply(by=officer, source=source)
    tasks.wake(source)
"""


@pytest.fixture
def house(scratch: Path) -> Iterator[House]:
    (scratch / "static").mkdir()
    found = House(scratch, postgres.start(scratch / "pg"), valkey.start(scratch / "valkey"))
    try:
        command = [sys.executable, "platform/manage.py", "open_demo", "--size", "small"]
        subprocess.run(command, cwd=ROOT, env=found.environment, stdout=subprocess.DEVNULL, check=True)
        yield found
    finally:
        for part in found.parts:
            part.stop()
        found.broker.stop()
        found.database.stop()


@pytest.mark.timeout(600)
def test_an_import_goes_on_after_its_worker_was_killed(house: House) -> None:
    worker = next(part for part in house.parts if part.name == "worker")
    members = ask(house, "SELECT count(*) FROM huiji.organizations_member")

    run(house, BEGIN.format(rows=ROWS))
    killed_at_work(house, worker)
    assert ask(house, "SELECT state FROM huiji.organizations_import") == "reading"
    assert ask(house, "SELECT count(*) FROM huiji.organizations_importrow") == 0
    worker.start()
    until(house, worker, lambda: ask(house, "SELECT state FROM huiji.organizations_import") == "ready")
    assert ask(house, "SELECT count(*) FROM huiji.organizations_importrow WHERE outcome = 'new'") == ROWS
    assert ask(house, "SELECT count(*) FROM huiji.organizations_member") == members
    worker.stop()

    run(house, APPLY)
    killed_at_work(house, worker)
    assert ask(house, "SELECT state FROM huiji.organizations_import") == "applying"
    assert ask(house, "SELECT count(*) FROM huiji.organizations_member") == members
    worker.start()
    until(house, worker, lambda: ask(house, "SELECT state FROM huiji.organizations_import") == "applied")
    assert ask(house, "SELECT count(*) FROM huiji.organizations_member") == members + ROWS
    assert (
        ask(house, "SELECT count(*) FROM huiji.organizations_membership WHERE reason LIKE '%名册%'") == ROWS
    )


def killed_at_work(house: House, worker: Part) -> None:
    """Start the worker and kill it while the import's job runs."""
    worker.start()
    job = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'organizations.import' AND status = 'doing'"
    until(house, worker, lambda: ask(house, job) == 1)
    time.sleep(0.1)  # it has looked at the import and is at the rows
    worker.kill()
    assert ask(house, job) == 1, "the job was over before the worker was killed: the roster is too short"


def until(house: House, worker: Part, what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert worker.runs, process.tail(house.folder / "worker.log")
        assert time.monotonic() < deadline, process.tail(house.folder / "worker.log")
        time.sleep(0.02)


def run(house: House, code: str) -> None:
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=house.environment, check=True)


def ask(house: House, statement: str) -> Any:
    url = house.database.url.replace("postgres://", "postgresql://", 1)
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return row[0]
