"""`manage.py send_test`: send one message of a template, by the road that every message goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from notifications.following import follow, is_sent
from notifications.story import tell
from notifications.trial import CHANNELS, Trial, send_trial
from tenants.commandline import (
    CommandError,
    CommandParser,
    Verb,
    add_salon,
    caller_of,
    salon,
    spoken_json,
)
from tenants.people import SubscriberInput, read_subscriber
from tenants.scope import tenant_scope

STRANGER = "template-try"  # the client that stands for an address nobody has


class Command(Verb):
    """Send a try and tell what became of it."""

    help = "Send one message of a published template to a client or an address, and follow it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the template and to whom."""
        super().add_arguments(parser)
        parser.add_argument("template", help="identifier of the template")
        add_salon(parser)
        whom = parser.add_mutually_exclusive_group(required=True)
        whom.add_argument("--to", help="the client's key")
        whom.add_argument("--phone", help="a number such as +79161234567")
        whom.add_argument("--email", help="an e-mail address")
        parser.add_argument("--channel", choices=CHANNELS, help="default: as the template is used")
        parser.add_argument("--language", choices=["ru", "en"], help="of an address's message")
        parser.add_argument("--payload", type=spoken_json, default={}, help="JSON object or @file")
        parser.add_argument(
            "--mode", choices=["live", "test"], default="test", help="test goes to the Phone"
        )
        parser.add_argument("--timeout", type=float, default=30, help="seconds to wait (30)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send, wait, tell."""
        who = caller_of(salon(options["tenant"]), options["mode"])
        trial = Trial(
            template=options["template"],
            person=_person(options),
            channel=options["channel"] or _channel(options),
            payload=options["payload"],
        )
        with tenant_scope(who.tenant_id):
            transaction_id = send_trial(who, trial, datetime.now(UTC))
        found = follow(who.tenant_id, who.mode, transaction_id, seconds=options["timeout"])
        told = tell(found, options["language"] or "en")
        states = [one.state for one in found]
        report = {"transactionId": transaction_id, "states": states, "story": told}
        self.show(options, report, "\n".join(told))
        if not is_sent(found):
            raise CommandError("It was not sent; the story says why. Do workers run (doctor)?")


def _person(options: dict[str, Any]) -> SubscriberInput:
    if options["to"]:
        return SubscriberInput(options["to"])
    raw = {"phone": options["phone"], "email": options["email"], "locale": options["language"]}
    given = {name: value for name, value in raw.items() if value}
    return read_subscriber(given, subscriber_id=STRANGER)


def _channel(options: dict[str, Any]) -> str:
    return "sms" if options["phone"] else "email" if options["email"] else ""
