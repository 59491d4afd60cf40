"""``manage.py open_demo_realms``: realms for the districts of the demo, and accounts for its cast.

Districts added by hand before there was a Keycloak get theirs too.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from dangjian.identity import provisioning
from dangjian.identity.keycloak import Refused, Unreachable
from dangjian.identity.keycloak.accounts import give_account
from dangjian.identity.models import User
from dangjian.local import keycloak
from dangjian.local.demo import ACCOUNTS, PASSWORD
from dangjian.local.state import State
from tenants import registry
from tenants.context import in_district, in_registry
from tenants.models import District


class Command(BaseCommand):
    help = "Makes the realms of the demo's districts what they must be, and gives its cast accounts with its password."

    def handle(self, *args: Any, **options: Any) -> None:
        ours = State.of_checkout().keycloak
        for district in registry.all_districts():
            if not district.is_active:
                continue
            host = registry.primary_host(district)
            _name, people = ACCOUNTS.get(host, ("", []))
            if ours.exists():
                keycloak.know(ours, host)
            self._move_here(district)
            try:
                provisioning.provision_realm(district)
                self._give_accounts(district, [username for username, *_ in people])
            except (Unreachable, Refused, ImproperlyConfigured) as error:
                raise CommandError(
                    f"{district.name}: the realm {district.realm} was not made: {error}"
                ) from None
            self.stdout.write(f"{district.name}: realm {district.realm}")
            self.stdout.flush()

    def _move_here(self, district: District) -> None:
        """A demo that was started with another KEYCLOAK_PORT or KEYCLOAK_URL starts over in this Keycloak."""
        if district.keycloak_url != settings.KEYCLOAK_URL:
            district.keycloak_url = district.issuer = ""
            with in_registry():
                district.save(update_fields=["keycloak_url", "issuer"])
            registry.forget()

    def _give_accounts(self, district: District, usernames: list[str]) -> None:
        """The cast alone; everybody else gets an account without a password from the worker's job."""
        admin = provisioning.provisioner(district)
        with in_district(district):
            for user in User.objects.filter(username__in=usernames):
                subject = give_account(district, admin, user)
                admin.set_password(subject, PASSWORD, temporary=False)
