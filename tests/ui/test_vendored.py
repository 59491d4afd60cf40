"""Vendored files are what was copied, and the check would notice otherwise."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def vendored() -> ModuleType:
    return script("vendored")


def test_every_file_is_as_recorded(vendored: ModuleType) -> None:
    assert vendored.problems() == []


def test_a_change_an_absence_and_a_stray_are_named(
    vendored: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(vendored.TARGET, tmp_path / "vendor")
    monkeypatch.setattr(vendored, "TARGET", tmp_path / "vendor")
    monkeypatch.setattr(vendored, "MANIFEST", tmp_path / "vendor" / "manifest.json")
    with (tmp_path / "vendor" / "htmx.min.js").open("a") as file:
        file.write("//")
    (tmp_path / "vendor" / "bootstrap-reboot.min.css").unlink()
    (tmp_path / "vendor" / "jquery.js").touch()
    assert [problem.partition(":")[0] for problem in vendored.problems()] == [
        "bootstrap-reboot.min.css",
        "htmx.min.js",
        "jquery.js",
    ]


def test_each_brings_its_licence(vendored: ModuleType) -> None:
    names = {path.name for path in vendored.TARGET.iterdir()}
    assert {"bootstrap.LICENSE", "htmx.LICENSE"} <= names


def test_the_login_themes_copies_are_the_products_and_a_changed_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theme = script("theme")
    assert theme.problems() == []
    shutil.copytree(theme.THEME, tmp_path / "login")
    monkeypatch.setattr(theme, "THEME", tmp_path / "login")
    (tmp_path / "login" / "resources" / "css" / "tokens.css").write_text(":root {}")
    (tmp_path / "login" / "scenes" / "river.ftl").unlink()
    assert [problem.partition(" ")[0] for problem in theme.problems()] == [
        "resources/css/tokens.css",
        "scenes/river.ftl",
    ]
    assert theme.main(["--check"]) == 1
    assert theme.main([]) == 0
    assert theme.problems() == []
