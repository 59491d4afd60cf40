"""Every refusal is a problem detail, whoever raised it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.utils import translation
from rest_framework import exceptions, serializers

from dangjian.api.problems import CONTENT_TYPE, FieldError, Problem, handler, refused
from dangjian.api.words import one_of


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Problem(409, "busy", "x"), 409, "busy"),
        (refused(FieldError("/text", "empty", "x")), 422, "refused"),
        (exceptions.ParseError(), 400, "malformed"),
        (exceptions.NotAuthenticated(), 401, "not_signed_in"),
        (exceptions.AuthenticationFailed(), 401, "not_signed_in"),
        (exceptions.PermissionDenied(), 403, "forbidden"),
        (PermissionDenied(), 403, "forbidden"),
        (Http404(), 404, "not_found"),
        (exceptions.NotFound(), 404, "not_found"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (exceptions.UnsupportedMediaType("text/x"), 415, "unsupported_media_type"),
        (exceptions.Throttled(wait=2.2), 429, "too_fast"),
        (RequestDataTooBig(), 413, "too_large"),
        (SuspiciousOperation(), 400, "malformed"),
    ],
)
def test_what_becomes_of_an_error(error: Exception, status: int, code: str) -> None:
    response = handler(error, {})
    assert response is not None
    assert response.status_code == status
    assert response.content_type == CONTENT_TYPE
    assert response.data.keys() >= {"type", "title", "status", "code", "detail"}
    assert (response.data["status"], response.data["code"]) == (status, code)
    assert response.data["detail"]


def test_our_own_faults_are_not_dressed_up() -> None:
    assert handler(ValueError(), {}) is None


def test_pointers_into_nested_content() -> None:
    class Line(serializers.Serializer[Any]):
        count = serializers.IntegerField()

    class Sheet(serializers.Serializer[Any]):
        lines = Line(many=True)

    sheet = Sheet(data={"lines": [{"count": 1}, {"count": "x"}, {}]})
    with pytest.raises(exceptions.ValidationError) as refusal:
        sheet.is_valid(raise_exception=True)
    response = handler(refusal.value, {})
    assert response is not None
    assert [(error["pointer"], error["code"]) for error in response.data["errors"]] == [
        ("/lines/1/count", "invalid"),
        ("/lines/2/count", "required"),
    ]


def test_language_of_the_reader() -> None:
    with translation.override("zh-hans"):
        response = handler(Http404(), {})
    assert response is not None
    assert response.data["title"] == "没有找到"


def test_unknown_paths_and_methods(api_of: Any) -> None:
    for answer, status in (
        (api_of("liqiang").get("nowhere/"), 404),
        (api_of("liqiang").get("posts/x/"), 404),
        (api_of("liqiang").get(f"posts/{10**30}/"), 404),
        (api_of("liqiang").put("feed/"), 405),
    ):
        assert answer.status_code == status
        assert answer["Content-Type"] == CONTENT_TYPE


def test_a_fault_of_ours_below_the_api(api_of: Any, monkeypatch: Any) -> None:
    from dangjian.interaction import queries

    monkeypatch.setattr(queries, "feed", lambda *args, **kwargs: 1 / 0)
    api = api_of("liqiang")
    api.client.raise_request_exception = False
    answer = api.get("feed/")
    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (
        500,
        CONTENT_TYPE,
        "server_error",
    )


@pytest.mark.parametrize(
    "path",
    [
        "feed/",
        "posts/1/",
        "posts/1/comments/",
        "me/",
        "me/replies/",
        "events/?topic=feed",
        "schema/",
        "docs/",
    ],
)
def test_nobody_signed_in(path: str, world: Any, client: Any) -> None:
    answer = client.get(f"/api/v1/{path}", headers={"host": "huiji.localhost"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"]


class Asked(serializers.Serializer[Any]):
    on = serializers.DateField(required=False)
    many = serializers.IntegerField(required=False, min_value=0)
    due = serializers.DecimalField(required=False, max_digits=6, decimal_places=2, min_value=0)
    kind = serializers.ChoiceField(
        ["wage", "student"], required=False, error_messages=one_of(["wage", "student"])
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"on": "2026-02-31"}, "日期写成 2026-11-25 这样，并核实那个月有没有这一天。"),
        ({"many": "x"}, "请写一个整数，比如 12。"),
        ({"many": -1}, "不能小于 0。"),
        ({"due": "abc"}, "请写一个数，比如 12.50。"),
        ({"due": "1.005"}, "小数点后最多 2 位。"),
        ({"kind": "king"}, "“king”不在可选的范围里，可以是：wage, student"),
    ],
)
def test_a_value_that_cannot_be_taken_is_told_what_to_become(given: dict[str, Any], said: str) -> None:
    asked = Asked(data=given)
    assert not asked.is_valid()
    [[found]] = asked.errors.values()
    assert str(found) == said
