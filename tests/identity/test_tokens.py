"""Which tokens are believed: every way a token can be wrong, signed by an issuer that signs anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from jwcrypto.jwk import JWK

from dangjian.identity.keycloak import API_AUDIENCE, Unreachable, oidc
from dangjian.identity.keycloak.oidc import BadToken, Keys
from tests.identity.issuer import MOBILE, WEB, Issuer

pytestmark = pytest.mark.django_db

OTHER = JWK.generate(kty="RSA", size=2048, use="sig", alg="RS256", kid="huiji-1")
EVENT = {oidc.BACKCHANNEL_EVENT: {}}

Wrong = Callable[[Issuer, Issuer], str]


def _hmac_with_the_public_key(ours: Issuer, theirs: Issuer) -> str:
    """The old confusion: the public key taken for a shared secret."""
    secret = JWK(kty="oct", k=ours.key.export_public(as_dict=True)["n"], kid=ours.key["kid"])
    return ours.sign(ours.access_claims("wangfang"), key=secret, alg="HS256")


def _changed_afterwards(ours: Issuer, theirs: Issuer) -> str:
    header, _, signature = ours.sign(ours.access_claims("wangfang")).split(".")
    _, claims, _ = ours.sign(ours.access_claims("zhangwei")).split(".")
    return f"{header}.{claims}.{signature}"


# The twelve of the quality table, and their neighbours.
BAD_ACCESS_TOKENS: dict[str, Wrong] = {
    "unsigned": lambda ours, theirs: ours.sign(ours.access_claims("wangfang"), alg="none"),
    "signed with the public key": _hmac_with_the_public_key,
    "signed by another": lambda ours, theirs: ours.sign(ours.access_claims("wangfang"), key=OTHER),
    "changed afterwards": _changed_afterwards,
    "of another realm": lambda ours, theirs: theirs.sign(theirs.access_claims("wangfang")),
    "of another realm, renamed": lambda ours, theirs: theirs.sign(ours.access_claims("wangfang")),
    "expired": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", exp=int(time.time()) - 6)),
    "without an end": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", exp=None)),
    "not yet valid": lambda ours, theirs: ours.sign(
        ours.access_claims("wangfang", nbf=int(time.time()) + 60)
    ),
    "Keycloak's own audience": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", aud="account")),
    "another issuer": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", iss=ours.issuer + "/")),
    "an ID token": lambda ours, theirs: ours.sign(ours.claims("wangfang", aud=[WEB, API_AUDIENCE])),
    "a refresh token": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", typ="Refresh")),
    "a logout token": lambda ours, theirs: ours.sign_logout(ours.access_claims("wangfang")),
    "of nobody": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", sub=None)),
    "no client": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", azp=None)),
    "an unknown key": lambda ours, theirs: ours.sign(ours.access_claims("wangfang"), kid="elsewhere"),
    "no key named": lambda ours, theirs: ours.sign(ours.access_claims("wangfang"), kid=None),
    "a megabyte": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", padding="x" * 1_000_000)),
    "encrypted": lambda ours, theirs: "eyJhbGciOiJkaXIifQ..a.b.c",
    "no token": lambda ours, theirs: "wangfang",
    "nothing": lambda ours, theirs: "",
    "a list for a header": lambda ours, theirs: "W10.W10.W10",
    "words for times": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", exp="tomorrow")),
    "a list for a subject": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", sub=["wangfang"])),
    "a list for a client": lambda ours, theirs: ours.sign(ours.access_claims("wangfang", azp=[WEB])),
}


def realm_of(district: Any) -> oidc.Realm:
    return oidc.realm_of(district)


def test_a_good_one_is_believed(issuers: dict[str, Issuer], huiji: Any) -> None:
    ours = issuers["huiji"]
    claims = oidc.access_token_claims(realm_of(huiji), ours.sign(ours.access_claims("wangfang")))
    assert (claims["sub"], claims["azp"]) == ("wangfang", MOBILE)
    assert oidc.id_token_claims(realm_of(huiji), ours.sign(ours.claims("wangfang")))["sub"] == "wangfang"


@pytest.mark.parametrize("wrong", BAD_ACCESS_TOKENS.values(), ids=BAD_ACCESS_TOKENS.keys())
def test_a_bad_access_token_is_not(wrong: Wrong, issuers: dict[str, Issuer], huiji: Any) -> None:
    with pytest.raises(BadToken) as refused:
        oidc.access_token_claims(realm_of(huiji), wrong(issuers["huiji"], issuers["luoyang"]))
    assert "wangfang" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another"},
        {"azp": "another"},
        {"typ": "Bearer"},
        {"iat": None},
        {"iss": "https://evil.example"},
        {"exp": 1},
    ],
    ids=str,
)
def test_a_bad_id_token_is_not(change: dict[str, Any], issuers: dict[str, Issuer], huiji: Any) -> None:
    ours = issuers["huiji"]
    with pytest.raises(BadToken):
        oidc.id_token_claims(realm_of(huiji), ours.sign(ours.claims("wangfang", **change)))


BAD_LOGOUT_TOKENS: dict[str, Callable[[Issuer], str]] = {
    "unsigned": lambda ours: ours.sign_logout(ours.logout_claims("wangfang"), alg="none"),
    "signed by another": lambda ours: ours.sign_logout(ours.logout_claims("wangfang"), key=OTHER),
    "another type": lambda ours: ours.sign(ours.logout_claims("wangfang")),
    "another audience": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", aud="another")),
    "another issuer": lambda ours: ours.sign_logout(
        ours.logout_claims("wangfang", iss="https://evil.example")
    ),
    "with a nonce": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", nonce="n")),
    "with an empty nonce": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", nonce="")),
    "stale": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", iat=int(time.time()) - 121)),
    "of the future": lambda ours: ours.sign_logout(
        ours.logout_claims("wangfang", iat=int(time.time()) + 180)
    ),
    "expired": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", exp=int(time.time()) - 6)),
    "no events": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", events=None)),
    "another event": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", events={"http://x": {}})),
    "events as a list": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", events=list(EVENT))),
    "no identifier": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", jti=None)),
    "an empty identifier": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", jti="")),
    "names nobody": lambda ours: ours.sign_logout(ours.logout_claims(None, sid=None)),
    "an ID token": lambda ours: ours.sign(ours.claims("wangfang")),
    "a number for a session": lambda ours: ours.sign_logout(ours.logout_claims("wangfang", sid=7)),
}


@pytest.mark.parametrize("wrong", BAD_LOGOUT_TOKENS.values(), ids=BAD_LOGOUT_TOKENS.keys())
def test_a_bad_logout_token_is_not(
    wrong: Callable[[Issuer], str], issuers: dict[str, Issuer], huiji: Any
) -> None:
    with pytest.raises(BadToken):
        oidc.logout_token_claims(realm_of(huiji), wrong(issuers["huiji"]))


def test_a_good_logout_token_is_believed(issuers: dict[str, Issuer], huiji: Any) -> None:
    ours = issuers["huiji"]
    for change in ({}, {"sid": None}, {"sub": None}, {"iat": int(time.time()) - 110}):
        assert oidc.logout_token_claims(
            realm_of(huiji), ours.sign_logout(ours.logout_claims("wangfang", **change))
        )


@pytest.mark.parametrize("minutes", [-3, 3])
def test_a_clock_three_minutes_off_still_reads_a_new_token(
    minutes: int, issuers: dict[str, Issuer], huiji: Any
) -> None:
    """Keycloak's tokens live five minutes."""
    ours, issued = issuers["huiji"], int(time.time()) + 60 * minutes
    token = ours.sign(ours.claims("wangfang", iat=issued, exp=issued + 300))
    assert oidc.id_token_claims(realm_of(huiji), token)["sub"] == "wangfang"


