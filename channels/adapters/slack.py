"""Slack: messages to the salon's staff, by an incoming webhook or by a bot.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
https://docs.slack.dev/reference/methods/chat.postMessage (read 2026-11).
Limits: about 1 message per second and channel; text 4,000 characters, 40,000 at the most.
A webhook answers in plain text and gives no id; the Web API answers 200 with {"ok", "error"}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from channels.answers import json_object
from channels.contract import Outbound, Rate, Receipt
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
)
from channels.formatting import fit
from channels.hooks import HINT, DeadHook, HookAdapter, is_hook
from channels.provider_words import Meaning, Refusal, error_for
from channels.request import HttpRequest, HttpResponse

API = "https://slack.com/api"
NEEDS_ONE = "is required, or the address of an incoming webhook"

#: What a webhook answers.
OF_HOOKS = (
    Meaning(Permanent, code="invalid_payload"),
    Meaning(Permanent, code="no_text"),
    Meaning(Permanent, code="too_many_attachments"),
    Meaning(DeadHook, code="channel_not_found"),
    Meaning(DeadHook, code="channel_is_archived"),
    Meaning(DeadHook, code="no_service"),
    Meaning(DeadHook, code="no_service_id"),
    Meaning(DeadHook, code="no_team"),
    Meaning(DeadHook, code="user_not_found"),
    Meaning(BadCredentials, code="invalid_token"),
    Meaning(ProviderPaused, code="action_prohibited"),
    Meaning(ProviderPaused, code="posting_to_general_channel_denied"),
    Meaning(ProviderPaused, code="team_disabled"),
    Meaning(Temporary, code="rollup_error"),
    Meaning(RateLimited, status=429, scope="address"),
)
#: `error` of the Web API.
OF_API = (
    Meaning(BadAddress, code="channel_not_found"),
    Meaning(BadAddress, code="is_archived"),
    Meaning(BadAddress, code="not_in_channel"),  # until the bot is invited
    Meaning(BadAddress, code="user_not_found"),
    Meaning(BadCredentials, code="invalid_auth"),
    Meaning(BadCredentials, code="not_authed"),
    Meaning(BadCredentials, code="token_revoked"),
    Meaning(BadCredentials, code="token_expired"),
    Meaning(BadCredentials, code="account_inactive"),
    Meaning(BadCredentials, code="missing_scope"),
    Meaning(BadCredentials, code="no_permission"),
    Meaning(BadCredentials, code="not_allowed_token_type"),
    Meaning(BadCredentials, code="access_denied"),
    Meaning(ProviderPaused, code="org_login_required"),
    Meaning(ProviderPaused, code="ekm_access_denied"),
    Meaning(ProviderPaused, code="restricted_action"),
    Meaning(ProviderPaused, code="team_access_not_granted"),
    Meaning(Permanent, code="msg_too_long"),
    Meaning(Permanent, code="msg_blocks_too_long"),
    Meaning(Permanent, code="invalid_blocks"),
    Meaning(Permanent, code="invalid_blocks_format"),
    Meaning(Permanent, code="invalid_arguments"),
    Meaning(Permanent, code="no_text"),
    Meaning(RateLimited, code="ratelimited", scope="address"),
    Meaning(RateLimited, code="rate_limited", scope="address"),
    Meaning(Temporary, code="internal_error"),
    Meaning(Temporary, code="service_unavailable"),
    Meaning(Ambiguous, code="fatal_error"),  # "some aspect of the operation may have succeeded"
    Meaning(Ambiguous, code="request_timeout"),
)


class SlackAdapter(HookAdapter):
    """One workspace. For a bot an address is a channel (C..., #name) or a person (U...)."""

    provider = "slack"
    fields = {"token": True, "webhook_url": True, "api_base": False}
    optional = frozenset(fields)
    hints = {
        "token": (
            "Токен бота xoxb-… с правом chat:write; позовите бота в каналы.",
            "The bot's token xoxb-… with the scope chat:write; invite the bot to the channels.",
        ),
        "webhook_url": HINT,
    }
    address_kinds = ("slack",)
    rates = (Rate("address", 1, 1.0),)

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        has_one = credentials.get("token") or credentials.get("webhook_url")
        return {} if has_one else {"token": NEEDS_ONE}

    def payload(self, outbound: Outbound) -> Mapping[str, Any]:
        text = fit(outbound.content, "slack").text
        return {"text": text, "unfurl_links": False, "unfurl_media": False}

    def request(self, outbound: Outbound) -> HttpRequest:
        if is_hook(outbound.address) or not self.credentials.get("token"):
            return super().request(outbound)
        return self._call(
            "chat.postMessage", {"channel": outbound.address, **self.payload(outbound)}
        )

    def shares_hook(self, outbound: Outbound) -> bool:
        return super().shares_hook(outbound) and not self.credentials.get("token")

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = json_object(response)
        if answer is None:
            return self._of_hook(response)
        if answer.get("ok") is not True:
            raise self._refusal(response, str(answer.get("error", "")))
        if "ts" not in answer:
            raise Ambiguous("200 without the message's ts")
        channel, moment = answer.get("channel", ""), answer["ts"]
        return Receipt(provider_id=f"{channel}:{moment}", raw=json.dumps({"ts": moment}))

    def probe(self) -> HttpRequest:
        if self.credentials.get("token"):
            return self.harmless(self._call("auth.test", {}))
        # A post without a text is refused by a webhook that is there.
        return self.harmless(self.post(self.moved(self.credentials["webhook_url"]), {"text": ""}))

    def read_probe(self, response: HttpResponse) -> None:
        is_hook_there = response.status == 400 and response.body.strip() == b"no_text"
        if not is_hook_there and (json_object(response) or {}).get("ok") is not True:
            super().read_probe(response)

    def _call(self, method: str, body: Mapping[str, Any]) -> HttpRequest:
        base = self.credentials.get("api_base", "").rstrip("/")
        request = self.post(f"{f'{base}/api' if base else API}/{method}", body)
        login = {"Authorization": f"Bearer {self.credentials['token']}"}
        kind = {"Content-Type": "application/json; charset=utf-8"}
        return HttpRequest("POST", request.url, {**kind, **login}, request.body)

    def _of_hook(self, response: HttpResponse) -> Receipt:
        word = response.body.decode(errors="replace").strip()
        if response.status == 200 and word == "ok":
            return Receipt(provider_id="", raw=json.dumps({"status": 200}))
        code = word if word.replace("_", "").isalpha() else ""
        refusal = Refusal(response.status, code, headers=response.headers)
        raise error_for(refusal, OF_HOOKS, now=type(self).clock())

    def _refusal(self, response: HttpResponse, code: str) -> DeliveryError:
        refusal = Refusal(response.status, code, headers=response.headers, is_plain=True)
        return error_for(refusal, OF_API, now=type(self).clock())
