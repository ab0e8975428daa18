"""`manage.py consent`: show what clients agreed to, and add to it."""

from __future__ import annotations

from typing import Any

from tenants import consents
from tenants.api.consents import entry
from tenants.audience import find_subscriber
from tenants.commandline import CommandError, CommandParser, Verb, add_salon, salon, spoken_moment
from tenants.models import AddressKind, Purpose
from tenants.scope import tenant_scope

_ALL = "all"


class Command(Verb):
    """List the ledger of clients, or record a yes or a no for them."""

    help = "Show the ledger of consents, or add a word to it; nothing in it is ever changed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action, whose consent, and what was said."""
        super().add_arguments(parser)
        parser.add_argument("action", choices=["list", "record"])
        add_salon(parser)
        parser.add_argument("--mode", default="live", choices=["live", "test"])
        parser.add_argument(
            "--subscriber", action="append", required=True, help="the salon's key; may be repeated"
        )
        parser.add_argument("--purpose", choices=Purpose.values)
        word = parser.add_mutually_exclusive_group()
        word.add_argument("--given", action="store_true", default=None, help="record: a yes")
        word.add_argument("--withdrawn", dest="given", action="store_false", help="record: a no")
        parser.add_argument("--channel", choices=AddressKind.values, help="record: this one only")
        parser.add_argument("--text-version", default="", help="record: of what was agreed to")
        parser.add_argument("--source", default="", help="record: where it was said (command)")
        parser.add_argument("--evidence", default="", help="record: where the proof lies")
        parser.add_argument("--at", type=spoken_moment, help="record: when, a date or 12h ago")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it for all named clients or, when one is unknown, for none."""
        found = salon(options["tenant"])
        with tenant_scope(found.id):
            people = [find_subscriber(options["mode"], key) for key in options["subscriber"]]
            if options["action"] == "list":
                self._list(people, options)
                return
            written = consents.record(found.id, [one.pk for one in people], _word(options))
        self.show(options, {"recorded": written}, f"Recorded for {written}.")

    def _list(self, people: list[Any], options: dict[str, Any]) -> None:
        shown = [
            {"subscriberId": one.subscriber_id, **entry(row)}
            for one in people
            for row in consents.ledger(one)
            if options["purpose"] in (None, row.purpose)
        ]
        lines = [_line(row) for row in shown] or ["No consents."]
        self.show(options, shown, "\n".join(lines))


def _word(options: dict[str, Any]) -> consents.Word:
    if options["given"] is None or options["purpose"] is None:
        raise CommandError("Say --purpose, and --given or --withdrawn.", returncode=2)
    raw = {
        "purpose": options["purpose"],
        "given": options["given"],
        "channel": options["channel"],
        "textVersion": options["text_version"],
        "source": options["source"],
        "evidence": options["evidence"],
        "at": options["at"].isoformat() if options["at"] else None,
    }
    return consents.read_word(raw, source="command", actor="command")


def _line(row: dict[str, Any]) -> str:
    word = "given" if row["given"] else "withdrawn"
    where = row.get("channel", _ALL)
    return f"{row['at']}  {row['subscriberId']}  {row['purpose']}  {where}  {word}  {row['source']}"
