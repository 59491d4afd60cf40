"""``/api/v1/session/``: the public contract of signing in."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from dangjian.identity.models import Session, User
from dangjian.identity.sessions import find
from tenants.context import in_district
from tests.cast import HOSTS, PASSWORD

COOKIE = settings.SESSION_COOKIE_NAME
URL = "/api/v1/session/"


class AnyView(APIView):
    """Stands for every other view of the API."""

    def get(self, request: Any) -> Response:
        return Response({"name": request.user.name})

    post = get


class OwnView(AnyView):
    before_password_change = True


urlpatterns = [
    path("api/v1/", include("dangjian.identity.api_urls")),
    path("api/v1/any/", AnyView.as_view()),
    path("api/v1/own/", OwnView.as_view()),
]


@pytest.fixture
def urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


class Caller:
    """A client of the API that keeps cookies and sends the token, as a browser's script does."""

    def __init__(self, host: str = HOSTS["huiji"]) -> None:
        self.client = Client(enforce_csrf_checks=True, headers={"host": host})

    def call(self, method: str, url: str, body: Any = None, token: bool = True) -> Any:
        cookie = self.client.cookies.get(settings.CSRF_COOKIE_NAME)
        headers = {"X-CSRFToken": cookie.value} if token and cookie else {}
        return self.client.generic(
            method, url, data=_json(body), content_type="application/json", headers=headers
        )

    def sign_in(self, username: str, password: str = PASSWORD) -> Any:
        if settings.CSRF_COOKIE_NAME not in self.client.cookies:
            self.call("GET", "/api/v1/any/")
        return self.call("POST", URL, {"username": username, "password": password})


def _json(body: Any) -> bytes:
    import json

    return b"" if body is None else json.dumps(body).encode()


def test_from_nothing_to_signed_in_and_out(world, urls) -> None:
    caller = Caller()
    refused = caller.call("GET", "/api/v1/any/")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Session")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert caller.client.cookies[settings.CSRF_COOKIE_NAME].value

    answer = caller.sign_in("wangfang")
    assert answer.status_code == 200
    assert answer.json() == {"name": "王芳", "must_change_password": False}
    cookie = answer.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert caller.call("GET", "/api/v1/any/").json() == {"name": "王芳"}

    assert caller.call("DELETE", URL).status_code == 204
    assert caller.call("GET", "/api/v1/any/").status_code == 401
    with in_district(world.huiji):
        assert find(cookie.value) is None
    assert caller.call("DELETE", URL).status_code == 401


def test_a_one_time_password_past_its_time_has_a_code_of_its_own(world, urls) -> None:
    with in_district(world.huiji):
        User.objects.filter(username="liqiang").update(
            must_change_password=True, password_expires_at=timezone.now()
        )
    refused = Caller().sign_in("liqiang")
    assert (refused.status_code, refused.json()["code"]) == (401, "password_expired")
    assert "请找本支部书记" in refused.json()["detail"]


def test_signing_in_needs_the_token_and_gives_a_new_key_and_token(world, urls) -> None:
    caller = Caller()
    caller.call("GET", "/api/v1/any/")
    body = {"username": "wangfang", "password": PASSWORD}
    refused = caller.call("POST", URL, body, token=False)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    first_token = caller.client.cookies[settings.CSRF_COOKIE_NAME].value

    caller.client.cookies[COOKIE] = planted = "a" * 32
    assert caller.call("POST", URL, body).status_code == 200
    assert caller.client.cookies[COOKIE].value != planted
    assert caller.client.cookies[settings.CSRF_COOKIE_NAME].value != first_token

    unsafe = caller.call("POST", "/api/v1/any/", {}, token=False)
    assert (unsafe.status_code, unsafe.json()["code"]) == (403, "csrf_failed")
    assert caller.call("POST", "/api/v1/any/", {}).status_code == 200


def test_signing_in_again_replaces_the_session(world, urls) -> None:
    caller = Caller()
    caller.sign_in("wangfang")
    assert caller.sign_in("liqiang").json()["name"] == "李强"
    with in_district(world.huiji):
        assert not Session.objects.filter(user=world.wangfang.user).exists()


def test_an_unsafe_call_of_nobody_is_told_to_sign_in(world, urls) -> None:
    assert Caller().call("POST", "/api/v1/any/", {}).status_code == 401


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(world, urls) -> None:
    answers = [Caller().sign_in(name, "wrong") for name in ("wangfang", "nobody", "zhaomin")]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert len({answer.content for answer in answers}) == 1
    problem = answers[0].json()
    assert problem["code"] == "wrong_password"
    assert "还可以试 4 次" in problem["detail"]


def test_the_sixth_try_is_refused_unheard_and_a_colleague_still_gets_in(world, urls) -> None:
    for name in ("liqiang", "nobody"):
        assert [Caller().sign_in(name, "wrong").status_code for _ in range(5)] == [401] * 5
        locked = Caller().sign_in(name)
        assert (locked.status_code, locked.json()["code"]) == (429, "locked_out")
        assert 800 < int(locked.headers["Retry-After"]) <= 901
    assert Caller().sign_in("wangfang").status_code == 200


def test_a_right_password_forgets_the_wrong_ones(world, urls) -> None:
    for _ in range(3):
        assert [Caller().sign_in("liqiang", "wrong").status_code for _ in range(4)] == [401] * 4
        assert Caller().sign_in("liqiang").status_code == 200


def test_a_deactivated_account_is_as_unknown(world, urls) -> None:
    with in_district(world.huiji):
        User.objects.filter(username="liqiang").update(is_active=False)
    assert Caller().sign_in("liqiang").content == Caller().sign_in("liqiang2").content


def test_a_one_time_password_opens_only_the_way_to_a_new_one(world, urls) -> None:
    with in_district(world.huiji):
        User.objects.filter(username="liqiang").update(must_change_password=True)
    caller = Caller()
    assert caller.sign_in("liqiang").json()["must_change_password"] is True
    refused = caller.call("GET", "/api/v1/any/")
    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    assert caller.call("GET", "/api/v1/own/").status_code == 200
    assert caller.call("DELETE", URL).status_code == 204


def test_people_of_one_district_are_unknown_in_the_other(world, urls) -> None:
    assert Caller(HOSTS["luoyang"]).sign_in("wangfang").status_code == 401
    there = Caller(HOSTS["luoyang"])
    there.sign_in("zhaomin")
    here = Caller()
    here.client.cookies[COOKIE] = there.client.cookies[COOKIE].value
    assert here.call("GET", "/api/v1/any/").status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "pointers"),
    [
        ({}, 422, ["/username", "/password"]),
        ({"username": "", "password": ""}, 422, ["/username", "/password"]),
        ({"username": "x" * 151, "password": "y"}, 422, ["/username"]),
        ({"username": "wang\x00fang", "password": "y"}, 422, ["/username"]),
        ({"username": "wang\ud800", "password": "y"}, 422, ["/username"]),
        ({"username": ["wangfang"], "password": {"a": 1}}, 422, ["/username", "/password"]),
    ],
)
def test_what_cannot_be_read_is_named(world, urls, body, status, pointers) -> None:
    caller = Caller()
    caller.call("GET", "/api/v1/any/")
    answer = caller.call("POST", URL, body)
    assert answer.status_code == status
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


def test_a_name_is_found_however_a_phone_writes_it(world, urls) -> None:
    assert Caller().sign_in(" WangFang ").status_code == 200
    assert Caller().sign_in("ｗａｎｇｆａｎｇ").status_code == 200
