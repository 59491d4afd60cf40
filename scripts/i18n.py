"""The English catalogue: gather the Chinese strings of the source, compile what is translated. Needs no gettext.

    python scripts/i18n.py update     bring platform/dangjian/locale/en/LC_MESSAGES/django.po up to the source
    python scripts/i18n.py compile    write the .mo beside it (committed: a server never compiles)
    python scripts/i18n.py check      say what is missing, obsolete, badly formatted or not compiled; exit 1 if anything

The msgids are the Chinese of the pages themselves; there is no Chinese catalogue.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

PO = ROOT / "platform" / "dangjian" / "locale" / "en" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
SOURCES = [ROOT / "platform" / "dangjian", ROOT / "tenants", ROOT / "realtime"]
KEYWORDS = {
    "gettext": None, "gettext_lazy": None, "gettext_noop": None, "_": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


Found = tuple[int, str | tuple[str, str], str | None]

# What Django's templatize writes is meant for xgettext; Python's own tokenizer trips over its indentation.
_LITERAL = r"u?(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
_CALL = re.compile(rf"\b(npgettext|ngettext|pgettext|gettext|_)\(\s*({_LITERAL}(?:\s*,\s*{_LITERAL})*)")


def python_messages(path: Path) -> Iterator[Found]:
    """(line, msgid or (singular, plural), context) of each translated string of a Python file."""
    with path.open("rb") as file:
        for line, function, arguments, _comments in extract_python(file, list(KEYWORDS), [], {}):
            texts = [text for text in (arguments if isinstance(arguments, tuple) else [arguments]) if text]
            if texts:
                yield _message(line, function, texts)


def template_messages(path: Path) -> Iterator[Found]:
    """The same of a Django template."""
    from django.utils.translation.template import templatize

    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for call in _CALL.finditer(source):
        texts = [ast.literal_eval(literal) for literal in re.findall(_LITERAL, call[2])]
        yield _message(source.count("\n", 0, call.start()) + 1, call[1], texts)


def _message(line: int, function: str, texts: list[str]) -> Found:
    context = texts.pop(0) if "pgettext" in function else None
    plural = function.startswith("n") and len(texts) > 1
    return line, (texts[0], texts[1]) if plural else texts[0], context


def source_files() -> Iterator[Path]:
    for source in SOURCES:
        for suffix in ("*.py", "*.html", "*.txt"):
            for path in sorted(source.rglob(suffix)):
                parts = path.relative_to(ROOT).parts
                apart = {"migrations", "static", "locale"} & set(parts)
                if not apart and (suffix == "*.py" or "templates" in parts):
                    yield path


def gathered() -> Catalog:
    """What the source holds, each string with where it stands."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_I18N=True)
    catalogue = Catalog(locale="en", fuzzy=False)
    for path in source_files():
        read = python_messages if path.suffix == ".py" else template_messages
        for _line, message, context in read(path):
            # Without line numbers: every edit above a string would change the catalogue.
            where = [(str(path.relative_to(ROOT)), 0)]
            catalogue.add(message, context=context, locations=where)
    return catalogue


def translated() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def write_catalogue(catalogue: Catalog) -> None:
    buffer = io.BytesIO()
    write_po(
        buffer,
        catalogue,
        width=110,
        sort_output=True,
        include_lineno=False,
        omit_header=False,
        ignore_obsolete=True,
    )
    PO.write_bytes(buffer.getvalue())


def update() -> None:
    """Add what is new, drop what is gone, keep every translation whose Chinese is unchanged. Nothing is guessed."""
    known = {key(message): message for message in translated() if message.id} if PO.exists() else {}
    fresh = gathered()
    header = datetime(2026, 1, 1, tzinfo=UTC)
    catalogue = Catalog(
        locale="en", project="dangjian-cloud", version="", charset="utf-8", fuzzy=False,
        creation_date=header, revision_date=header, header_comment="# English, from the Chinese of the pages.",
    )  # fmt: skip
    for message in fresh:
        if message.id:
            before = known.get(key(message))
            catalogue.add(
                message.id, before.string if before else None, locations=dict.fromkeys(message.locations),
                context=message.context,
            )  # fmt: skip
    write_catalogue(catalogue)


def key(message: Message) -> tuple[object, str | None]:
    return (tuple(message.id) if isinstance(message.id, (list, tuple)) else message.id, message.context)


def compiled() -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, translated())
    return buffer.getvalue()


def problems() -> list[str]:
    """What keeps English from being complete and current."""
    found = []
    known = {key(message): message for message in translated() if message.id}
    wanted = {key(message): message for message in gathered() if message.id}
    found += [f"not in the catalogue: {name[0]!r}" for name in wanted.keys() - known.keys()]
    found += [f"no longer in the source: {name[0]!r}" for name in known.keys() - wanted.keys()]
    for name in known.keys() & wanted.keys():
        message = known[name]
        strings = list(message.string) if isinstance(message.string, (list, tuple)) else [message.string]
        ids = list(message.id) if isinstance(message.id, (list, tuple)) else [message.id]
        if not all(strings):
            found.append(f"not translated: {ids[0]!r}")
        for text in strings:
            if text and sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(ids[-1])):
                found.append(f"other placeholders: {ids[0]!r} and {text!r}")
    if not MO.exists() or MO.read_bytes() != compiled():
        found.append("the .mo is not that of the .po: python scripts/i18n.py compile")
    return sorted(found)


def main(command: str) -> int:
    if command == "update":
        update()
    elif command == "compile":
        MO.write_bytes(compiled())
    elif command == "check":
        print("\n".join(problems()))
        return 1 if problems() else 0
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
