"""A short soak: processes killed under load, PostgreSQL restarted, Valkey stopped. `make soak` is the long one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_when_processes_are_killed() -> None:
    options = ["--kills", "4", "--pause", "1", "--broker-down", "4", "--patience", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["kills"] >= 3
    assert found["acknowledged"] > 20
    assert found["comments while Valkey was gone"] > 0
