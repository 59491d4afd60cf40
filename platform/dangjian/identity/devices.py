"""What a user agent is, in plain words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_SYSTEMS = ("HarmonyOS", "iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux")
# In this order: every browser claims to be those below it.
_BROWSERS = [
    ("MicroMessenger", gettext_noop("微信")),
    ("DingTalk", gettext_noop("钉钉")),
    ("HuaweiBrowser", gettext_noop("华为浏览器")),
    ("MiuiBrowser", gettext_noop("小米浏览器")),
    ("UCBrowser", gettext_noop("UC 浏览器")),
    ("QQBrowser", gettext_noop("QQ 浏览器")),
    ("Quark", gettext_noop("夸克")),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
]


def device_name(user_agent: str) -> str:
    """Such as “Android 手机，微信”; “未知设备” when nothing in it is known."""
    system = _system(user_agent)
    browser = next((_(name) for mark, name in _BROWSERS if mark in user_agent), "")
    return _("，").join(part for part in (system, browser) if part) or _("未知设备")


def is_phone(user_agent: str) -> bool:
    """Whether it is held in the hand."""
    return any(mark in user_agent for mark in ("iPhone", "Android", "HarmonyOS", "Mobile"))


def _system(user_agent: str) -> str:
    name = next((name for name in _SYSTEMS if name in user_agent), "")
    match name:
        case "Windows" | "Linux":
            return _("%(system)s 电脑") % {"system": name}
        case "Android":
            return _("Android 手机") if "Mobile" in user_agent else _("Android 平板")
        case "HarmonyOS":
            return _("鸿蒙手机") if "Mobile" in user_agent else _("鸿蒙平板")
        case "Macintosh":
            return "Mac"
    return name
