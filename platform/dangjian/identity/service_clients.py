"""Other systems of a district that call the API in their own name: let in, changed and shut out by its officers.

What a client may do stands here and counts from its next call; its secret stands in the realm, and is shown once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from typing import Any, Final

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, not_found, refused
from dangjian.audit.services import record
from dangjian.identity import tasks
from dangjian.identity.keycloak import Refused, Unreachable, clients, realm
from dangjian.identity.models import ServiceClient, ServiceScope, User
from dangjian.identity.providers import provider
from realtime import outbox
from tenants.context import current_district

log = structlog.get_logger(__name__)

MOST: Final = 50
NAME_LENGTH: Final = 60


def create(*, name: str, scopes: Collection[str], actor: User) -> tuple[ServiceClient, str]:
    """A new client and its secret, which is kept nowhere here.

    Raises:
        Problem: 409, no realm to make it in, or there are `MOST`; 422 with the field; 503, Keycloak is away.
    """
    name, chosen = " ".join(name.split()), [scope for scope in ServiceScope.values if scope in scopes]
    if faults := [*_faults_of_name(name), *_faults_of_scopes(scopes)]:
        raise refused(*faults)
    _require_realm()
    with outbox.atomic():
        active = ServiceClient.objects.active()
        if active.filter(name=name).exists():
            detail = _("已经有一个叫“%(name)s”的接入系统，请换一个名字。") % {"name": name}
            raise refused(FieldError("/name", "taken", detail))
        if active.count() >= MOST:
            raise Problem(409, "too_many", _("接入系统最多 %(n)s 个，请先停用不再使用的。") % {"n": MOST})
        client = ServiceClient.objects.create(
            client_id=f"{realm.SERVICE_PREFIX}{secrets.token_hex(6)}", name=name, scopes=chosen
        )
        record(action="service_client.create", actor=actor, detail={"scopes": chosen}, **_object(client))
        # Last, so that a refusal leaves nothing here. What a failing commit leaves there opens nothing without the
        # row, and provisioning takes it away.
        return client, _new_secret(client)


def change_scopes(*, client: ServiceClient, scopes: Collection[str], actor: User) -> None:
    """What it may do from its next call on.

    Raises:
        Problem: 404, it was revoked meanwhile; 422.
    """
    chosen = [scope for scope in ServiceScope.values if scope in scopes]
    if faults := _faults_of_scopes(scopes):
        raise refused(*faults)
    with outbox.atomic():
        held = _held(client)
        if chosen == held.scopes:
            return
        record(
            action="service_client.scopes",
            actor=actor,
            detail={"scopes": chosen, "before": held.scopes},
            **_object(held),
        )
        held.scopes = chosen
        held.save(update_fields=["scopes"])


def rotate(*, client: ServiceClient, actor: User, reason: str) -> str:
    """A new secret; the old one, and every token that was got with it, is worth nothing at once.

    Raises:
        Problem: 404, it was revoked meanwhile; 409, no realm; 503, Keycloak is away and the old secret still stands.
    """
    _require_realm()
    with outbox.atomic():
        held = _held(client)
        held.tokens_since = timezone.now()
        held.save(update_fields=["tokens_since"])
        record(action="service_client.rotate", actor=actor, reason=reason, **_object(held))
        return _new_secret(held)


def revoke(*, client: ServiceClient, actor: User, reason: str) -> None:
    """Shut it out for good: its next call is refused whatever token it has. The realm is told afterwards.

    Raises:
        Problem: 404, it was revoked already.
    """
    with outbox.atomic():
        held = _held(client)
        held.revoked_at = timezone.now()
        held.save(update_fields=["revoked_at"])
        record(action="service_client.revoke", actor=actor, reason=reason, **_object(held))
        if not provider().keeps_passwords:
            transaction.on_commit(
                lambda: tasks.remove_client_soon(held.client_id),
                using=current_district().database,
                robust=True,
            )


def token_address() -> str:
    """Where the district's clients get their tokens; empty where there is no realm."""
    return "" if provider().keeps_passwords else clients.token_address(current_district())


def _held(client: ServiceClient) -> ServiceClient:
    held = ServiceClient.objects.active().select_for_update().filter(pk=client.pk).first()
    if held is None:
        raise not_found()
    return held


def _require_realm() -> None:
    if provider().keeps_passwords:
        raise Problem(409, "no_realm", _("这个平台自己管理密码，没有统一登录服务，不能发放接入凭据。"))


def _new_secret(client: ServiceClient) -> str:
    secret = secrets.token_urlsafe(32)
    _told(lambda: clients.put(current_district(), client.client_id, name=client.name, secret=secret))
    return secret


def _told(act: Callable[[], None]) -> None:
    try:
        act()
    except (Unreachable, Refused, ImproperlyConfigured) as problem:
        log.error("service_client.not_told", reason=str(problem))
        detail = _("登录服务暂时连不上，什么也没有改。请过一会儿再试。")
        raise Problem(503, "identity_unreachable", detail, headers={"Retry-After": "30"}) from None


def _faults_of_name(name: str) -> list[FieldError]:
    if not name:
        return [FieldError("/name", "required", _("请写上这个系统叫什么。"))]
    if len(name) > NAME_LENGTH:
        detail = _("名字最多 %(n)s 个字，请写短一些。") % {"n": NAME_LENGTH}
        return [FieldError("/name", "too_long", detail)]
    return []


def _faults_of_scopes(given: Collection[str]) -> list[FieldError]:
    if unknown := set(given) - set(ServiceScope.values):
        detail = _("没有这样的权限：%(names)s。") % {"names": "、".join(sorted(unknown))[:200]}
        return [FieldError("/scopes", "unknown", detail)]
    if not given:
        return [FieldError("/scopes", "required", _("请至少选一项权限。不再需要它时，请停用。"))]
    return []


def _object(client: ServiceClient) -> dict[str, Any]:
    return {"object_kind": "service_client", "object_id": client.pk, "object_name": client.name}
