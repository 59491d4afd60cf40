"""What operators see: reports and lines that name the district and nobody in it."""

from __future__ import annotations

import io
import json
import logging
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import prometheus_client
import pytest
import sentry_sdk
import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import override_settings
from django.urls import path
from sentry_sdk.transport import Transport

from dangjian.config import logs, observability
from dangjian.identity.models import User
from realtime.metrics import Histogram, counters
from tenants.context import in_district
from tests.cast import PASSWORD

PHONE = "13803711234"
TEXT = "本周六上午清理河道，请大家带手套"
SECRETS = ["王芳", "wangfang", PHONE, TEXT, "手套", "赵敏", PASSWORD, "203.0.113.9", "session-of-wangfang"]


@login_not_required
def fails(request: HttpRequest) -> HttpResponse:
    """Has everything in reach that a report must not carry."""
    member = SimpleNamespace(name="王芳", phone=PHONE)
    text = request.POST["text"]
    structlog.get_logger("test").warning("comment.refused", name=member.name, text=text)
    logging.getLogger("test").error("wrong phone %s", member.phone)
    sentry_sdk.set_user({"id": 1, "username": "wangfang"})
    sentry_sdk.set_extra("member", vars(member))
    sentry_sdk.set_context("member", {"name": member.name})
    sentry_sdk.add_breadcrumb(message=text)
    try:
        User.objects.create(username="wangfang", name="王芳")
    except Exception as error:
        raise ValueError(f"{member.name} wrote {text}") from error
    raise AssertionError


@login_not_required
def works(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("posts/<int:pk>/fails/", lambda request, pk: fails(request)), path("works/", works)]
urlpatterns[0].callback.login_required = False  # type: ignore[attr-defined]
urlpatterns[0].callback.csrf_exempt = True  # type: ignore[attr-defined]
here = override_settings(ROOT_URLCONF=__name__)


class FakeTransport(Transport):
    """Keeps what would have been sent, as the bytes that would have been sent."""

    sent: list[bytes] = []

    def capture_envelope(self, envelope: Any) -> None:
        buffer = io.BytesIO()
        envelope.serialize_into(buffer)
        FakeTransport.sent.append(buffer.getvalue())


@pytest.fixture
def reports() -> Iterator[list[bytes]]:
    FakeTransport.sent = []
    observability.start_error_reports("https://key@errors.example/1", transport=FakeTransport)
    yield FakeTransport.sent
    sentry_sdk.get_client().close()
    sentry_sdk.init()


def decoded(report: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in report.split(b"\n") if line.startswith(b"{")]


@here
@pytest.mark.django_db
def test_an_error_report_names_the_district_and_nobody_in_it(
    world: SimpleNamespace, reports: list[bytes]
) -> None:
    request = RequestFactory(
        headers={
            "host": "huiji.localhost",
            "x-request-id": "request-12345",
            "user-agent": "wangfang's phone",
        },
        REMOTE_ADDR="203.0.113.9",
        HTTP_COOKIE="sessionid=session-of-wangfang",
    ).post(f"/posts/42/fails/?q=王芳&phone={PHONE}", {"text": TEXT, "name": "王芳"})
    statuses: list[str] = []
    request_started.disconnect(close_old_connections)  # would end the test's transaction
    try:
        WSGIHandler()(request.META, lambda status, *rest: statuses.append(status))
    finally:
        request_started.connect(close_old_connections)
    assert statuses == ["500 Internal Server Error"]
    assert len(reports) >= 2  # the logged error and the raised one
    everything = b"".join(reports)
    for secret in SECRETS:
        for form in (secret, secret.encode("unicode_escape").decode(), json.dumps(secret).strip('"')):
            assert form.encode() not in everything, secret
    raised = next(item for report in reports for item in decoded(report) if "exception" in item)
    assert raised["tags"] == {"district": "huiji", "request_id": "request-12345"}
    types = [value["type"] for value in raised["exception"]["values"]]
    assert types[-2:] == ["IntegrityError", "ValueError"]
    frames = raised["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "fails"
    assert raised["request"] == {"method": "POST", "url": "http://huiji.localhost/posts/42/fails/"}
    assert raised["transaction"] == "/posts/{pk}/fails/"
    logged = next(item for report in reports for item in decoded(report) if item.get("logentry"))
    assert logged["logentry"] == {"message": "wrong phone %s"}
    assert logged["tags"]["district"] == "huiji"


def test_the_search_would_find_a_name(reports: list[bytes]) -> None:
    """Without the scrubbing the same search fails, so it is worth something."""
    sentry_sdk.init(dsn="https://key@errors.example/1", transport=FakeTransport)
    sentry_sdk.capture_message(f"王芳 {PHONE}")
    assert PHONE.encode() in b"".join(reports)


def test_without_an_address_nothing_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentry_sdk, "init", lambda **options: pytest.fail("was set up"))
    observability.start_error_reports("")


