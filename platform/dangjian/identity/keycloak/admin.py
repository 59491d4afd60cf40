"""Administration of realms, by those calls of python-keycloak that are safe.

Safe means (each was tried): one connection a realm that is never pointed at another, no retries, a time limit on each
call, and no realm or user name in a path that was not checked before: ``huiji/../master`` reached master.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote

from keycloak import KeycloakAdmin, KeycloakOpenID, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakConnectionError, KeycloakError

from dangjian.identity.keycloak import Refused, Unreachable

Representation = dict[str, Any]
T = TypeVar("T")

TIMEOUT_SECONDS: Final = 15
# Making a realm writes some thousand rows and two pairs of keys; an import writes hundreds of users.
LONG_SECONDS: Final = 180
MASTER: Final = "master"

_REALM = re.compile(r"\A[a-z][a-z0-9_-]{0,39}\Z")
_ID = re.compile(r"\A[A-Za-z0-9_-]{1,64}\Z")


class NotThere(Refused):
    """Keycloak has no such realm, client or user."""


class Exists(Refused):
    """There is one of that name already."""


class Admin:
    """A realm as an administrator sees it.

    Every method raises `Unreachable` where Keycloak gave no usable answer, `Refused` where it said no, of which
    `NotThere` and `Exists` are kinds.
    """

    def __init__(
        self,
        *,
        url: str,
        realm: str,
        client_id: str,
        secret: str = "",
        username: str = "",
        password: str = "",
        home: str | None = None,
    ) -> None:
        """With `secret` as the client's service account, else as `username`; either belongs to the realm `home`.

        Raises:
            ValueError: `realm` or `home` is no plain slug.
        """
        self.realm = _checked(_REALM, realm)
        home = _checked(_REALM, home or realm)
        self._connection = _Connection(
            server_url=url.rstrip("/") + "/",
            realm_name=realm,
            user_realm_name=home,
            client_id=client_id,
            client_secret_key=secret or None,
            username=username or None,
            password=password or None,
            grant_type="client_credentials" if secret else "password",
            timeout=TIMEOUT_SECONDS,
            max_retries=0,
        )
        self._admin = KeycloakAdmin(connection=self._connection)

    # --- the realm ----------------------------------------------------------------------------------------------

    def realm_settings(self) -> Representation:
        return _ask(lambda: self._admin.get_realm(self.realm))

    def create_realm(self, settings: Representation) -> None:
        """Make the realm. The token in hand does not know it yet: the next call fetches a new one."""
        if settings.get("realm") != self.realm:
            raise ValueError("the representation names another realm")
        with self._patience():
            _ask(lambda: self._admin.create_realm(settings))
        _ask(self._connection.get_token)

    def update_realm(self, settings: Representation) -> None:
        _ask(lambda: self._admin.update_realm(self.realm, settings))

    def delete_realm(self) -> None:
        with self._patience():
            _ask(lambda: self._admin.delete_realm(self.realm))

    def events_settings(self) -> Representation:
        return self._get("events/config")

    def set_events(self, settings: Representation) -> None:
        _ask(lambda: self._admin.set_events(settings))

    def user_profile(self) -> Representation:
        """Which attributes users have, which of them are asked for, and who may see and change them."""
        return self._get("users/profile")

    def set_user_profile(self, profile: Representation) -> None:
        self._put("users/profile", profile)

    def required_actions(self) -> list[Representation]:
        return _ask(self._admin.get_required_actions)

    def set_required_action(self, alias: str, action: Representation) -> None:
        _ask(lambda: self._admin.update_required_action(quote(alias, safe=""), action))

    # --- clients ------------------------------------------------------------------------------------------------

    def client(self, client_id: str) -> Representation | None:
        """The client of that name, in full."""
        found = cast("list[Representation]", self._get("clients", clientId=client_id))
        return found[0] if found else None

    def clients_named(self, beginning: str) -> list[Representation]:
        """The clients whose names begin so."""
        # Keycloak looks for the text anywhere in the name.
        found = cast(
            "list[Representation]", self._get("clients", clientId=beginning, search="true", max=1000)
        )
        return [client for client in found if client["clientId"].startswith(beginning)]

    def create_client(self, client: Representation) -> str:
        """Returns its id."""
        return _ask(lambda: self._admin.create_client(client))

    def update_client(self, ident: str, client: Representation) -> None:
        _ask(lambda: self._admin.update_client(_checked(_ID, ident), client))

    def delete_client(self, ident: str) -> None:
        _ask(lambda: self._admin.delete_client(_checked(_ID, ident)))

    def give_client_scope(self, client: str, scope: str, *, default: bool) -> None:
        """default: in every token; else in those that ask for it."""
        self._put(self._scope_of_client(client, scope, default=default), {})

    def take_client_scope(self, client: str, scope: str, *, default: bool) -> None:
        self._call("DELETE", self._scope_of_client(client, scope, default=default))

    def _scope_of_client(self, client: str, scope: str, *, default: bool) -> str:
        kind = "default" if default else "optional"
        return f"clients/{_checked(_ID, client)}/{kind}-client-scopes/{_checked(_ID, scope)}"

    def client_roles(self, ident: str) -> list[Representation]:
        return _ask(lambda: self._admin.get_client_roles(_checked(_ID, ident)))

    def create_client_role(self, ident: str, role: Representation) -> None:
        _ask(lambda: self._admin.create_client_role(_checked(_ID, ident), role))

    def client_scopes(self) -> list[Representation]:
        return _ask(self._admin.get_client_scopes)

    def create_client_scope(self, scope: Representation) -> str:
        """Returns its id."""
        return _ask(lambda: self._admin.create_client_scope(scope))

    def update_client_scope(self, ident: str, scope: Representation) -> None:
        _ask(lambda: self._admin.update_client_scope(_checked(_ID, ident), scope))

    def scope_mappers(self, scope: str) -> list[Representation]:
        return _ask(lambda: self._admin.get_mappers_from_client_scope(_checked(_ID, scope)))

    def add_scope_mapper(self, scope: str, mapper: Representation) -> None:
        _ask(lambda: self._admin.add_mapper_to_client_scope(_checked(_ID, scope), mapper))

    def update_scope_mapper(self, scope: str, mapper: Representation) -> None:
        ident = _checked(_ID, mapper["id"])
        self._put(f"client-scopes/{_checked(_ID, scope)}/protocol-mappers/models/{ident}", mapper)

    def service_account(self, ident: str) -> Representation:
        """The user that stands for the client `ident`."""
        return _ask(lambda: self._admin.get_client_service_account_user(_checked(_ID, ident)))

    # --- users --------------------------------------------------------------------------------------------------

    def user(self, ident: str) -> Representation:
        return _ask(lambda: self._admin.get_user(_checked(_ID, ident)))

    def user_named(self, username: str) -> Representation | None:
        """The user of exactly that name."""
        found = self.users(username=username, exact="true")
        return found[0] if found else None

    def users(self, **query: str | int) -> list[Representation]:
        """A page of users: ``first``, ``max``, ``username``, ``exact``, ``enabled``, ``briefRepresentation``."""
        return cast("list[Representation]", self._get("users", **query))

    def count_users(self) -> int:
        return int(_ask(self._admin.users_count))

    def create_user(self, user: Representation) -> str:
        """Returns the id, which is the ``sub`` of the tokens."""
        return _ask(lambda: self._admin.create_user(user))

    def update_user(self, ident: str, user: Representation) -> None:
        """Put `user` in the place of what is there: start from `user()` where only a part is to change."""
        _ask(lambda: self._admin.update_user(_checked(_ID, ident), user))

    def delete_user(self, ident: str) -> None:
        _ask(lambda: self._admin.delete_user(_checked(_ID, ident)))

    def set_password(self, ident: str, password: str, *, temporary: bool) -> None:
        """temporary: good for one sign-in, at which the person chooses their own."""
        _ask(lambda: self._admin.set_user_password(_checked(_ID, ident), password, temporary))

    def forgive(self, ident: str) -> None:
        """Forget the wrong passwords that were tried, and open the account that they had closed."""
        self._call("DELETE", f"attack-detection/brute-force/users/{_checked(_ID, ident)}")

    def end_sessions(self, ident: str) -> None:
        """End everything the user has open; Keycloak then sends its logout tokens."""
        _ask(lambda: self._admin.user_logout(_checked(_ID, ident)))

    def sessions(self, ident: str) -> list[Representation]:
        """What the user has open: ``id``, ``ipAddress``, ``start`` and ``lastAccess`` in ms."""
        return _ask(lambda: self._admin.get_sessions(_checked(_ID, ident)))

    def end_session(self, ident: str) -> None:
        """End one session of somebody's, by its ``id``, which is the ``sid`` of the tokens."""
        self._call("DELETE", f"sessions/{_checked(_ID, ident)}")

    def roles_of_user(self, user: str, client: str) -> list[Representation]:
        """Roles of the client `client` given to the user."""
        user, client = _checked(_ID, user), _checked(_ID, client)
        return _ask(lambda: self._admin.get_client_roles_of_user(user, client))

    def give_roles(self, user: str, client: str, roles: Sequence[Representation]) -> None:
        user, client = _checked(_ID, user), _checked(_ID, client)
        _ask(lambda: self._admin.assign_client_role(user, client, cast("Any", list(roles))))

    def take_roles(self, user: str, client: str, roles: Sequence[Representation]) -> None:
        user, client = _checked(_ID, user), _checked(_ID, client)
        _ask(lambda: self._admin.delete_client_roles_of_user(user, client, cast("Any", list(roles))))

    def give_realm_role(self, user: str, role: str) -> None:
        """Give a role of the realm itself, which `role` names; one that is held already may be given again."""
        found = _ask(lambda: self._admin.get_realm_role(quote(role, safe="")))
        _ask(lambda: self._admin.assign_realm_roles(_checked(_ID, user), cast("Any", [found])))

    def import_users(self, users: Sequence[Representation]) -> Representation:
        """Add many users in one transaction; one whose name is there already is left as it is.

        Returns ``added``, ``skipped`` and ``results``, each with ``action``, ``resourceName`` and ``id``.
        """
        wanted = {"ifResourceExists": "SKIP", "users": list(users)}
        with self._patience():
            return _ask(lambda: self._admin.partial_import_realm(self.realm, wanted))

    # --- what python-keycloak has no call for -------------------------------------------------------------------

    @contextmanager
    def _patience(self) -> Iterator[None]:
        self._connection.timeout = LONG_SECONDS
        try:
            yield
        finally:
            self._connection.timeout = TIMEOUT_SECONDS

    def _get(self, path: str, **query: str | int) -> Representation:
        return self._call("GET", path, **query)

    def _put(self, path: str, body: Representation) -> Representation:
        return self._call("PUT", path, body)

    def _call(self, method: str, path: str, body: Any = None, **query: str | int) -> Any:
        address = f"admin/realms/{self.realm}/{path}"
        if method == "GET":
            answer = _ask(lambda: self._connection.raw_get(address, **query))
        elif method == "PUT":
            answer = _ask(lambda: self._connection.raw_put(address, json.dumps(body), **query))
        else:
            answer = _ask(lambda: self._connection.raw_delete(address))
        return _ask(lambda: _content(answer))


