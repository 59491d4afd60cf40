"""Months in addresses: ``2026-11`` is the first day of that month."""

from __future__ import annotations

from datetime import date

from django.urls import converters, register_converter

from dangjian.organizations.dues.judgement import month_of


class MonthConverter:
    regex = r"2[0-9]{3}-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> date:
        return month_of(value)

    def to_url(self, value: date | str) -> str:
        return value if isinstance(value, str) else f"{value:%Y-%m}"


def register() -> None:
    """Make ``<month:…>`` known, once in a process, before a path that has it."""
    if "month" not in converters.get_converters():
        register_converter(MonthConverter, "month")
