"""Bearer tokens of the API: whom they open it to, and to whom not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dangjian.identity import services
from dangjian.identity.keycloak import oidc
from dangjian.identity.models import ServiceClient, ServiceScope, User
from dangjian.organizations.models import Member, Organization
from tenants.context import in_district
from tests.cast import HOSTS
from tests.contract.permissions import API
from tests.identity.issuer import WEB, Issuer
from tests.identity.test_tokens import BAD_ACCESS_TOKENS, Wrong

ME = "/api/v1/me/"


def ask(token: str, path: str = ME, *, host: str = HOSTS["huiji"], client: Client | None = None) -> Any:
    client = client or Client(headers={"host": host}, enforce_csrf_checks=True)
    return client.get(path, headers={"authorization": f"Bearer {token}", "host": host})


def person(issuer: Issuer, username: str = "wangfang", **changes: Any) -> str:
    return issuer.sign(issuer.access_claims(username, **changes))


def is_refused(answer: Any) -> bool:
    """As RFC 6750 says, and without a word on what was wrong."""
    return (
        answer.status_code == 401
        and answer["WWW-Authenticate"] == 'Bearer realm="huiji", error="invalid_token"'
        and answer.json()["code"] == "invalid_token"
    )


def test_it_speaks_for_its_person_and_needs_no_token_against_forgery(issuers: dict[str, Issuer]) -> None:
    token = person(issuers["huiji"])
    answer = ask(token)
    assert answer.status_code == 200
    assert answer.json()["name"] == "王芳"
    browser = Client(headers={"host": HOSTS["huiji"]}, enforce_csrf_checks=True)
    made = browser.post(
        "/api/v1/posts/",
        {"kind": "snapshot", "text": "花开了", "visibility": "branch"},
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
    assert made.status_code == 201
    assert not browser.cookies


@pytest.mark.parametrize("wrong", BAD_ACCESS_TOKENS.values(), ids=BAD_ACCESS_TOKENS.keys())
def test_a_bad_one_is_refused_even_beside_a_good_cookie(
    wrong: Wrong,
    issuers: dict[str, Issuer],
    client_of: Callable[..., Client],
    caplog: pytest.LogCaptureFixture,
) -> None:
    token = wrong(issuers["huiji"], issuers["luoyang"])
    assert is_refused(ask(token))
    assert is_refused(ask(token, client=client_of("wangfang")))
    assert len(token) < 30 or token not in caplog.text


def test_a_bearer_of_one_district_is_nobody_in_the_other(issuers: dict[str, Issuer]) -> None:
    assert is_refused(ask(person(issuers["luoyang"], "zhaomin")))
    assert ask(person(issuers["luoyang"], "zhaomin"), host=HOSTS["luoyang"]).json()["name"] == "赵敏"
    # The same subject in both realms: people are told apart by issuer and subject together.
    assert is_refused(ask(person(issuers["luoyang"], "wangfang")))


def test_it_opens_no_page(issuers: dict[str, Issuer]) -> None:
    answer = ask(person(issuers["huiji"]), "/me/")
    assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("azp", ["account-console", "admin-cli", "", "integration-unknown", WEB])
def test_a_client_that_is_not_ours_is_refused(issuers: dict[str, Issuer], azp: str) -> None:
    assert is_refused(ask(person(issuers["huiji"], azp=azp)))


def test_without_anything_it_is_said_how_to_come_in(issuers: dict[str, Issuer]) -> None:
    answer = Client(headers={"host": HOSTS["huiji"]}).get(ME)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="huiji"')


def test_it_ends_with_the_account_and_with_what_the_account_has_open(
    issuers: dict[str, Issuer], world: Any
) -> None:
    ours, officer = issuers["huiji"], world.zhangwei.user
    token = person(ours, iat=int(time.time()) - 5)
    assert ask(token).status_code == 200
    with in_district(world.huiji):
        services.deactivate(user=world.wangfang.user, actor=officer, reason="转出")
    assert is_refused(ask(token))
    with in_district(world.huiji):
        services.reactivate(user=world.wangfang.user, actor=officer, reason="误操作")
    assert is_refused(ask(token))  # it was issued before
    with in_district(world.huiji):
        User.objects.filter(username="wangfang").update(bearers_since=timezone.now() - timedelta(seconds=3))
    assert ask(person(ours)).status_code == 200


def test_it_ends_with_its_session_at_the_realm(issuers: dict[str, Issuer]) -> None:
    ours = issuers["huiji"]
    token, other = person(ours), person(ours, sid="another")
    told = Client(headers={"host": HOSTS["huiji"]}).post(
        "/oidc/backchannel/", {"logout_token": ours.sign_logout(ours.logout_claims("wangfang"))}
    )
    assert told.status_code == 200
    assert is_refused(ask(token))
    assert ask(other).status_code == 200


def test_while_the_keys_are_out_of_reach_the_answer_is_come_again(issuers: dict[str, Issuer]) -> None:
    issuers["huiji"].fault = "status 500"
    answer = ask(person(issuers["huiji"]))
    assert (answer.status_code, answer["Retry-After"]) == (503, "15")
    issuers["huiji"].fault = ""
    oidc.forget()
    assert ask(person(issuers["huiji"])).status_code == 200


def test_with_passwords_kept_here_there_are_no_bearers(world: Any) -> None:
    answer = ask("anything")
    assert answer.status_code == 401


def test_it_costs_one_query_more_than_nobody(issuers: dict[str, Issuer]) -> None:
    token = person(issuers["huiji"])
    ask(token)
    with CaptureQueriesContext(connection) as captured:
        ask(token)
    about_people = [query["sql"] for query in captured if "identity_" in query["sql"]]
    assert len([sql for sql in about_people if '"identity_user"."issuer" =' in sql]) == 1


# --- other systems ----------------------------------------------------------------------------------------------


def service(issuer: Issuer, client: str = "integration-hr", **changes: Any) -> str:
    """As Keycloak issues it for client credentials: no session behind it."""
    subject = f"service-account-{client}"
    return issuer.sign(issuer.access_claims(subject, **{"azp": client, "sid": None} | changes))


@pytest.fixture
def hr(issuers: dict[str, Issuer], huiji: Any) -> ServiceClient:
    with in_district(huiji):
        return ServiceClient.objects.create(
            client_id="integration-hr", name="人事系统", scopes=["members.read"]
        )


SCOPES = {
    "api-organizations": "organizations.read",
    "api-members": "members.read",
    "api-statistics-members": "statistics.read",
    "api-statistics-changes": "statistics.read",
}


def test_a_service_client_opens_what_its_scopes_name_and_nothing_else(
    issuers: dict[str, Issuer], hr: ServiceClient, huiji: Any
) -> None:
    """Every read of the API, with each scope alone: the one that is missing is named in the body and the header."""
    token = service(issuers["huiji"])
    reads = [row for row in API if row.method == "GET" and row.url not in {"api-schema", "api-docs"}]
    assert {row.url for row in reads} >= SCOPES.keys()
    for held in ServiceScope.values:
        with in_district(huiji):
            ServiceClient.objects.filter(pk=hr.pk).update(scopes=[held])
        for row in reads:
            args = {name: "2026-10" if name == "month" else 1 for name in row.args}
            answer = ask(token, reverse(row.url, kwargs=args))
            needed = SCOPES.get(row.url)
            if needed == held:
                assert answer.status_code == 200, row
                continue
            assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), row
            assert answer["Content-Type"] == "application/problem+json"
            assert answer.json().get("scope") == needed
            assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
            assert (f'scope="{needed}"' in answer["WWW-Authenticate"]) == bool(needed)
            assert (needed or "只对登录的人开放") in answer.json()["detail"]


def test_a_service_client_reads_the_whole_district_and_no_telephone(
    issuers: dict[str, Issuer], hr: ServiceClient, huiji: Any
) -> None:
    with in_district(huiji):
        Member.objects.update(phone="13900000001")
        ServiceClient.objects.filter(pk=hr.pk).update(scopes=ServiceScope.values)
        members, organizations = Member.objects.count(), Organization.objects.count()
    token = service(issuers["huiji"])
    found = ask(token, "/api/v1/members/").json()["results"]
    assert len(found) == members
    assert {row["phone"] for row in found} == {None}
    assert all(row["status"] for row in found)
    assert len(ask(token, "/api/v1/organizations/").json()["results"]) == organizations
    assert ask(token, "/api/v1/statistics/members/").json()["total"] == members
    assert ask(token, "/api/v1/members/?q=zhaomin").json()["results"] == []  # of the other district


def test_a_service_client_is_refused_once_it_is_revoked_or_its_secret_is_another(
    issuers: dict[str, Issuer], hr: ServiceClient, huiji: Any
) -> None:
    token = service(issuers["huiji"], iat=int(time.time()) - 5)
    path = "/api/v1/members/"
    assert ask(token, path).status_code == 200
    with in_district(huiji):
        ServiceClient.objects.filter(pk=hr.pk).update(tokens_since=timezone.now() - timedelta(seconds=2))
    assert is_refused(ask(token, path))
    newer = service(issuers["huiji"])
    assert ask(newer, path).status_code == 200
    with in_district(huiji):
        ServiceClient.objects.filter(pk=hr.pk).update(revoked_at=timezone.now())
    assert is_refused(ask(newer, path))


def test_a_service_client_writes_nothing(issuers: dict[str, Issuer], hr: ServiceClient) -> None:
    client = Client(headers={"host": HOSTS["huiji"], "authorization": f"Bearer {service(issuers['huiji'])}"})
    made = client.post("/api/v1/posts/", {"text": "x"}, content_type="application/json")
    assert made.status_code == 403


def test_a_person_does_not_borrow_a_service_client(issuers: dict[str, Issuer], hr: ServiceClient) -> None:
    assert is_refused(ask(service(issuers["huiji"], sid="a-session"), "/api/v1/members/"))


def test_a_service_client_of_one_district_is_nobody_in_the_other(
    issuers: dict[str, Issuer], hr: ServiceClient
) -> None:
    token = service(issuers["huiji"])
    answer = ask(token, "/api/v1/members/", host=HOSTS["luoyang"])
    assert answer.status_code == 401
    theirs = service(issuers["luoyang"])
    assert ask(theirs, "/api/v1/members/", host=HOSTS["luoyang"]).status_code == 401
