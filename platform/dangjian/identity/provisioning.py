"""The realm of a district: made, put right, compared; and made as a step of opening a district."""

from __future__ import annotations

import secrets as random_secrets
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation
from django.utils.translation import gettext as _

from dangjian.identity.keycloak import ACCOUNTS_CLIENT, Refused, Unreachable, realm
from dangjian.identity.keycloak.admin import MASTER, Admin, NotThere
from dangjian.identity.keycloak.realm import Representation, Site, differences
from dangjian.identity.keycloak.secrets import client_secret, store_secret
from dangjian.identity.models import ServiceClient
from tenants import lifecycle, registry
from tenants.context import in_district, in_registry
from tenants.models import District, Domain

log = structlog.get_logger(__name__)

PROVISIONER_SECRET = "provisioner"  # noqa: S105  (its name)


def register() -> None:
    lifecycle.register_step("identity.realm", _step)


def provision_realm(district: District, *, check: bool = False) -> list[str]:
    """Make the district's realm what `dangjian.identity.keycloak.realm` describes, and note it on the district's row.

    Returns what was not so, a line each: empty where nothing had to change. With `check` nothing is changed.

    Raises:
        Unreachable: Keycloak gave no usable answer; call again later.
        Refused: it said no: the provisioner may not do this.
        ImproperlyConfigured: there is no Keycloak, secret or host to do it with; says what to set.
    """
    unsaved = _locate(district)
    site = site_of(district)
    admin = provisioner(district)
    work = _Work(admin, site, district, check=check)
    try:
        found = admin.realm_settings()
    except NotThere:
        if check:
            return [f"the realm {site.realm} is not there"]
        admin.create_realm(realm.settings(site))
        work.lines.append(f"the realm {site.realm} was not there")
        found = admin.realm_settings()
    if unsaved and not check:
        # Not before Keycloak has answered there: a mistyped KEYCLOAK_URL must not stay on the row.
        with in_registry():
            district.save(update_fields=unsaved)
        registry.forget()
    work.settle("realm", found, realm.settings(site), admin.update_realm, whole=False)
    work.settle_realm()
    work.settle_clients()
    log.info("realm.checked" if check else "realm.provisioned", realm=site.realm, lines=len(work.lines))
    return work.lines


def provisioner(district: District) -> Admin:
    """Who makes realms: a client in master that may do nothing but that, and so rules the realms it made.

    Raises:
        ImproperlyConfigured: its secret is not there.
    """
    return Admin(
        url=district.keycloak_url,
        realm=district.realm,
        home=MASTER,
        client_id=settings.KEYCLOAK_PROVISIONER,
        secret=client_secret(PROVISIONER_SECRET),
    )


def create_provisioner(master: Admin, *, secret: str) -> None:
    """Make the client in master that makes realms, or give it `secret`; `master` is an administrator there."""
    wanted = realm.provisioner_client(settings.KEYCLOAK_PROVISIONER) | {"secret": secret}
    found = master.client(wanted["clientId"])
    if found is None:
        ident = master.create_client(wanted)
    else:
        ident = found["id"]
        master.update_client(ident, found | wanted)
    master.give_realm_role(master.service_account(ident)["id"], "create-realm")


def accounts_secret_ref(district: District) -> str:
    """The name of that account's secret."""
    return f"{district.client_secret_ref}.accounts"


def site_of(district: District) -> Site:
    """
    Raises:
        ImproperlyConfigured: the district answers at no host.
    """
    with in_registry():
        hosts = list(
            Domain.objects.filter(district_id=district.pk)
            .order_by("-is_primary", "id")
            .values_list("host", flat=True)
        )
    if not hosts:
        raise ImproperlyConfigured(
            f"{district.schema_name} answers at no host: give it one (create_district --host)."
        )
    scheme = "http" if settings.LOOPBACK_ONLY else "https"
    port = f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else ""
    with translation.override(settings.LANGUAGE_CODE):  # what Keycloak shows is the same whoever runs this
        product = _("党建云")
    return Site(
        name=district.name,
        product=product,
        realm=district.realm,
        origins=tuple(f"{scheme}://{host}{port}" for host in hosts),
        session_seconds=settings.SESSION_COOKIE_AGE,
    )


def rotate_secrets(district: District) -> None:
    """New secrets for the district's two clients, in Keycloak and in the folder KEYCLOAK_SECRETS.

    Whoever signs in within the moment between the two is asked to try again.

    Raises:
        ImproperlyConfigured: the folder cannot be written.
    """
    for ref in (district.client_secret_ref, accounts_secret_ref(district)):
        store_secret(ref, random_secrets.token_urlsafe(32))
    provision_realm(district)


