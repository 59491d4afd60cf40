"""Other systems of a district: let in, changed and shut out on the officer's pages, against a real Keycloak."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from dangjian.audit.models import AuditRow
from dangjian.identity import provisioning, service_clients, tasks
from dangjian.identity.keycloak import Unreachable, accounts, clients, oidc
from dangjian.identity.models import ServiceClient
from dangjian.organizations.models import Member, Office, OfficeKind
from tenants.context import in_district, in_registry
from tests.cast import HOSTS
from tests.sso.conftest import Deployment
from tests.sso.ports import free_port

NEW = "/officer/identity/clients/new/"
MEMBERS, ORGANIZATIONS = "/api/v1/members/", "/api/v1/organizations/"


@pytest.fixture
def desk(
    realms: Deployment, world: SimpleNamespace, client_of: Callable[..., Client]
) -> Iterator[SimpleNamespace]:
    """The officer of Huiji at the desk; what is made in the realm is gone afterwards."""
    oidc.forget()
    yield SimpleNamespace(world=world, huiji=world.huiji, officer=client_of("zhangwei"))
    admin = provisioning.provisioner(world.huiji)
    for found in admin.clients_named("integration-"):
        admin.delete_client(found["id"])
    oidc.forget()


def let_in(officer: Client, name: str = "人事系统", *scopes: str) -> tuple[int, str, str]:
    """What the page after 开通 shows: the row's number in its address, the client's name and secret."""
    answer = officer.post(NEW, {"name": name, "scopes": scopes or ("members.read",)})
    assert answer.status_code == 200, answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    client_id, secret, pk = shown(answer)
    return pk, client_id, secret


def shown(answer: Any) -> tuple[str, str, int]:
    page = answer.content.decode()
    found = re.search(r"<code>(integration-[0-9a-f]{12})</code>", page)
    secret = re.search(r'<code class="dj-password">([^<]+)</code>', page)
    address = re.search(r'href="/officer/identity/clients/(\d+)/"', page)
    assert found
    assert secret
    assert address
    return found[1], secret[1], int(address[1])


def token(district: Any, client_id: str, secret: str) -> requests.Response:
    """What the other system does: client credentials at the address the page names."""
    return requests.post(
        clients.token_address(district),
        data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret},
        timeout=60,
    )


def ask(bearer: str, path: str = MEMBERS, host: str = HOSTS["huiji"]) -> Any:
    return Client(headers={"host": host, "authorization": f"Bearer {bearer}"}).get(path)


def test_a_system_is_let_in_and_reads_what_it_was_given(desk: SimpleNamespace) -> None:
    pk, client_id, secret = let_in(desk.officer)
    bearer = token(desk.huiji, client_id, secret).json()["access_token"]
    with in_district(desk.huiji):
        expected = Member.objects.count()
    found = ask(bearer)
    assert found.status_code == 200
    assert len(found.json()["results"]) == expected
    assert {row["phone"] for row in found.json()["results"]} == {None}

    refused = ask(bearer, ORGANIZATIONS)
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["scope"] == "organizations.read"
    assert "读取组织架构" in refused.json()["detail"]
    assert refused["WWW-Authenticate"] == (
        'Bearer realm="huiji", error="insufficient_scope", scope="organizations.read"'
    )
    assert ask(bearer, "/api/v1/me/").status_code == 403

    desk.officer.post(
        f"/officer/identity/clients/{pk}/scopes/", {"scopes": ["organizations.read", "statistics.read"]}
    )
    assert ask(bearer, ORGANIZATIONS).status_code == 200, "from the next call, not from the next token"
    assert ask(bearer).status_code == 403
    assert ask(bearer, "/api/v1/statistics/members/").json()["total"] == expected


def test_its_token_is_a_strangers_in_the_other_district_and_the_realm_lets_it_do_nothing(
    desk: SimpleNamespace,
) -> None:
    _pk, client_id, secret = let_in(desk.officer)
    bearer = token(desk.huiji, client_id, secret).json()["access_token"]
    refused = ask(bearer, host=HOSTS["luoyang"])
    assert refused.status_code == 401
    assert refused["WWW-Authenticate"] == 'Bearer realm="luoyang", error="invalid_token"'
    assert token(desk.world.luoyang, client_id, secret).status_code == 401
    admin = f"{desk.huiji.keycloak_url}/admin/realms/{desk.huiji.realm}/users"
    assert requests.get(admin, headers={"Authorization": f"Bearer {bearer}"}, timeout=60).status_code == 403
    # Client credentials alone: nobody signs in through it.
    by_code = requests.get(
        f"{desk.huiji.issuer}/protocol/openid-connect/auth",
        params={"client_id": client_id, "response_type": "code", "redirect_uri": "https://evil.example/"},
        allow_redirects=False,
        timeout=60,
    )
    assert by_code.status_code in {400, 403}


def test_another_secret_makes_the_old_one_and_its_tokens_worthless(desk: SimpleNamespace) -> None:
    pk, client_id, old = let_in(desk.officer)
    before = token(desk.huiji, client_id, old).json()["access_token"]
    assert ask(before).status_code == 200
    assert desk.officer.post(f"/officer/identity/clients/{pk}/rotate/", {"reason": ""}).status_code == 422
    assert ask(before).status_code == 200
    _client_id, new, _pk = shown(
        desk.officer.post(f"/officer/identity/clients/{pk}/rotate/", {"reason": "经手人调离"})
    )
    assert new != old
    assert ask(before).status_code == 401
    assert token(desk.huiji, client_id, old).status_code == 401
    time.sleep(1.1)  # a token's age is counted in whole seconds
    assert ask(token(desk.huiji, client_id, new).json()["access_token"]).status_code == 200


def test_one_that_is_revoked_is_refused_at_once_and_then_gone_from_the_realm(desk: SimpleNamespace) -> None:
    pk, client_id, secret = let_in(desk.officer)
    bearer = token(desk.huiji, client_id, secret).json()["access_token"]
    desk.officer.post(f"/officer/identity/clients/{pk}/revoke/", {"reason": "合同到期"})
    assert ask(bearer).status_code == 401
    # The realm still knows it until a job has told it, and a fresh token opens as little.
    assert ask(token(desk.huiji, client_id, secret).json()["access_token"]).status_code == 401
    with in_district(desk.huiji):
        tasks.remove_client(client_id)
        tasks.remove_client(client_id)  # one that is gone is as good
    assert token(desk.huiji, client_id, secret).status_code == 401
    for act in ("scopes", "rotate", "revoke"):
        again = desk.officer.post(
            f"/officer/identity/clients/{pk}/{act}/", {"reason": "再来", "scopes": "members.read"}
        )
        assert again.status_code == 404
    page = desk.officer.get(f"/officer/identity/clients/{pk}/").content.decode()
    assert "已停用" in page
    assert "更换密钥" not in page


def test_the_removal_is_queued_with_the_commit_and_again_while_keycloak_is_away(
    desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def waiting() -> int:
        with in_registry():
            return ProcrastinateJob.objects.filter(task_name="identity.remove_client", status="todo").count()

    def away(*_: Any) -> None:
        raise Unreachable("status 503")

    pk, client_id, _secret = let_in(desk.officer)
    queued = waiting()
    with in_district(desk.huiji), django_capture_on_commit_callbacks(execute=True):
        desk.officer.post(f"/officer/identity/clients/{pk}/revoke/", {"reason": "合同到期"})
    assert waiting() == queued + 1
    monkeypatch.setattr(clients, "remove", away)
    with in_district(desk.huiji):
        tasks.remove_client(client_id)
        tasks.remove_client(client_id, tries=tasks.TRIES)
    assert waiting() == queued + 2


def test_every_act_is_in_the_log_and_no_secret_is(
    desk: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    pk, client_id, secret = let_in(desk.officer)
    address = f"/officer/identity/clients/{pk}"
    desk.officer.post(f"{address}/scopes/", {"scopes": "statistics.read"})
    _id, newer, _pk = shown(desk.officer.post(f"{address}/rotate/", {"reason": "定期更换"}))
    desk.officer.post(f"{address}/revoke/", {"reason": "合同到期"})
    with in_district(desk.huiji):
        rows = list(AuditRow.objects.filter(object_kind="service_client").order_by("id"))
        row = ServiceClient.objects.get(pk=pk)
    assert [(each.action, each.reason) for each in rows] == [
        ("service_client.create", ""),
        ("service_client.scopes", ""),
        ("service_client.rotate", "定期更换"),
        ("service_client.revoke", "合同到期"),
    ]
    assert {(each.actor_name, each.object_name) for each in rows} == {("张伟", "人事系统")}
    told = str([vars(each) for each in (*rows, row)]) + caplog.text
    assert secret not in told
    assert newer not in told
    assert secret not in desk.officer.get(f"{address}/").content.decode()
    page = desk.officer.get("/officer/audit/").content.decode()
    assert "更换接入系统的密钥" in page
    assert client_id not in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": " ", "scopes": "members.read"}, "请写上这个系统叫什么"),
        ({"name": ""}, "请写上这个系统叫什么"),
        ({"name": ""}, "请至少选一项权限"),
        ({"name": "人" * 61, "scopes": "members.read"}, "最多 60 个字"),
        ({"name": "人事系统"}, "请至少选一项权限"),
        ({"name": "人事系统", "scopes": "members.write"}, "没有这样的权限"),
    ],
)
def test_what_is_wrong_with_the_form_is_said_and_what_was_typed_stays(
    desk: SimpleNamespace, given: dict[str, str], said: str
) -> None:
    answer = desk.officer.post(NEW, given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert f'value="{given["name"]}"' in answer.content.decode()
    with in_district(desk.huiji):
        assert not ServiceClient.objects.exists()


def test_two_are_not_called_alike_and_there_are_not_too_many(
    desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_in(desk.officer)
    assert (
        "请换一个名字"
        in desk.officer.post(NEW, {"name": "人事系统 ", "scopes": "members.read"}).content.decode()
    )
    monkeypatch.setattr(service_clients, "MOST", 1)
    full = desk.officer.post(NEW, {"name": "统计系统", "scopes": "members.read"})
    assert full.status_code == 409
    assert "最多 1 个" in full.content.decode()


def test_while_keycloak_is_away_nothing_is_changed(
    desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk, client_id, secret = let_in(desk.officer)
    bearer = token(desk.huiji, client_id, secret).json()["access_token"]
    time.sleep(1.1)  # a token's age is counted in whole seconds
    found = oidc.realm_of(desk.huiji)
    gone = f"http://127.0.0.1:{free_port()}/"
    monkeypatch.setattr(clients, "accounts_admin", lambda _: accounts._admin(gone, found.name, "x"))
    for path, data in (
        (NEW, {"name": "统计系统", "scopes": "members.read"}),
        (f"/officer/identity/clients/{pk}/rotate/", {"reason": "定期更换"}),
    ):
        answer = desk.officer.post(path, data)
        assert answer.status_code == 503
        assert "什么也没有改" in answer.content.decode()
    oidc.forget()
    with in_district(desk.huiji):
        assert ServiceClient.objects.count() == 1
    assert ask(bearer).status_code == 200
    assert token(desk.huiji, client_id, secret).status_code == 200


def test_only_an_officer_over_the_whole_district_has_the_page(
    desk: SimpleNamespace, client_of: Callable[..., Client]
) -> None:
    page = desk.officer.get("/officer/identity/")
    assert page.status_code == 200
    assert "/officer/identity/" in desk.officer.get("/officer/members/").content.decode()
    with in_district(desk.huiji):
        Office.objects.create(
            member=desk.world.zhoujie, kind=OfficeKind.OFFICER, organization=desk.world.zhoujie.branch
        )
    lesser = client_of("zhoujie")
    members = lesser.get("/officer/members/")
    assert members.status_code == 200
    assert "/officer/identity/" not in members.content.decode()
    for visitor in (lesser, client_of("wangfang"), client_of("liuna")):
        for path in ("/officer/identity/", NEW):
            assert visitor.get(path).status_code == 404
        assert visitor.post(NEW, {"name": "x", "scopes": "members.read"}).status_code == 404
    pk, _client_id, _secret = let_in(desk.officer)
    with in_district(desk.world.luoyang):
        assert not ServiceClient.objects.exists()
    theirs = client_of("sunli")
    assert theirs.get(f"/officer/identity/clients/{pk}/").status_code == 404


def test_provisioning_finds_what_was_changed_lost_or_left_over(desk: SimpleNamespace) -> None:
    pk, client_id, secret = let_in(desk.officer)
    lost = let_in(desk.officer, "统计系统")[1]
    assert provisioning.provision_realm(desk.huiji, check=True) == []
    admin = provisioning.provisioner(desk.huiji)
    found = admin.client(client_id)
    assert found is not None
    admin.update_client(
        found["id"], found | {"standardFlowEnabled": True, "redirectUris": ["https://evil.example/*"]}
    )
    gone = admin.client(lost)
    assert gone is not None
    admin.delete_client(gone["id"])
    admin.create_client({"clientId": "integration-by-hand", "serviceAccountsEnabled": True})
    lines = provisioning.provision_realm(desk.huiji, check=True)
    assert set(lines) == {
        "client integration-by-hand: is there, and should not be",
        f"client {client_id}: redirectUris is https://evil.example/*, and should be empty",
        f"client {client_id}: standardFlowEnabled is true, and should be false",
        f"client {lost}: is not there",
    }
    assert provisioning.provision_realm(desk.huiji) == lines
    assert provisioning.provision_realm(desk.huiji, check=True) == []
    assert token(desk.huiji, client_id, secret).status_code == 200, "its secret is its own affair"
    with in_district(desk.huiji):
        made_anew = ServiceClient.objects.get(client_id=lost)
    _id, newer, _pk = shown(
        desk.officer.post(f"/officer/identity/clients/{made_anew.pk}/rotate/", {"reason": "丢失"})
    )
    assert token(desk.huiji, lost, newer).status_code == 200
    desk.officer.post(f"/officer/identity/clients/{pk}/revoke/", {"reason": "合同到期"})
    assert provisioning.provision_realm(desk.huiji) == [f"client {client_id}: is there, and should not be"]
    assert token(desk.huiji, client_id, secret).status_code == 401


def test_the_door_touches_no_client_that_signs_people_in(desk: SimpleNamespace) -> None:
    for name in ("dangjian", "dangjian-accounts", "realm-management", "account"):
        with pytest.raises(ValueError, match="no client of another system"):
            clients.remove(desk.huiji, name)
        with pytest.raises(ValueError, match="no client of another system"):
            clients.put(desk.huiji, name, name="x", secret="x")
