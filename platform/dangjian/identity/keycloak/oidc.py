"""Sign-in and tokens of one realm (OpenID Connect), by those calls of python-keycloak that are safe.

Safe means (each was tried): one `KeycloakOpenID` a realm, no retries (a repeated POST replays the code), addresses
built here (`auth_url` does not encode), every claim that is relied on named in `check_claims`, keys given and never
fetched in passing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import structlog
from django.core.exceptions import ImproperlyConfigured
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from keycloak import KeycloakOpenID
from keycloak.exceptions import KeycloakConnectionError, KeycloakError

from dangjian.identity.keycloak import API_AUDIENCE, Refused, Unreachable
from dangjian.identity.keycloak.breaker import Breaker
from dangjian.identity.keycloak.secrets import client_secret
from tenants.models import District

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS: Final = 5
ALGORITHMS: Final = ["RS256"]
LEEWAY_SECONDS: Final = 5
KEYS_KEPT_SECONDS: Final = 600.0
UNKNOWN_KEY_SECONDS: Final = 60.0
REACHED_SECONDS: Final = 15.0
LOGOUT_AGE_SECONDS: Final = 120
LONGEST_TOKEN: Final = 16_384
SKEW_WORTH_A_LINE: Final = 60
BACKCHANNEL_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"

_REALM_NAME = re.compile(r"\A[a-z][a-z0-9_-]{0,39}\Z")
_COMPACT = re.compile(r"\A[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
_T = TypeVar("_T")


class BadToken(Exception):
    """A token is worth nothing; the argument is why, in a word that may be logged."""


@dataclass(frozen=True, slots=True)
class Realm:
    """Where the accounts of one district are.

    issuer: as tokens name it and browsers reach it. server: where we reach Keycloak, ending in a slash; the two
    differ behind a proxy.
    """

    issuer: str
    server: str
    name: str
    client_id: str
    secret_ref: str

    def endpoint(self, name: str) -> str:
        """An address for the browser."""
        return f"{self.issuer}/protocol/openid-connect/{name}"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one attempt to sign in has to be answered with. `verifier` belongs to PKCE (RFC 7636)."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Challenge:
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


@dataclass(frozen=True, slots=True)
class Tokens:
    """A checked answer of the token endpoint. claims: of the ID token. expires_in: of the access token, seconds."""

    claims: dict[str, Any]
    id_token: str
    refresh_token: str
    expires_in: int


@lru_cache(maxsize=1024)
def _realm(issuer: str, url: str, name: str, client_id: str, secret_ref: str) -> Realm:
    if not issuer or not url or not client_id:
        raise ImproperlyConfigured("the district names no issuer, Keycloak address or client")
    if not _REALM_NAME.match(name):
        # python-keycloak puts it into paths as it is: `huiji/../master` would reach master.
        raise ImproperlyConfigured(f"{name!r} is no name of a realm")
    return Realm(issuer.rstrip("/"), url.rstrip("/") + "/", name, client_id, secret_ref)


def realm_of(district: District) -> Realm:
    """The realm on the district's row.

    Raises:
        ImproperlyConfigured: it names none, or one whose name is not a plain slug.
    """
    return _realm(
        district.issuer, district.keycloak_url, district.realm, district.client_id, district.client_secret_ref
    )


# --- what a browser is sent to ----------------------------------------------------------------------------------


def authorization_url(
    realm: Realm, challenge: Challenge, *, redirect_uri: str, language: str, action: str = ""
) -> str:
    """Where a sign-in begins; PKCE with S256. action: one of Keycloak's required actions, to be done on the way."""
    digest = hashlib.sha256(challenge.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": realm.client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid",
        "state": challenge.state,
        "nonce": challenge.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "ui_locales": _locale(language),
        **({"kc_action": action} if action else {}),
    }
    return f"{realm.endpoint('auth')}?{urlencode(query)}"


def end_session_url(realm: Realm, *, id_token: str, return_to: str, language: str) -> str:
    """Where the browser ends its session at Keycloak; without an ID token Keycloak asks the person first."""
    query = {
        "client_id": realm.client_id,
        "post_logout_redirect_uri": return_to,
        "ui_locales": _locale(language),
        **({"id_token_hint": id_token} if id_token else {}),
    }
    return f"{realm.endpoint('logout')}?{urlencode(query)}"


