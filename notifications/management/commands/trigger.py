"""`manage.py trigger`: say what happened, as a salon's software would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from notifications.commands import read_command
from notifications.following import follow, is_sent
from notifications.story import tell
from notifications.trigger import accept
from tenants.auth import Caller
from tenants.commandline import (
    CommandError,
    CommandParser,
    Verb,
    add_salon,
    caller_of,
    salon,
    spoken_json,
)
from tenants.scope import tenant_scope


class Command(Verb):
    """Trigger one event for one or more clients."""

    help = "Trigger a workflow for clients of a salon; --follow tells what became of it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take an event."""
        super().add_arguments(parser)
        parser.add_argument("workflow", help="identifier of the workflow")
        add_salon(parser)
        parser.add_argument(
            "--to", action="append", required=True, help="the client's key; may be repeated"
        )
        parser.add_argument(
            "--payload", type=spoken_json, default={}, help="JSON object, or @file that holds one"
        )
        parser.add_argument("--transaction-id", help="the same id again changes nothing")
        parser.add_argument("--mode", choices=["live", "test"], default="live")
        parser.add_argument("--follow", action="store_true", help="wait and tell the story")
        parser.add_argument("--timeout", type=float, default=60, help="seconds to follow (60)")
        parser.add_argument("--language", choices=["ru", "en"], default="en", help="of the story")

    def handle(self, *args: Any, **options: Any) -> None:
        """Accept, and follow when asked."""
        who = caller_of(salon(options["tenant"]), options["mode"])
        answer = _accept(who, options)
        report: dict[str, Any] = {"status": answer[0], "transactionId": answer[1]}
        lines = [f"{answer[0]}: {answer[1]}"]
        is_good = answer[0] == "processed"
        if options["follow"] and is_good:
            found = follow(who.tenant_id, who.mode, answer[1], seconds=options["timeout"])
            told = tell(found, options["language"])
            report |= {"states": [one.state for one in found], "story": told}
            lines += told
            is_good = is_sent(found)
        self.show(options, report, "\n".join(lines))
        if not is_good:
            raise CommandError(_why(answer[0]))


def _why(status: str) -> str:
    if status == "processed":
        return "It has not reached everybody; the story says why."
    return f"Nothing is sent: {status}."


def _accept(who: Caller, options: dict[str, Any]) -> tuple[str, str]:
    body = {
        "name": options["workflow"],
        "to": options["to"],
        "payload": options["payload"],
        "transactionId": options["transaction_id"],
    }
    now = datetime.now(UTC)
    with tenant_scope(who.tenant_id):
        answer = accept(who, read_command(body, now), now)
    return answer.status, answer.transaction_id
