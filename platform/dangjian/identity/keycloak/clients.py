"""The clients of other systems in a district's realm, as its service account may look after them."""

from __future__ import annotations

from contextlib import suppress

from dangjian.identity.keycloak import oidc, realm
from dangjian.identity.keycloak.accounts import accounts_admin
from dangjian.identity.keycloak.admin import NotThere
from tenants.models import District


def put(district: District, client_id: str, *, name: str, secret: str) -> None:
    """Make the client what it must be, with `secret` alone to open it; made now if there is none.

    Raises:
        Unreachable, Refused, ImproperlyConfigured: it could not be done.
    """
    admin = accounts_admin(district)
    wanted = realm.service_client(_ours(client_id), name) | {"secret": secret}

    def act() -> None:
        found = admin.client(client_id)
        if found is None:
            admin.create_client(wanted)
        else:
            admin.update_client(found["id"], found | wanted)

    oidc.guarded(oidc.realm_of(district), act)


def remove(district: District, client_id: str) -> None:
    """One that is gone already is as good.

    Raises:
        Unreachable, Refused, ImproperlyConfigured: it could not be done.
    """
    admin = accounts_admin(district)
    _ours(client_id)

    def act() -> None:
        found = admin.client(client_id)
        if found is not None:
            with suppress(NotThere):
                admin.delete_client(found["id"])

    oidc.guarded(oidc.realm_of(district), act)


def token_address(district: District) -> str:
    """Where such a client gets its tokens, as others reach it."""
    return f"{oidc.realm_of(district).issuer}/protocol/openid-connect/token"


def _ours(client_id: str) -> str:
    """The service account rules every client of the realm: what signs people in is not touched through here."""
    if not client_id.startswith(realm.SERVICE_PREFIX):
        raise ValueError(f"{client_id!r} is no client of another system")
    return client_id
