"""Tags and filters every template has without loading them."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

register = template.Library()

TINTS = 7
# The word joiner keeps a line from beginning with the dot.
_SEPARATOR = mark_safe('&#8288;<span class="dj-sep"> </span>')


@register.simple_tag
@cache  # a feed page shows a hundred of them
def icon(name: str, size: str = "") -> SafeString:
    """An icon of icons.svg, hidden from readers: there is always a word or a label beside it. size: "" or "sm"."""
    extra = " dj-icon-sm" if size == "sm" else ""
    return format_html(
        '<svg class="dj-icon{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        extra,
        static("ui/icons.svg"),
        name,
    )


@register.simple_tag
def sep() -> SafeString:
    """The dot between two pieces of meta; never a typed "·", which is full-width in some fonts."""
    return _SEPARATOR


@register.simple_tag
def avatar(name: str, key: int, size: str = "") -> SafeString:
    """The last character of a name on a tint that stays the person's. size: "", "sm" or "lg"."""
    classes = f"dj-ava dj-ava-{tint(key)}" + (f" dj-ava-{size}" if size else "")
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, initial(name))


@register.simple_tag
def organization_avatar(size: str = "") -> SafeString:
    """The flag an organisation carries in place of a person's initial."""
    extra = f" dj-ava-{size}" if size else ""
    return format_html(
        '<span class="dj-ava dj-ava-org{}" aria-hidden="true">{}</span>', extra, icon("branch")
    )


@register.filter
def initial(name: str) -> str:
    """The character that stands for a name; a Chinese given name's last, which tells people apart best."""
    return name[-1:] or "?"


@register.filter
def tint(key: int) -> int:
    """Which of the avatar's tints a person has: 0 to 6."""
    return int(key) % TINTS


@register.filter
def count(number: int) -> str:
    """A number as people read it at a glance: 9,999, then 1.2 万, in English 12k; app.js says the same."""
    if number <= 9999:
        return f"{number:,}"
    if get_language() == "en":
        return f"{number / 1000:.1f}".removesuffix(".0") + "k"
    return f"{number / 10_000:.1f}".removesuffix(".0") + " 万"


@register.filter
def thousands(number: int) -> str:
    """11200 → 11,200, for figures that must be exact."""
    return f"{number:,}"


@register.filter
def yuan(amount: Decimal) -> str:
    """An amount of money, always to the fen: 5,000.00."""
    return f"{amount:,.2f}"


@register.filter
def when(moment: datetime | None) -> str:
    """How long ago, as one says it: 刚刚, 12 分钟前, 今天 08:40, 昨天 17:05, 11 月 18 日 09:10, 2025 年 11 月 18 日."""
    if moment is None:
        return ""
    now = timezone.localtime()
    local = timezone.localtime(moment)
    passed = now - local
    if timedelta(0) <= passed < timedelta(minutes=1):
        return _("刚刚")
    if timedelta(0) <= passed < timedelta(hours=1):
        minutes = int(passed.total_seconds() // 60)
        return ngettext("%(minutes)s 分钟前", "%(minutes)s 分钟前", minutes) % {"minutes": minutes}
    clock = f"{local:%H:%M}"
    if local.date() == now.date():
        return _("今天 %(clock)s") % {"clock": clock}
    if local.date() == now.date() - timedelta(days=1):
        return _("昨天 %(clock)s") % {"clock": clock}
    if local.year == now.year:
        return _("%(month)s 月 %(day)s 日 %(clock)s") % {
            "month": local.month,
            "day": local.day,
            "clock": clock,
        }
    return day(local)


@register.filter
def day(moment: date | datetime | None) -> str:
    """2025 年 11 月 18 日."""
    if moment is None:
        return ""
    local = timezone.localtime(moment) if isinstance(moment, datetime) else moment
    return _("%(year)s 年 %(month)s 月 %(day)s 日") % {
        "year": local.year,
        "month": local.month,
        "day": local.day,
    }


@register.simple_tag
def moment(at: datetime) -> SafeString:
    """A `<time>` with `when` in it and the exact time for scripts and for whoever points at it."""
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        f"{local:%Y-%m-%d %H:%M}",
        when(at),
    )


@register.filter
def as_json(value: Any) -> str:
    """For a data attribute that scripts read; escaped as any other text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@register.filter
def at(items: Any, key: Any) -> Any:
    """`items[key]` for a key held in a variable; None when there is none."""
    try:
        return items[key]
    except (KeyError, IndexError, TypeError):
        return None
