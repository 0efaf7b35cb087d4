"""Logs: events with ids, and nothing but the fields listed here. JSON outside a terminal."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from shared.running.faults import places_of, quiet_logging

LOGGABLE = frozenset({
    "event", "level", "timestamp", "logger", "service", "request_id", "cpts", "stream", "error", "code", "status",
    "method", "route", "duration_ms", "slot", "booking", "request", "round", "seq", "epoch", "count", "role",
    "origin", "attempt", "reason", "exc_info", "exception", "step", "seconds", "requests", "slots", "version",
    "editor", "message", "tries", "queue", "rule", "bytes", "trouble",
})  # fmt: skip


def only_loggable(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop every field that is not listed: what is not logged cannot leak."""
    return {key: value for key, value in event.items() if key in LOGGABLE}


def without_words(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Of an exception, the places: its words may quote what somebody sent."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = places_of(error)
    return event


def configure_logging(stream: TextIO = sys.stderr) -> None:
    """Set up structlog, once; in colours on a terminal."""
    quiet_logging(stream)
    colours = stream.isatty()
    render = structlog.dev.ConsoleRenderer() if colours else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            only_loggable,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
