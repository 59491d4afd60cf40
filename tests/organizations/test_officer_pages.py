"""The officer's desk, with and without a script, and what everybody else sees of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from dangjian.audit.models import AuditRow
from dangjian.identity.models import User
from dangjian.organizations.models import Member, Office, OfficeKind
from dangjian.organizations.pinyin import spell
from tenants.context import in_district
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
LIST = "/officer/members/"
PANEL = {"hx-request": "true"}


@pytest.fixture
def officer(client_of: ClientOf) -> Any:
    return client_of("zhangwei")


def names(answer: Any) -> list[str]:
    shown = [row.name for row, _cells in answer.context["rows"]]
    assert re.findall(r'data-panel\s+title="([^"]+)"', answer.content.decode()) == shown
    return shown


def crowd(world: SimpleNamespace, many: int, branch: str = "grid4") -> None:
    with in_district(world.huiji):
        for number in range(many):
            name = f"高{'一二三四五六七八九十'[number // 10 % 10]}{'甲乙丙丁戊己庚辛壬癸'[number % 10]}"
            spelt = spell(name)
            user = User.objects.create(username=f"gao{number}", name=name)
            Member.objects.create(
                user=user,
                branch=getattr(world.huiji_orgs, branch),
                name=name,
                pinyin=spelt.full,
                initials=spelt.initials,
            )


def test_the_list_shows_the_whole_district_by_name(officer: Any) -> None:
    answer = officer.get(LIST)
    assert answer.status_code == 200
    assert names(answer) == ["李强", "刘娜", "王芳", "张伟", "周杰"]
    assert "支部书记" in answer.content.decode()


@pytest.mark.parametrize("who", ["wangfang", "liqiang", "zhoujie", "liuna"])
@pytest.mark.parametrize("path", ["members/", "members/1/", "members/1/password/", "audit/"])
def test_to_everybody_else_the_desk_does_not_exist(client_of: ClientOf, who: str, path: str) -> None:
    assert client_of(who).get(f"/officer/{path}").status_code == 404


def test_signed_out_one_is_sent_to_sign_in(client: Any, world: SimpleNamespace) -> None:
    answer = client.get(LIST, headers={"host": "huiji.localhost"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=%2Fofficer%2Fmembers%2F")


def test_searching_and_filtering(officer: Any, world: SimpleNamespace) -> None:
    assert names(officer.get(LIST, {"q": "wf"})) == ["王芳"]
    assert names(officer.get(LIST, {"q": "王fang"})) == ["王芳"]
    committee = world.huiji_orgs.xincheng.pk
    assert names(officer.get(LIST, {"organization": committee})) == ["李强", "王芳"]
    assert names(officer.get(LIST, {"organization": committee, "q": "zhou"})) == []
    assert names(officer.get(LIST, {"state": "inactive"})) == []
    assert len(names(officer.get(LIST, {"state": "never"}))) == 5


@pytest.mark.parametrize("organization", ["999999", "x", "٣"])
def test_a_foreign_organisation_is_not_found(officer: Any, organization: str) -> None:
    assert officer.get(LIST, {"organization": organization}).status_code == 404


def test_pages_go_forward_and_back(officer: Any, world: SimpleNamespace) -> None:
    crowd(world, 45)
    seen, address = [], LIST
    pages = []
    while address:
        answer = officer.get(address)
        pages.append(names(answer))
        seen += names(answer)
        address = answer.context["pages"].get("next", "")
        last = answer
    assert len(seen) == len(set(seen)) == 50
    assert [len(page) for page in pages] == [20, 20, 10]
    back = officer.get(last.context["pages"]["previous"])
    assert names(back) == pages[1]
    first = officer.get(back.context["pages"]["previous"])
    assert names(first) == pages[0]
    assert "previous" not in first.context["pages"]


def test_a_cursor_belongs_to_its_filter(officer: Any, world: SimpleNamespace) -> None:
    crowd(world, 25)
    following = officer.get(LIST).context["pages"]["next"]
    assert officer.get(following + "&q=gao").status_code == 400
    assert officer.get(LIST, {"cursor": "nonsense"}).status_code == 400


def test_the_list_costs_the_same_however_long(officer: Any, world: SimpleNamespace, budget: Budget) -> None:
    crowd(world, 60)
    officer.get(LIST)
    with budget(9):
        officer.get(LIST)


def test_a_member_opens_beside_the_list_and_alone(officer: Any, world: SimpleNamespace) -> None:
    address = f"{LIST}{world.wangfang.pk}/"
    page = officer.get(address, {"q": "wf"})
    assert "<html" in page.content.decode()
    assert names(page) == ["王芳"]
    assert re.search(rf'href="{re.escape(LIST)}\?q=wf"\s+data-close', page.content.decode())
    panel = officer.get(address, {"q": "wf"}, headers=PANEL)
    assert "<html" not in panel.content.decode()
    assert "金河社区第三网格党支部" in panel.content.decode()


def test_the_panel_costs_few_statements(officer: Any, world: SimpleNamespace, budget: Budget) -> None:
    address = f"{LIST}{world.wangfang.pk}/"
    officer.get(address, headers=PANEL)
    with budget(8):
        officer.get(address, headers=PANEL)


def test_the_sibling_districts_member_is_not_found(officer: Any, world: SimpleNamespace) -> None:
    with in_district(world.luoyang):
        user = User.objects.create(id=7_000_000, username="far", name="远")
        Member.objects.create(
            id=7_000_000, user=user, branch=world.zhaomin.branch, name="远", pinyin="yuan", initials="y"
        )
    assert officer.get(f"{LIST}7000000/").status_code == 404
    assert officer.post(f"{LIST}7000000/deactivate/", {"reason": "因"}).status_code == 404


def test_an_officer_of_one_committee_sees_and_manages_that(
    client_of: ClientOf, world: SimpleNamespace
) -> None:
    with in_district(world.huiji):
        Office.objects.create(
            member=world.zhoujie, kind=OfficeKind.OFFICER, organization=world.huiji_orgs.xincheng
        )
    client = client_of("zhoujie")
    assert names(client.get(LIST)) == ["李强", "王芳"]
    assert client.get(f"{LIST}{world.zhangwei.pk}/").status_code == 404
    assert client.get(LIST, {"organization": world.huiji_orgs.guxing.pk}).status_code == 404
    assert client.post(f"{LIST}{world.liqiang.pk}/deactivate/", {"reason": "因"}).status_code == 302


def test_whoever_reaches_further_can_only_be_looked_at(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        Office.objects.create(
            member=world.zhoujie, kind=OfficeKind.OFFICER, organization=world.huiji_orgs.offices
        )
    client = client_of("zhoujie")
    panel = client.get(f"{LIST}{world.zhangwei.pk}/")
    assert "只能查看" in panel.content.decode()
    assert client.get(f"{LIST}{world.zhangwei.pk}/password/").status_code == 404
    assert client.post(f"{LIST}{world.zhangwei.pk}/password/", {"reason": "因"}).status_code == 404


def test_a_new_password_is_shown_once(officer: Any, world: SimpleNamespace) -> None:
    address = f"{LIST}{world.liqiang.pk}/password/"
    assert "生成一次性密码" in officer.get(address).content.decode()
    answer = officer.post(address, {"reason": "本人忘记密码"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    password = answer.context["password"]
    assert password in answer.content.decode()
    with in_district(world.huiji):
        assert User.objects.get(username="liqiang").check_password(password)
    assert password not in officer.get(f"{LIST}{world.liqiang.pk}/").content.decode()


def test_deactivate_and_reactivate(officer: Any, client_of: ClientOf, world: SimpleNamespace) -> None:
    theirs = client_of("liqiang")
    assert theirs.get("/branch/").status_code == 200
    address = f"{LIST}{world.liqiang.pk}/"
    answer = officer.post(f"{address}deactivate/?q=lq", {"reason": "已转出"}, follow=True)
    assert answer.redirect_chain == [(f"{address}?q=lq", 302)]
    assert "账号已停用" in answer.content.decode()
    assert theirs.get("/branch/").status_code == 302
    assert names(officer.get(LIST, {"state": "inactive"})) == ["李强"]
    officer.post(f"{address}reactivate/", {"reason": "误停"})
    with in_district(world.huiji):
        assert User.objects.get(username="liqiang").is_active


def test_a_refused_form_keeps_what_was_filled_in(officer: Any, world: SimpleNamespace) -> None:
    address = f"{LIST}{world.liqiang.pk}/give-office/"
    answer = officer.post(address, {"kind": "moderator", "organization": "", "reason": "分管新城街道"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "请选择负责范围" in page
    assert "分管新城街道" in page
    assert '<option value="moderator" selected>' in page


def test_what_the_service_refuses_stands_at_its_field(officer: Any, world: SimpleNamespace) -> None:
    answer = officer.post(
        f"{LIST}{world.liqiang.pk}/set-post/",
        {"post": "secretary", "organization": world.huiji_orgs.grid3.pk, "reason": "换届"},
    )
    assert answer.status_code == 422
    assert "请先免去" in answer.context["form"].errors["post"][0]


def test_the_own_last_office_stays(officer: Any, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        office = Office.objects.get(member=world.zhangwei)
    answer = officer.post(
        f"{LIST}{world.zhangwei.pk}/take-office/", {"office": office.pk, "reason": "不做了"}
    )
    assert answer.status_code == 422
    assert officer.get(f"{LIST}{world.zhangwei.pk}/deactivate/").status_code == 404
    assert officer.post(f"{LIST}{world.zhangwei.pk}/deactivate/", {"reason": "因"}).status_code == 404


@pytest.mark.parametrize("action", ["nothing", "reactivate", "end-post", "take-office"])
def test_an_action_that_makes_no_sense_is_not_found(
    officer: Any, world: SimpleNamespace, action: str
) -> None:
    assert officer.get(f"{LIST}{world.liqiang.pk}/{action}/").status_code == 404


def test_every_action_has_its_form(officer: Any, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        Office.objects.create(
            member=world.wangfang, kind=OfficeKind.EDITOR, organization=world.huiji_orgs.grid3
        )
    address = f"{LIST}{world.wangfang.pk}/"
    actions = officer.get(address).context["actions"]
    assert len(actions) == 10
    for key, action in actions.items():
        answer = officer.get(f"{address}{key}/", headers=PANEL)
        assert answer.status_code == 200
        assert str(action.verb) in answer.content.decode()


def test_other_methods_are_refused(officer: Any, world: SimpleNamespace) -> None:
    assert officer.post(LIST).status_code == 405
    assert officer.delete(f"{LIST}{world.liqiang.pk}/password/").status_code == 405


# --- the audit log -------------------------------------------------------------------------------------------------


def act(officer: Any, world: SimpleNamespace) -> None:
    officer.post(f"{LIST}{world.liqiang.pk}/rename/", {"name": "李大强", "reason": "更名"})
    officer.post(f"{LIST}{world.zhoujie.pk}/deactivate/", {"reason": "已转出"})


def test_the_log_tells_what_was_done(officer: Any, world: SimpleNamespace) -> None:
    act(officer, world)
    page = officer.get("/officer/audit/").content.decode()
    for words in ("更正姓名", "李强 → 李大强", "停用账号", "已转出", "周杰", "待封存"):
        assert words in page


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ({"action": "member.rename"}, ["member.rename"]),
        ({"who": "周杰"}, ["account.deactivate"]),
        ({"who": "张伟"}, ["account.deactivate", "member.rename"]),
        ({"who": "nobody\x00"}, []),
        ({"from": "2999-01-01"}, []),
        ({"to": "2000-01-01"}, []),
        ({"from": "2026-02-30", "to": "rubbish"}, ["account.deactivate", "member.rename"]),
        ({"user": "99999999999999999999999"}, []),
    ],
)
def test_the_log_is_filtered(
    officer: Any, world: SimpleNamespace, query: dict[str, str], actions: list[str]
) -> None:
    act(officer, world)
    shown = [row.action for row, _, _ in officer.get("/officer/audit/", query).context["rows"]]
    assert shown == actions


def test_the_log_is_filtered_by_person(officer: Any, world: SimpleNamespace) -> None:
    act(officer, world)
    answer = officer.get("/officer/audit/", {"user": world.zhoujie.user_id})
    assert [row.action for row, _, _ in answer.context["rows"]] == ["account.deactivate"]
    assert "只看周杰" in answer.content.decode()


def test_the_log_has_pages(officer: Any, world: SimpleNamespace, budget: Budget) -> None:
    with in_district(world.huiji):
        for number in range(70):
            AuditRow.objects.create(
                transaction=1, actor_name="张伟", action="post.set", object_name=str(number)
            )
    seen, address = [], "/officer/audit/"
    while address:
        answer = officer.get(address)
        seen += [row.object_name for row, _, _ in answer.context["rows"]]
        address = answer.context["pages"].get("next", "")
    assert seen == [str(number) for number in reversed(range(70))]
    with budget(6):
        officer.get("/officer/audit/")


def test_an_officer_below_reads_what_concerns_their_members(
    officer: Any, client_of: ClientOf, world: SimpleNamespace
) -> None:
    with in_district(world.huiji):
        Office.objects.create(
            member=world.zhoujie, kind=OfficeKind.OFFICER, organization=world.huiji_orgs.xincheng
        )
    officer.post(f"{LIST}{world.liqiang.pk}/rename/", {"name": "李大强", "reason": "更名"})
    officer.post(f"{LIST}{world.liuna.pk}/rename/", {"name": "刘大娜", "reason": "更名"})
    answer = client_of("zhoujie").get("/officer/audit/")
    assert [row.object_name for row, _, _ in answer.context["rows"]] == ["李强"]
