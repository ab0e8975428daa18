"""`manage.py purge`: drop what is past retention, make partitions ahead."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from notifications.retention import Purged, purge
from tenants.commandline import CommandError, CommandParser, Verb


class Command(Verb):
    """Purge by hand; the scheduler does the same every day."""

    help = "Drop months past retention that no open work needs, delete spent rows, make partitions."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the retention."""
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would")
        parser.add_argument("--days", type=int, help=f"instead of {settings.RETENTION_DAYS}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Purge and report."""
        days = options["days"]
        if days is not None and days < 1:
            raise CommandError("--days must be 1 or more.", returncode=2)
        done = purge(datetime.now(UTC), days=days, is_dry=options["dry_run"])
        self.show(options, asdict(done), _text(done))


def _text(done: Purged) -> str:
    verb = "Would drop" if done.is_dry else "Dropped"
    lines = [f"{verb}: {', '.join(done.dropped) or 'no month'}."]
    if not done.may_drop:
        lines = ["No month can be dropped: DATABASE_OWNER_URL is not set."]
    if done.kept:
        lines.append(f"Kept because open work needs it: {', '.join(done.kept)}.")
    if done.busy:
        lines.append(f"Busy, left for the next time: {', '.join(done.busy)}.")
    lines.append(f"Partitions made ahead: {done.made}.")
    word = "to delete" if done.is_dry else "deleted"
    lines += [f"{name.replace('_', ' ')}: {count} {word}" for name, count in done.deleted.items()]
    return "\n".join(lines)
