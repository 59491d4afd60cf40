"""Signing in at the district's realm, and sessions that end because the realm says so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from dangjian.audit.services import record
from dangjian.identity import services
from dangjian.identity.addresses import client_address
from dangjian.identity.keycloak import Refused, accounts, oidc
from dangjian.identity.keycloak import provider as keycloak
from dangjian.identity.models import RealmSession, Revocation, Session, User
from dangjian.identity.sealing import Unsealable, seal, unseal
from dangjian.identity.sessions import SessionStore
from realtime import outbox
from tenants.context import current_district

log = structlog.get_logger(__name__)

# As long as Keycloak waits for somebody on its page.
ATTEMPT_SECONDS: Final = 1800
ATTEMPTS_AT_ONCE: Final = 6
LONGEST_TARGET: Final = 1000
# An access token that names an ended session may still be believed for as long as one lives.
SID_REMEMBERED: Final = timedelta(hours=1)
JTI_REMEMBERED: Final = timedelta(seconds=2 * oidc.LOGOUT_AGE_SECONDS + 60)

_SEALED_FOR: Final = "sign-in-attempt"
_STATE = re.compile(r"\A[A-Za-z0-9_-]{32}\Z")
_CODE = re.compile(r"\A[A-Za-z0-9_.-]{1,2000}\Z")


class NotCompleted(Exception):
    """A sign-in that cannot be completed; nothing was begun. The argument is why, in a word for logs and pages."""


class Stranger(Exception):
    """Keycloak knows the person, the roster does not, or the account is closed here. `closed`: which of the two."""

    def __init__(self, *, closed: bool) -> None:
        super().__init__(closed)
        self.closed = closed


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt to sign in: where the browser goes, and the cookie that ties the answer to this browser."""

    url: str
    cookie: str
    value: str


def cookie_name(state: str) -> str:
    """The cookie of one attempt: each has its own, so that two tabs do not overwrite each other's."""
    return f"{cookie_prefix()}{state[:16]}"


def cookie_prefix() -> str:
    return ("__Host-" if settings.SESSION_COOKIE_SECURE else "") + "dj_oidc_"


def begin(*, request: HttpRequest, target: str, change_password: bool = False) -> Begun:
    """Start a sign-in that leads back to `target`, a path of this host.

    Raises:
        Unreachable: Keycloak is away; a redirect would only show the browser's own error.
        ImproperlyConfigured: the district names no realm.
    """
    realm = oidc.realm_of(current_district())
    oidc.reach(realm)
    challenge = oidc.Challenge.new()
    url = oidc.authorization_url(
        realm,
        challenge,
        redirect_uri=_callback(request),
        language=get_language() or "",
        action="UPDATE_PASSWORD" if change_password else "",
    )
    attempt = {
        "issuer": realm.issuer,
        "state": challenge.state,
        "nonce": challenge.nonce,
        "verifier": challenge.verifier,
        "target": target if len(target) <= LONGEST_TARGET else "/",
    }
    return Begun(url, cookie_name(challenge.state), seal(json.dumps(attempt), purpose=_SEALED_FOR))


def finish(*, request: HttpRequest) -> str:
    """Complete the sign-in that Keycloak sent the browser back from. Returns the path to go on to.

    Raises:
        NotCompleted: the answer does not belong to an attempt of this browser, or Keycloak refused.
        Stranger: the person may not enter.
        Unreachable: Keycloak is away.
    """
    given = request.GET
    realm = oidc.realm_of(current_district())
    attempt = _attempt(request, given.get("state", ""))
    if attempt["issuer"] != realm.issuer or given.get("iss") != realm.issuer:
        raise NotCompleted("issuer")  # RFC 9207: somebody else's answer
    if "error" in given:
        raise NotCompleted("cancelled" if given["error"] == "access_denied" else "refused")
    code = given.get("code", "")
    if not _CODE.match(code):
        raise NotCompleted("code")
    challenge = oidc.Challenge(attempt["state"], attempt["nonce"], attempt["verifier"])
    try:
        tokens = oidc.exchange(realm, code=code, challenge=challenge, redirect_uri=_callback(request))
    except Refused as refusal:
        raise NotCompleted("code" if str(refusal) == "invalid_grant" else "refused") from None
    except oidc.BadToken as problem:
        log.warning("sign_in.bad_token", reason=str(problem))
        raise NotCompleted("token") from None
    _enter(request, realm, tokens)
    return str(attempt["target"])


def _attempt(request: HttpRequest, state: str) -> dict[str, Any]:
    if not _STATE.match(state):
        raise NotCompleted("state")
    try:
        sealed = request.COOKIES[cookie_name(state)]
        attempt: dict[str, Any] = json.loads(unseal(sealed, purpose=_SEALED_FOR, max_age=ATTEMPT_SECONDS))
    except (KeyError, Unsealable):
        raise NotCompleted("state") from None
    if attempt["state"] != state:
        raise NotCompleted("state")
    return attempt


