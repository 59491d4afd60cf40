"""How a refused sign-in is put, on the page and by the API alike."""

from __future__ import annotations

from django.conf import settings
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


def locked(seconds: int, *, by_address: bool = False) -> str:
    """Nothing is checked for `seconds` more; `by_address`: for newcomers at this address."""
    minutes = -(-seconds // 60)
    if by_address:
        return ngettext(
            "这个网络上试错的账号太多了，请过 %(minutes)s 分钟再登录，或者换手机流量登录。着急的话，找本支部书记帮忙。",
            "这个网络上试错的账号太多了，请过 %(minutes)s 分钟再登录，或者换手机流量登录。着急的话，找本支部书记帮忙。",
            minutes,
        ) % {"minutes": minutes}
    return ngettext(
        "试错的次数太多了，请过 %(minutes)s 分钟再登录。着急的话，找本支部书记帮忙。",
        "试错的次数太多了，请过 %(minutes)s 分钟再登录。着急的话，找本支部书记帮忙。",
        minutes,
    ) % {"minutes": minutes}


def expired(*, is_centre: bool) -> str:
    """The one-time password is past its time."""
    hours = settings.ONE_TIME_PASSWORD_HOURS
    if is_centre:
        said = _("这个一次性密码已经过期（%(hours)s 小时内有效）。请找给你开通账号的管理员重新生成。")
    else:
        said = _("这个一次性密码已经过期（%(hours)s 小时内有效）。请找本支部书记，拿一个新的一次性密码。")
    return said % {"hours": hours}
