"""Structured logs: JSON lines with request id and district."""

from __future__ import annotations

import logging.config
from typing import Any

import structlog


def add_district(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Put the open district's schema on every line."""
    from tenants.context import current_scope

    scope = current_scope()
    event.setdefault("district", scope.schema if scope else None)
    return event


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    add_district,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=False),
]


def logging_config(*, json: bool, level: str) -> dict[str, Any]:
    """The dictionary for `configure`: one handler to stderr, JSON lines or plain ones."""
    render: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    render,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.channels.server": {"level": "WARNING"},
            "daphne": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
        },
    }


def configure(config: dict[str, Any]) -> None:
    """Set up the standard logging and structlog on top of it (Django calls it with settings.LOGGING)."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
