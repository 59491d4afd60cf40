"""What a start shows: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from unicodedata import east_asian_width


def say(text: str = "") -> None:
    """A line for the person; when the terminal is closed it is for nobody, and stopping goes on."""
    with suppress(OSError, ValueError):
        print(text, flush=True)


class Progress:
    """Steps out of `total`; each is a line at its end, with the seconds it took."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._live = sys.stdout.isatty()
        self._shown = ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step; its line stays when it has ended well."""
        began = time.monotonic()
        self._draw(title)
        try:
            yield
        except BaseException:
            self._clear()
            raise
        self._done += 1
        self._clear()
        say(f"  ✓ {title}  {time.monotonic() - began:.1f} s")

    def detail(self, text: str) -> None:
        """What the running step is doing right now."""
        if self._live:
            self._draw(text)
        else:
            say(f"    {text}")

    def _draw(self, text: str) -> None:
        if not self._live:
            return
        self._clear()
        width = 24
        full = width * self._done // self._total
        self._shown = f"  [{'█' * full}{'░' * (width - full)}] {self._done}/{self._total}  {text}"
        with suppress(OSError, ValueError):
            print(_fitting(self._shown, shutil.get_terminal_size().columns - 1), end="", flush=True)

    def _clear(self) -> None:
        if self._live and self._shown:
            self._shown = ""
            with suppress(OSError, ValueError):
                print("\r\x1b[2K", end="", flush=True)


def _fitting(text: str, columns: int) -> str:
    """As much of `text` as fits: a wrapped line could not be cleared again. A hanzi takes two columns."""
    used = 0
    for position, character in enumerate(text):
        used += 2 if east_asian_width(character) in "WF" else 1
        if used > columns:
            return text[:position]
    return text
