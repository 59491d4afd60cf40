"""Pages of a long list, forwards and back: a page starts after the row the last one ended with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from dangjian.api import paging

Row = TypeVar("Row", bound=Model)
_BACK = "<"
_ON = ">"


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """One page; `next` and `previous` are cursors, None where there is nothing more that way."""

    rows: list[Row]
    next: str | None
    previous: str | None


def listing(
    rows: QuerySet[Row], *, which: str, by: tuple[str, str], cursor: str, size: int = paging.PAGE_SIZE
) -> Listing[Row]:
    """The page of `rows` that `cursor` asks for; an empty one asks for the first.

    which: names the list and its filters; a cursor of another is refused.
    by: a field and the primary key, both with ``-`` for newest first.

    Raises:
        Problem: 400, the cursor is not one of this list.
    """
    position = paging.unseal(which, cursor)
    back = position is not None and position[0] == _BACK
    fields = [name.removeprefix("-") for name in by]
    falling = by[0].startswith("-")
    order = [name if falling == back else f"-{name}" for name in fields]
    if position is not None:
        rows = rows.filter(_beyond(fields, position[1:], falling == back))
    found = list(rows.order_by(*order)[: size + 1])
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()

    def seal(way: str, row: Row) -> str:
        return paging.seal(which, (way, *(_plain(getattr(row, name)) for name in fields)))

    has_next = bool(found) and (more or back)
    has_previous = bool(found) and (more if back else position is not None)
    return Listing(
        found,
        seal(_ON, found[-1]) if has_next else None,
        seal(_BACK, found[0]) if has_previous else None,
    )


def _beyond(fields: list[str], key: tuple[Any, ...], rising: bool) -> Q:
    how = "gt" if rising else "lt"
    (first, second), (value, pk) = fields, key
    # The outer bound is what an index can use.
    return Q(**{f"{first}__{how}e": value}) & (
        Q(**{f"{first}__{how}": value}) | Q(**{f"{second}__{how}": pk})
    )


def _plain(value: Any) -> int | str:
    return value.isoformat() if isinstance(value, date) else value
