"""What a district's realm must be: the description that provisioning makes true and ``--check`` compares with.

Pure: representations as Keycloak's admin API has them, and only what we insist on. What is not named here is left to
whoever runs the Keycloak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from dangjian.identity.keycloak import ACCOUNTS_CLIENT, API_AUDIENCE, MOBILE_CLIENT

Representation = dict[str, Any]

SIGN_IN_CLIENT: Final = "dangjian"
# What the service account of day two may do in its realm: accounts, their passwords and their sessions; and the clients
# of other systems, for which Keycloak has no role narrower than that over all clients of the realm.
ACCOUNTS_ROLES: Final = ("manage-users", "manage-clients")
# Of the clients of other systems: those that an officer made, and no others, begin so.
SERVICE_PREFIX: Final = "integration-"
# Of every account that stands for somebody of the roster, so that other systems in the realm can tell.
MEMBER_ROLE: Final = "member"
API_SCOPE: Final = API_AUDIENCE
# Where the mobile application is called back (RFC 8252, 7.1).
MOBILE_REDIRECT: Final = "cn.dangjian.mobile:/signed-in"
OVERSIGHT: Final = "oversight"
THEME: Final = "dangjian"

_MINUTE, _DAY = 60, 86_400
_REFUSED_SECONDS: Final = 15 * _MINUTE
# The Cybersecurity Law, Article 21 (3): logs of the network are kept for at least six months.
_KEPT_EVENTS: Final = 183 * _DAY
_EVENTS: Final = (
    "LOGIN", "LOGIN_ERROR", "LOGOUT", "LOGOUT_ERROR", "CODE_TO_TOKEN_ERROR", "REFRESH_TOKEN_ERROR",
    "CLIENT_LOGIN_ERROR", "UPDATE_CREDENTIAL", "UPDATE_CREDENTIAL_ERROR", "REMOVE_CREDENTIAL", "UPDATE_PASSWORD",
    "UPDATE_PASSWORD_ERROR", "USER_DISABLED_BY_TEMPORARY_LOCKOUT", "USER_DISABLED_BY_PERMANENT_LOCKOUT", "IMPERSONATE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """The district as its realm knows it. product: what people know the whole by.

    origins: scheme, host and port, the primary one first. session_seconds: how long somebody stays signed in.
    """

    name: str
    product: str
    realm: str
    origins: tuple[str, ...]
    session_seconds: int


def settings(site: Site) -> Representation:
    """The realm itself."""
    return {
        "realm": site.realm,
        "displayName": site.name,
        "enabled": True,
        "sslRequired": "external",
        # An account comes from the roster or from an officer, and is found by its name alone: there is no e-mail.
        "registrationAllowed": False,
        "registrationEmailAsUsername": False,
        "loginWithEmailAllowed": False,
        "verifyEmail": False,
        "resetPasswordAllowed": False,
        "editUsernameAllowed": False,
        # Computers are shared: Keycloak's own session ends with the browser; ours is listed and can be ended.
        "rememberMe": False,
        "passwordPolicy": "length(8) and maxLength(64) and notUsername(undefined) and regexPattern(^.*[^0-9].*$)",
        # As words.locked says: five wrong ones, then a quarter of an hour.
        "bruteForceProtected": True,
        "permanentLockout": False,
        "bruteForceStrategy": "MULTIPLE",
        "failureFactor": 5,
        "waitIncrementSeconds": _REFUSED_SECONDS,
        "maxFailureWaitSeconds": _REFUSED_SECONDS,
        "maxDeltaTimeSeconds": _REFUSED_SECONDS,
        "minimumQuickLoginWaitSeconds": _MINUTE,
        "quickLoginCheckMilliSeconds": 1000,
        "accessTokenLifespan": 5 * _MINUTE,
        "ssoSessionIdleTimeout": site.session_seconds,
        "ssoSessionMaxLifespan": site.session_seconds,
        "accessCodeLifespan": _MINUTE,
        "accessCodeLifespanLogin": 30 * _MINUTE,
        # Time to think of a password: the first sign-in of somebody of eighty.
        "accessCodeLifespanUserAction": 30 * _MINUTE,
        # A refresh token is good once (RFC 9700, 4.14.2), and once more where the answer was lost on the way.
        "revokeRefreshToken": True,
        "refreshTokenMaxReuse": 1,
        "defaultSignatureAlgorithm": "RS256",
        "internationalizationEnabled": True,
        "supportedLocales": ["zh-CN", "en"],
        "defaultLocale": "zh-CN",
        "loginTheme": THEME,
        # A passkey is offered to whoever has made one, and asked of nobody.
        "webAuthnPolicyPasswordlessRpEntityName": site.product,
        "webAuthnPolicyPasswordlessUserVerificationRequirement": "required",
        "webAuthnPolicyPasswordlessResidentKey": "required",
        "webAuthnPolicyPasswordlessPasskeysEnabled": True,
    }


def events() -> Representation:
    """Who signed in, tried to, or changed what opens an account; what administrators did, without what they sent."""
    return {
        "eventsEnabled": True,
        "eventsExpiration": _KEPT_EVENTS,
        "enabledEventTypes": list(_EVENTS),
        "adminEventsEnabled": True,
        "adminEventsDetailsEnabled": False,  # the details of a reset hold the representation that was sent
    }


def user_profile() -> Representation:
    """A name to sign in with and a name to be called by, both the roster's.

    Without this Keycloak asks everybody for an e-mail address and a last name at the first sign-in.
    """
    ours = {"view": ["admin", "user"], "edit": ["admin"]}
    return {
        "attributes": [
            {
                "name": "username",
                "displayName": "${username}",
                "validations": {
                    "length": {"min": 1, "max": 150},
                    "username-prohibited-characters": {},
                },
                "permissions": ours,
                "multivalued": False,
            },
            {
                "name": "firstName",
                "displayName": "${firstName}",
                "validations": {"length": {"max": 50}, "person-name-prohibited-characters": {}},
                "permissions": ours,
                "multivalued": False,
            },
            {
                # Keycloak insists on its being there; nobody is asked for one.
                "name": "email",
                "displayName": "${email}",
                "validations": {"email": {}, "length": {"max": 255}},
                "permissions": {"view": ["admin"], "edit": ["admin"]},
                "multivalued": False,
            },
            # Whose account it is here, and whether the person exists at all: seen by administrators alone.
            _for_administrators("roster"),
            _for_administrators("demo"),
        ]
    }


def _for_administrators(name: str) -> Representation:
    return {
        "name": name,
        "displayName": name,
        "validations": {"length": {"max": 20}},
        "permissions": {"view": ["admin"], "edit": ["admin"]},
        "multivalued": False,
    }


def required_actions() -> dict[str, Representation]:
    """By alias. A temporary password is to be replaced at its first use; nothing else stands between."""
    off = {"enabled": False, "defaultAction": False}
    return {
        "UPDATE_PASSWORD": {"enabled": True, "defaultAction": False},
        "webauthn-register-passwordless": {"enabled": True, "defaultAction": False},
        "UPDATE_PROFILE": off,
        "VERIFY_PROFILE": off,
        "VERIFY_EMAIL": off,
        "TERMS_AND_CONDITIONS": off,
        "delete_account": off,
    }


def api_scope() -> Representation:
    """The client scope that makes a token one for our API: Keycloak's own audience, ``account``, opens nothing."""
    return {
        "name": API_SCOPE,
        "protocol": "openid-connect",
        "description": "Tokens for the API",
        "attributes": {"include.in.token.scope": "true", "display.on.consent.screen": "false"},
    }


