"""Bearer tokens of the API (RFC 6750): whom one speaks for, and what it may do.

The issuer is the district's of the host, whatever the token says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Exists
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from dangjian.api.problems import Problem
from dangjian.identity.keycloak import MOBILE_CLIENT, Unreachable, oidc
from dangjian.identity.models import Revocation, ServiceClient, ServiceScope, User
from dangjian.identity.providers import provider
from tenants.context import current_district

log = structlog.get_logger(__name__)

# The clients through which people reach the API; what signs browsers in gets no token for it.
PEOPLES_CLIENTS: Final = frozenset({MOBILE_CLIENT})
USED_NOTED_EVERY: Final = timedelta(hours=1)
_REMEMBERED: Final = "_bearer_caller"


class ServiceCaller:
    """A service client as `request.user` of a REST view. Views open to people alone refuse it before they run."""

    is_active = is_authenticated = True
    is_anonymous = must_change_password = False

    def __init__(self, client: ServiceClient) -> None:
        self.client = client
        # Counted by the throttle beside people, whose numbers are positive.
        self.pk = self.id = -client.pk


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a bearer token speaks for: a user, a service client, or nobody, and then `problem` says why."""

    user: User | None = None
    service: ServiceCaller | None = None
    problem: Problem | None = None


def carried(request: HttpRequest) -> str | None:
    """The bearer token that came with a call of the API, however it looks; None without one."""
    scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not request.path.startswith("/api/"):
        return None
    return token.strip()


def caller_of(request: HttpRequest) -> Caller:
    """Whom the token of `request` speaks for; checked once a request."""
    known: Caller | None = getattr(request, _REMEMBERED, None)
    if known is None:
        known = _caller(carried(request) or "")
        setattr(request, _REMEMBERED, known)
    return known


def _caller(token: str) -> Caller:
    if provider().keeps_passwords:
        return Caller(problem=invalid())
    try:
        realm = oidc.realm_of(current_district())
        claims = oidc.access_token_claims(realm, token)
        if claims["azp"] in PEOPLES_CLIENTS:
            return Caller(user=_person(realm, claims))
        return Caller(service=_service(claims))
    except oidc.BadToken as problem:
        log.info("bearer.refused", reason=str(problem))
        return Caller(problem=invalid())
    except (Unreachable, ImproperlyConfigured) as problem:
        log.warning("bearer.unchecked", reason=str(problem))
        detail = _("登录服务暂时连不上，请稍后再试。")
        return Caller(problem=Problem(503, "identity_unreachable", detail, headers={"Retry-After": "15"}))


def _person(realm: oidc.Realm, claims: dict[str, Any]) -> User:
    """
    Raises:
        BadToken: nobody of the roster, closed, or ended since the token was issued.
    """
    revoked = Revocation.objects.filter(name=f"sid:{claims.get('sid', '')}"[:120])
    user = (
        User.objects.filter(issuer=realm.issuer, subject=claims["sub"], is_active=True)
        .annotate(is_revoked=Exists(revoked))
        .first()
    )
    if user is None or user.is_revoked:
        raise oidc.BadToken("person")
    # A token carries whole seconds: one issued in the very second of the change counts as issued before it.
    if user.bearers_since is not None and _issued(claims) <= user.bearers_since:
        raise oidc.BadToken("ended")
    return user


def _issued(claims: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(claims["iat"], UTC)


def _service(claims: dict[str, Any]) -> ServiceCaller:
    """
    Raises:
        BadToken: no client of this district, or a token that a person got through one.
    """
    client = ServiceClient.objects.active().filter(client_id=claims["azp"]).first()
    if client is None or claims.get("sid"):
        raise oidc.BadToken("azp")
    if client.tokens_since is not None and _issued(claims) <= client.tokens_since:
        raise oidc.BadToken("ended")
    now = timezone.now()
    if client.last_used_at is None or client.last_used_at < now - USED_NOTED_EVERY:
        ServiceClient.objects.filter(pk=client.pk).update(last_used_at=now)
    return ServiceCaller(client)


def challenge(error: str = "", scope: str = "") -> str:
    """The value of ``WWW-Authenticate``."""
    parts = [f'realm="{current_district().schema_name}"']
    if error:
        parts.append(f'error="{error}"')
    if scope:
        parts.append(f'scope="{scope}"')
    return "Bearer " + ", ".join(parts)


def invalid() -> Problem:
    """401 for a token that opens nothing; why is told to the log alone."""
    detail = _("令牌无效或已过期，请重新获取。")
    return Problem(401, "invalid_token", detail, headers={"WWW-Authenticate": challenge("invalid_token")})


class BearerAuthentication(BaseAuthentication):
    """An access token of the district's realm. Needs no CSRF token: no browser sends it by itself.

    A service client is let into views that name a scope for the method (``service_scopes = {"GET": "members.read"}``)
    and that scope is among its own; nowhere else.
    """

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        """
        Raises:
            Problem: 401 ``invalid_token``; 403 ``insufficient_scope``; 503 when the realm's keys are out of reach.
        """
        http: Any = request._request
        if carried(http) is None:
            return None
        caller = caller_of(http)
        if caller.problem is not None:
            raise caller.problem
        if caller.service is not None:
            _require_scope(request, caller.service)
            return caller.service, caller
        return http.user, caller

    def authenticate_header(self, request: Request) -> str:
        return "Session" if provider().keeps_passwords else challenge()


def _require_scope(request: Request, service: ServiceCaller) -> None:
    view = request.parser_context["view"] if request.parser_context else None
    scope = getattr(view, "service_scopes", {}).get(request.method)
    if scope is None:
        raise _insufficient(_("接入系统不能调用这个接口，它只对登录的人开放。"))
    if scope not in service.client.scopes:
        words = {"label": ServiceScope(scope).label, "scope": scope}
        detail = _("这个接入系统缺少权限“%(label)s”（%(scope)s）。请地区管理员在“登录与接入”里加上。") % words
        raise _insufficient(detail, scope)


def _insufficient(detail: str, scope: str = "") -> Problem:
    """403 of RFC 6750, 3.1; `scope` names the one that would have been enough, in the body and in the header."""
    headers = {"WWW-Authenticate": challenge("insufficient_scope", scope)}
    return Problem(403, "insufficient_scope", detail, headers=headers, more={"scope": scope} if scope else {})