def _step(district: District, options: lifecycle.Options) -> None:
    if settings.IDENTITY != "keycloak":
        return
    try:
        provision_realm(district)
    except Unreachable as error:
        raise lifecycle.NotYet(
            _("Keycloak 现在没有应答（%(reason)s）。地区已登记，等它恢复后再运行同一条命令，会从这一步继续。")
            % {"reason": error}
        ) from error
    except (Refused, ImproperlyConfigured) as error:
        raise lifecycle.NotYet(
            _("Keycloak 里的身份域没有建好：%(reason)s 改好后再运行同一条命令，会从这一步继续。")
            % {"reason": error}
        ) from error


def _locate(district: District) -> list[str]:
    """Say on the object in hand where the realm is, in what the row does not say yet. Returns the fields set."""
    url = district.keycloak_url or settings.KEYCLOAK_URL
    if not url:
        raise ImproperlyConfigured("KEYCLOAK_URL names no Keycloak: set it to the address of the one to use.")
    name = district.realm or (realm.OVERSIGHT if district.is_centre else district.schema_name)
    public = district.keycloak_url or settings.KEYCLOAK_PUBLIC_URL or url
    wanted = {
        "keycloak_url": url,
        "realm": name,
        "issuer": district.issuer or f"{public.rstrip('/')}/realms/{name}",
        "client_id": district.client_id or realm.SIGN_IN_CLIENT,
        "client_secret_ref": district.client_secret_ref or district.schema_name,
    }
    unsaved = [field for field, value in wanted.items() if getattr(district, field) != value]
    for field in unsaved:
        setattr(district, field, wanted[field])
    return unsaved


