"""An issuer that can be made to fail: for the faults a real Keycloak cannot be asked to make.

It signs whatever it is told to, and answers with 500, with HTML, too late or not at all.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

WEB, MOBILE, SECRET = "dangjian", "dangjian-mobile", "faults-secret"
FAULTS = ("status 500", "HTML", "a redirect to nowhere", "too late", "hangs up")


class Issuer:
    """A realm named `name`. fault: one of `FAULTS`, or empty. asked: the paths it was asked for, by last part."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.key = JWK.generate(kty="RSA", size=2048, use="sig", alg="RS256", kid=f"{name}-1")
        self.fault = ""
        self.lateness = 30.0
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.token_answer: tuple[int, dict[str, Any]] = (400, {"error": "invalid_grant"})
        self._over = threading.Event()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer._answer(self)

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                form = parse_qs(self.rfile.read(length).decode())
                issuer.forms.append({key: values[0] for key, values in form.items()})
                issuer._answer(self)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def issuer(self) -> str:
        return f"{self.url}/realms/{self.name}"

    def row(self) -> dict[str, str]:
        """The fields of a district that uses it."""
        return {
            "keycloak_url": self.url,
            "issuer": self.issuer,
            "realm": self.name,
            "client_id": WEB,
            "client_secret_ref": "faults",
        }

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    # --- tokens

    def claims(self, subject: str, **changes: Any) -> dict[str, Any]:
        """Those of an ID token for the web client; a change to None takes one away."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": WEB, "azp": WEB, "typ": "ID", "sub": subject, "sid": f"sid-of-{subject}",
            "iat": now, "exp": now + 300, "jti": f"{subject}-{time.monotonic_ns()}",
        }  # fmt: skip
        claims |= changes
        return {name: value for name, value in claims.items() if value is not None}

    def access_claims(self, subject: str, **changes: Any) -> dict[str, Any]:
        return self.claims(
            subject, **{"typ": "Bearer", "azp": MOBILE, "aud": ["account", "dangjian-api"]} | changes
        )

    def logout_claims(self, subject: str | None, **changes: Any) -> dict[str, Any]:
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        defaults = {"typ": "Logout", "events": event, "azp": None, "sub": subject}
        return self.claims(subject or "", **defaults | changes)

    def sign(self, claims: dict[str, Any], *, key: JWK | None = None, **header: Any) -> str:
        """Signed with RS256 and this issuer's key unless told otherwise."""
        key = key or self.key
        protected = {"alg": "RS256", "typ": "JWT", "kid": self.key["kid"]} | header
        protected = {name: value for name, value in protected.items() if value is not None}
        if protected["alg"] == "none":
            return f"{_part(protected)}.{_part(claims)}."
        jws = JWS(json.dumps(claims).encode())
        jws.add_signature(key, protected["alg"], json.dumps(protected))
        return str(jws.serialize(compact=True))

    def sign_logout(self, claims: dict[str, Any], **header: Any) -> str:
        return self.sign(claims, **{"typ": "logout+jwt"} | header)

    def grants(self, claims: dict[str, Any], **changes: Any) -> None:
        """Have the token endpoint answer with an ID token of these claims from now on."""
        answer = {
            "id_token": self.sign(claims),
            "refresh_token": "r" * 400,
            "access_token": "a",
            "expires_in": 300,
        }
        self.token_answer = 200, answer | changes

    # --- answering

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        place = handler.path.partition("?")[0].rstrip("/").rpartition("/")[2]
        self.asked.append(place)
        status, body, content_type = 200, b"", "application/json"
        if self.fault == "hangs up":
            handler.connection.close()
            return
        if self.fault == "too late":
            self._over.wait(self.lateness)
        if self.fault == "status 500":
            status, body = 500, b'{"error": "unknown_error", "error_description": "stack-of-secrets"}'
        elif self.fault == "HTML":
            body, content_type = b"<html>stack-of-secrets</html>", "text/html"
        elif self.fault == "a redirect to nowhere":
            status = 302
        elif place == "certs":
            body = json.dumps({"keys": [self.key.export_public(as_dict=True)]}).encode()
        elif place == "openid-configuration":
            body = json.dumps({"issuer": self.issuer}).encode()
        else:
            status, answer = self.token_answer
            body = json.dumps(answer).encode()
        try:
            handler.send_response(status)
            if status == 302:
                handler.send_header("Location", "http://127.0.0.1:9/")
            handler.send_header("Content-Type", content_type)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass  # the caller did not wait


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@contextmanager
def running(name: str) -> Iterator[Issuer]:
    issuer = Issuer(name)
    try:
        yield issuer
    finally:
        issuer.close()
