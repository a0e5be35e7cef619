"""Logs: one line an event, with the request's id, without personal data.

Kept out: query strings (a search for a phone number stands there), IP addresses and browsers, codes of coupons, and the
values that PostgreSQL repeats in its error messages.
"""

import re
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

# "DETAIL:  Key (kind, value)=(phone, +8613800138000) already exists." and "Failing row contains (17, Irina, …)."
_VALUES_OF_A_ROW = re.compile(
    r"(?<=\)=)\(.*?\)(?= (?:already|is|conflicts|exists|still))|(?<=row contains )\(.*\)"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_LONG_NUMBER = re.compile(r"\+?\d(?:[ -]?\d){9,}")
_QUERY = re.compile(r"(?<=\S)\?\S+")
_SIGNED = re.compile(r"(?<=/)[^/\s?]{30,}(?=/)")  # a part of an address that lets its holder in
_CODE = re.compile(r"(?<=/coupons/)[^/\s?]+")  # worth money to whoever reads it
_OURS = ("timestamp", "request_id", "correlation_id", "task_id", "parent_task_id", "logger", "level")
_LEFT_OUT = ("ip", "user_agent")
_ASKED_BY_MACHINES = ("GET /health/", "GET /metrics")


def without_personal_data(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Take out what could name a person."""
    for key in _LEFT_OUT:
        event.pop(key, None)
    for key, value in event.items():
        if isinstance(value, str) and key not in _OURS:
            event[key] = scrub(_CODE.sub("…", _SIGNED.sub("…", _QUERY.sub("", value))))
    return event


def without_health_checks(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Every few seconds somebody asks whether we live; the answers would bury the rest."""
    if event.get("level") in ("debug", "info") and str(event.get("request", "")).startswith(
        _ASKED_BY_MACHINES
    ):
        raise structlog.DropEvent
    return event


def scrub(text: str) -> str:
    """The text without row values, e-mail addresses and long numbers."""
    for pattern in (_VALUES_OF_A_ROW, _EMAIL, _LONG_NUMBER):
        text = pattern.sub("…", text)
    return text


def configuration(*, level: str, as_json: bool) -> dict[str, Any]:
    """The dictionary for LOGGING; sets up structlog to end in the same place."""
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            without_health_checks,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    line = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": before,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    without_personal_data,
                    line,
                ],
            }
        },
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["out"], "level": level},
        "loggers": {
            # They write names and addresses; the attempts stand in the database, where retention is kept.
            "axes": {"level": "ERROR"},
            "django.server": {"handlers": ["out"], "level": "WARNING", "propagate": False},
            # A ring every ten seconds; what the tasks do, they say themselves.
            "celery": {"level": "WARNING"},
        },
    }