def audience_mapper() -> Representation:
    return {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.custom.audience": API_AUDIENCE,
            "access.token.claim": "true",
            "id.token.claim": "false",
            "introspection.token.claim": "true",
        },
    }


def sign_in_client(site: Site) -> Representation:
    """Signs people in, and nothing else: the code flow with PKCE, back to exactly our own addresses."""
    return {
        "clientId": SIGN_IN_CLIENT,
        "name": site.product,
        "baseUrl": f"{site.origins[0]}/",
        **_flows(standard=True),
        "publicClient": False,
        "redirectUris": [f"{origin}/oidc/callback/" for origin in site.origins],
        "webOrigins": [],
        "fullScopeAllowed": False,
        "frontchannelLogout": False,
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": "##".join(f"{origin}/sign-in/" for origin in site.origins),
            "backchannel.logout.url": f"{site.origins[0]}/oidc/backchannel/",
            "backchannel.logout.session.required": "true",
            "id.token.signed.response.alg": "RS256",
            "access.token.signed.response.alg": "RS256",
        },
        "defaultClientScopes": ["basic", "profile"],
        "optionalClientScopes": [],
    }


def provisioner_client(client_id: str) -> Representation:
    """Makes realms: a client of the realm master."""
    return {
        "clientId": client_id,
        "name": "Provisioning",
        **_flows(service=True),
        "publicClient": False,
        "redirectUris": [],
        "webOrigins": [],
        # Keycloak gives whoever makes a realm the roles over it, and they must be in the token.
        "fullScopeAllowed": True,
    }


