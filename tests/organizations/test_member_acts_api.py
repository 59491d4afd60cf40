"""What an officer can do to a member, by API."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from dangjian.organizations.models import Member
from tenants.context import in_district

ClientOf = Callable[..., Any]


def test_acts_do_what_the_panel_does(client_of: ClientOf, world: SimpleNamespace) -> None:
    officer, path = client_of("zhangwei"), f"/api/v1/members/{world.liqiang.pk}/"

    def act(key: str, client: Any = officer, **given: Any) -> Any:
        return client.post(f"{path}acts/{key}/", {"reason": "核实"} | given, content_type="application/json")

    with in_district(world.huiji):
        Member.objects.filter(pk=world.liqiang.pk).update(nationality="回族", is_floating=True)
    answer = act("correct", education="bachelor", occupation="网格员").json()
    assert answer["told"] is None
    member = answer["member"]
    assert (member["education"], member["occupation"]) == ("bachelor", "网格员")
    assert (member["nationality"], member["is_floating"]) == ("回族", True), "what is left out stays"

    posted = act(
        "set-post", post="publicity", organization=world.huiji_orgs.grid3.pk, since="2026-03-01"
    ).json()
    (held,) = posted["member"]["posts"]
    assert held["since"] == "2026-03-01"
    blocked = act("move", branch=world.huiji_orgs.grid4.pk)
    assert (blocked.status_code, blocked.json()["errors"][0]["code"]) == (422, "holds_posts")
    assert act("end-post", held=held["id"]).json()["member"]["posts"] == []
    moved = act(
        "move", branch=world.huiji_orgs.grid4.pk, since="2026-11-20", document="惠组〔2026〕30 号"
    ).json()
    assert moved["member"]["branch"]["id"] == world.huiji_orgs.grid4.pk

    assert len(act("password").json()["told"]) > 7
    assert act("reveal").json()["code"] == "not_offered"
    wrong = act("correct", education="博士后")
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/education"]
    assert act("explode").status_code == 404
    assert act("rename", client_of("wangfang"), name="李刚").status_code == 404


def test_who_reads_a_member(client_of: ClientOf, world: SimpleNamespace) -> None:
    path = f"/api/v1/members/{world.liqiang.pk}/"
    seen = {name: client_of(name).get(path) for name in ("zhangwei", "wangfang", "liqiang", "zhoujie")}
    assert {name: answer.status_code for name, answer in seen.items()} == {
        "zhangwei": 200, "wangfang": 200, "liqiang": 200, "zhoujie": 404,
    }  # fmt: skip
    assert "correct" in seen["zhangwei"].json()["acts"]
    assert seen["wangfang"].json()["acts"] == []
