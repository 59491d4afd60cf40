"""The accounts of a realm, as the district's own service account may look after them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from dangjian.identity.keycloak import ACCOUNTS_CLIENT, MOBILE_CLIENT, oidc
from dangjian.identity.keycloak.admin import Admin, Exists, NotThere
from dangjian.identity.keycloak.secrets import client_secret
from dangjian.identity.models import User
from tenants.models import District


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A session of somebody's at Keycloak; `clients` are the applications it was used for."""

    sid: str
    address: str
    since: datetime
    seen: datetime
    clients: tuple[str, ...]

    @property
    def is_phone(self) -> bool:
        """Whether it is the mobile application's."""
        return MOBILE_CLIENT in self.clients


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
    """Make `password` good for one sign-in of `user`, whose account is made now if there is none, and open the door
    that wrong passwords had closed.

    Raises:
        Exists: somebody who is not of the roster has the name at Keycloak.
        Unreachable, Refused, ImproperlyConfigured: it could not be done.
    """
    admin = accounts_admin(district)

    def act() -> None:
        subject = give_account(district, admin, user)
        admin.set_password(subject, password, temporary=True)
        admin.forgive(subject)
        admin.end_sessions(subject)

    oidc.guarded(oidc.realm_of(district), act)


def give_account(district: District, admin: Admin, user: User) -> str:
    """The ``sub`` of the account in the realm of one person, made now if there is none.

    Raises:
        Exists: somebody else has that name there.
        Unreachable, Refused: Keycloak could not be asked or said no.
    """
    if user.issuer == district.issuer and user.subject:
        return user.subject
    try:
        subject = admin.create_user(representation(user))
    except Exists:
        subject = own(admin, user)
        if not subject:
            raise
    user.issuer, user.subject = district.issuer, subject
    user.save(update_fields=["issuer", "subject"])
    return subject


def representation(user: User) -> dict[str, Any]:
    """`user` as Keycloak has them: no credential, no e-mail address."""
    return {
        "username": user.username,
        "firstName": user.name,
        "enabled": user.is_active,
        "attributes": {"roster": [str(user.pk)], **({"demo": ["true"]} if user.is_demo else {})},
    }


def own(admin: Admin, user: User) -> str:
    """The id of the account with that name if it is `user`'s, else empty: a name alone, an e-mail address or a
    telephone number links nothing, only the number of ours that we wrote into the account."""
    found = admin.user_named(user.username)
    if found is None or (found.get("attributes") or {}).get("roster") != [str(user.pk)]:
        return ""
    return str(found["id"])


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
