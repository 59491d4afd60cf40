"""The API keeps to its own description: schemathesis over every operation, in process.

Two promises: no request makes a server error, and every answer is one that the description names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contract.test_permissions import undone

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 15
# What an id in an address stands for; elsewhere a post.
REAL = {
    "/organizations/{id}/party-groups/": "branch",
    "/party-groups/": "group",
    "/transfers/": "transfer",
    "/elections/": "election",
    "/admissions/requests/": "admission_request",
    "/admissions/": "admission",
    "/dues/sheets/": "branch",
    "/dues/members/": "member",
    "/members/": "member",
    "/dues/payments/": "dues_payment",
}
# Reads that answer with content only when the generated words hit something: a topic's name; an officer's import,
# organisation and totals.
MAY_FIND_NOTHING = {
    "GET /api/v1/events/",
    "GET /api/v1/imports/{id}/",
    "GET /api/v1/organizations/{id}/",
    "GET /api/v1/dues/totals/",
}


@pytest.fixture
def api(stage: dict[str, Any], visitor: Callable[..., Client]) -> Any:
    """The description as the server gives it to a signed-in person, and the way to call it."""
    client = visitor("secretary", "district")
    described = client.get("/api/v1/schema/")
    assert described.status_code == 200
    return schemathesis.openapi.from_dict(json.loads(described.content))


@pytest.fixture
def cookies(visitor: Callable[..., Client], stage: dict[str, Any]) -> dict[str, str]:
    client = visitor("secretary", "district")
    client.get("/api/v1/me/")  # gives the CSRF cookie
    return {name: morsel.value for name, morsel in client.cookies.items()}


@contextmanager
def connection_kept() -> Iterator[None]:
    """A WSGI request begins and ends by closing the connection, and with it the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def test_the_api_is_as_described(
    api: Any, stage: dict[str, Any], cookies: dict[str, str], subtests: pytest.Subtests
) -> None:
    handler = WSGIHandler()

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        environ["HTTP_ACCEPT_ENCODING"] = "identity"  # nobody unzips in process
        return handler(environ, start_response)

    def try_operation(operation: Any) -> None:
        @settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(case=operation.as_strategy(), real=st.booleans())
        def attempt(case: Any, real: bool) -> None:
            # Most generated ids are nobody's; with a real one the answers that have content are seen, too.
            if real and case.path_parameters and "id" in case.path_parameters:
                kind = next((thing for part, thing in REAL.items() if part in operation.path), "branch_post")
                case.path_parameters["id"] = stage[kind]
                if "month" in case.path_parameters:
                    case.path_parameters["month"] = stage["month"]
            headers = {"X-CSRFToken": cookies[django_settings.CSRF_COOKIE_NAME], **(case.headers or {})}
            if real:  # and without a token made up, which would be looked at instead of the session
                headers.pop("Authorization", None)
                if case.headers:
                    case.headers.pop("Authorization", None)
            with undone(), connection_kept():
                response = case.call(app=app, base_url="http://huiji.localhost", headers=headers)
            seen.add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        attempt()

    for result in api.get_all_operations():
        operation = result.ok()
        seen: set[int] = set()
        with subtests.test(operation=operation.label):
            try_operation(operation)
            reads = operation.method.upper() == "GET" and operation.label not in MAY_FIND_NOTHING
            assert min(seen) < 400 or not reads, seen


def test_the_description_is_complete_and_names_every_api_url(api: Any) -> None:
    from tests.contract.permissions import ROWS

    described = api.raw_schema["paths"].items()
    operations = {(method, path) for path, item in described for method in item if method != "parameters"}
    assert len(operations) > 18
    listed = {(row.method, row.url) for row in ROWS if row.host == "district" and row.url.startswith("api-")}
    undescribed = {("GET", "api-schema"), ("GET", "api-docs")}
    assert len(operations) == len(listed - undescribed)