def test_names_of_keys_cannot_be_used_to_ask_keycloak(issuers: dict[str, Issuer], huiji: Any) -> None:
    ours = issuers["huiji"]
    oidc.access_token_claims(realm_of(huiji), ours.sign(ours.access_claims("wangfang")))
    for number in range(50):
        with pytest.raises(BadToken):
            oidc.access_token_claims(
                realm_of(huiji), ours.sign(ours.access_claims("wangfang"), kid=f"invented-{number}")
            )
    assert ours.asked.count("certs") == 1


class Shelf:
    """Keys that are fetched from here, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now, self.fetched, self.away = 0.0, 0, False
        self.keys = [_public("a")]

    def fetch(self) -> dict[str, Any]:
        self.fetched += 1
        if self.away:
            raise Unreachable("away")
        return {"keys": self.keys}

    def at(self, now: float, kid: str, keys: Keys) -> tuple[bool, int]:
        """Whether the key is found at that time, and how often keys have been fetched by then."""
        self.now = now
        return keys.find(kid) is not None, self.fetched


def _public(kid: str) -> dict[str, Any]:
    return dict(OTHER.export_public(as_dict=True) | {"kid": kid, "alg": "RS256", "use": "sig"})


def test_keys_are_kept_ten_minutes_and_an_unknown_one_is_looked_for_once_a_minute() -> None:
    shelf = Shelf()
    keys = Keys(shelf.fetch, lambda: shelf.now)
    assert shelf.at(0, "a", keys) == (True, 1)
    assert shelf.at(599, "a", keys) == (True, 1)
    assert shelf.at(600, "a", keys) == (True, 2)
    assert shelf.at(630, "b", keys) == (False, 2)
    shelf.keys = [_public("b")]  # rotated
    assert shelf.at(659, "b", keys) == (False, 2)
    assert shelf.at(660, "b", keys) == (True, 3)
    assert shelf.at(661, "a", keys) == (False, 3)
    assert shelf.at(719, "a", keys) == (False, 3)
    assert shelf.at(720, "a", keys) == (False, 4)


def test_old_keys_serve_while_keycloak_is_away() -> None:
    shelf = Shelf()
    keys = Keys(shelf.fetch, lambda: shelf.now)
    assert shelf.at(0, "a", keys) == (True, 1)
    shelf.away = True
    assert shelf.at(700, "a", keys) == (True, 2)
    assert shelf.at(710, "a", keys) == (True, 2)
    assert shelf.at(790, "x", keys) == (False, 3)
    never = Keys(shelf.fetch, lambda: shelf.now)
    with pytest.raises(Unreachable):
        never.find("a")


def test_only_signing_keys_of_our_algorithm_are_kept() -> None:
    shelf = Shelf()
    shelf.keys = [
        _public("a") | {"use": "enc"},
        _public("b") | {"alg": "RSA-OAEP"},
        {"kid": "c", "kty": "oct", "k": "AAAA", "alg": "RS256", "use": "sig"},
        _public("d"),
    ]
    keys = Keys(shelf.fetch, lambda: shelf.now)
    assert [keys.find(kid) is not None for kid in "abcd"] == [False, False, False, True]


def test_a_realm_that_is_no_plain_name_is_refused(huiji: Any, issuers: dict[str, Issuer]) -> None:
    from django.core.exceptions import ImproperlyConfigured

    for name in ("../master", "huiji/../master", "", "Huiji", "a" * 41, "hui ji", "huiji?x=1"):
        huiji.realm = name
        with pytest.raises(ImproperlyConfigured):
            oidc.realm_of(huiji)


def test_an_address_for_the_browser_holds_what_it_was_given_and_no_more(
    issuers: dict[str, Issuer], huiji: Any
) -> None:
    from urllib.parse import parse_qs, urlsplit

    challenge = oidc.Challenge("state&scope=evil", "nonce", "verifier")
    url = oidc.authorization_url(
        realm_of(huiji),
        challenge,
        redirect_uri="http://huiji.localhost/oidc/callback/?a=1&b=2#c",
        language="en",
    )
    query = parse_qs(urlsplit(url).query)
    assert query["state"] == ["state&scope=evil"]
    assert query["scope"] == ["openid"]
    assert query["redirect_uri"] == ["http://huiji.localhost/oidc/callback/?a=1&b=2#c"]
    assert query["code_challenge_method"] == ["S256"]
    assert "verifier" not in url