def account_url(realm: Realm) -> str:
    """Keycloak's own pages for one's password, passkeys and devices."""
    return f"{realm.issuer}/account/"


def _locale(language: str) -> str:
    return "en" if language == "en" else "zh-CN"


# --- asking Keycloak --------------------------------------------------------------------------------------------

_breakers: dict[str, Breaker] = {}
_lock = threading.Lock()


def ask(realm: Realm, question: Callable[[], _T]) -> _T:
    """`question()` put to python-keycloak, under the breaker of the realm's server.

    Raises:
        Unreachable: there was no usable answer, or the breaker keeps everybody back.
        Refused: Keycloak said no.
    """
    return guarded(realm, lambda: _translated(question))


def guarded(realm: Realm, call: Callable[[], _T]) -> _T:
    """`call()`, which raises as `ask` does, under the same breaker."""
    with _lock:
        breaker = _breakers.get(realm.server, Breaker())
        if not breaker.may_try(time.monotonic()):
            raise Unreachable("resting")
        _breakers[realm.server] = breaker.trying(time.monotonic())
    try:
        answer = call()
    except Unreachable as problem:
        _failed(realm, str(problem))
        raise
    except Refused:
        _succeeded(realm)
        raise
    _succeeded(realm)
    return answer


def _translated(question: Callable[[], _T]) -> _T:
    try:
        return question()
    except KeycloakConnectionError as error:
        raise Unreachable(type(error.__cause__ or error).__name__) from None
    except KeycloakError as error:
        if error.response_code is None or error.response_code >= 500 or error.response_code == 429:
            raise Unreachable(f"status {error.response_code}") from None
        raise Refused(_error_code(error)) from None
    except (TypeError, ValueError, KeyError):
        # python-keycloak's word for an answer that is not JSON; its message holds the answer, so it goes no further.
        raise Unreachable("not JSON") from None


def _succeeded(realm: Realm) -> None:
    with _lock:
        was = _breakers.pop(realm.server, Breaker())
    if was.is_open:
        log.info("keycloak.back", server=realm.server)


def _failed(realm: Realm, reason: str) -> None:
    with _lock:
        was = _breakers.get(realm.server, Breaker())
        _breakers[realm.server] = was.failed(time.monotonic(), random.random())  # noqa: S311  (spreads, guards nothing)
        _reached.pop(realm.issuer, None)
    log.warning("keycloak.unreachable", server=realm.server, reason=reason, failures=was.failures + 1)


def _error_code(error: KeycloakError) -> str:
    """The ``error`` of an OAuth answer; the rest of it may hold anything and stays out of logs."""
    try:
        code = json.loads(error.response_body or b"")["error"]
    except (ValueError, KeyError, TypeError):
        code = ""
    return (
        code
        if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,60}", code)
        else f"status_{error.response_code}"
    )


def client_of(realm: Realm) -> KeycloakOpenID:
    """python-keycloak's object for the realm, one a process; never ask it for `userinfo`."""
    return _client(realm, client_secret(realm.secret_ref))


@lru_cache(maxsize=512)
def _client(realm: Realm, secret: str) -> KeycloakOpenID:
    made = KeycloakOpenID(
        server_url=realm.server,
        realm_name=realm.name,
        client_id=realm.client_id,
        client_secret_key=secret or None,
        # Given once: otherwise each call adds it to headers that all threads share, and takes it away again.
        custom_headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=TIMEOUT_SECONDS,
        max_retries=0,
        # For the asynchronous half, which is never used: left to itself it reads all certificates anew for each realm.
        verify=_tls(),  # type: ignore[arg-type]
    )
    made.connection.verify = True
    return made


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


_reached: dict[str, float] = {}


def reach(realm: Realm, *, anew: bool = False) -> None:
    """Make sure that a browser sent to the realm meets somebody; an answer counts for 15 seconds, not if asked `anew`.

    Raises:
        Unreachable: Keycloak is away, or has no such realm.
    """
    if not anew and _reached.get(realm.issuer, 0.0) > time.monotonic():
        return
    try:
        found = ask(realm, client_of(realm).well_known)
    except Refused as refusal:
        raise Unreachable(str(refusal)) from None
    if found.get("issuer") != realm.issuer:
        log.error("keycloak.other_issuer", expected=realm.issuer, realm=realm.name)
        raise Unreachable("another issuer")
    _reached[realm.issuer] = time.monotonic() + REACHED_SECONDS