class _Work:
    """One pass over a realm: compares part by part, writes what differs unless it is a check, keeps the lines."""

    def __init__(self, admin: Admin, site: Site, district: District, *, check: bool) -> None:
        self.admin, self.site, self.district, self.check = admin, site, district, check
        self.lines: list[str] = []

    def settle(
        self,
        where: str,
        found: Representation,
        wanted: Representation,
        write: Callable[[Representation], Any],
        *,
        whole: bool = True,
    ) -> None:
        """whole: `write` puts what it is given in the place of everything that is there."""
        lines = differences(wanted, found)
        self.lines += [f"{where}: {line}" for line in lines]
        if lines and not self.check:
            write(_merged(found, wanted) if whole else wanted)

    def settle_realm(self) -> None:
        admin = self.admin
        self.settle("events", admin.events_settings(), realm.events(), admin.set_events)
        self.settle("user profile", admin.user_profile(), realm.user_profile(), admin.set_user_profile)
        actions = {action["alias"]: action for action in admin.required_actions()}
        for alias, wanted in realm.required_actions().items():
            if alias in actions:  # an older or newer Keycloak may not have it
                self.settle(
                    f"required action {alias}",
                    actions[alias],
                    wanted,
                    lambda merged, alias=alias: admin.set_required_action(alias, merged),  # type: ignore[misc]
                )
        self._settle_api_scope()

    def _settle_api_scope(self) -> None:
        admin, wanted = self.admin, realm.api_scope()
        scope = next((each for each in admin.client_scopes() if each["name"] == realm.API_SCOPE), None)
        if scope is None:
            self.lines.append(f"client scope {realm.API_SCOPE}: is not there")
            if self.check:
                return
            scope = wanted | {"id": admin.create_client_scope(wanted)}
        ident = scope["id"]
        self.settle(
            f"client scope {realm.API_SCOPE}",
            scope,
            wanted,
            lambda merged: admin.update_client_scope(ident, merged),
        )
        mappers = {mapper["name"]: mapper for mapper in admin.scope_mappers(ident)}
        mapper = realm.audience_mapper()
        if mapper["name"] not in mappers:
            self.lines.append(f"client scope {realm.API_SCOPE}: its audience is not there")
            if not self.check:
                admin.add_scope_mapper(ident, mapper)
        else:
            self.settle(
                f"client scope {realm.API_SCOPE}",
                mappers[mapper["name"]],
                mapper,
                lambda merged: admin.update_scope_mapper(ident, merged),
            )

    def settle_clients(self) -> None:
        sign_in = self._settle_client(realm.sign_in_client(self.site), self.district.client_secret_ref)
        if sign_in:
            self._settle_member_role(sign_in)
        accounts = self._settle_client(realm.accounts_client(), accounts_secret_ref(self.district))
        if accounts:
            self._settle_accounts_roles(accounts)
        self._settle_client(realm.mobile_client(self.site), None)
        self._settle_service_clients()

    def _settle_service_clients(self) -> None:
        """Those the district's officers made; one that was lost comes back with a secret nobody knows."""
        with in_district(self.district):
            ours = dict(ServiceClient.objects.active().values_list("client_id", "name"))
        for client_id, name in ours.items():
            self._settle_client(realm.service_client(client_id, name), None)
        for found in self.admin.clients_named(realm.SERVICE_PREFIX):
            if found["clientId"] not in ours:
                self.lines.append(f"client {found['clientId']}: is there, and should not be")
                if not self.check:
                    self.admin.delete_client(found["id"])

    def _settle_client(self, wanted: Representation, secret_ref: str | None) -> str:
        """Returns the client's id; empty where a check did not find it."""
        admin, name = self.admin, f"client {wanted['clientId']}"
        secret = {"secret": self._secret(secret_ref)} if secret_ref is not None else {}
        found = admin.client(wanted["clientId"])
        if found is None:
            self.lines.append(f"{name}: is not there")
            return "" if self.check else admin.create_client(wanted | secret)
        ident = str(found["id"])
        scopes = {key: wanted[key] for key in ("defaultClientScopes", "optionalClientScopes")}
        rest = {key: value for key, value in wanted.items() if key not in scopes}
        if secret and found.get("secret") != secret["secret"]:
            self.lines.append(f"{name}: its secret is not the one kept as {secret_ref}")
            if not self.check:
                admin.update_client(ident, found | secret)
                found |= secret
        self.settle(name, found, rest, lambda merged: admin.update_client(ident, merged))
        self._settle_scopes(name, ident, found, scopes)
        return ident

    def _settle_scopes(
        self, name: str, ident: str, found: Representation, wanted: dict[str, list[str]]
    ) -> None:
        """Keycloak does not change them with the client: each is given and taken on its own."""
        lines = differences(wanted, found)
        self.lines += [f"{name}: {line}" for line in lines]
        if not lines or self.check:
            return
        ids = {scope["name"]: scope["id"] for scope in self.admin.client_scopes()}
        for kind, names in wanted.items():
            default = kind == "defaultClientScopes"
            for each in set(found.get(kind) or []) - set(names):
                self.admin.take_client_scope(ident, ids[each], default=default)
            for each in set(names) - set(found.get(kind) or []):
                self.admin.give_client_scope(ident, ids[each], default=default)

    def _settle_member_role(self, client: str) -> None:
        if not any(role["name"] == realm.MEMBER_ROLE for role in self.admin.client_roles(client)):
            self.lines.append(f"client {realm.SIGN_IN_CLIENT}: its role {realm.MEMBER_ROLE} is not there")
            if not self.check:
                role = {"name": realm.MEMBER_ROLE, "description": "Somebody of the roster"}
                self.admin.create_client_role(client, role)

    def _settle_accounts_roles(self, client: str) -> None:
        management = self.admin.client("realm-management")
        if management is None:
            raise Refused("the realm has no client realm-management")
        account = self.admin.service_account(client)["id"]
        held = {role["name"]: role for role in self.admin.roles_of_user(account, management["id"])}
        lines = differences({"roles": list(realm.ACCOUNTS_ROLES)}, {"roles": list(held)})
        self.lines += [f"service account of {ACCOUNTS_CLIENT}: {line}" for line in lines]
        if not lines or self.check:
            return
        known = {role["name"]: role for role in self.admin.client_roles(management["id"])}
        if surplus := [role for name, role in held.items() if name not in realm.ACCOUNTS_ROLES]:
            self.admin.take_roles(account, management["id"], surplus)
        if lacking := [known[name] for name in realm.ACCOUNTS_ROLES if name not in held]:
            self.admin.give_roles(account, management["id"], lacking)

    def _secret(self, ref: str) -> str:
        """The secret of that name; made and kept now where there is none and a place to keep it."""
        try:
            return client_secret(ref)
        except ImproperlyConfigured:
            if self.check or not settings.KEYCLOAK_SECRETS:
                raise
        return store_secret(ref, random_secrets.token_urlsafe(32))


def _merged(found: Representation, wanted: Representation) -> Representation:
    """`found` with everything that `wanted` names; what it does not name stays."""
    merged = dict(found)
    for key, value in wanted.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged
