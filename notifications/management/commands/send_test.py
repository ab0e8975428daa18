"""`manage.py send_test`: send one message of a template, by the road that every message goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from channels.advice import advice
from notifications.following import follow, is_sent
from notifications.story import tell
from notifications.trial import CHANNELS, PROVIDERS, Trial, send_trial
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
    """Send a try and tell what became of it.

    look: called between looks at the story; whoever has no workers drains there.
    """

    look: Callable[[], object] = staticmethod(lambda: None)

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
        whom.add_argument(
            "--address",
            type=_spoken_address,
            help="any other address, as telegram=123456789, vk=1, slack=#salon",
        )
        parser.add_argument(
            "--channel",
            choices=[*CHANNELS, *PROVIDERS],
            metavar="CHANNEL",
            help=f"one of {', '.join(CHANNELS)}, or a provider; default: as the template is used",
        )
        parser.add_argument(
            "--language",
            choices=["ru", "en"],
            help="of the message to an address, and of the story",
        )
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
        found = follow(
            who.tenant_id, who.mode, transaction_id, seconds=options["timeout"], look=self.look
        )
        language = options["language"] or "en"
        told = tell(found, language)
        states = [one.state for one in found]
        report = {"transactionId": transaction_id, "states": states, "story": told}
        self.show(options, report, "\n".join(told))
        if not is_sent(found):
            todo = advice(who.tenant_id, language)
            reason = "It was not sent; the story says why. Do workers run (doctor)?"
            raise CommandError("\n".join(todo) or reason)


def _person(options: dict[str, Any]) -> SubscriberInput:
    if options["to"]:
        return SubscriberInput(options["to"])
    raw = {"phone": options["phone"], "email": options["email"], "locale": options["language"]}
    given: dict[str, Any] = {name: value for name, value in raw.items() if value}
    if options["address"]:
        given["channels"] = options["address"]
    return read_subscriber(given, subscriber_id=STRANGER)


def _spoken_address(text: str) -> dict[str, Any]:
    """Read telegram=123, or web_push={...}: a browser's subscription is JSON."""
    kind, _, value = text.partition("=")
    return {kind: spoken_json(value) if value.startswith("{") else value}


def _channel(options: dict[str, Any]) -> str:
    return "sms" if options["phone"] else "email" if options["email"] else ""
