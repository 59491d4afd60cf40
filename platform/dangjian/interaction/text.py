"""What people write, made safe to show: nothing invisible, nothing that turns the line around."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, refused

_BREAKS: Final = re.compile("\r\n|[\r\u0085\u2028\u2029]")
_MANY_BREAKS: Final = re.compile(r"\n(?:[ \u3000]*\n){2,}")
_JOINER: Final = "\u200d"
_SELECTOR: Final = "\ufe0f"
# Drawn as nothing, though Unicode counts them as letters, symbols or marks.
_BLANK: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f")


def clean(text: str) -> str:
    """`text` in NFC without control, zero-width and bidirectional characters, lone surrogates and outer space.

    Line breaks stay (at most one empty line in a row), and so do emoji, joined ones too, and rare characters.
    """
    text = unicodedata.normalize("NFC", _BREAKS.sub("\n", text).replace("\t", " "))
    kept = [char for place, char in enumerate(text) if _stays(text, place, char)]
    return _MANY_BREAKS.sub("\n\n", "".join(kept)).strip()


def is_empty(text: str) -> bool:
    """Whether a reader would see nothing of a cleaned text."""
    return all(unicodedata.category(char)[0] in "ZCM" for char in text)


def checked(text: str, *, longest: int, pointer: str = "/text", required: bool = True) -> str:
    """`text` cleaned; its length is counted in characters as people see code points, after cleaning.

    Raises:
        Problem: 422, it is empty and `required`, or longer than `longest`.
    """
    text = clean(text)
    if is_empty(text):
        if required:
            raise refused(FieldError(pointer, "empty", _("还没有写内容。")))
        return ""
    if len(text) > longest:
        detail = _("最多 %(most)s 个字，现在有 %(now)s 个，请删去一些。") % {
            "most": longest,
            "now": len(text),
        }
        raise refused(FieldError(pointer, "too_long", detail))
    return text


def _stays(text: str, place: int, char: str) -> bool:
    if char == "\n":
        return True
    if char == _JOINER:
        return 0 < place < len(text) - 1 and _pictured(text[place - 1]) and _pictured(text[place + 1])
    return char not in _BLANK and unicodedata.category(char) not in {"Cc", "Cf", "Cs"}


def _pictured(char: str) -> bool:
    """Whether a joiner beside the character is part of an emoji."""
    return char == _SELECTOR or unicodedata.category(char) in {"So", "Sk"}