def _enter(request: HttpRequest, realm: oidc.Realm, tokens: oidc.Tokens) -> None:
    """Begin the session of whoever the tokens speak for.

    Matched by (issuer, subject) and nothing else: an e-mail address or a telephone number can change hands.
    """
    user = User.objects.filter(issuer=realm.issuer, subject=tokens.claims["sub"]).first()
    if user is None or not user.is_active:
        _note_stranger(request, user)
        raise Stranger(closed=user is not None)
    if _is_here(request, user, tokens):
        return
    session: SessionStore = request.session  # type: ignore[assignment]
    before = session.session_key if session.user is not None else None
    with outbox.atomic():
        if before is not None:
            outbox.end_sessions(keys=[before])
        User.objects.filter(pk=user.pk).update(
            first_signed_in_at=Coalesce("first_signed_in_at", Now()),
            last_login=Now(),
            must_change_password=False,  # what is to be done first is asked on Keycloak's page
        )
        user.must_change_password = False
        services.begin_session(request=request, user=user)
        assert session.row is not None  # noqa: S101  (it has just begun)
        keycloak.keep(session.row, tokens)
        record(action="session.sign_in", actor=user, detail={"address": client_address(request)})


def _is_here(request: HttpRequest, user: User, tokens: oidc.Tokens) -> bool:
    """Whether this browser is in already, by the same session at Keycloak: the second of two tabs.

    Beginning anew would end the first tab's sockets.
    """
    session: SessionStore = request.session  # type: ignore[assignment]
    kept = getattr(session.row, "realm_session", None)
    return session.user == user and kept is not None and kept.sid == tokens.claims.get("sid", "")


def _note_stranger(request: HttpRequest, user: User | None) -> None:
    with outbox.atomic():
        record(
            action="session.turned_away",
            actor=None,
            object_kind="user" if user else "",
            object_id=user.pk if user else None,
            object_name=user.name if user else "",
            detail={"address": client_address(request)},
        )


def _callback(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("oidc-callback"))


# --- signed in elsewhere ----------------------------------------------------------------------------------------


def elsewhere(user: User) -> list[accounts.Elsewhere]:
    """What `user` has open at the realm beside the sessions of this site.

    Raises:
        Unreachable, Refused, ImproperlyConfigured: it cannot be asked.
    """
    oidc.reach(
        oidc.realm_of(current_district())
    )  # a page does not wait as long as an administrator's call may take
    ours = set(RealmSession.objects.filter(session__user=user).values_list("sid", flat=True))
    return [session for session in accounts.sessions(current_district(), user) if session.sid not in ours]


def end_elsewhere(user: User, sid: str) -> bool:
    """End one of those; False if it is none of `user`'s.

    Raises:
        Unreachable, Refused, ImproperlyConfigured: it could not be done.
    """
    if not any(session.sid == sid for session in elsewhere(user)):
        return False
    accounts.end_session(current_district(), sid)
    with outbox.atomic():
        revoke_sid(sid)
    return True


# --- what the realm tells us ------------------------------------------------------------------------------------


def end_by_logout_token(token: str) -> int:
    """Act on a back-channel logout token. Returns how many sessions ended.

    `sid` ends that session, `sub` alone everything the person has open, bearer tokens included.

    Raises:
        BadToken: it is not one of our realm, or was acted on before.
        Unreachable: the realm's keys cannot be fetched.
    """
    realm = oidc.realm_of(current_district())
    claims = oidc.logout_token_claims(realm, token)
    sid, subject = claims.get("sid", ""), claims.get("sub", "")
    with outbox.atomic():
        _spend(f"jti:{claims['jti']}", JTI_REMEMBERED)
        sessions = Session.objects.filter(user__issuer=realm.issuer)
        if subject:
            sessions = sessions.filter(user__subject=subject)
        if sid:
            sessions = sessions.filter(realm_session__sid=sid)
            revoke_sid(sid)
        else:
            User.objects.filter(issuer=realm.issuer, subject=subject).update(bearers_since=timezone.now())
        keys = list(sessions.values_list("session_key", flat=True))
        if keys:
            Session.objects.filter(session_key__in=keys).delete()
            outbox.end_sessions(keys=keys)
    log.info("session.back_channel_logout", ended=len(keys))
    return len(keys)


def revoke_sid(sid: str) -> None:
    """Make bearer tokens of that session at Keycloak worth nothing."""
    Revocation.objects.bulk_create(
        [Revocation(name=f"sid:{sid}"[:120], until=timezone.now() + SID_REMEMBERED)], ignore_conflicts=True
    )


def _spend(name: str, remembered: timedelta) -> None:
    """
    Raises:
        BadToken: it was spent before.
    """
    try:
        with transaction.atomic(using=current_district().database):
            Revocation.objects.create(name=name[:120], until=timezone.now() + remembered)
    except IntegrityError:
        raise oidc.BadToken("jti") from None