@pytest.fixture
def lines() -> Iterator[Any]:
    """The lines written, as JSON; the handler is production's own."""
    config = logs.logging_config(json=True, level="DEBUG")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=logs.SHARED, processors=config["formatters"]["line"]["processors"]
    ))  # fmt: skip
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("DEBUG")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


@here
@pytest.mark.django_db
def test_one_line_a_request_with_its_id_and_district(world: SimpleNamespace, lines: Any) -> None:
    for host in ("huiji.localhost", "luoyang.localhost", "nowhere.localhost"):
        response = Client(headers={"host": host}).get("/works/?q=王芳")
        assert response["X-Request-Id"]
    requests = [line for line in lines() if line["event"] == "request"]
    assert [(line["district"], line["status"]) for line in requests] == [
        ("huiji", 200), ("luoyang", 200), (None, 404),
    ]  # fmt: skip
    for line in requests:
        assert line["path"] == "/works/"
        assert line["method"] == "GET"
        assert line["duration_ms"] >= 0
        assert len(line["request_id"]) == 32
    assert len({line["request_id"] for line in requests}) == 3
    assert "王芳" not in json.dumps(requests, ensure_ascii=False)


@here
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "kept"), [("abcd-1234", True), ("short", False), ("x" * 65, False), ('a"b\nc12', False)]
)
def test_a_proxys_id_is_kept_when_it_has_the_form_of_one(
    world: SimpleNamespace, given: str, kept: bool
) -> None:
    response = Client(headers={"host": "huiji.localhost", "x-request-id": given}).get("/works/")
    assert (response["X-Request-Id"] == given) is kept


@pytest.mark.django_db
def test_every_line_written_inside_a_district_names_it(world: SimpleNamespace, lines: Any) -> None:
    log = structlog.get_logger("test")
    with in_district(world.luoyang):
        log.info("inside")
        logging.getLogger("other.library").warning("inside too %s", 1)
    log.info("outside")
    found = {line["event"]: line["district"] for line in lines()}
    assert (found["inside"], found["inside too 1"], found["outside"]) == ("luoyang", "luoyang", None)


def test_metrics_have_a_port_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[Any] = []
    monkeypatch.setattr(prometheus_client.REGISTRY, "register", registered.append)
    first = 27080
    with override_settings(METRICS_PORT=first, METRICS_ADDRESS="127.0.0.1"):
        port = observability.serve_metrics()
        second = observability.serve_metrics()
    assert port is not None
    assert first <= port < second < first + 16  # type: ignore[operator]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        body = answer.read().decode()
    assert "django_http_requests_before_middlewares_total" in body
    assert [type(collector) for collector in registered] == [observability.LiveCollector] * 2


def test_without_a_port_no_metrics_are_served() -> None:
    with override_settings(METRICS_PORT=0):
        assert observability.serve_metrics() is None


def test_what_realtime_counts_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "sockets", 3)
    monkeypatch.setattr(counters, "deliveries", 70)
    latency = Histogram()
    for seconds in (0.004, 0.004, 0.2, 60.0):
        latency.observe(seconds)
    monkeypatch.setattr(observability, "publish_to_write", latency)
    registry = prometheus_client.CollectorRegistry()
    registry.register(observability.LiveCollector())
    text = prometheus_client.generate_latest(registry).decode()
    assert "dangjian_live_sockets 3.0" in text
    assert "dangjian_live_deliveries_total 70.0" in text
    for name in counters.as_dict():
        assert f"dangjian_live_{name}" in text
    histogram = "dangjian_live_publish_to_write_seconds"
    assert f'{histogram}_bucket{{le="0.005"}} 2.0' in text
    assert f'{histogram}_bucket{{le="0.25"}} 3.0' in text
    assert f'{histogram}_bucket{{le="+Inf"}} 4.0' in text
    assert f"{histogram}_count 4.0" in text


def test_every_figure_is_explained() -> None:
    registry = prometheus_client.CollectorRegistry()
    registry.register(observability.LiveCollector())
    exported = {
        f"{family.name}_total" if family.type == "counter" else family.name for family in registry.collect()
    }
    page = (Path(__file__).resolve().parents[2] / "docs/reference/metrics.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(dangjian_live_\w+)` \|", page, flags=re.MULTILINE)) == exported
