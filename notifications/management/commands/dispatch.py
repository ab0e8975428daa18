"""`manage.py dispatch`: deliver what is due, in this process, without Redis or workers."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import asdict
from typing import Any

from django.conf import settings

from channels.gateway import Gateway
from notifications.engine import Counts, Drain
from tenants.commandline import CommandParser, Verb

_TURN_S = 30.0


class Command(Verb):
    """Drain until nothing is due, or for ever."""

    is_stopping = False
    help = "Deliver what is due now and stop, or go on with --loop until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the queues."""
        super().add_arguments(parser)
        parser.add_argument(
            "--queue",
            action="append",
            choices=settings.QUEUES,
            help="may be repeated, the most urgent first; default: all",
        )
        parser.add_argument("--loop", action="store_true", help="go on until told to stop")

    def handle(self, *args: Any, **options: Any) -> None:
        """Drain and print what was done."""
        queues = options["queue"] or list(settings.QUEUES)
        name = f"dispatch:{socket.gethostname()}:{os.getpid()}"[:64]
        door = Gateway(slots=settings.SENDING_SLOTS)
        try:
            work = Drain(queues, door, name, should_stop=lambda: self.is_stopping)
            counts = self._loop(work) if options["loop"] else work.drain_dry()
        finally:
            door.close()
        text = f"claimed {counts.claimed}, sent {counts.sent}, settled {counts.settled}"
        self.show(options, asdict(counts), text)

    def _loop(self, work: Drain) -> Counts:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self.is_stopping:
            work.run(_TURN_S)
        work.finish()
        return work.counts

    def _stop(self, *_: object) -> None:
        self.is_stopping = True
