"""What the address of a page asks for."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from dangjian.organizations.particulars import FIRST_CONGRESS


def day_of(text: str) -> tuple[date, str]:
    """The day asked for and what is wrong with it; today when there is none or it cannot be taken."""
    today = timezone.localdate()
    if not text:
        return today, ""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or day < FIRST_CONGRESS:
        return today, _("这个日期不存在，请重新选择。下面是今天的情况。")
    if day > today:
        return today, _("%(day)s 还没有到。下面是今天的情况。") % {"day": day.isoformat()}
    return day, ""
