from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import translation

from dangjian.rules import book


@pytest.fixture(autouse=True)
def _in_chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


@pytest.fixture(scope="session")
def country() -> book.Book:
    """The national rules."""
    return book.Book(book.load_national(book.NATIONAL_PACK))


@pytest.fixture
def tightened(tmp_path: Path, settings: Any) -> Iterator[Callable[..., book.Book]]:
    """``tightened("huiji", {...}, {...})``: a book of that district with these rules, through a file as in service."""
    settings.RULES_DIR = str(tmp_path)
    book.forget()

    def written(district: str, *rules: dict[str, Any], named: str = "") -> book.Book:
        content = yaml.safe_dump({"district": district, "rules": list(rules)}, allow_unicode=True)
        (tmp_path / f"{named or district}.yaml").write_text(content, encoding="utf-8")
        book.forget()
        return book.book(district)

    yield written
    book.forget()