class _Connection(KeycloakOpenIDConnection):
    """As the library's, but its tokens too are fetched without retries: it hands on every setting but that one."""

    @property
    def keycloak_openid(self) -> KeycloakOpenID:
        if self._keycloak_openid is None:
            self._keycloak_openid = KeycloakOpenID(
                server_url=self.server_url or "",
                realm_name=self.user_realm_name or "",
                client_id=self.client_id or "",
                client_secret_key=self.client_secret_key,
                timeout=self.timeout,
                max_retries=0,
            )
        return self._keycloak_openid


def _content(answer: Any) -> Any:
    if answer.status_code >= 400:
        raise KeycloakError("", answer.status_code, answer.content)
    return answer.json() if answer.content else {}


def _ask(question: Callable[[], T]) -> T:
    try:
        return question()
    except KeycloakConnectionError as error:
        raise Unreachable(type(error.__cause__ or error).__name__) from None
    except KeycloakError as error:
        code = error.response_code
        if code is None or code >= 500 or code == 429:
            raise Unreachable(f"status {code}") from None
        kind = {404: NotThere, 409: Exists}.get(code, Refused)
        raise kind(_reason(error)) from None
    except (TypeError, ValueError, KeyError) as error:
        if isinstance(error, _BadName):
            raise
        # python-keycloak's word for an answer that is not JSON; its message holds the answer, so it goes no further.
        raise Unreachable("not JSON") from None


class _BadName(ValueError):
    """Something that would be put into a path cannot be the name of anything."""


def _checked(form: re.Pattern[str], name: str) -> str:
    if not form.match(name):
        raise _BadName(f"{name!r} cannot stand in an address of Keycloak")
    return name


def _reason(error: KeycloakError) -> str:
    """Keycloak's word for what is wrong: it names fields and rules, never what was in them beyond a name."""
    try:
        body: Mapping[str, Any] = json.loads(error.response_body or b"")
    except ValueError:
        body = {}
    said = body.get("errorMessage") or body.get("error_description") or body.get("error") or ""
    return f"{error.response_code} {said}".strip()[:300]
