"""Microsoft Teams: messages to the salon's staff through a workflow that posts to a channel.

https://learn.microsoft.com/power-automate/teams/send-a-message-in-teams and
https://adaptivecards.io/explorer/ (version 1.4, read 2026-11). The old connectors are gone.
Limits: 28 KB a post, about 4 a second. 202 means that the flow began, not that it posted; there is
no id. The flow dies with its owner's account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from channels.answers import json_object
from channels.contract import Button, Outbound, Rate, Receipt
from channels.errors import Permanent, RateLimited, Temporary
from channels.formatting import fit
from channels.hooks import DeadHook, HookAdapter
from channels.provider_words import Meaning, Refusal, error_for
from channels.request import HttpResponse

CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"

#: Status, with error.code where the facts know one.
MEANINGS = (
    Meaning(DeadHook, status=401),  # the signature in the address is no longer taken
    Meaning(DeadHook, status=403),
    Meaning(DeadHook, status=404),  # WorkflowNotFound
    Meaning(DeadHook, status=410),
    Meaning(Permanent, status=400),  # TriggerInputSchemaMismatch
    Meaning(Permanent, status=413),
    Meaning(RateLimited, status=429, scope="address"),
    Meaning(Temporary, code="NoResponse"),
)


class TeamsAdapter(HookAdapter):
    """One workflow's address ("When a Teams webhook request is received")."""

    provider = "teams"
    address_kinds = ("teams",)
    rates = (Rate("account", 4, 1.0),)

    def payload(self, outbound: Outbound) -> Mapping[str, Any]:
        fitted = fit(outbound.content, "teams")
        card: dict[str, Any] = {
            "$schema": SCHEMA,
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [_line(line) for line in fitted.text.split("\n") if line.strip()],
        }
        if fitted.buttons:
            card["actions"] = [_action(button) for button in fitted.buttons]
        attachment = {"contentType": CARD, "contentUrl": None, "content": card}
        return {"type": "message", "attachments": [attachment]}

    def receipt(self, response: HttpResponse) -> Receipt:
        if response.status in {200, 202}:
            return Receipt(provider_id="", raw=json.dumps({"status": response.status}))
        error = (json_object(response) or {}).get("error")
        code = str(error.get("code", "")) if isinstance(error, dict) else ""
        refusal = Refusal(response.status, code, headers=response.headers)
        raise error_for(refusal, MEANINGS, now=type(self).clock())


def _line(text: str) -> dict[str, Any]:
    """Write one line: in a card a single line break is none."""
    return {"type": "TextBlock", "text": text, "wrap": True}


def _action(button: Button) -> dict[str, str]:
    return {"type": "Action.OpenUrl", "title": button.text, "url": button.url}
