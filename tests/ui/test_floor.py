"""Scripts and styles stay within what Chrome 86 and iOS 14 understand, and templates within the policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = [ROOT / "platform" / "dangjian", ROOT / "realtime"]

# Newer than the floor, each with what to write instead.
SCRIPTS = {
    r"\.at\(": "index from the length",
    r"\.replaceAll\(": "replace with a /g expression",
    r"\bstructuredClone\(": "spread or JSON",
    r"\bObject\.hasOwn\(": "the in operator",
    r"\.findLast(Index)?\(": "a loop",
    r"\.toSorted\(|\.toReversed\(|\.toSpliced\(": "a copy and sort",
    r"\bcrypto\.randomUUID\(": "crypto.getRandomValues",
    r"\bAbortSignal\.timeout\(": "setTimeout and abort",
    r"\bArray\.fromAsync\(|\bPromise\.withResolvers\(": "plain promises",
    r"^await |^const .* = await |^let .* = await ": "an async function: no await at a module's top",
    r"^\s+(static\s+)?#\w+": "an underscore: no private members",
    r"^\s+static \w+ = ": "the constructor: no static fields",
    r"\?\?=|\|\|=|&&=": "an assignment in full",
    r"/\(\?<[=!]": "an expression without looking back",
    r"\b\d+_\d+\b": "a number without separators",
    r"\bcreateImageBitmap\(|\bOffscreenCanvas\b": "an Image and a canvas",
    r"\bshowModal\(|<dialog": "a div with role=dialog",
    r"type=.importmap": "relative imports",
    r"\bWeakRef\b|\bFinalizationRegistry\b": "no weak references",
    r"\beval\(|new Function\(": "nothing evaluated",
    r"setAttribute\(.style": "the style object: the policy refuses the attribute",
}
STYLES = {
    r":has\(": "a class set by the server",
    r"@container|container-type": "a media query",
    r"\baspect-ratio\s*:": "padding",
    r"(?<![\w-])inset\s*:": "top, right, bottom, left",
    r"@layer|@scope|@property": "order and classes",
    r"\bcolor-mix\(|\boklch\(|\boklab\(|\blch\(|\bhwb\(": "a token",
    r":is\(|:where\(": "the selectors in full",
    r"\b\d*\.?\d+[sld]v[hw]\b|\b\d+dvh": "vh",
    r"\baccent-color\s*:": "a drawn control",
    r"\bsubgrid\b": "a grid of its own",
    r"^\s*&": "no nesting",
    r"\bscrollbar-gutter\s*:|\boverflow\s*:\s*clip": "overflow: hidden",
    r"(?<![\w-])translate\s*:|(?<![\w-])rotate\s*:|(?<![\w-])scale\s*:": "transform",
}
TEMPLATES = {
    r"\sstyle\s*=": "a class",
    r"\son[a-z]+\s*=\s*[\"']": "a listener in a module",
    r"javascript:": "a listener in a module",
    r"<script(?![^>]*\bsrc=)(?![^>]*\bnonce=)": "a module of its own file",
    r"<style": "a rule in a style sheet",
    r"敬请期待": "what the page will hold, honestly",
}
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LINE_COMMENT = re.compile(r"(?m)(^|\s)//.*$")
_TAG = re.compile(r"<[a-z][^>]*>")
_TEMPLATE_COMMENT = re.compile(r"\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)


def files(pattern: str) -> list[Path]:
    found = [path for root in OURS for path in root.rglob(pattern) if "vendor" not in path.parts]
    return sorted(path for path in found if "docs" not in path.parts)


def complaints(path: Path, text: str, rules: dict[str, str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}: rather {instead}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, instead in rules.items()
        if re.search(pattern, line)
    ]


def blank(match: re.Match[str]) -> str:
    """As many lines as there were."""
    return "\n" * match.group().count("\n")


@pytest.mark.parametrize("path", files("*.js"), ids=lambda path: path.name)
def test_a_script_stays_on_the_floor(path: Path) -> None:
    text = _LINE_COMMENT.sub(" ", _COMMENT.sub(blank, path.read_text(encoding="utf-8")))
    assert complaints(path, text, SCRIPTS) == []


@pytest.mark.parametrize("path", files("*.css"), ids=lambda path: path.name)
def test_a_style_sheet_stays_on_the_floor(path: Path) -> None:
    text = _COMMENT.sub(blank, path.read_text(encoding="utf-8"))
    assert complaints(path, text, STYLES) == []
    # Flex has no gap on iOS 14.0; grids have.
    for block in re.findall(r"[^{}]+\{[^{}]*\}", text):
        assert not ("display: flex" in block and re.search(r"(?<![\w-])gap\s*:", block)), block


def test_templates_stay_within_the_policy() -> None:
    found = []
    for path in files("*.html"):
        text = _TEMPLATE_COMMENT.sub(blank, path.read_text(encoding="utf-8"))
        found += complaints(path, _TAG.sub(lambda tag: tag.group().replace("\n", " "), text), TEMPLATES)
    assert found == []


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        (SCRIPTS, "const last = items.at(-1);"),
        (SCRIPTS, "text.replaceAll('a', 'b')"),
        (SCRIPTS, "const page = await fetch('/');"),
        (STYLES, ".dj-post:has(img) {"),
        (STYLES, "  inset: 0;"),
        (TEMPLATES, '<p style="color: red">'),
        (TEMPLATES, '<button onclick="go()">'),
        (TEMPLATES, "<script>go()</script>"),
    ],
)
def test_the_lint_sees_what_it_is_for(rules: dict[str, str], line: str) -> None:
    assert complaints(ROOT / "example", line, rules)
