"""Mattermost: messages to the salon's staff through an incoming webhook of its own server.

https://developers.mattermost.com/integrate/webhooks/incoming/, error ids from
https://github.com/mattermost/mattermost, server/channels/app/webhook.go (read 2026-11).
Limits: a post has 16,383 characters; rates are the server's own setting. There is no id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from channels.answers import json_object
from channels.contract import Outbound, Place, Receipt
from channels.errors import BadAddress, Permanent, ProviderPaused, RateLimited
from channels.formatting import fit
from channels.hooks import DeadHook, HookAdapter, is_hook
from channels.provider_words import Meaning, Refusal, error_for
from channels.request import HttpResponse

PREFIX, SUFFIX = "web.incoming_webhook.", ".app_error"

#: `id` of the answer without what all have in common.
MEANINGS = (
    Meaning(DeadHook, code="invalid"),
    Meaning(DeadHook, code="general", status=404),
    Meaning(BadAddress, code="channel"),
    Meaning(BadAddress, code="user"),
    Meaning(Permanent, code="channel_locked"),
    Meaning(Permanent, code="permissions"),
    Meaning(Permanent, code="text"),
    Meaning(Permanent, code="text.length"),
    Meaning(Permanent, code="parse"),
    Meaning(ProviderPaused, code="disabled"),
    Meaning(RateLimited, status=429, scope="address"),
)


class MattermostAdapter(HookAdapter):
    """One webhook. An address is a channel's name ("town-square") or a person ("@anna")."""

    provider = "mattermost"
    address_kinds = ("mattermost",)
    place = Place.DOMESTIC

    def payload(self, outbound: Outbound) -> Mapping[str, Any]:
        body = {"text": fit(outbound.content, "mattermost").text}
        name = outbound.address.removeprefix("#")
        return body if is_hook(outbound.address) else {**body, "channel": name}

    def receipt(self, response: HttpResponse) -> Receipt:
        if response.status == 200 and response.body.strip() == b"ok":
            return Receipt(provider_id="", raw=json.dumps({"status": 200}))
        answer = json_object(response) or {}
        code = str(answer.get("id", "")).removeprefix(PREFIX).removesuffix(SUFFIX)
        refusal = Refusal(response.status, code, headers=response.headers)
        raise error_for(refusal, MEANINGS, now=type(self).clock())
