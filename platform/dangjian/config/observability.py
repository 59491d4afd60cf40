"""What leaves the process for its operators: error reports without people in them, and metrics.

Error reports are built from an allow-list. A deny-list of field names would miss the name in an exception's message
("Key (username)=(…) already exists"), in a local variable, in a breadcrumb's SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import prometheus_client
import sentry_sdk
import structlog
from django.conf import settings
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.transport import Transport

from realtime.metrics import HELD_NOW, LATENCY_BUCKETS, counters, publish_to_write
from tenants.context import current_scope

log = structlog.get_logger(__name__)

WITHHELD = "(withheld)"
_EVENT_KEYS = {
    "event_id", "timestamp", "level", "platform", "release", "environment", "server_name", "sdk", "logger",
    "transaction", "transaction_info", "type", "modules", "fingerprint",
}  # fmt: skip
_FRAME_KEYS = {"filename", "abs_path", "function", "module", "lineno", "in_app"}
_CONTEXTS = {"runtime", "trace"}
_TRACE_KEYS = {"trace_id", "span_id", "parent_span_id"}
_PORTS_TRIED = 16


def start_error_reports(dsn: str, *, transport: type[Transport] | Transport | None = None) -> None:
    """Send unhandled errors to `dsn`; with an empty one, none."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=settings.SENTRY_ENVIRONMENT,
        transport=transport,
        integrations=[
            DjangoIntegration(transaction_style="url", middleware_spans=False, signals_spans=False)
        ],
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
        before_send=scrubbed,
    )


def scrubbed(event: Any, hint: dict[str, Any]) -> Any:
    """The report with what helps to find the fault, and nothing that somebody wrote or is called."""
    kept = {key: event[key] for key in _EVENT_KEYS & event.keys()}
    kept["tags"] = {"district": _district(), "request_id": _bound("request_id")}
    if request := event.get("request"):
        kept["request"] = {
            "method": request.get("method"),
            "url": str(request.get("url", "")).partition("?")[0],
        }
    if exception := event.get("exception"):
        kept["exception"] = {"values": [_exception(value) for value in exception.get("values", [])]}
    if record := hint.get("log_record"):
        kept["logentry"] = {"message": _template(record.msg)}
    kept["contexts"] = {
        name: event["contexts"][name] for name in _CONTEXTS & event.get("contexts", {}).keys()
    }
    if trace := kept["contexts"].get("trace"):
        kept["contexts"]["trace"] = {key: trace[key] for key in _TRACE_KEYS & trace.keys()}
    return kept


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames", [])
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "value": WITHHELD,
        "mechanism": {"type": "generic", "handled": (value.get("mechanism") or {}).get("handled")},
        "stacktrace": {
            "frames": [{key: frame[key] for key in _FRAME_KEYS & frame.keys()} for frame in frames]
        },
    }


def _template(message: Any) -> str:
    """A log call's own words, before anybody's data are put in: structlog's event name, or the format string."""
    if isinstance(message, dict):
        return str(message.get("event", ""))
    return str(message) if isinstance(message, str) and "%" in message else WITHHELD


def _district() -> str | None:
    scope = current_scope()
    return scope.schema if scope else _bound("district")


def _bound(name: str) -> str | None:
    return structlog.contextvars.get_contextvars().get(name)


class LiveCollector(Collector):
    """`realtime.metrics` in the exporter's terms: ``dangjian_live_sockets``, ``dangjian_live_deliveries_total`` …"""

    def collect(self) -> Iterator[Metric]:
        for name, value in counters.as_dict().items():
            family = GaugeMetricFamily if name in HELD_NOW else CounterMetricFamily
            yield family(f"dangjian_live_{name}", f"realtime: {name.replace('_', ' ')}", value=value)
        bounds = [*map(str, LATENCY_BUCKETS), "+Inf"]
        yield HistogramMetricFamily(
            "dangjian_live_publish_to_write_seconds",
            "realtime: from the commit of an event to the end of its write to every watcher of this process",
            buckets=list(zip(bounds, accumulate(publish_to_write.counts), strict=True)),
            sum_value=publish_to_write.total,
        )


def serve_metrics() -> int | None:
    """Answer Prometheus on a port of its own and return it; None without METRICS_PORT.

    Each server process holds its own figures: the second one on a machine takes the next free port, so a scraper
    lists METRICS_PORT and as many after it as there are processes.
    """
    if not settings.METRICS_PORT:
        return None
    for port in range(settings.METRICS_PORT, settings.METRICS_PORT + _PORTS_TRIED):
        try:
            prometheus_client.start_http_server(port, addr=settings.METRICS_ADDRESS)
        except OSError:
            continue
        prometheus_client.REGISTRY.register(LiveCollector())
        log.info("metrics.served", port=port)
        return port
    log.error("metrics.no_port", first=settings.METRICS_PORT, tried=_PORTS_TRIED)
    return None
