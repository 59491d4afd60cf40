"""What a field of the API says of a value it cannot take: in words that tell what to write instead.

`apply` puts them in the place of the framework's own; a serializer with `error_messages` of its own keeps those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

NO_SUCH_DAY: Final = _("日期写成 2026-11-25 这样，并核实那个月有没有这一天。")
_LIMITS: Final = {"min_value": _("不能小于 {min_value}。"), "max_value": _("不能大于 {max_value}。")}
WORDS: Final[Mapping[type[serializers.Field[Any, Any, Any, Any]], Mapping[str, Any]]] = {
    serializers.DateField: {"invalid": NO_SUCH_DAY, "datetime": _("只写日期，不写时间。")},
    serializers.IntegerField: {"invalid": _("请写一个整数，比如 12。"), **_LIMITS},
    serializers.DecimalField: {
        "invalid": _("请写一个数，比如 12.50。"),
        "max_decimal_places": _("小数点后最多 {max_decimal_places} 位。"),
        **_LIMITS,
    },
}


def apply() -> None:
    for field, words in WORDS.items():
        field.default_error_messages = {**field.default_error_messages, **words}


def one_of(values: Iterable[str]) -> dict[str, Any]:
    """`error_messages` of a choice that names what there is."""
    words = {"said": _("“{input}”不在可选的范围里，可以是："), "values": ", ".join(values)}
    return {"invalid_choice": format_lazy("{said}{values}", **words)}
