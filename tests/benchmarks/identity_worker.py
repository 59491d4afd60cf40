"""Answers rounds of the identity benchmark: ``page keycloak|local N`` and ``bearer ours|pyjwt N`` on standard input.

The answer is CPU seconds a page or a check. Keycloak itself is not asked meanwhile, as between two refreshes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django


def main() -> None:
    django.setup()
    import jwt
    from django.conf import settings
    from django.test import Client, override_settings
    from django.utils import timezone

    from dangjian.identity.keycloak import API_AUDIENCE, oidc
    from dangjian.identity.models import RealmSession, Session
    from dangjian.identity.sessions import SessionStore
    from dangjian.organizations.models import Member
    from tenants.context import in_district
    from tests.benchmarks.prepare import the_district
    from tests.identity import issuer
    from tests.identity.realms import put_realm

    district = the_district()
    clients: dict[str, Client] = {}
    with issuer.running("bench") as realm:
        with in_district(district):
            reader = Member.objects.select_related("user").filter(user__must_change_password=False)[5].user
            for side in ("keycloak", "local"):
                clients[side] = Client(HTTP_HOST="huiji.localhost")
                key = SessionStore.for_user(reader)
                clients[side].cookies[settings.SESSION_COOKIE_NAME] = key
                if side == "keycloak":
                    row = Session.objects.get(session_key=key)
                    RealmSession.objects.create(
                        session=row, sid="s", refresh_token="r" * 1200, id_token="i" * 1200
                    )
                    Session.objects.filter(pk=row.pk).update(
                        confirmed_until=timezone.now() + timedelta(days=1)
                    )
        put_realm(district, realm.row() | {"client_secret_ref": "bench"})
        token = realm.sign(realm.access_claims(reader.username, exp=int(time.time()) + 86_400))
        found = oidc.realm_of(district)
        key_of_pyjwt = jwt.PyJWK(realm.key.export_public(as_dict=True)).key

        def page(side: str) -> None:
            response = clients[side].get("/me/")
            if response.status_code != 200:
                raise SystemExit(f"the page answered {response.status_code}")

        calls: dict[str, Callable[[], Any]] = {
            "page keycloak": lambda: page("keycloak"),
            "page local": lambda: page("local"),
            "bearer ours": lambda: oidc.access_token_claims(found, token),
            "bearer pyjwt": lambda: jwt.decode(
                token, key_of_pyjwt, algorithms=["RS256"], audience=API_AUDIENCE, issuer=realm.issuer
            ),
        }
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            order, _, count = line.strip().rpartition(" ")
            with override_settings(IDENTITY="keycloak" if order == "page keycloak" else "local"):
                calls[order]()
                began = time.process_time()
                for _ in range(int(count)):
                    calls[order]()
                print(json.dumps((time.process_time() - began) / int(count)), flush=True)


if __name__ == "__main__":
    main()
