"""Collected files carry a digest in their names, in the imports between modules too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from django.test import override_settings

    folder = tmp_path_factory.mktemp("static")
    storages = {"staticfiles": {"BACKEND": "dangjian.config.storage.StaticStorage"}}
    with override_settings(STATIC_ROOT=str(folder), STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


def test_every_import_of_ours_names_a_file_with_a_digest_that_is_there(collected: Path) -> None:
    seen = 0
    for module in collected.rglob("*.js"):
        if not re.search(r"\.[0-9a-f]{12}\.js$", module.name) or "dangjian" in module.parts:
            continue
        for target in re.findall(
            r"^import .* from '([^']+)';", module.read_text(encoding="utf-8"), re.MULTILINE
        ):
            seen += 1
            assert re.search(r"\.[0-9a-f]{12}\.js$", target), (module.name, target)
            assert (module.parent / target).resolve().exists(), (module.name, target)
    assert seen > 10
