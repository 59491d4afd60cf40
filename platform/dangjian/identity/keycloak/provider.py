"""``IDENTITY=keycloak``: passwords, second factors and lock-outs are Keycloak's; sessions and rights stay here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dangjian.api.problems import Problem
from dangjian.identity.keycloak import Refused, Unreachable, accounts, oidc
from dangjian.identity.keycloak.admin import Exists
from dangjian.identity.models import RealmSession, Session, User, grace
from dangjian.identity.sealing import Unsealable, seal, unseal
from realtime import outbox
from tenants.context import current_district

log = structlog.get_logger(__name__)

SEALED_FOR: Final = "realm-session"
CONFIRMED_AT_LEAST, CONFIRMED_AT_MOST = timedelta(seconds=30), timedelta(minutes=10)


class KeycloakProvider:
    keeps_passwords = False

    def sign_in(self, request: HttpRequest, *, username: str, password: str) -> User | None:
        """Nobody: passwords are taken on Keycloak's page alone."""
        return None

    def sign_out(self, request: HttpRequest) -> str | None:
        kept = RealmSession.objects.filter(session__session_key=request.session.session_key).first()
        if kept is None:
            return None
        try:
            id_token = unseal(kept.id_token, purpose=SEALED_FOR)
        except Unsealable:
            id_token = ""
        return oidc.end_session_url(
            oidc.realm_of(current_district()),
            id_token=id_token,
            return_to=request.build_absolute_uri(reverse("sign-in")),
            language=get_language() or "",
        )

    def change_password(self, user: User, *, password: str) -> None:
        """Make `password` good for one sign-in, at which the person chooses their own on Keycloak's page.

        Raises:
            Problem: 503, Keycloak is away or refuses; 409, somebody outside the roster has the name there. Nothing
                was changed.
        """
        try:
            accounts.set_one_time_password(current_district(), user, password)
        except Exists:
            detail = _("登录服务里有一个名册以外的同名账号，没有改它。请联系平台管理员处理。")
            raise Problem(409, "account_name_taken", detail) from None
        except (Unreachable, Refused, ImproperlyConfigured) as problem:
            log.error("keycloak.password_not_set", reason=str(problem))
            detail = _("登录服务暂时连不上，密码没有改。请过一会儿再试。")
            raise Problem(503, "identity_unreachable", detail, headers={"Retry-After": "30"}) from None

    def tell(self, user: User) -> None:
        accounts.align(current_district(), user)

    def confirm(self, session: Session) -> bool:
        """Refresh the session's tokens, one request at a time: of twenty that find it due together one asks Keycloak.

        The others go on without waiting, unless the last answer is older than the grace.
        """
        assert session.confirmed_until is not None and session.user is not None  # noqa: S101, PT018  (it is due)
        lenient = session.confirmed_until + grace() > timezone.now()
        with transaction.atomic(using=current_district().database):
            kept = (
                RealmSession.objects.select_for_update(skip_locked=lenient).filter(session=session.pk).first()
            )
            if kept is None:
                # Somebody else is asking, or the session has ended meanwhile.
                return lenient and Session.objects.valid().filter(pk=session.pk).exists()
            if Session.objects.filter(pk=session.pk, confirmed_until__gt=timezone.now()).exists():
                return True
            stands = _ask(kept, session.user)
        if stands is False:
            log.info("session.ended_by_realm", user=session.user.pk)
            with outbox.atomic():
                Session.objects.filter(pk=session.pk).delete()
                outbox.end_sessions(keys=[session.session_key])
        return lenient if stands is None else stands


def keep(session: Session, tokens: oidc.Tokens) -> None:
    """Keep what Keycloak gave for a session that has just begun."""
    RealmSession.objects.create(
        session=session,
        sid=tokens.claims.get("sid", ""),
        refresh_token=seal(tokens.refresh_token, purpose=SEALED_FOR),
        id_token=seal(tokens.id_token, purpose=SEALED_FOR),
    )
    Session.objects.filter(pk=session.pk).update(confirmed_until=_until(tokens))


def _ask(kept: RealmSession, user: User) -> bool | None:
    """Whether the session stands; None where Keycloak could not be asked. New tokens are kept.

    A Keycloak that stands still takes questions in and answers them when it wakes, to nobody: each uses the refresh
    token up once, and the realm allows one such loss (`refreshTokenMaxReuse`). So after one the token is not sent
    again before Keycloak has answered a question that costs nothing.
    """
    try:
        realm = oidc.realm_of(current_district())
        if kept.unanswered:
            oidc.reach(realm, anew=True)
        tokens = oidc.refresh(
            realm,
            refresh_token=unseal(kept.refresh_token, purpose=SEALED_FOR),
            subject=user.subject,
        )
    except Unreachable:
        if not kept.unanswered:
            kept.unanswered = True
            kept.save(update_fields=["unanswered"])
        return None
    except Unsealable:
        return False
    except Refused as refusal:
        if str(refusal) == "invalid_grant":
            return False
        # A wrong client or secret is the operator's to mend; it must not sign everybody out meanwhile.
        log.error("keycloak.refused", code=str(refusal))
        return None
    except (oidc.BadToken, ImproperlyConfigured) as problem:
        log.error("keycloak.refresh_failed", reason=str(problem))
        return None
    kept.refresh_token = seal(tokens.refresh_token, purpose=SEALED_FOR)
    kept.id_token = seal(tokens.id_token, purpose=SEALED_FOR)
    kept.unanswered = False
    kept.save(update_fields=["refresh_token", "id_token", "unanswered"])
    Session.objects.filter(pk=kept.session_id).update(confirmed_until=_until(tokens))
    return True


def _until(tokens: oidc.Tokens) -> datetime:
    lasts = timedelta(seconds=tokens.expires_in)
    return timezone.now() + min(max(lasts, CONFIRMED_AT_LEAST), CONFIRMED_AT_MOST)
