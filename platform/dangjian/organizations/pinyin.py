"""How a name is spelt in pinyin, for finding it: surnames are read as surnames are (曾 zeng, 单 shan)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pypinyin.converter import UltimateConverter
from pypinyin.core import Pinyin

# Read otherwise as a surname than the library reads them by themselves.
_SURNAMES: Final = dict(
    re.findall(
        r"(\S)([a-z]+)",
        "曾zeng 单shan 仇qiu 解xie 区ou 查zha 盖ge 缪miao 朴piao 繁po 员yun 贠yun 乐yue 覃qin 翟zhai 黑he 种chong 秘bi "
        "折she 卜bu 薄bo 祭zhai 佴nai 牟mu 都du 句gou 能nai 重chong 隗wei 洗xian 阚kan 炅gui 藏zang 六lu 角jue",
    )
)
# Rare hanzi the library does not know, and the one reading that all names in which they stand share.
_RARE: Final = {"𠮷": "ji"}
_PLAIN: Final = re.compile(r"[^a-z0-9]")
_RUN: Final = re.compile(r"[^\x00-\u2fff]+|[a-z0-9]+")
_BETWEEN: Final = re.compile(r"[\s·•‧・.．'’\-]+")

FULL_LENGTH: Final = 120
INITIALS_LENGTH: Final = 20


class Spelling(NamedTuple):
    """full: all syllables, lower case, without tones, spaces and dots, ü as v. initials: their first letters."""

    full: str
    initials: str


class _Converter(UltimateConverter):
    """The library's own, which takes the tone off each reading by a dozen substitutions: here once a sign."""

    def __init__(self) -> None:
        super().__init__()
        self._converted = lru_cache(maxsize=8192)(super().convert_style)

    def convert_style(self, han: str, orig_pinyin: str, style: Any, strict: bool, **kwargs: Any) -> Any:
        return self._converted(han, orig_pinyin, style, strict, **kwargs)


_LIBRARY: Final = Pinyin(_Converter())


def spell(name: str) -> Spelling:
    """The spelling of a person's name; signs that have none are left out."""
    syllables: list[str] = []
    rest = name.strip()
    if rest[:1] in _SURNAMES and "·" not in rest:
        syllables.append(_SURNAMES[rest[0]])
        rest = rest[1:]
    for found in _LIBRARY.lazy_pinyin(rest, errors=_other):
        syllables += [_PLAIN.sub("", part) for part in found.lower().split("\t")]
    return Spelling(
        "".join(syllables)[:FULL_LENGTH], "".join(syllable[:1] for syllable in syllables)[:INITIALS_LENGTH]
    )


def _other(signs: str) -> str:
    """What stands for signs without pinyin: rare hanzi one by one, words in letters as they are."""
    spelt = "".join(f"\t{_RARE[sign]}\t" if sign in _RARE else sign for sign in signs)
    return _BETWEEN.sub("\t", spelt)


class Query(NamedTuple):
    """What somebody typed to find a name, taken apart.

    hanzi: runs that stand in the name. letters: runs of pinyin or initials, each in every way it may be spelt (吕 is
    typed lv, lyu or lü).
    """

    hanzi: list[str]
    letters: list[tuple[str, ...]]


def parse(text: str) -> Query:
    """Take a search text apart; spaces, dots and apostrophes mean nothing."""
    plain = _BETWEEN.sub("", text).lower().replace("ü", "v")
    query = Query([], [])
    for run in _RUN.findall(plain):
        if run.isascii():
            query.letters.append(_spellings(run))
        else:
            query.hanzi.append(run)
    return query


def _spellings(letters: str) -> tuple[str, ...]:
    with_v = re.sub(r"([ln])yu", r"\1v", letters)
    with_yu = re.sub(r"([ln])v", r"\1yu", letters)
    return tuple(dict.fromkeys((letters, with_v, with_yu)))