def accounts_client() -> Representation:
    """Looks after accounts and the clients of other systems on day two."""
    return {
        "clientId": ACCOUNTS_CLIENT,
        "name": "Accounts",
        **_flows(service=True),
        "publicClient": False,
        "redirectUris": [],
        "webOrigins": [],
        # Its token must carry the roles of its service account; it has no others.
        "fullScopeAllowed": True,
        "defaultClientScopes": ["basic", "roles", "service_account"],
        "optionalClientScopes": [],
    }


def mobile_client(site: Site) -> Representation:
    """The mobile application: it can keep no secret, so PKCE alone ties the code to it (RFC 8252)."""
    return {
        "clientId": MOBILE_CLIENT,
        "name": site.product,
        **_flows(standard=True),
        "publicClient": True,
        "redirectUris": [MOBILE_REDIRECT],
        "webOrigins": [],
        "fullScopeAllowed": False,
        "attributes": {"pkce.code.challenge.method": "S256", "access.token.signed.response.alg": "RS256"},
        "defaultClientScopes": ["basic", "profile", API_SCOPE],
        "optionalClientScopes": [],
    }


def service_client(client_id: str, name: str) -> Representation:
    """Another system of the district: client credentials alone (RFC 6749, 4.4), for our API alone."""
    return {
        "clientId": client_id,
        "name": name,
        **_flows(service=True),
        "publicClient": False,
        "redirectUris": [],
        "webOrigins": [],
        # It has no roles in the realm; were it given some, they would not be in its tokens.
        "fullScopeAllowed": False,
        "attributes": {"access.token.signed.response.alg": "RS256"},
        "defaultClientScopes": ["basic", "service_account", API_SCOPE],
        "optionalClientScopes": [],
    }


def _flows(*, standard: bool = False, service: bool = False) -> Representation:
    return {
        "protocol": "openid-connect",
        "enabled": True,
        "consentRequired": False,
        "bearerOnly": False,
        "standardFlowEnabled": standard,
        "serviceAccountsEnabled": service,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
    }


def differences(wanted: Any, found: Any, name: str = "") -> list[str]:
    """What in `found` is not as `wanted`, a line each; what `wanted` does not name may be anything.

    Lists hold the same things in any order; those of objects are told apart by their ``name``.
    """
    if isinstance(wanted, dict):
        found = found if isinstance(found, dict) else {}
        return [
            line
            for key, value in wanted.items()
            for line in differences(value, found.get(key), f"{name}.{key}" if name else key)
        ]
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        return differences(_by_name(wanted), _by_name(found), name) + [
            f"{name}.{key} is there, and should not be"
            for key in _by_name(found)
            if key not in _by_name(wanted)
        ]
    if isinstance(wanted, list):
        same = sorted(wanted) == sorted(found or [])
    else:
        same = wanted == found
    return [] if same else [f"{name} is {_shown(found)}, and should be {_shown(wanted)}"]


def _by_name(rows: Any) -> dict[str, Any]:
    return {row["name"]: row for row in rows or []}


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, list):
        return ", ".join(sorted(value)) or "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)
