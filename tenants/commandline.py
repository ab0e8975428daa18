"""What every command of ours has: `--json`, refusals as one sentence, exit codes 0, 1 and 2.

0: done. 1: it could not be done, or a check found faults. 2: the arguments are wrong.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from redis import RedisError

from tenants.auth import Caller, Mode
from tenants.doors import SalonRow, check_state, salon_by_slug
from tenants.errors import BadRequest, InvalidFields, InvalidPayload, NotFound, PlatformError

__all__ = [
    "CommandError",
    "CommandParser",
    "Verb",
    "add_salon",
    "caller_of",
    "salon",
    "spoken_json",
    "spoken_moment",
]

_WRONG_ARGUMENTS = (BadRequest, InvalidFields, InvalidPayload)


class Verb(BaseCommand):
    """A command that calls one verb.

    Must override handle. May override add_arguments (call super first: it adds --json).
    Must not override execute.
    """

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what every command takes."""
        parser.add_argument("--json", action="store_true", help="print JSON for a script")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run; a refusal becomes one sentence and its exit code."""
        try:
            return super().execute(*args, **options)
        except PlatformError as refused:
            code = 2 if isinstance(refused, _WRONG_ARGUMENTS) else 1
            raise CommandError(_sentence(refused), returncode=code) from refused
        except OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(f"The database does not do it: {reason}") from error
        except RedisError as error:
            raise CommandError(f"Redis does not do it: {type(error).__name__}.") from error

    def show(self, options: dict[str, Any], data: Any, text: str) -> None:
        """Print the answer: data for a script, text for a person."""
        if options["json"]:
            text = json.dumps(data, ensure_ascii=False, indent=2, default=_plain)
        self.stdout.write(text)


def salon(slug: str) -> SalonRow:
    """Find the salon that a command names; raises CommandError with exit code 2."""
    try:
        return salon_by_slug(slug)
    except NotFound as missing:
        raise CommandError(missing.message, returncode=2) from missing


def caller_of(found: SalonRow, mode: Mode) -> Caller:
    """Act for a salon that may act; raises Forbidden for one that is suspended or closed."""
    check_state(found.state, found.state_reason)
    nobody = UUID(int=0)  # no key: whoever may run commands may do everything
    return Caller(found.id, nobody, mode, (), found.slug, found.config_version, False)


def spoken_json(text: str) -> dict[str, Any]:
    """Read an argument that is a JSON object, or @file that holds one."""
    try:
        value = json.loads(Path(text[1:]).read_text() if text.startswith("@") else text)
    except OSError as error:
        raise ArgumentTypeError(f"{text[1:]} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ArgumentTypeError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ArgumentTypeError("must be a JSON object")
    return value


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def spoken_moment(text: str) -> datetime:
    """Read an argument such as 2026-11-22, 2026-11-22T10:00+03:00, or 30m, 12h, 7d ago."""
    if text[-1:] in _UNITS and text[:-1].isdigit():
        return datetime.now(UTC) - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is neither a date nor a time such as 12h") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def add_salon(parser: ArgumentParser, *, required: bool = True) -> None:
    """Add --tenant."""
    parser.add_argument("--tenant", required=required, help="the salon's identifier")


def _sentence(refused: PlatformError) -> str:
    said = [s for sentences in refused.errors.values() for s in sentences]
    more = [s for s in said if s.rstrip(".") not in refused.message]
    return " ".join([refused.message, *(f"{s}." for s in more)])


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
