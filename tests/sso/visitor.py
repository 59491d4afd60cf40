"""Somebody at a keyboard, without a browser: fills in the realm's own form and follows where it leads."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.conf import settings
from django.test import Client

from tests import cast

COOKIE = settings.SESSION_COOKIE_NAME
PASSWORD = "Haojiu-2026-ge"


class Visitor:
    """A browser with our host in one hand and the realm in the other."""

    def __init__(self, host: str = cast.HOSTS["huiji"]) -> None:
        self.ours = Client(headers={"host": host})
        self.theirs = requests.Session()

    def begin(self, target: str = "/") -> str:
        """Press the button; where the realm's page is."""
        sent = self.ours.get("/oidc/login/", {"next": target})
        assert sent.status_code == 302, sent.content.decode()
        return str(sent["Location"])

    def enter(self, address: str, username: str, password: str = PASSWORD) -> str:
        """Sign in on the realm's page; the address it sends the browser back to."""
        page = self._see("GET", address)
        if page.is_redirect:  # signed in there already
            return page.headers["Location"]
        form = re.search(r'<form[^>]*\baction="([^"]+)"', page.text)
        assert form, page.text[:2000]
        answer = self._see(
            "POST", unescape(form[1]), {"username": username, "password": password, "credentialId": ""}
        )
        assert answer.is_redirect, answer.text[:2000]
        return answer.headers["Location"]

    def come_back(self, address: str) -> Any:
        return self.ours.get("/oidc/callback/", query_of(address))

    def sign_in(self, username: str, password: str = PASSWORD, target: str = "/") -> Any:
        return self.come_back(self.enter(self.begin(target), username, password))

    def is_in(self) -> bool:
        return self.ours.get("/sessions/").status_code == 200

    @property
    def key(self) -> str:
        return self.ours.cookies[COOKIE].value if COOKIE in self.ours.cookies else ""

    def _see(self, method: str, address: str, data: dict[str, str] | None = None) -> requests.Response:
        answer = self.theirs.request(method, address, data=data, allow_redirects=False, timeout=60)
        for cookie in self.theirs.cookies:
            cookie.secure = False  # browsers count loopback as secure, plain clients drop the cookie
        return answer


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
