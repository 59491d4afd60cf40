"""From what stands in a cell to a value: dates in the styles people write them, words of lists, plain text.

Everything raises `Faulty` with a code and a sentence that says what to change.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from dangjian.organizations.imports import words as roster_words
from dangjian.organizations.imports.words import DATE, with_digits

# Day 60 of Excel's calendar is a 29 February 1900 that never was; members were born after it.
_EXCEL_DAY_ZERO: Final = date(1899, 12, 30)
_EXCEL_DAYS: Final = range(61, 80_000)
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2028-\u202e\u2060\ufeff\u00ad]")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})?")
_EXPONENT: Final = re.compile(r"\d(\.\d+)?[eE]\+?\d+")


class Faulty(ValueError):
    """A cell that is no such value."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def text(cell: Any) -> str:
    """As a person reads it: full-width digits and letters narrow, no invisible signs, no needless spaces."""
    if isinstance(cell, str):
        plain = cell if cell.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", cell))
        return " ".join(plain.split())
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.time().min else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return text(str(cell))


def storable(cell: Any) -> Any:
    """A cell as JSON keeps it without losing what kind it was: numbers stay numbers, days become ISO text."""
    return cell if isinstance(cell, (int, float)) and not isinstance(cell, bool) else text(cell)


def id_number(cell: Any) -> str:
    """
    Raises:
        Faulty: the table program took it for a number, and the last digits are lost.
    """
    found = text(cell).replace(" ", "").upper().lstrip("'")
    if (isinstance(cell, (int, float)) and abs(cell) >= 1e15) or _EXPONENT.fullmatch(found):
        message = _("Excel 把身份证号当成了数字，后几位已经丢失。请把这一列设成“文本”，对照证件重填。")
        raise Faulty("id_number_as_number", message)
    return found


def phone(cell: Any) -> str:
    return re.sub(r"[\s\-]", "", text(cell)).removeprefix("+86")


def day(cell: Any) -> date | None:
    """2006-07-01, 2006/7/1, 2006.7.1, 2006年7月1日, 20060701, 二〇〇六年七月一日, an Excel day number; a month alone
    (2006-07, 2006年7月) is its first day. None for an empty cell.

    Raises:
        Faulty: no such day, or not a date.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, timedelta):
        raise _no_date()
    found = text(cell).replace(" ", "") if not _clocked(cell) else text(cell).split(" ")[0]
    if not found:
        return None
    if found.isascii() and found.isdecimal() and len(found) == 5 and int(found) in _EXCEL_DAYS:
        return _EXCEL_DAY_ZERO + timedelta(days=int(found))
    found = with_digits(found)
    match = _COMPACT.fullmatch(found) or DATE.fullmatch(found)
    if match is None or match[2] is None:
        raise _no_date()
    year, month, number = int(match[1]), int(match[2]), int(match[3] or 1)
    if not 1 <= month <= 12:
        raise Faulty("no_such_day", _("一年只有 12 个月，没有 %(month)s 月。") % {"month": month})
    if year < 1900:
        raise Faulty("no_such_day", _("年份 %(year)s 不对，请写四位年份。") % {"year": year})
    last = monthrange(year, month)[1]
    if not 1 <= number <= last:
        words = {"year": year, "month": month, "last": last, "day": number}
        message = _("%(year)s 年 %(month)s 月只有 %(last)s 天，没有 %(day)s 日。")
        raise Faulty("no_such_day", message % words)
    return date(year, month, number)


def _no_date() -> Faulty:
    return Faulty("no_date", _("日期看不懂。请写成 2006-07-01；日子不详时只写到月，如 2006-07。"))


def _clocked(cell: Any) -> bool:
    return isinstance(cell, str) and bool(re.fullmatch(r"\S+ \d{1,2}:\d{2}(:\d{2})?", text(cell)))


# --- words -----------------------------------------------------------------------------------------------------------


def word(cell: Any, known: Mapping[str, str]) -> str:
    """The value a word of a list stands for; empty for an empty cell.

    Raises:
        Faulty: not one of the list.
    """
    found = text(cell).replace(" ", "")
    if not found:
        return ""
    if found not in known:
        shown = _("、").join(list(known)[:8])
        message = _("不认识“%(word)s”。可以写：%(words)s。") % {"word": found[:20], "words": shown}
        raise Faulty("unknown_word", message)
    return str(known[found])


def nationality(cell: Any) -> str:
    """
    Raises:
        Faulty: none of the 56.
    """
    found = text(cell).replace(" ", "")
    if not found:
        return ""
    if (known := roster_words.nationality(found)) is not None:
        return known
    message = _("不认识民族“%(word)s”。请写全称，如“汉族”。") % {"word": found[:20]}
    raise Faulty("unknown_word", message)
