"""Passwords, and being locked out: what ends, what is told live, what the log says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from django.utils import timezone

from dangjian.audit.models import AuditRow
from dangjian.identity import passwords, services
from dangjian.identity.devices import device_name
from dangjian.identity.models import Session, User
from dangjian.identity.sessions import SessionStore, find
from realtime.models import Event
from tenants.context import in_district
from tests.cast import PASSWORD


def told() -> list[tuple[str, Any]]:
    """What the hubs were told to end, in order."""
    return list(Event.objects.filter(topic="control").order_by("seq").values_list("kind", "data"))


def acts() -> list[tuple[str, str, str, str]]:
    rows = AuditRow.objects.order_by("id")
    return [(row.action, row.actor_name, row.object_name, row.reason) for row in rows]


def request_of(key: str | None = None) -> Any:
    request = RequestFactory().post("/", headers={"user-agent": "pytest"})
    request.session = SessionStore(key)
    return request


def test_a_reset_ends_everything_and_opens_once(world) -> None:
    user, officer = world.liqiang.user, world.zhangwei.user
    with in_district(world.huiji):
        keys = [SessionStore.for_user(user) for _ in range(2)]
        password = services.reset_password(user=user, actor=officer, reason="忘记密码")
        assert [find(key) for key in keys] == [None, None]
        assert not Session.objects.filter(user=user).exists()
        assert user.must_change_password
        assert user.check_password(password)
        assert told() == [("person.ended", {"person": user.pk})]
        assert acts() == [("password.reset", "张伟", "李强", "忘记密码")]
        assert password not in str(list(AuditRow.objects.values()))

        request = request_of()
        services.sign_in(request=request, username="liqiang", password=password)
        services.change_password(request=request, user=user, current=None, new="槐花-1976-渡口")
        assert not user.must_change_password
        assert find(request.session.session_key).user == user
        with pytest.raises(services.WrongPassword):
            services.sign_in(request=request_of(), username="liqiang", password=password)


def test_a_reset_opens_the_door_that_wrong_passwords_closed(world) -> None:
    with in_district(world.huiji):
        for _ in range(5):
            with pytest.raises(services.WrongPassword):
                services.sign_in(request=request_of(), username="liqiang", password="forgotten-1")
        with pytest.raises(services.LockedOut):
            services.sign_in(request=request_of(), username="liqiang", password="forgotten-1")
        password = services.reset_password(
            user=world.liqiang.user, actor=world.zhangwei.user, reason="忘记密码"
        )
        services.sign_in(request=request_of(), username="liqiang", password=password)


def test_a_one_time_password_is_worth_nothing_after_three_days_and_an_own_one_is_not(world) -> None:
    user, officer = world.liqiang.user, world.zhangwei.user
    with in_district(world.huiji):
        password = services.reset_password(user=user, actor=officer, reason="忘记密码")
        assert timedelta(hours=71) < user.password_expires_at - timezone.now() <= timedelta(hours=72)
        User.objects.filter(pk=user.pk).update(password_expires_at=timezone.now() - timedelta(seconds=1))
        for _ in range(7):  # the right one is no guess: it never locks
            with pytest.raises(services.PasswordExpired):
                services.sign_in(request=request_of(), username="liqiang", password=password)
        with pytest.raises(services.WrongPassword):
            services.sign_in(request=request_of(), username="liqiang", password="not-it-at-all")
        assert not Session.objects.filter(user=user).exists()

        password = services.reset_password(user=user, actor=officer, reason="过期了")
        request = request_of()
        services.sign_in(request=request, username="liqiang", password=password)
        services.change_password(request=request, user=user, current=None, new="槐花-1976-渡口")
        assert user.password_expires_at is None


def test_a_closed_account_ends_at_once_and_opens_again_with_the_password_it_had(world) -> None:
    user, officer = world.liqiang.user, world.zhangwei.user
    with in_district(world.huiji):
        key = SessionStore.for_user(user)
        services.deactivate(user=user, actor=officer, reason="调离")
        assert find(key) is None
        with pytest.raises(services.WrongPassword):
            services.sign_in(request=request_of(), username="liqiang", password=PASSWORD)
        services.reactivate(user=user, actor=officer, reason="调回")
        assert find(key) is None
        assert services.sign_in(request=request_of(), username="liqiang", password=PASSWORD) == user
        assert told() == [("person.ended", {"person": user.pk})]
        assert acts() == [
            ("account.deactivate", "张伟", "李强", "调离"),
            ("account.reactivate", "张伟", "李强", "调回"),
            ("session.sign_in", "李强", "", ""),
        ]


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one_under_a_new_key(world) -> None:
    user = world.liqiang.user
    with in_district(world.huiji):
        here, elsewhere = SessionStore.for_user(user), SessionStore.for_user(user)
        request = request_of(here)
        services.change_password(request=request, user=user, current=PASSWORD, new="槐花-1976-渡口")
        assert find(here) is None
        assert find(elsewhere) is None
        assert find(request.session.session_key).user == user
        assert Session.objects.filter(user=user).count() == 1
        kind, data = told()[-1]
        assert (kind, set(data["keys"])) == ("session.ended", {here, elsewhere})
        assert acts() == [("password.change", "李强", "", "")]


def test_the_present_password_cannot_be_guessed_by_who_finds_a_phone(world) -> None:
    user = world.liqiang.user
    with in_district(world.huiji):
        request = request_of(SessionStore.for_user(user))
        for _ in range(5):
            with pytest.raises(ValidationError, match="现在的密码不对"):
                services.change_password(request=request, user=user, current="wrong", new="槐花-1976-渡口")
        with pytest.raises(services.LockedOut):
            services.change_password(request=request, user=user, current=PASSWORD, new="槐花-1976-渡口")
        with pytest.raises(ValidationError, match="请填写现在的密码"):
            services.change_password(request=request, user=user, current=None, new="槐花-1976-渡口")
        assert acts() == [("session.locked_out", "", "李强", "")]


def test_one_ends_only_sessions_of_ones_own(world) -> None:
    with in_district(world.huiji):
        mine, other = world.liqiang.user, world.wangfang.user
        keys = {name: SessionStore.for_user(user) for name, user in (("mine", mine), ("other", other))}
        ids = list(Session.objects.values_list("pk", flat=True))
        assert services.end_sessions(user=mine, ids=ids) == 1
        assert find(keys["mine"]) is None
        assert find(keys["other"]) is not None
        assert told() == [("session.ended", {"keys": [keys["mine"]]})]
        assert services.end_sessions(user=mine, ids=ids) == 0
        assert len(told()) == 1


def test_signing_out_tells_the_sockets(world) -> None:
    with in_district(world.huiji):
        key = SessionStore.for_user(world.liqiang.user)
        assert services.sign_out(request=request_of(key)) is None
        assert find(key) is None
        assert told() == [("session.ended", {"keys": [key]})]


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("短a1", ["密码太短了，至少要 8 位。"]),
        ("password1", ["这个密码太常见，容易被猜到。可以用两三个不相干的词连起来。"]),
        (
            "1234567890",
            ["这个密码太常见，容易被猜到。可以用两三个不相干的词连起来。", "不能全是数字，请加上几个字母。"],
        ),
        ("liqiang123", ["密码和账号太像了，请换一个。"]),
        (PASSWORD, ["新密码和现在的一样，请换一个。"]),
    ],
)
def test_a_poor_password_is_told_what_to_change(world, password, said) -> None:
    with pytest.raises(ValidationError) as refused:
        passwords.validate_new_password(password, world.liqiang.user)
    assert refused.value.messages == said


def test_a_one_time_password_is_read_and_typed_without_doubt() -> None:
    made = {passwords.one_time_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(one) == 9 and not set(one) & set("01oliz25s") for one in made)


def test_a_new_user_has_the_name_that_is_looked_up(world) -> None:
    with in_district(world.huiji):
        user = User.objects.create_user(" 138 2671 0000", "x")
        assert user.username == "13826710000"
        assert User.normalize_username("WangFang ") == "wangfang"
        assert check_password("x", user.password)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (Linux; Android 12; HMA-AL00) Chrome/107 Mobile Safari/537 MicroMessenger/8.0",
            "Android 手机，微信",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 14_8 like Mac OS X) Version/14.1 Mobile Safari/604",
            "iPhone，Safari",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 Safari/537.36 Edg/120.0",
            "Windows 电脑，Edge",
        ),
        ("Mozilla/5.0 (Windows NT 6.1) Chrome/86.0 Safari/537.36", "Windows 电脑，Chrome"),
        ("Mozilla/5.0 (Phone; HarmonyOS 5.0) Chrome/114 Mobile HuaweiBrowser/5", "鸿蒙手机，华为浏览器"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X700) Chrome/120 Safari/537.36", "Android 平板，Chrome"),
        ("curl/8.5", "未知设备"),
        ("", "未知设备"),
    ],
)
def test_a_device_in_plain_words(user_agent, name) -> None:
    assert device_name(user_agent) == name


def test_the_actor_may_be_the_lazy_user_of_a_request(world) -> None:
    from django.utils.functional import SimpleLazyObject

    with in_district(world.huiji):
        lazy: Any = SimpleLazyObject(lambda: User.objects.get(username="zhangwei"))
        services.deactivate(user=world.liqiang.user, actor=lazy, reason="")
        assert acts() == [("account.deactivate", "张伟", "李强", "")]


def test_only_the_configured_provider_exists(settings) -> None:
    from django.core.exceptions import ImproperlyConfigured

    from dangjian.identity.providers import provider

    settings.IDENTITY = "nobody"
    with pytest.raises(ImproperlyConfigured, match="nobody"):
        provider()
    settings.IDENTITY = "local"
    assert provider().keeps_passwords
