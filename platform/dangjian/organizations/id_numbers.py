"""公民身份号码 (GB 11643-1999): 18 characters, of which the 7th to 14th are the date of birth and the last a check
digit.

Whether the place in front exists is not asked: codes are withdrawn, and people keep theirs.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from stdnum.cn import ric

Fault = Literal["length", "characters", "birth_date", "check_digit"]
_FORM: Final = re.compile(r"\d{17}[\dX]")


class IdNumber(NamedTuple):
    """A number that is right in itself; `woman` by its 17th digit."""

    number: str
    born_on: date
    woman: bool


class Faulty(ValueError):
    """It cannot be one; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


@lru_cache(
    maxsize=4
)  # whoever judges a row asks several times in a row; numbers of people are not to be kept
def parse(text: str) -> IdNumber:
    """Read a number; spaces and dashes between its groups count for nothing, a small x is a large one.

    Raises:
        Faulty: a wrong length, other characters, no such day of birth, or a wrong check digit.
    """
    number = re.sub(r"[\s\-–—]", "", text).upper()
    if len(number) != 18:
        raise Faulty("length")
    if not number.isascii() or not _FORM.fullmatch(number):
        raise Faulty("characters")
    try:
        born_on = date.fromisoformat(number[6:14])
    except ValueError:
        raise Faulty("birth_date") from None
    if ric.calc_check_digit(number) != number[-1]:
        raise Faulty("check_digit")
    return IdNumber(number, born_on, int(number[16]) % 2 == 0)


def masked(number: str) -> str:
    """4101**********2046; anything shorter keeps nothing but its last two characters."""
    if len(number) != 18:
        return "*" * max(0, len(number) - 2) + number[-2:] if number else ""
    return f"{number[:4]}**********{number[-4:]}"
