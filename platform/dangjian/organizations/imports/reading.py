"""From an uploaded file to rows of cells; nothing here knows what a member is.

A file comes from anybody's machine, so its size is bounded before a parser sees it: bytes unpacked, rows, columns. What
cannot be read is refused with `Unreadable`, which says what to do about it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 200
MOST_BYTES: Final = 20 * 1024 * 1024
MOST_UNPACKED: Final = 200 * 1024 * 1024
# The first rows of a sheet may be a title, a date, who made it.
HEADER_WITHIN: Final = 20
_CHUNK: Final = 1 << 20

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_VBA: Final = "_VBA_PROJECT".encode("utf-16-le")
_FORMULA: Final = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*<f[\s>/]')

Cell = Any  # str, int, float, bool, date, datetime, time, timedelta


class Unreadable(Exception):
    """The file as a whole cannot be taken. code: for programs; message: what to do, for the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Sheet:
    """The rows of a table as they stand, first to last; row 1 is the first.

    formulas, merged: places (row, column), from 1 and 0, that hold no value of their own.
    """

    rows: list[list[Cell]]
    formulas: set[tuple[int, int]] = field(default_factory=set)
    merged: set[tuple[int, int]] = field(default_factory=set)


def read(content: bytes) -> list[Sheet]:
    """The sheets of an xlsx or xls file, or the one of a csv file; what it is is told by its first bytes.

    Raises:
        Unreadable: empty, too large, damaged, encrypted, with macros, or no table at all.
    """
    if not content.strip():
        raise Unreadable("empty", _("文件是空的。请选有内容的名册。"))
    if len(content) > MOST_BYTES:
        raise Unreadable("too_large", _("文件超过 20 MB。请拆成几个文件，分几次导入。"))
    if content.startswith(_ZIP):
        return _workbook(content, _checked_archive(content))
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise _encrypted()
        if _VBA in content:
            raise _macros()
        return _workbook(content, {})
    return [_text(content)]


def _encrypted() -> Unreadable:
    return Unreadable("encrypted", _("文件设了密码，打不开。请去掉密码再传。"))


def _macros() -> Unreadable:
    return Unreadable("macros", _("文件里有宏，不能导入。请另存为不带宏的“Excel 工作簿（.xlsx）”再传。"))


def _damaged() -> Unreadable:
    return Unreadable("damaged", _("文件打不开，可能已经损坏。请用 Excel 或 WPS 打开后另存为 .xlsx 再传。"))


def _too_many_rows() -> Unreadable:
    detail = _("超过 %(most)s 行。请按街道或支部拆成几个文件，分几次导入。")
    return Unreadable("too_many_rows", detail % {"most": f"{MOST_ROWS:,}"})


# --- workbooks -------------------------------------------------------------------------------------------------------


def _checked_archive(content: bytes) -> dict[str, set[tuple[int, int]]]:
    """Unpack everything once, piece by piece and to the bound; the formulas of each worksheet by its path.

    The sizes an archive states are its maker's: only what comes out counts.
    """
    formulas: dict[str, set[tuple[int, int]]] = {}
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > 2000 or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
                raise _bomb()
            if any(entry.filename.lower().endswith("vbaproject.bin") for entry in entries):
                raise _macros()
            if any(entry.flag_bits & 1 for entry in entries):
                raise _encrypted()
            for entry in entries:
                is_sheet = entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml")
                found: set[tuple[int, int]] = set()
                rows, tail = 0, b""
                with archive.open(entry) as stream:
                    while chunk := stream.read(_CHUNK):
                        unpacked += len(chunk)
                        if unpacked > MOST_UNPACKED:
                            raise _bomb()
                        if is_sheet:
                            piece = tail + chunk
                            rows += piece.count(b"<row ") - tail.count(b"<row ")
                            if rows > MOST_ROWS + HEADER_WITHIN:
                                raise _too_many_rows()
                            found.update(
                                (int(place[2]), _column(place[1].decode()))
                                for place in _FORMULA.finditer(piece)
                            )
                            tail = piece[-200:]
                if is_sheet:
                    formulas[entry.filename] = found
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise _damaged() from error
    return formulas


def _bomb() -> Unreadable:
    return Unreadable("too_large", _("文件解压后太大，不像一份名册。请只留名册那张表，另存后再传。"))


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _workbook(content: bytes, formulas: dict[str, set[tuple[int, int]]]) -> list[Sheet]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = workbook.sheet_names
        sheets = []
        for number, name in enumerate(names):
            sheet = workbook.get_sheet_by_index(number)
            if sheet.total_height > MOST_ROWS + HEADER_WITHIN:
                raise _too_many_rows()
            if sheet.total_width > MOST_COLUMNS:
                raise Unreadable("too_many_columns", _("列太多，不像一份名册。请删掉用不着的列。"))
            rows = sheet.to_python(skip_empty_area=False)
            merged = {
                (row + 1, column)
                for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
                if bottom - top < MOST_ROWS
                for row in range(top, min(bottom, sheet.total_height) + 1)
                for column in range(left, min(right, MOST_COLUMNS) + 1)
            }
            # Worksheets are numbered as they were made, nearly always in the order they stand in.
            found = formulas.get(f"xl/worksheets/sheet{number + 1}.xml", set())
            if name and rows:
                sheets.append(Sheet(rows, found, merged))
    except PasswordError as error:
        raise _encrypted() from error
    except (CalamineError, ValueError, OSError, OverflowError) as error:
        raise _damaged() from error
    if not sheets:
        raise Unreadable("empty", _("文件里没有内容。请选有内容的名册。"))
    return sheets


# --- text ------------------------------------------------------------------------------------------------------------


def _text(content: bytes) -> Sheet:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Unreadable("encoding", _("认不出文件的编码。请在 Excel 或 WPS 里另存为 .xlsx 再传。"))
    if "\0" in text:
        raise Unreadable("unknown_format", _("这不是表格文件。请传 .xlsx、.xls 或 .csv。"))
    head = text[:4096]
    delimiter = max(",\t;，", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = list(_bounded(reader))
    except csv.Error as error:
        raise _damaged() from error
    if not any(len(row) > 1 for row in rows[:HEADER_WITHIN]):
        raise Unreadable("unknown_format", _("这不是表格文件。请传 .xlsx、.xls 或 .csv。"))
    return Sheet(rows)


def _bounded(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    for number, row in enumerate(reader, start=1):
        if number > MOST_ROWS + HEADER_WITHIN:
            raise _too_many_rows()
        yield row[:MOST_COLUMNS]
