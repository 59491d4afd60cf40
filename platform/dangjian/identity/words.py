"""How a refused sign-in is put, on the page and by the API alike."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def wrong(left: int) -> str:
    """The name and password do not match; `left` tries remain."""
    if left <= 0:
        return _("账号和密码对不上。已经错了 5 次，请过 15 分钟再试，或者找本支部书记帮忙。")
    return ngettext(
        "账号和密码对不上，请再看一下。还可以试 %(left)s 次。",
        "账号和密码对不上，请再看一下。还可以试 %(left)s 次。",
        left,
    ) % {"left": left}


def locked(seconds: int) -> str:
    """Nothing is checked for `seconds` more."""
    minutes = -(-seconds // 60)
    return ngettext(
        "试错的次数太多了，请过 %(minutes)s 分钟再登录。着急的话，找本支部书记帮忙。",
        "试错的次数太多了，请过 %(minutes)s 分钟再登录。着急的话，找本支部书记帮忙。",
        minutes,
    ) % {"minutes": minutes}
