"""通讯录: who is in it, and whose number is given to whom."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from dangjian.organizations.models import Member
from tenants.context import in_district
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
NUMBERS = {
    "wangfang": "13812340001",
    "liqiang": "13812340002",
    "zhoujie": "13812340003",
    "liuna": "13812340004",
}


@pytest.fixture
def numbers(world: SimpleNamespace) -> SimpleNamespace:
    with in_district(world.huiji):
        for username, number in NUMBERS.items():
            Member.objects.filter(user__username=username).update(phone=number)
    return world


def dialled(page: str) -> set[str]:
    return {username for username, number in NUMBERS.items() if f"tel:{number}" in page}


def test_who_may_ring_whom(numbers: SimpleNamespace, client_of: ClientOf) -> None:
    of = {
        name: client_of(name).get("/contacts/").content.decode()
        for name in ("liqiang", "wangfang", "zhoujie")
    }
    assert dialled(of["liqiang"]) == {"wangfang", "liqiang"}  # the secretary, and oneself
    assert dialled(of["wangfang"]) == {"wangfang", "liqiang"}
    assert dialled(of["zhoujie"]) == {"zhoujie"}
    assert "王芳" not in of["zhoujie"]


def test_a_member_is_not_given_the_number_of_another(numbers: SimpleNamespace, client_of: ClientOf) -> None:
    with in_district(numbers.huiji):
        Member.objects.filter(pk=numbers.zhoujie.pk).update(branch=numbers.liqiang.branch)
    page = client_of("liqiang").get("/contacts/").content.decode()
    assert "周杰" in page
    for number in (NUMBERS["zhoujie"], "138****0003"):
        assert number not in page


def test_an_officer_opens_any_branch_of_theirs_and_finds_by_pinyin(
    numbers: SimpleNamespace, client_of: ClientOf
) -> None:
    officer = client_of("zhangwei")
    page = officer.get(f"/contacts/?branch={numbers.zhoujie.branch_id}").content.decode()
    assert dialled(page) == {"zhoujie"}
    for typed in ("李强", "lq", "liqiang", "李q"):
        assert dialled(officer.get("/contacts/", {"q": typed}).content.decode()) == {"liqiang"}, typed
    nobody = officer.get("/contacts/", {"q": "zzz"}).content.decode()
    assert "没有找到“zzz”" in nobody
    assert client_of("liqiang").get("/contacts/", {"q": "周杰"}).content.decode().count("tel:") == 0


def test_letters_stand_in_order_and_the_rail_leads_to_each(
    numbers: SimpleNamespace, client_of: ClientOf
) -> None:
    page = client_of("wangfang").get("/contacts/").content.decode()
    assert page.index('id="letter-1"') < page.index("李强") < page.index('id="letter-2"')
    for place in (1, 2):
        assert f'href="#letter-{place}"' in page


def test_statements_do_not_grow_with_the_branch(
    numbers: SimpleNamespace, client_of: ClientOf, budget: Budget
) -> None:
    client = client_of("wangfang")
    client.get("/contacts/")
    with budget(8):
        client.get("/contacts/")


def test_the_api_gives_what_the_page_shows(numbers: SimpleNamespace, client_of: ClientOf) -> None:
    answer = client_of("liqiang").get("/api/v1/contacts/").json()
    assert answer["branch"]["id"] == numbers.liqiang.branch_id
    shown = {one["name"]: one["dial"] for letter in answer["letters"] for one in letter["contacts"]}
    assert shown == {"王芳": NUMBERS["wangfang"], "李强": NUMBERS["liqiang"]}
    assert [letter["letter"] for letter in answer["letters"]] == ["L", "W"]
    assert (
        client_of("liqiang").get("/api/v1/contacts/", {"branch": numbers.zhoujie.branch_id}).status_code
        == 404
    )
    found = client_of("zhangwei").get("/api/v1/contacts/", {"q": "lq"}).json()
    assert found["branch"] is None
    assert [one["name"] for letter in found["letters"] for one in letter["contacts"]] == ["李强"]
    both = client_of("zhangwei").get("/api/v1/contacts/", {"q": "lq", "branch": numbers.zhoujie.branch_id})
    assert both.status_code == 400
