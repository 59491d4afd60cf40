"""Fetching Keycloak where something is missing or wrong; that it starts and works is what tests/sso stands on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dangjian.local import keycloak
from dangjian.local.process import CannotStart

JAVA_17 = """#!/bin/sh
echo '    java.specification.version = 17' >&2
"""


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(script)
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of its own with nothing on it but the shell's tools, and an empty cache."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "cp", "printf"):
        (folder / tool).symlink_to(shutil.which(tool) or "")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def test_without_java_one_sentence_says_what_to_install(path: Path) -> None:
    with pytest.raises(CannotStart, match=r"Java 17 or newer.*apt-get install default-jre-headless maven"):
        keycloak.distribution()
    assert "apt-get install" in keycloak.missing()


def test_an_old_java_will_not_do(path: Path) -> None:
    program(path, "java", JAVA_17.replace("17", "11"))
    with pytest.raises(CannotStart, match=r"Java 17 or newer"):
        keycloak.distribution()


def test_without_maven_one_sentence_says_what_to_install(path: Path) -> None:
    program(path, "java", JAVA_17)
    with pytest.raises(CannotStart, match=r"Maven.*apt-get install default-jre-headless maven"):
        keycloak.distribution()
    assert "Maven" in keycloak.missing()


def test_without_network_what_maven_said_is_shown(path: Path) -> None:
    program(path, "java", JAVA_17)
    program(path, "mvn", "#!/bin/sh\necho '[ERROR] Could not transfer artifact' >&2\nexit 1\n")
    with pytest.raises(CannotStart, match=r"(?s)check the network.*Could not transfer artifact"):
        keycloak.distribution()


def test_another_file_than_the_pinned_one_is_thrown_away(path: Path, tmp_path: Path) -> None:
    program(path, "java", JAVA_17)
    name = f"keycloak-quarkus-dist-{keycloak.VERSION}.tar.gz"
    # Where Maven would put it: the folder is its last argument but for its name.
    program(path, "mvn", f'#!/bin/sh\nfor last; do :; done\nprintf tampered >"${{last#*=}}/{name}"\n')
    with pytest.raises(CannotStart, match="SHA-256"):
        keycloak.distribution()
    kept = [found.name for found in (tmp_path / "cache" / "dangjian").iterdir()]
    assert kept == ["keycloak.lock"]


def test_the_cache_is_outside_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert keycloak.cache_folder() == Path("/home/somebody/.cache/dangjian")
    assert os.path.commonpath([keycloak.cache_folder(), keycloak.THEMES]) == "/"
