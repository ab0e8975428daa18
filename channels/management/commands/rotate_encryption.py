"""`manage.py rotate_encryption`: bring all stored credentials under the newest key."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from channels.reencryption import reencrypt
from channels.secrets import check_keys
from tenants.commandline import CommandError, CommandParser, Verb


class Command(Verb):
    """Encrypt again what an older key of ENCRYPTION_KEYS wrote."""

    help = (
        "Encrypt all stored credentials under the first of ENCRYPTION_KEYS. May be stopped and run"
        " again; when it says that nothing is left, the older keys can be taken away."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many salons one transaction may hold."""
        super().add_arguments(parser)
        parser.add_argument("--batch", type=int, default=100, help="salons per transaction (100)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, count, and fail when something stays unreadable."""
        check_keys()
        counts = reencrypt(max(1, options["batch"]))
        told = (
            f"{counts.rotated} written anew, {counts.current} were under the newest key already,"
            f" {counts.unreadable} cannot be read."
        )
        self.show(options, asdict(counts), told)
        if counts.unreadable:
            raise CommandError(
                "No key opens some credentials: add the key they were written with behind the"
                " first one of ENCRYPTION_KEYS and run this again."
            )
