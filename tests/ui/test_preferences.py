"""Language and text size: from the account, else a cookie, else the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

HOST = {"host": "huiji.localhost"}


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("", "zh-Hans"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en-GB,en;q=0.9", "en"),
        ("fr-FR,en;q=0.5", "en"),
        ("fr", "zh-Hans"),
        ("*;q=nonsense,,;", "zh-Hans"),
    ],
)
def test_the_browser_is_asked_when_nobody_chose(world: Any, asked: str, answered: str) -> None:
    page = Client(headers=HOST).get("/sign-in/", headers={"accept-language": asked})
    assert f'<html lang="{answered}"' in page.content.decode()
    assert "Accept-Language" in page.headers["Vary"]


def test_a_choice_before_sign_in_is_kept_in_a_cookie(world: Any) -> None:
    client = Client(headers=HOST)
    answer = client.post("/preferences/", {"language": "en", "text": "large", "next": "/sign-in/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/")
    page = client.get("/sign-in/").content.decode()
    assert '<html lang="en"' in page
    assert 'data-text="large"' in page
    client.post("/preferences/", {"text": ""})
    assert "data-text" not in client.get("/sign-in/").content.decode()


def test_a_choice_of_somebody_signed_in_is_kept_in_the_account(
    world: Any, client_of: Callable[..., Client]
) -> None:
    client_of("wangfang").post("/preferences/", {"text": "xlarge", "language": "en"})
    page = client_of("wangfang").get("/me/").content.decode()
    assert 'data-text="xlarge"' in page
    assert '<html lang="en"' in page
    assert "data-text" not in client_of("liqiang").get("/me/").content.decode()


@pytest.mark.parametrize(
    "given", [{"language": "tlh"}, {"text": "huge"}, {"text": "large", "language": "../etc"}]
)
def test_nonsense_is_refused(world: Any, given: dict[str, str]) -> None:
    assert Client(headers=HOST).post("/preferences/", given).status_code == 400


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_it_sends_nobody_off_the_host(world: Any, target: str) -> None:
    answer = Client(headers=HOST).post("/preferences/", {"text": "large", "next": target})
    assert answer.headers["Location"] == "/"


def test_a_form_without_its_token_is_told_so_as_a_page(world: Any) -> None:
    answer = Client(headers=HOST, enforce_csrf_checks=True).post("/preferences/", {"text": "large"})
    assert answer.status_code == 403
    assert "这一页放得太久了" in answer.content.decode()


def test_what_is_not_there_is_a_whole_page(world: Any, client_of: Callable[..., Client]) -> None:
    for address in ("/nothing/", "/posts/999999/"):
        answer = client_of("wangfang").get(address)
        assert answer.status_code == 404
        assert "</html>" in answer.content.decode()


def test_an_error_of_ours_is_a_page_too(
    world: Any, client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dangjian.interaction import queries

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault")

    client = client_of("wangfang", raise_request_exception=False)
    monkeypatch.setattr(queries, "feed", broken)
    answer = client.get("/feed/")
    assert answer.status_code == 500
    assert "不是你的问题" in answer.content.decode()
