"""The reader's language and text size; and refusals as pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from dangjian.api.problems import Problem

LANGUAGE_COOKIE: Final = "dj_language"
TEXT_COOKIE: Final = "dj_text"
LANGUAGES: Final = frozenset(code for code, _ in settings.LANGUAGES)
TEXT_SIZES: Final = frozenset({"", "large", "xlarge"})


class PreferencesMiddleware:
    """Activates the reader's language and sets `request.text_size`: the account's choice, else the cookie's; for
    the language then what the browser asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.text_size = text_size(request)  # type: ignore[attr-defined]
        language = language_of(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A `Problem` raised by a page's view is a page; the API's views answer for themselves."""
        if not isinstance(exception, Problem):
            return None
        response = render(request, "ui/problem.html", {"problem": exception}, status=exception.status)
        for name, value in exception.headers.items():
            response[name] = value
        return response


def text_size(request: HttpRequest) -> str:
    """ "", "large" or "xlarge"."""
    chosen = getattr(request.user, "text_size", "") or request.COOKIES.get(TEXT_COOKIE, "")
    return chosen if chosen in TEXT_SIZES else ""


def language_of(request: HttpRequest) -> str:
    """One of `settings.LANGUAGES`."""
    chosen = getattr(request.user, "language", "") or request.COOKIES.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return str(chosen)
    for asked, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "").lower()):
        if asked == "zh" or asked.startswith("zh-"):
            return "zh-hans"
        if asked == "en" or asked.startswith("en-"):
            return "en"
    return str(settings.LANGUAGE_CODE)
