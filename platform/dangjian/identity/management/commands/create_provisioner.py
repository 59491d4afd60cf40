"""``manage.py create_provisioner``: the one thing that needs Keycloak's own administrator."""

from __future__ import annotations

import os
import secrets
from getpass import getpass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dangjian.identity import provisioning
from dangjian.identity.keycloak import Refused, Unreachable
from dangjian.identity.keycloak.admin import MASTER, Admin
from dangjian.identity.keycloak.secrets import client_secret, store_secret


class Command(BaseCommand):
    help = "Makes the client in Keycloak's realm master that opens realms; run again, it gives the client its secret."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--admin", default="admin", help="an administrator of the realm master")

    def handle(self, *args: Any, admin: str, **options: Any) -> None:
        if not settings.KEYCLOAK_URL:
            raise CommandError("KEYCLOAK_URL names no Keycloak: set it to the address of the one to use.")
        password = os.environ.get("KEYCLOAK_ADMIN_PASSWORD") or getpass(f"Password of {admin} in Keycloak: ")
        master = Admin(
            url=settings.KEYCLOAK_URL, realm=MASTER, client_id="admin-cli", username=admin, password=password
        )
        try:
            provisioning.create_provisioner(master, secret=_secret())
        except Unreachable as error:
            raise CommandError(
                f"Keycloak at {settings.KEYCLOAK_URL} gave no usable answer ({error})."
            ) from None
        except (Refused, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{settings.KEYCLOAK_PROVISIONER} may open realms in {settings.KEYCLOAK_URL}")


def _secret() -> str:
    """The one that is kept, else a new one."""
    try:
        return client_secret(provisioning.PROVISIONER_SECRET)
    except ImproperlyConfigured:
        return store_secret(provisioning.PROVISIONER_SECRET, secrets.token_urlsafe(32))
