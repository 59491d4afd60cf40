"""`make demo-sso` as a person meets it, with the Keycloak of this suite as the one they have."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from dangjian.identity.keycloak.admin import Admin, NotThere
from dangjian.local.demo import ACCOUNTS, PASSWORD
from tests.local import test_demo
from tests.local.test_demo import Run
from tests.sso.conftest import Keycloak
from tests.sso.ports import free_port

REALMS = {"huiji.localhost": "huiji", "luoyang.localhost": "luoyang", "central.localhost": "oversight"}
RUNNING = "Ctrl-C stops the demo"


class Browser:
    """Somebody who follows addresses below ``.localhost``, which Python does not resolve, with cookies by host."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, dict[str, str]] = {}

    def get(self, url: str) -> requests.Response:
        return self._follow("GET", url)

    def sign_in(self, host: str, username: str) -> requests.Response:
        page = self.get(f"http://{host}:{self.port}/oidc/login/")
        action = re.search(r'id="kc-form-login" action="([^"]+)"', page.text)
        assert action is not None, page.text[:2000]
        form = {"username": username, "password": PASSWORD}
        return self._follow("POST", action[1].replace("&amp;", "&"), form)

    def _follow(self, method: str, url: str, form: dict[str, str] | None = None) -> requests.Response:
        for _ in range(12):
            parts = urlsplit(url)
            jar = self.cookies.setdefault(parts.netloc, {})
            here = parts._replace(netloc=f"127.0.0.1:{parts.port}").geturl()
            headers = {
                "Host": parts.netloc,
                "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
            }
            answer = requests.request(
                method, here, data=form, headers=headers, allow_redirects=False, timeout=60
            )
            # By hand: a client for plain http would not send back the cookies that Keycloak marks Secure.
            jar.update(dict(answer.cookies.items()))
            if not answer.is_redirect:
                return answer
            method, form, url = "GET", None, urljoin(url, answer.headers["Location"])
        raise AssertionError(f"it goes round in circles at {url}")


def realm(keycloak: Keycloak, name: str) -> Admin:
    return Admin(
        url=keycloak.url,
        realm=name,
        home="master",
        client_id="admin-cli",
        username=keycloak.admin,
        password=keycloak.password,
    )


@pytest.mark.timeout(1200)
def test_the_cast_signs_in_at_three_realms(
    keycloak: Keycloak, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if keycloak.server is None:
        pytest.skip("the demo names its realms huiji, luoyang and oversight, which KEYCLOAK_URL's own may be")
    monkeypatch.setattr(
        test_demo, "PATIENCE", 600
    )  # three realms and a demo, on a machine that tests much else
    monkeypatch.setenv("IDENTITY", "keycloak")
    monkeypatch.setenv("KEYCLOAK_URL", keycloak.url)
    without = Run(scratch, free_port())
    without.wait_for("set KEYCLOAK_ADMIN_PASSWORD")
    assert without.wait() == 1

    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", keycloak.password)
    run = Run(scratch, free_port())
    try:
        run.wait_for(RUNNING)
        keycloak.server.know(*ACCOUNTS)
        for host, (_, people) in ACCOUNTS.items():
            username, name, _what = people[0]
            somebody = Browser(run.port)
            page = somebody.sign_in(host, username)
            assert page.status_code == 200
            assert urlsplit(page.url).port == run.port
            me = somebody.get(f"http://{host}:{run.port}/api/v1/me/")
            assert name in me.text
            found: Any = realm(keycloak, REALMS[host]).user_named(username)
            assert found["attributes"]["demo"] == ["true"]
        assert PASSWORD in run.said
        assert keycloak.password not in run.said
    finally:
        run.process.terminate()
        assert run.wait() == 0
        for name in REALMS.values():
            with suppress(NotThere):
                realm(keycloak, name).delete_realm()
