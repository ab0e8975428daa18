"""manage.py take_bounce: a mail server hands over a letter that came back, on standard input."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError

from channels import callback_doors
from channels.bounces import MOST_BYTES
from notifications.returned_mail import take

LATER = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the letter and tries again


class Command(BaseCommand):
    """In a mail server's aliases: bounce: "|/srv/kolokol/manage.py take_bounce <integration id>".

    Exit code 0 when the letter was taken, or told nothing; 75 when it must be handed over again.
    """

    help = "Take a returned letter or a complaint from standard input, as a mail server pipes it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the account through which such letters were sent."""
        parser.add_argument("integration", type=UUID, help="id of the SMTP integration")

    def handle(self, *args: Any, **options: Any) -> None:
        """Keep what the letter tells."""
        letter = sys.stdin.buffer.read(MOST_BYTES)
        try:
            door = callback_doors.find(options["integration"])
            if door is None:
                self._later("there is no such integration")
            else:
                take(door.tenant_id, door.id, [letter], datetime.now(UTC))
        except (OperationalError, InterfaceError, ImproperlyConfigured) as error:
            self._later(type(error).__name__)

    def _later(self, why: str) -> None:
        self.stderr.write(f"not taken: {why}")
        raise SystemExit(LATER)
