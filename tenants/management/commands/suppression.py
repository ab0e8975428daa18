"""`manage.py suppression`: bring a list of addresses in, take it off, write it out."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from tenants import suppressions
from tenants.commandline import CommandError, CommandParser, Verb, add_salon, salon
from tenants.errors import InvalidFields
from tenants.scope import tenant_scope

BY = "command"


class Command(Verb):
    """Import, remove and export lines of channel and address, as CSV."""

    help = "Keep the list of addresses that are never written to; CSV lines: email,anna@mail.ru"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action, whose list, and the file."""
        super().add_arguments(parser)
        parser.add_argument("action", choices=["import", "remove", "export"])
        add_salon(parser)
        parser.add_argument("--file", default="-", help="CSV; - is standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; a line that cannot be read is named by its number, and nothing is written."""
        found = salon(options["tenant"])
        if options["action"] == "export":
            self._export(found.id, options)
            return
        lines = _read(options["file"])
        with tenant_scope(found.id):
            if options["action"] == "import":
                done, word = suppressions.add(found.id, lines, BY), "added"
            else:
                done, word = suppressions.remove(found.id, lines, BY), "removed"
        self.show(options, {word: done, "read": len(lines)}, f"{done} of {len(lines)} {word}.")

    def _export(self, tenant_id: UUID, options: dict[str, Any]) -> None:
        rows = list(_all(tenant_id))
        shown = [{"channel": r.kind, "value": r.value, "reason": r.reason} for r in rows]
        text = "\n".join(f"{r.kind},{r.value},{r.reason}" for r in rows)
        self.show(options, shown, text)


def _all(tenant_id: UUID) -> Iterator[suppressions.Line]:
    offset = 0
    while True:
        with tenant_scope(tenant_id):
            found = suppressions.find(tenant_id, offset, suppressions.MOST)
        yield from found
        if len(found) < suppressions.MOST:
            return
        offset += len(found)


def _read(path: str) -> list[suppressions.Line]:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text("utf-8-sig")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}", returncode=2) from error
    rows = [row for row in csv.reader(text.splitlines()) if row]
    return [_line(number, row) for number, row in enumerate(rows, 1)]


def _line(number: int, row: list[str]) -> suppressions.Line:
    try:
        entry = {"channel": row[0].strip(), "value": row[1] if len(row) > 1 else ""}
        return suppressions.read(entry, f"line {number}")
    except InvalidFields as refused:
        raise CommandError(refused.message, returncode=2) from refused
