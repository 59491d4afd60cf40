"""What a rule's value can be, which of two values is the tighter, and how a value is said.

=============  =====================================================================================
unit           value
=============  =====================================================================================
frequency      `Frequency`: at least so many times in each month, quarter, half year or year
years age      an ``int`` or a `Span` of ints
months days
hours persons
units
fraction       a `Fraction` between 0 and 1
yuan           a `Decimal` in yuan, or a `Span` of them
rate_of_base   a tuple of `Bracket`, lowest first
statuses       a tuple of words
required       ``True``
=============  =====================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

COUNTED: Final = ("years", "age", "months", "days", "hours", "persons", "units")
TIMES_A_YEAR: Final = {"month": 12, "quarter": 4, "half_year": 2, "year": 1}


@dataclass(frozen=True, slots=True)
class Frequency:
    """At least `times` in each `per`: a month, quarter, half_year or year of the calendar."""

    times: int
    per: str

    @property
    def a_year(self) -> int:
        return self.times * TIMES_A_YEAR[self.per]


@dataclass(frozen=True, slots=True)
class Span:
    """From `least` to `most`, both included."""

    least: Any
    most: Any

    def __contains__(self, value: Any) -> bool:
        return bool(self.least <= value <= self.most)


@dataclass(frozen=True, slots=True)
class Bracket:
    """The rate for a base of at most `up_to` yuan (None: any) and above the bracket before."""

    up_to: Decimal | None
    rate: Decimal


Value = int | Frequency | Span | Fraction | Decimal | tuple[Bracket, ...] | tuple[str, ...] | bool


def parsed(raw: Any, unit: str) -> Value:
    """A value as a pack writes it, which the schema has already found to be of the unit's form.

    Raises:
        ValueError: with the reason, for what a schema cannot say.
    """
    if unit == "frequency":
        return Frequency(raw["times"], raw["per"])
    if isinstance(raw, dict):
        kind = Decimal if unit == "yuan" else int
        span = Span(kind(raw["min"]), kind(raw["max"]))
        if span.least > span.most:
            raise ValueError(f"min {raw['min']} is above max {raw['max']}")
        return span
    if unit == "fraction":
        fraction = Fraction(raw[:-1]) / 100 if raw.endswith("%") else Fraction(raw)
        if not 0 < fraction <= 1:
            raise ValueError(f"{raw} is not between 0 and 1")
        return fraction
    if unit == "yuan":
        return Decimal(raw)
    if unit == "rate_of_base":
        return _brackets(raw)
    if unit == "statuses":
        return tuple(raw)
    return bool(raw) if unit == "required" else int(raw)


def _brackets(raw: list[dict[str, str]]) -> tuple[Bracket, ...]:
    brackets = tuple(
        Bracket(
            Decimal(each["up_to"]) if "up_to" in each else None, Decimal(each["rate"].removesuffix("%")) / 100
        )
        for each in raw
    )
    *bounded, last = brackets
    limits = [bracket.up_to for bracket in bounded if bracket.up_to is not None]
    if last.up_to is not None or len(limits) < len(bounded):
        raise ValueError("the last bracket, and no other, is without up_to")
    if limits != sorted(set(limits)):
        raise ValueError("the brackets' up_to must rise")
    return brackets


def loosened(new: Any, old: Any, tighter: str) -> bool:
    """Whether `new` asks less than `old`, where `tighter` says which direction asks more.

    tighter: "higher", "lower", "inside" (a span within the old one), "fixed" (nothing but the same), "free" (anything).
    """
    if tighter == "free":
        return False
    if tighter == "higher":
        return bool(_measure(new) < _measure(old))
    if tighter == "lower":
        return bool(_measure(new) > _measure(old))
    if tighter == "inside":
        return not (isinstance(new, Span) and new.least in old and new.most in old)
    return bool(new != old)


def _measure(value: Any) -> Any:
    return value.a_year if isinstance(value, Frequency) else value


# --- in words ------------------------------------------------------------------------------------------------------

_STATUSES = {
    "probationary": gettext_lazy("预备党员"),
    "disciplinary_probation": gettext_lazy("受留党察看处分的党员"),
}
BOUNDS: Final = ("at_least", "at_most", "more_than", "within", "ahead")


def said(value: Any, unit: str, *, bound: str = "", usual: bool = False) -> str:
    """A value in the reader's language: 一般每季度 1 次, 3–5 人, 超过 1/2, 至少 18 岁."""
    if isinstance(value, tuple):
        words = _list(value)
    elif isinstance(value, Frequency):
        words = _frequency(value)
    elif unit == "required":
        words = _("必须做")
    elif isinstance(value, Span):
        words = _amount(f"{_plain(value.least)}–{_plain(value.most)}", unit, 2)
    elif unit == "fraction":
        words = _fraction(value)
    elif value == 0:
        return _("没有规定")
    else:
        words = _amount(_plain(value), unit, value)
    shown = _BOUNDED[bound]() % {"value": words} if bound else words
    if not usual:
        return shown
    return (_("一般 %(value)s") if shown[0].isdigit() else _("一般%(value)s")) % {"value": shown}


_BOUNDED = {
    "at_least": lambda: _("至少 %(value)s"),
    "at_most": lambda: _("最多 %(value)s"),
    "more_than": lambda: _("超过 %(value)s"),
    "within": lambda: _("%(value)s内"),
    "ahead": lambda: _("提前 %(value)s"),
}


def _amount(number: str, unit: str, count: Any) -> str:
    several = 1 if count == 1 else 2
    words = {
        "years": lambda: ngettext("%(n)s 年", "%(n)s 年", several),
        "age": lambda: _("%(n)s 岁"),
        "months": lambda: ngettext("%(n)s 个月", "%(n)s 个月", several),
        "days": lambda: ngettext("%(n)s 天", "%(n)s 天", several),
        "hours": lambda: ngettext("%(n)s 学时", "%(n)s 学时", several),
        "persons": lambda: ngettext("%(n)s 人", "%(n)s 人", several),
        "units": lambda: ngettext("%(n)s 个单位", "%(n)s 个单位", several),
        "yuan": lambda: _("%(n)s 元"),
    }
    return words[unit]() % {"n": number}


def _frequency(value: Frequency) -> str:
    words = {
        "month": lambda: ngettext("每月 %(n)s 次", "每月 %(n)s 次", value.times),
        "quarter": lambda: ngettext("每季度 %(n)s 次", "每季度 %(n)s 次", value.times),
        "half_year": lambda: ngettext("每半年 %(n)s 次", "每半年 %(n)s 次", value.times),
        "year": lambda: ngettext("每年 %(n)s 次", "每年 %(n)s 次", value.times),
    }
    return words[value.per]() % {"n": value.times}


def _list(values: tuple[Any, ...]) -> str:
    parts = [
        _bracket(each) if isinstance(each, Bracket) else str(_STATUSES.get(each, each)) for each in values
    ]
    return _("；").join(parts) if isinstance(values[0], Bracket) else _("、").join(parts)


def _bracket(bracket: Bracket) -> str:
    rate = percent(bracket.rate)
    if bracket.up_to is None:
        return _("再往上 %(rate)s") % {"rate": rate}
    return _("%(limit)s 元及以下 %(rate)s") % {"limit": f"{bracket.up_to:,.0f}", "rate": rate}


def percent(rate: Decimal) -> str:
    """0.015 → "1.5 %"."""
    return f"{(rate * 100).normalize():f} %"


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _plain(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, Decimal) else f"{value}"
