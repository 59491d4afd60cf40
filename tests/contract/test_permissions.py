"""One test for each cell of the permission table, and none of the URLs forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from dangjian.api import throttles
from tenants import registry
from tests.contract import permissions
from tests.contract.permissions import ROWS, Row
from tests.contract.stage import picture, roster

pytestmark = pytest.mark.django_db

URLCONFS = {"district": settings.ROOT_URLCONF, "central": settings.CENTRE_URLCONF}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes(urlconf: str) -> Iterator[tuple[str, URLPattern]]:
    """Every pattern of a urlconf with its name."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, prefix + str(pattern.pattern))
            else:
                yield pattern.name or prefix + str(pattern.pattern), pattern

    yield from walk(get_resolver(urlconf), "")


def filled(value: Any, stage: dict[str, Any], *, foreign: bool = False) -> Any:
    """`value` with each ``@thing`` replaced; with `foreign`, ids by the id that only the sibling has."""
    if isinstance(value, dict):
        return {key: filled(part, stage, foreign=foreign) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, stage, foreign=foreign) for part in value]
    if value == "@picture":
        return picture()
    if value == "@roster":
        return roster()
    if isinstance(value, str) and "@" in value:

        def thing(match: re.Match[str]) -> str:
            found = stage[match[1]]
            return str(stage["foreign"] if foreign and isinstance(found, int) else found)

        return re.sub(r"@([a-z_]+)", thing, value)
    return value


def ask(row: Row, client: Client, stage: dict[str, Any], *, foreign: bool = False) -> Any:
    args = filled(row.args, stage, foreign=foreign)
    address = reverse(row.url, urlconf=URLCONFS[row.host], kwargs=args)
    if row.query:
        address += "?" + filled(row.query, stage, foreign=foreign)
    data = filled(row.data, stage)
    headers = filled(row.headers, stage)
    send = getattr(client, row.method.lower())
    if row.method == "GET":
        return send(address, headers=headers)
    as_form = not row.url.startswith("api-") or (isinstance(row.data, dict) and "file" in row.data)
    if as_form:
        return send(address, data or {}, headers=headers)
    return send(address, json.dumps(data or {}), content_type="application/json", headers=headers)


def sent_to_sign_in(response: Any) -> bool:
    return response.status_code in {302, 303} and "/sign-in/" in response["Location"]


def check(row: Row, expected: Any, response: Any) -> None:
    told = f"{row}: {response.status_code}"
    if expected == "ok":
        assert response.status_code < 400, f"{told} {response.content[:300]!r}"
        assert not sent_to_sign_in(response) or row.url in {"sign-out", "oidc-logout"}, told
    elif expected == "in":
        assert response.status_code == 401 if row.url.startswith("api-") else sent_to_sign_in(response), told
    else:
        assert response.status_code == expected, told


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is rolled back; like a test's own transaction it belongs to no scope."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)
    registry.forget()
    throttles.forget()
    for cache in caches.all(initialized_only=True):
        cache.clear()


BY_ROW = [
    pytest.param(row, id=f"{number}-{row.host}-{row.method}-{row.url}") for number, row in enumerate(ROWS)
]


@pytest.mark.parametrize("row", BY_ROW)
def test_each_visitor(
    row: Row, stage: dict[str, Any], visitor: Callable[..., Client], subtests: pytest.Subtests
) -> None:
    for name, expected in row.cells.items():
        with subtests.test(visitor=name), undone():
            check(row, expected, ask(row, visitor(name, row.host), stage))


FOREIGN = [
    pytest.param(row, id=f"{number}-{row.method}-{row.url}")
    for number, row in enumerate(ROWS)
    if row.foreign is not None
]


@pytest.mark.parametrize("row", FOREIGN)
def test_a_siblings_id_is_not_there(row: Row, stage: dict[str, Any], visitor: Callable[..., Client]) -> None:
    client = visitor("officer" if row.host == "district" else "centre", row.host)
    response = ask(row, client, stage, foreign=True)
    check(row, row.foreign, response)
    assert "洛阳的" not in response.content.decode()


def test_rows_with_an_id_say_what_a_foreign_one_gets() -> None:
    for row in ROWS:
        names_a_thing = any("@" in value for value in [*row.args.values(), row.query])
        own_topics = (
            row.url == "api-events" and "feed:" in row.query
        )  # a colliding id: every officer's own check
        assert names_a_thing == (row.foreign is not None) or own_topics, row


@pytest.mark.parametrize("host", URLCONFS)
def test_no_url_is_unlisted(host: str) -> None:
    there = {name for name, _ in routes(URLCONFS[host])}
    listed = {row.url for row in ROWS if row.host == host}
    assert there - listed == set(), "add a row to tests/contract/permissions.py"
    assert listed - there == set(), "rows without a URL"


def addresses(host: str) -> dict[str, Row]:
    return {row.url: row for row in ROWS if row.host == host}


@pytest.mark.parametrize("host", URLCONFS)
def test_a_method_that_is_not_listed_is_refused(
    host: str, stage: dict[str, Any], visitor: Callable[..., Client]
) -> None:
    """Whoever adds a method to a view adds a row."""
    wrong = []
    for url, row in addresses(host).items():
        listed = {other.method for other in ROWS if (other.host, other.url) == (host, url)}
        for method in METHODS:
            if method in listed or method in permissions.UNLISTED_METHODS:
                continue
            unlisted = Row(host, url, method, {}, args=row.args, data={})
            with undone():
                client = visitor("officer" if host == "district" else "centre", host)
                response = ask(unlisted, client, stage)
            if response.status_code != 405:
                wrong.append((url, method, response.status_code))
    assert wrong == []


@pytest.mark.parametrize("host", URLCONFS)
def test_each_url_has_one_name(host: str) -> None:
    names = [name for name, _ in routes(URLCONFS[host])]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names), names


def test_a_cell_can_fail(stage: dict[str, Any], visitor: Callable[..., Client]) -> None:
    """The checks see what they are made for."""
    row = next(row for row in ROWS if row.url == "api-post" and row.method == "GET")
    with pytest.raises(AssertionError):
        check(row, 404, ask(row, visitor("member", "district"), stage))
    with pytest.raises(AssertionError):
        check(row, "ok", ask(row, visitor("other", "district"), stage))
    with pytest.raises(AssertionError):
        check(row, "ok", ask(row, visitor("anonymous", "district"), stage))