def exchange(realm: Realm, *, code: str, challenge: Challenge, redirect_uri: str) -> Tokens:
    """The tokens for an authorization code.

    Raises:
        Unreachable, Refused: as `ask`.
        BadToken: what came is not for us, or not for this attempt.
    """
    client = client_of(realm)
    answer = ask(
        realm,
        lambda: client.token(
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=challenge.verifier,
            scope="openid",
        ),
    )
    tokens = _checked(realm, answer)
    nonce = tokens.claims.get("nonce")
    if not isinstance(nonce, str) or not secrets.compare_digest(nonce.encode(), challenge.nonce.encode()):
        raise BadToken("nonce")
    skew = round(time.time() - tokens.claims["iat"])
    if abs(skew) > SKEW_WORTH_A_LINE:
        log.warning("keycloak.clocks_apart", seconds=skew)
    return tokens


def refresh(realm: Realm, *, refresh_token: str, subject: str) -> Tokens:
    """New tokens of the same person; also the question whether their session still stands at Keycloak.

    Raises:
        Unreachable, Refused: as `ask`; ``invalid_grant`` when the session, the account or the client is gone.
        BadToken: what came is not for us.
    """
    client = client_of(realm)
    tokens = _checked(realm, ask(realm, lambda: client.refresh_token(refresh_token)))
    if tokens.claims["sub"] != subject:
        raise BadToken("sub")
    return tokens


def end_session(realm: Realm, *, refresh_token: str) -> None:
    """End a session at Keycloak without a browser.

    Raises:
        Unreachable, Refused: as `ask`.
    """
    client = client_of(realm)
    ask(realm, lambda: client.logout(refresh_token))


def _checked(realm: Realm, answer: Any) -> Tokens:
    try:
        id_token, refresh_token = answer["id_token"], answer["refresh_token"]
        expires_in = int(answer["expires_in"])
    except (KeyError, TypeError, ValueError):
        raise BadToken("incomplete") from None
    return Tokens(id_token_claims(realm, id_token), id_token, str(refresh_token), expires_in)


# --- tokens -----------------------------------------------------------------------------------------------------


def id_token_claims(realm: Realm, token: str) -> dict[str, Any]:
    """The claims of an ID token made for us.

    Raises:
        BadToken: it is not one.
        Unreachable: the keys are not known and cannot be fetched.
    """
    required = {
        "aud": realm.client_id,
        "azp": realm.client_id,
        "typ": "ID",
        "sub": None,
        "exp": None,
        "iat": None,
    }
    return _claims(realm, token, required, header_types={"JWT"})


def access_token_claims(realm: Realm, token: str) -> dict[str, Any]:
    """The claims of an access token for our API; whether the client it was issued to (`azp`) counts is the caller's.

    Raises:
        BadToken, Unreachable: as `id_token_claims`.
    """
    required = {"aud": API_AUDIENCE, "azp": None, "typ": "Bearer", "sub": None, "exp": None, "iat": None}
    claims = _claims(realm, token, required, header_types={"JWT", "at+jwt"})
    if not all(isinstance(claims.get(name, ""), str) for name in ("azp", "sid")):
        raise BadToken("types")
    return claims


def logout_token_claims(realm: Realm, token: str) -> dict[str, Any]:
    """The claims of a back-channel logout token (OpenID Connect Back-Channel Logout 1.0, 2.6), `jti` still unseen to.

    Raises:
        BadToken, Unreachable: as `id_token_claims`.
    """
    required = {"aud": realm.client_id, "iat": None, "jti": None, "events": None}
    claims = _claims(realm, token, required, header_types={"logout+jwt"})
    if "nonce" in claims:
        raise BadToken("nonce")
    events = claims["events"]
    if not isinstance(events, dict) or not isinstance(events.get(BACKCHANNEL_EVENT), dict):
        raise BadToken("events")
    if not all(isinstance(claims.get(name, ""), str) for name in ("sub", "sid", "jti")):
        raise BadToken("types")
    if not (claims.get("sub") or claims.get("sid")) or not claims["jti"]:
        raise BadToken("names nobody")
    if abs(time.time() - claims["iat"]) > LOGOUT_AGE_SECONDS:
        log.warning("keycloak.clocks_apart", seconds=round(time.time() - claims["iat"]))
        raise BadToken("iat")
    return claims


