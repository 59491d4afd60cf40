"""Chinese is the source, English is complete, and nothing a person reads stands outside both."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from django.utils.translation import gettext, override

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import i18n  # noqa: E402

CATALOGUE = "run: python scripts/i18n.py update, translate, python scripts/i18n.py compile"

# Chinese that is data and not words of the interface: names of demo people and places, tables of surnames, what
# columns of rosters are called and what stands in them, and the name of a language in that language.
DATA = (
    "platform/dangjian/local/",
    "platform/dangjian/organizations/pinyin.py",
    "platform/dangjian/organizations/imports/columns.py",
    "platform/dangjian/organizations/imports/words.py",
    "platform/dangjian/organizations/provisioning.py",
    "platform/dangjian/organizations/management/",
    "platform/dangjian/config/settings.py",
)
OWN_NAMES = {"中文"}
UNITS = "万"  # English shortens 12,000 otherwise, so the number and its unit are made together
# The page that shows every component holds sample content, as the demo data do; no member opens it.
# A letter of introduction is a document in Chinese, whoever prints it.
SAMPLES = ("components.html", "sample_photo.html", "letter_document.html")


def test_english_is_complete_and_current() -> None:
    assert i18n.problems() == [], CATALOGUE


def test_english_holds_no_chinese() -> None:
    """But for terms that are explained with their Chinese in brackets."""
    for message in i18n.translated():
        strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        for text in strings:
            bare = re.sub(r"[（(][^()（）]*[)）]", "", text or "")
            assert not i18n.CJK.search(bare) or text in OWN_NAMES, f"{message.id!r}: {text!r}"


def test_the_compiled_catalogue_is_used() -> None:
    sample = next(
        m for m in i18n.translated() if isinstance(m.id, str) and m.id and not i18n.PLACEHOLDER.search(m.id)
    )
    with override("en"):
        assert gettext(str(sample.id)) == sample.string
    with override("zh-hans"):
        assert gettext(str(sample.id)) == sample.id


def bare_in_template(source: str) -> list[str]:
    """Chinese in a template outside of translation tags and comments."""
    for pattern in (
        r"\{#.*?#\}",
        r"\{%\s*comment\b.*?\{%\s*endcomment\s*%\}",
        r"<!--.*?-->",
        r"\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}",
        r"\{%\s*trans(?:late)?\s+(?:\"[^\"]*\"|'[^']*')[^%]*%\}",
        r"_\((?:\"[^\"]*\"|'[^']*')\)",
    ):
        source = re.sub(pattern, "", source, flags=re.DOTALL)
    return [line.strip() for line in source.splitlines() if i18n.CJK.search(line)]


def templates() -> list[Path]:
    return [path for path in i18n.source_files() if path.suffix != ".py" and path.name not in SAMPLES]


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_holds_bare_chinese(path: Path) -> None:
    bare = bare_in_template(path.read_text(encoding="utf-8"))
    assert [line for line in bare if not any(name in line for name in OWN_NAMES)] == []


def test_the_search_finds_bare_chinese() -> None:
    assert bare_in_template("<p>你好</p>") == ["<p>你好</p>"]
    assert bare_in_template('{% translate "你好" %}{# 你好 #}{{ x|default:_("无") }}') == []


GETTEXT = set(i18n.KEYWORDS)


def bare_in_python(source: str) -> list[tuple[int, str]]:
    """Chinese strings of a Python file that are neither translated, nor docstrings, nor what `gettext` formats."""
    tree = ast.parse(source)
    allowed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            allowed.add(id(node.value))
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in GETTEXT:
                allowed |= {id(inside) for inside in ast.walk(node)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in allowed
        and i18n.CJK.search(node.value)
    ]


def python_sources() -> list[Path]:
    found = [path for path in i18n.source_files() if path.suffix == ".py"]
    return [path for path in found if not str(path.relative_to(ROOT)).startswith(DATA)]


def test_no_python_file_holds_bare_chinese() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in python_sources()
        for line, text in bare_in_python(path.read_text(encoding="utf-8"))
        if text not in OWN_NAMES and text.strip() != UNITS and text.strip() != UNITS
    ]
    assert bare == []


def test_no_script_of_ours_holds_bare_chinese() -> None:
    """Scripts are given their words by the page, in the reader's language."""
    for path in (ROOT / "platform" / "dangjian" / "ui" / "static").rglob("*.js"):
        if "vendor" in path.parts:
            continue
        source = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        source = re.sub(r"(^|\s)//[^\n]*", "", source)
        assert not i18n.CJK.search(source.replace(UNITS, "")), path
