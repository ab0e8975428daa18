"""Discord: messages to the salon's staff through a channel's webhook.

https://docs.discord.com/developers/resources/webhook#execute-webhook, codes from
.../topics/opcodes-and-status-codes, waits from .../topics/rate-limits (read 2026-11).
Limits: content 2,000 characters; 5 posts in 2 seconds and webhook, 50 a second in all. 10,000
refused calls in 10 minutes bar the machine's address, so a dead webhook is given up at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from channels.answers import json_object
from channels.contract import Outbound, Rate, Receipt
from channels.errors import Ambiguous, DeliveryError, Permanent, RateLimited, Temporary
from channels.formatting import fit
from channels.hooks import DeadHook, HookAdapter
from channels.provider_words import Meaning, Refusal, error_for
from channels.request import HttpRequest, HttpResponse

NO_PREVIEWS = 4  # flag SUPPRESS_EMBEDS: a preview would open the client's links

#: `code` of the answer, or the status.
MEANINGS = (
    Meaning(DeadHook, code="10015"),  # Unknown Webhook
    Meaning(DeadHook, code="50027"),  # Invalid Webhook Token
    Meaning(DeadHook, code="10003"),  # Unknown Channel
    Meaning(Permanent, status=400),
    Meaning(RateLimited, status=429),
    Meaning(Temporary, status=502),  # Discord's gateway had nobody to give it to
)


class DiscordAdapter(HookAdapter):
    """One channel's webhook."""

    provider = "discord"
    address_kinds = ("discord",)
    rates = (Rate("address", 5, 2.0), Rate("account", 50, 1.0))
    query = "wait=true"  # else failures are silent and there is no id

    def payload(self, outbound: Outbound) -> Mapping[str, Any]:
        text = fit(outbound.content, "discord").text
        return {"content": text, "allowed_mentions": {"parse": []}, "flags": NO_PREVIEWS}

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = json_object(response) or {}
        if response.status == 200 and "id" in answer:
            return Receipt(provider_id=str(answer["id"]), raw=json.dumps({"status": 200}))
        if response.status == 204:
            return Receipt(provider_id="", raw=json.dumps({"status": 204}))
        raise self._refusal(response, answer)

    def probe(self) -> HttpRequest:
        hook = self.moved(self.credentials["webhook_url"]).partition("?")[0]
        return HttpRequest("GET", hook, {}, sends=False)

    def _refusal(self, response: HttpResponse, answer: Mapping[str, Any]) -> DeliveryError:
        if response.status == 200:
            return Ambiguous("200 with an unreadable answer")
        # The body is exact where the header is rounded up.
        told_s = answer.get("retry_after")
        wait_s = float(told_s) if isinstance(told_s, int | float) else None
        headers = {} if wait_s is not None else response.headers
        words = str(answer.get("message", ""))
        refusal = Refusal(response.status, str(answer.get("code", "")), words, headers)
        error = error_for(refusal, MEANINGS, now=type(self).clock(), wait_s=wait_s)
        if isinstance(error, RateLimited) and not answer.get("global"):
            error.scope = "address"
        return error
