"""Tables for Excel and WPS: identifiers as text, nothing that a table program would run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote

from django.http import HttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import IllegalCharacterError

TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDEST: Final = 40


def workbook(name: str, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """One sheet with a heading. Text is written as text, so that 410105… stays a number of a person and =1+1 stays
    what somebody typed; numbers and dates are what they are."""
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(name[:31])
    sheet.freeze_panes = "A2"
    for number, title in enumerate(titles, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = min(_WIDEST, max(12, 2 * len(title) + 4))
    heading = [WriteOnlyCell(sheet, title) for title in titles]
    for cell in heading:
        cell.font = Font(bold=True)
    sheet.append(heading)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def answer(name: str, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """The table as a download called `name`."""
    response = HttpResponse(workbook(name, titles, rows), content_type=TYPE)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    return response


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, Decimal):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "#,##0.00"
        return cell
    if not isinstance(value, str):
        return value
    try:
        cell = WriteOnlyCell(sheet, value)
    except IllegalCharacterError:
        cell = WriteOnlyCell(sheet, "".join(sign for sign in value if sign.isprintable()))
    # openpyxl takes what begins with = for a formula.
    cell.data_type = "s"
    cell.number_format = "@"
    cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
    return cell
