"""What every template is given."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Tab(NamedTuple):
    """One of the main places: bottom tabs on the phone, links in the top bar on a desk.

    within: how the addresses of the pages below it begin.
    """

    key: str
    href: str
    label: Any
    icon: str
    within: tuple[str, ...]


DISTRICT_TABS = (
    Tab("news", "/news/", _("信息"), "news", ("/news/",)),
    Tab("feed", "/feed/", _("互动"), "chat", ("/feed/", "/posts/")),
    Tab("learning", "/learning/", _("学习"), "book", ("/learning/",)),
    Tab(
        "management",
        "/management/",
        _("管理"),
        "desk",
        (
            "/management/",
            "/officer/",
            "/admission/",
            "/branch/",
            "/rules/",
            "/statistics/",
            "/audit/",
            "/ui/",
        ),
    ),
    Tab("me", "/me/", _("我的"), "me", ("/me/", "/sessions/", "/password/")),
)
CENTRE_TABS = (Tab("overview", "/", _("各地情况"), "chart", ("/",)),)

# What waits for the reader, shown on the bell: upper apps put a function of the request here in `ready()`.
unread_counters: list[Callable[[HttpRequest], int]] = []


def unread(request: HttpRequest) -> int:
    """How many things wait for the reader; 0 without one."""
    return sum(counter(request) for counter in unread_counters)


def page(request: HttpRequest) -> dict[str, Any]:
    """For the frame of a page.

    district: the host's. user, member: who reads (`member` None without one). text_size: "", "large" or "xlarge".
    tabs: the main places of this host; here: the key of the one this page is in. unread: how many replies wait;
    asked for only where it is shown.
    """
    district = getattr(request, "district", None)
    tabs = CENTRE_TABS if district is not None and district.is_centre else DISTRICT_TABS
    return {
        "district": district,
        "user": getattr(request, "user", None),
        "member": getattr(request, "member", None),
        "text_size": getattr(request, "text_size", ""),
        "tabs": tabs,
        "here": next((tab.key for tab in tabs if request.path.startswith(tab.within)), ""),
        "unread": cache(lambda: unread(request)),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
    }
