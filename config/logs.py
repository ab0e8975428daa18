"""Logs as JSON lines, with what looks like personal data or a secret cut out."""

from __future__ import annotations

import logging
import re

import structlog
from structlog.typing import EventDict, WrappedLogger

# e-mail addresses, phone numbers of 10 digits and more, bot tokens, our own keys, bearer tokens
_PRIVATE = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.]+|\+\d[\d ()-]{8,}\d|\b\d{10,}\b|\b\d+:[\w-]{30,}"
    r"|\bkk_\w+|(?i:bearer|apikey|token|secret|password)[ =:]+\S+"
)


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what must not be logged; ids of rows (UUIDs) stay."""
    return {
        key: _PRIVATE.sub("***", value) if isinstance(value, str) and key != "timestamp" else value
        for key, value in event.items()
    }


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
