"""The accounts of a realm, as the district's own service account may look after them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from dangjian.identity.keycloak import oidc
from dangjian.identity.keycloak.admin import Admin, NotThere
from dangjian.identity.keycloak.secrets import client_secret
from dangjian.identity.models import User
from tenants.models import District

ACCOUNTS_CLIENT: Final = "dangjian-accounts"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A session of somebody's at Keycloak; `clients` are the applications it was used for."""

    sid: str
    address: str
    since: datetime
    seen: datetime
    clients: tuple[str, ...]


def accounts_admin(district: District) -> Admin:
    """Who looks after the accounts of a realm: its own service account, good for nothing else and nowhere else.

    Raises:
        ImproperlyConfigured: the district names no realm, or its secret is not there.
    """
    realm = oidc.realm_of(district)
    return _admin(realm.server, realm.name, client_secret(f"{realm.secret_ref}.accounts"))


@lru_cache(maxsize=512)
def _admin(server: str, realm: str, secret: str) -> Admin:
    return Admin(url=server, realm=realm, client_id=ACCOUNTS_CLIENT, secret=secret)


def align(district: District, user: User) -> None:
    """Make the account at Keycloak open or closed and named as ours; a closed one's sessions end there too.

    Raises:
        Unreachable, Refused, ImproperlyConfigured: it could not be done.
    """
    admin = accounts_admin(district)

    def act() -> None:
        try:
            found = admin.user(user.subject)
        except NotThere:
            return  # deleted there: it opens nothing any more
        wanted = {"enabled": user.is_active, "firstName": user.name}
        if any(found.get(name) != value for name, value in wanted.items()):
            admin.update_user(user.subject, found | wanted)
        if not user.is_active:
            admin.end_sessions(user.subject)

    if user.subject:
        oidc.guarded(oidc.realm_of(district), act)


def set_one_time_password(district: District, user: User, password: str) -> None:
    """
    Raises:
        Unreachable, Refused, ImproperlyConfigured: it could not be done.
    """
    admin = accounts_admin(district)

    def act() -> None:
        admin.set_password(user.subject, password, temporary=True)
        admin.end_sessions(user.subject)

    oidc.guarded(oidc.realm_of(district), act)


def sessions(district: District, user: User) -> list[Elsewhere]:
    """What the person has open at Keycloak, the last used first.

    Raises:
        Unreachable, Refused, ImproperlyConfigured: it cannot be asked.
    """
    if not user.subject:
        return []
    admin = accounts_admin(district)
    found = oidc.guarded(oidc.realm_of(district), lambda: admin.sessions(user.subject))
    rows = [
        Elsewhere(
            sid=str(row["id"]),
            address=str(row.get("ipAddress", "")),
            since=_moment(row["start"]),
            seen=_moment(row["lastAccess"]),
            clients=tuple(sorted((row.get("clients") or {}).values())),
        )
        for row in found
    ]
    return sorted(rows, key=lambda row: row.seen, reverse=True)


def end_session(district: District, sid: str) -> None:
    """End one session at Keycloak; one that is gone already is as good.

    Raises:
        Unreachable, Refused, ImproperlyConfigured: it could not be done.
    """
    admin = accounts_admin(district)

    def act() -> None:
        with suppress(NotThere):
            admin.end_session(sid)

    oidc.guarded(oidc.realm_of(district), act)


def _moment(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
