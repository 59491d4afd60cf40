"""Runs the linters, the tests or both, each whatever the others say, and ends with a plain summary.

python scripts/check.py [lint] [tests]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Check:
    """A command that succeeds or not."""

    name: str
    command: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check ended; `said` is a word on what it counted."""

    name: str
    passed: bool
    seconds: float
    said: str = ""


def linters() -> list[Check]:
    """Every linter, quick ones first."""
    python = sys.executable
    templates = ["platform/dangjian"]
    checks = [
        Check("login theme", [python, str(ROOT / "scripts" / "theme.py"), "--check"]),
        Check("ruff check", [python, "-m", "ruff", "check", "--quiet", "."]),
        Check("ruff format", [python, "-m", "ruff", "format", "--check", "--quiet", "."]),
        # Not its formatter: between Chinese words a line break is a visible space.
        Check("djlint", [python, "-m", "djlint", "--quiet", "--lint", *templates]),
        Check(
            "import directions",
            [python, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        ),
        Check("mypy", [python, "-m", "mypy"]),
    ]
    vendored = ROOT / "scripts" / "vendored.py"
    if vendored.exists():
        checks.insert(0, Check("vendored files", [python, str(vendored), "--check"]))
    return checks


def run(check: Check) -> Outcome:
    """Run a linter, showing what it says only when it finds something."""
    began = time.monotonic()
    done = subprocess.run(
        check.command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(f"\n--- {check.name} ---\n{done.stdout.strip()}", flush=True)
    return Outcome(check.name, done.returncode == 0, time.monotonic() - began)


def run_tests() -> Outcome:
    """Run the whole suite; it shows its own progress."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        # A worker more than cores: much of a test is waiting, for a browser or for a process to start.
        workers = [f"-n{(os.cpu_count() or 1) + 1}", "--dist=loadscope", "--no-loadscope-reorder"]
        command = [sys.executable, "-m", "pytest", "--quiet", *workers, f"--junit-xml={report}"]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        said = _counts(report)
    return Outcome("tests", code == 0, time.monotonic() - began, said)


def _counts(report: Path) -> str:
    try:
        suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314  (pytest wrote it just now)
    except (OSError, ElementTree.ParseError):
        return "no report"
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return f"{total - failed - skipped} passed, {failed} failed, {skipped} skipped"


def main(wanted: list[str]) -> int:
    """0 when everything passed."""
    outcomes = [run(check) for check in linters()] if "lint" in wanted else []
    if "tests" in wanted:
        outcomes.append(run_tests())
    print("\nSummary")
    for outcome in outcomes:
        verdict = "ok    " if outcome.passed else "FAILED"
        print(f"  {verdict}  {outcome.name:<18} {outcome.seconds:6.1f} s  {outcome.said}".rstrip())
    broken = [outcome.name for outcome in outcomes if not outcome.passed]
    print(f"Failed: {', '.join(broken)}." if broken else "Everything passed.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["lint", "tests"]))