def _claims(
    realm: Realm, token: object, required: dict[str, Any], *, header_types: Collection[str]
) -> dict[str, Any]:
    """Checked: form, size, algorithm, type, key, signature, issuer, times, and `required` (None: only there)."""
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise BadToken("size")
    if not _COMPACT.match(token):
        raise BadToken("form")
    header = _header(token)
    if header.get("alg") not in ALGORITHMS:
        raise BadToken("alg")
    if header.get("typ") not in header_types:
        raise BadToken("typ")
    if not isinstance(header.get("kid"), str):
        raise BadToken("kid")
    key = keys_of(realm).find(header["kid"])
    if key is None:
        raise BadToken("kid")
    try:
        claims = client_of(realm).decode_token(
            token,
            key=key,
            algs=ALGORITHMS,
            expected_type="JWS",
            leeway=LEEWAY_SECONDS,
            check_claims={"iss": realm.issuer, **required},
        )
    except (JWException, ValueError, TypeError, KeyError) as error:
        # Their texts quote the token.
        raise BadToken(type(error).__name__) from None
    if not all(isinstance(claims.get(name, 0), int | float) for name in ("iat", "exp", "nbf")):
        raise BadToken("types")
    if not isinstance(claims.get("sub", ""), str):
        raise BadToken("types")
    now = time.time()
    # jwcrypto looks at a time only where `check_claims` demands that it be there.
    if now > claims.get("exp", now) + LEEWAY_SECONDS:
        raise BadToken("exp")
    if now < claims.get("nbf", now) - LEEWAY_SECONDS:
        raise BadToken("nbf")
    return claims


def _header(token: str) -> dict[str, Any]:
    part = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        raise BadToken("form") from None
    if not isinstance(header, dict):
        raise BadToken("form")
    return header


class Keys:
    """A realm's signing keys, kept for ten minutes; a name not among them has them fetched again at most once a
    minute, whoever invents names. Old keys are believed while Keycloak is away."""

    def __init__(
        self, fetch: Callable[[], dict[str, Any]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._known: dict[str, JWK] = {}
        self._fetched_at: float | None = None

    def find(self, kid: str) -> JWK | None:
        """The key of that name, or None.

        Raises:
            Unreachable: no keys are known, and they cannot be fetched.
        """
        if not self._is_due(kid):
            return self._known.get(kid)
        with self._lock:
            if self._is_due(kid):
                try:
                    self._known = _signing_keys(self._fetch())
                except Unreachable:
                    if self._fetched_at is None:
                        raise
                self._fetched_at = self._clock()
        return self._known.get(kid)

    def _is_due(self, kid: str) -> bool:
        if self._fetched_at is None:
            return True
        age = self._clock() - self._fetched_at
        return age >= KEYS_KEPT_SECONDS or (kid not in self._known and age >= UNKNOWN_KEY_SECONDS)


def _signing_keys(found: dict[str, Any]) -> dict[str, JWK]:
    try:
        return {
            each["kid"]: JWK(**each)
            for each in found["keys"]
            if each.get("use") == "sig" and each.get("kty") == "RSA" and each.get("alg") in ALGORITHMS
        }
    except (JWException, KeyError, TypeError, ValueError):
        raise Unreachable("no keys") from None


@lru_cache(maxsize=1024)
def keys_of(realm: Realm) -> Keys:
    """The realm's keys, one collection a process."""

    def fetch() -> dict[str, Any]:
        try:
            return ask(realm, client_of(realm).certs)
        except Refused as refusal:
            raise Unreachable(str(refusal)) from None

    return Keys(fetch)


def forget() -> None:
    """Drop what this process remembers of every realm: keys, breakers, who was reached."""
    with _lock:
        _breakers.clear()
        _reached.clear()
    for cached in (_realm, _client, keys_of):
        cached.cache_clear()
