"""Keycloak: the one door to it, and to python-keycloak.

`oidc` signs people in and checks tokens; `provider` is what `dangjian.identity.providers` hands out for
``IDENTITY=keycloak``. Nothing outside this package imports python-keycloak or jwcrypto.
"""

from __future__ import annotations

from typing import Final

# What an access token must be made for to open our API; Keycloak's own default, ``account``, opens nothing here.
API_AUDIENCE: Final = "dangjian-api"
# The public client of the mobile application, the same in every realm.
MOBILE_CLIENT: Final = "dangjian-mobile"
# The client whose service account looks after the accounts of its realm.
ACCOUNTS_CLIENT: Final = "dangjian-accounts"


class Unreachable(Exception):
    """Keycloak gave no usable answer: no connection, a time-out, 5xx, something that is not JSON; or the breaker is
    open and nobody asked. Holds the reason as one word, never what was answered."""


class Refused(Exception):
    """Keycloak understood and said no; the argument is its error code, such as ``invalid_grant``."""
