"""The pages of sign-in, as a browser without JavaScript sees them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from dangjian.audit.models import AuditRow
from dangjian.identity import lockout, services
from dangjian.identity.models import Session, User
from dangjian.identity.sessions import SessionStore, find
from tenants.context import in_district
from tests.cast import HOSTS, PASSWORD

COOKIE = settings.SESSION_COOKIE_NAME
NEW = "槐花-1976-渡口"


def visitor(host: str = HOSTS["huiji"], **options: Any) -> Client:
    return Client(headers={"host": host}, **options)


def sign_in(client: Client, username: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/sign-in/", {"username": username, "password": password, **more})


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.parametrize("host", HOSTS.values())
def test_the_page_is_there_on_every_host(world, host) -> None:
    client = visitor(host)
    for path in ("/sign-in/", "/forgotten/"):
        answer = client.get(path)
        assert answer.status_code == 200
    assert "no-store" in client.get("/sign-in/").headers["Cache-Control"]
    person = "chenjing" if "central" in host else "zhaomin" if "luoyang" in host else "wangfang"
    assert sign_in(client, person).headers["Location"] == "/"
    for path in ("/password/", "/sessions/"):
        assert client.get(path).status_code == 200


def test_a_closed_page_sends_to_sign_in_and_back(world) -> None:
    client = visitor()
    sent = client.get("/sessions/?a=1&b=2")
    assert sent.status_code == 302
    assert sent.headers["Location"] == "/sign-in/?next=%2Fsessions%2F%3Fa%3D1%26b%3D2"
    page = client.get(sent.headers["Location"])
    assert escape("/sessions/?a=1&b=2") in page.content.decode()
    assert "登录已过期" not in text_of(page)
    assert sign_in(client, "wangfang", next="/sessions/?a=1&b=2").headers["Location"] == "/sessions/?a=1&b=2"
    assert client.get("/sign-in/?next=/password/").headers["Location"] == "/password/"


def test_an_expired_session_is_told_kindly(world) -> None:
    client = visitor()
    client.cookies[COOKIE] = "a" * 32
    page = client.get("/sessions/", follow=True)
    assert "登录已过期，请重新登录。没发出去的内容还在这台设备上。" in text_of(page)
    assert page.redirect_chain[0][0] == "/sign-in/?next=%2Fsessions%2F&expired=1"


def test_a_form_sent_too_late_leads_back_to_the_page_it_stood_on(world) -> None:
    client = visitor()
    sent = client.post("/sessions/end-others/", headers={"referer": f"http://{HOSTS['huiji']}/sessions/?x=1"})
    assert sent.headers["Location"] == "/sign-in/?next=%2Fsessions%2F%3Fx%3D1"
    sent = client.post("/sessions/end-others/", headers={"referer": "http://evil.example/sessions/"})
    assert sent.headers["Location"] == "/sign-in/?next=%2F"


def test_a_script_is_sent_as_a_whole_page(world) -> None:
    sent = visitor().get(
        "/sessions/", headers={"hx-request": "true", "hx-current-url": f"http://{HOSTS['huiji']}/me/"}
    )
    assert sent.status_code == 401
    assert sent.headers["HX-Redirect"] == "/sign-in/?next=%2Fme%2F"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
    ],
)
def test_nobody_is_sent_to_another_host(world, elsewhere) -> None:
    assert sign_in(visitor(), "wangfang", next=elsewhere).headers["Location"] == "/"


def test_a_one_time_password_past_its_time_says_whom_to_ask(world) -> None:
    with in_district(world.huiji):
        password = services.reset_password(user=world.liqiang.user, actor=world.zhangwei.user, reason="忘记")
        User.objects.filter(username="liqiang").update(password_expires_at=timezone.now())
    page = sign_in(visitor(), "liqiang", password)
    assert page.status_code == 422
    assert "这个一次性密码已经过期（72 小时内有效）。请找本支部书记，拿一个新的一次性密码。" in text_of(page)
    assert "还可以试" not in text_of(page)


def test_a_network_of_many_wrong_names_tells_newcomers_what_to_do(world, monkeypatch) -> None:
    monkeypatch.setattr(lockout, "ADDRESS_LIMIT", 3)
    for name in ("nobody", "no-one", "who"):
        sign_in(visitor(), name, "wrong")
    page = sign_in(visitor(), "liqiang")
    assert page.status_code == 429
    assert "这个网络上试错的账号太多了，请过 60 分钟再登录，或者换手机流量登录。" in text_of(page)
    with in_district(world.huiji):
        assert list(AuditRow.objects.values_list("action", flat=True)) == ["session.address_shut"]


def test_a_wrong_password_keeps_the_name_and_says_how_many_tries_are_left(world) -> None:
    client = visitor()
    page = sign_in(client, "WangFang", "wrong", next="/sessions/")
    assert page.status_code == 422
    said = text_of(page)
    assert "账号和密码对不上，请再看一下。还可以试 4 次。" in said
    assert 'value="WangFang"' in said
    assert 'value="wrong"' not in said
    assert 'value="/sessions/"' in said
    assert 'aria-invalid="true"' in said
    empty = text_of(client.post("/sign-in/"))
    assert "请填写账号。" in empty
    assert "请填写密码。" in empty


def test_the_lock_is_told_with_its_time_and_only_to_who_is_locked(world) -> None:
    for _ in range(5):
        page = sign_in(visitor(), "liqiang", "wrong")
    assert "已经错了 5 次，请过 15 分钟再试" in text_of(page)
    locked = sign_in(visitor(), "liqiang")
    assert locked.status_code == 429
    assert "请过 15 分钟再登录" in text_of(locked)
    assert sign_in(visitor(), "wangfang").status_code == 302
    elsewhere = Client(headers={"host": HOSTS["huiji"]}, REMOTE_ADDR="203.0.113.9")
    assert sign_in(elsewhere, "liqiang").status_code == 302


def test_forms_need_their_token(world) -> None:
    client = visitor(enforce_csrf_checks=True)
    assert sign_in(client, "wangfang").status_code == 403


def test_a_first_sign_in_leads_to_a_password_of_ones_own(world) -> None:
    with in_district(world.huiji):
        once = services.reset_password(user=world.liqiang.user, actor=world.zhangwei.user, reason="第一次")
    client = visitor()
    sent = sign_in(client, "liqiang", once, next="/sessions/")
    assert sent.headers["Location"] == "/password/?next=%2Fsessions%2F"
    assert client.get("/sessions/?x=1").headers["Location"] == "/password/?next=%2Fsessions%2F%3Fx%3D1"
    page = text_of(client.get(sent.headers["Location"]))
    assert "设置自己的密码" in page
    assert "现在的密码" not in page

    wrong = client.post("/password/", {"new": "12345678", "again": "12345679"})
    assert wrong.status_code == 422
    assert "两遍新密码不一样，请再输一遍。" in text_of(wrong)
    assert "不能全是数字" in text_of(client.post("/password/", {"new": "93847261", "again": "93847261"}))

    done = client.post("/password/", {"new": NEW, "again": NEW, "next": "/sessions/"})
    assert done.headers["Location"] == "/sessions/"
    assert "密码已经换好。" in text_of(client.get("/sessions/"))
    assert sign_in(visitor(), "liqiang", NEW).status_code == 302


def test_one_may_leave_before_choosing_a_password(world) -> None:
    with in_district(world.huiji):
        User.objects.filter(username="liqiang").update(must_change_password=True)
    client = visitor()
    sign_in(client, "liqiang")
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/password/").status_code == 302


def test_a_password_is_changed_with_the_present_one(world, client_of) -> None:
    client = client_of("liqiang")
    key = client.cookies[COOKIE].value
    wrong = client.post("/password/", {"current": "wrong", "new": NEW, "again": NEW})
    assert wrong.status_code == 422
    assert "现在的密码不对" in text_of(wrong)
    done = client.post("/password/", {"current": PASSWORD, "new": NEW, "again": NEW})
    assert done.status_code == 302
    assert client.cookies[COOKIE].value != key
    assert client.get("/sessions/").status_code == 200
    with in_district(world.huiji):
        assert find(key) is None


def test_sessions_are_listed_and_ended_by_their_owner(world, client_of) -> None:
    client = client_of("liqiang")
    with in_district(world.huiji):
        phone = SessionStore.for_user(
            world.liqiang.user,
            address="203.0.113.9",
            user_agent="Mozilla/5.0 (Linux; Android 12) Chrome/107 Mobile Safari/537 MicroMessenger/8",
        )
        desk = SessionStore.for_user(
            world.liqiang.user, user_agent="Mozilla/5.0 (Windows NT 10.0) Chrome/120"
        )
        colleague = SessionStore.for_user(world.wangfang.user, address="198.51.100.77")
        number = {key: Session.objects.get(session_key=key).pk for key in (phone, desk, colleague)}
    page = text_of(client.get("/sessions/"))
    assert "Android 手机，微信" in page
    assert "203.0.113.9" in page
    assert "Windows 电脑，Chrome" in page
    assert page.count("就是这一台") == 1
    assert "198.51.100.77" not in page

    assert client.post(f"/sessions/{number[colleague]}/end/").status_code == 404
    assert client.post(f"/sessions/{number[phone]}/end/").status_code == 302
    with in_district(world.huiji):
        assert [find(key) is None for key in (phone, desk, colleague)] == [True, False, False]
    assert client.post("/sessions/end-others/").status_code == 302
    with in_district(world.huiji):
        assert find(desk) is None
        assert find(colleague) is not None
    assert client.get("/sessions/").status_code == 200
    assert client.get(f"/sessions/{number[desk]}/end/").status_code == 405


def test_a_session_of_the_other_district_with_the_same_number_is_out_of_reach(world, client_of) -> None:
    client = client_of("wangfang")
    with in_district(world.luoyang):
        key = SessionStore.for_user(world.zhaomin.user)
        number = Session.objects.get(session_key=key).pk
    assert client.post(f"/sessions/{number}/end/").status_code == 404
    with in_district(world.luoyang):
        assert find(key) is not None


def test_signing_out_ends_the_session_and_says_so(world, client_of) -> None:
    client = client_of("liqiang")
    key = client.cookies[COOKIE].value
    assert client.get("/sign-out/").status_code == 405
    page = client.post("/sign-out/", follow=True)
    assert "已经退出登录。" in text_of(page)
    with in_district(world.huiji):
        assert find(key) is None


def test_the_first_sign_in_is_remembered_once(world) -> None:
    sign_in(visitor(), "liqiang")
    with in_district(world.huiji):
        first = User.objects.get(username="liqiang").first_signed_in_at
        assert first is not None
    sign_in(visitor(), "liqiang")
    with in_district(world.huiji):
        assert User.objects.get(username="liqiang").first_signed_in_at == first
