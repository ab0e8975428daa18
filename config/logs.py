"""Logs as JSON lines, with what looks like personal data or a secret cut out."""

from __future__ import annotations

import logging
import re
from typing import Any

import structlog
from django.http import HttpRequest
from structlog.typing import EventDict, WrappedLogger

# e-mail addresses, phone numbers of 10 digits and more, bot tokens (also in Telegram's paths),
# our own keys, bearer tokens, tokens that follow an id in a path (callbacks), those of public pages
# (/u/..., /p/..., /t/..., /o/... and their like), of bookings, and the key of the Phone's link; of
# an error of PostgreSQL what it quotes of rows and values, to the end of its words. Names before an
# @ are bounded: strangers choose paths of 60,000 letters, and each would be tried as a beginning
_PRIVATE = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]+|\+\d[\d ()-]{8,}\d|\b\d{10,}\b|\b(?:bot)?\d+:[\w-]{30,}"
    r"|\bkk_\w+|(?i:bearer|apikey|token|secret|password)[ =:]+\S+"
    r"|(?<=/[0-9a-f-]{36}/)[\w-]{20,}"
    r"|(?<=/[cdoprtu]/)[\w:=-]{16,}|(?<=/calcom/)[\w:=-]{16,}|(?<=[?&]key=)[^\s&\"']+"
    r"|(?:(?<=DETAIL:  )|(?<=CONTEXT:  )|(?<=\nLINE 1: ))(?s:.+?)(?=\n\n(?:The above|During)|\Z)"
    r"|(?<=invalid input syntax for type )\w+: \"[^\n]*"
)


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what must not be logged; ids of rows (UUIDs) stay."""
    return {key: value if key == "timestamp" else _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:  # whatever somebody gives as `extra`
    """Mask texts; anything that is no plain value becomes a text first."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, HttpRequest):  # its repr holds the query, where people search by name
        value = f"{value.method} {value.path}"
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return _PRIVATE.sub("***", str(value))


def formatter() -> logging.Formatter:
    """Give the handler's formatter: one JSON object per line."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
