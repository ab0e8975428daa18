"""`manage.py doctor`: say what is wrong with this installation, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from channels.secrets import new_key
from config.checkup import Finding, examine
from tenants.commandline import CommandError, CommandParser, Verb

_MARKS = {"ok": "ok     ", "fault": "FAULT  ", "left out": "-      "}


class Command(Verb):
    """Examine, report, exit 1 when there is a fault."""

    help = "Check database, row-level security, Redis, workers, clock, keys, accounts, open work."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --new-key."""
        super().add_arguments(parser)
        parser.add_argument(
            "--new-key", action="store_true", help="print a new key for ENCRYPTION_KEYS and stop"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Report; faults go to standard output, their number decides the exit code."""
        if options["new_key"]:
            key = new_key()
            self.show(options, {"key": key}, key)
            return
        findings = examine(datetime.now(UTC))
        count = sum(len(finding.faults) for finding in findings)
        report = {"ok": count == 0, "checks": [asdict(finding) for finding in findings]}
        self.show(options, report, _text(findings))
        if count:
            raise CommandError(f"{count} fault{'s' if count > 1 else ''}.")


def _text(findings: list[Finding]) -> str:
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{_MARKS[finding.state]}{finding.name}")
        lines += [f"       {fault}" for fault in finding.faults]
    return "\n".join(lines)
