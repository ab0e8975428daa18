"""Generic signed webhook: the message as JSON to a salon's own server, which sends it on.

Signed as https://www.standardwebhooks.com says (specification 1.0.0, read 2026-11): the headers
webhook-id, webhook-timestamp, webhook-signature. The receiver answers 2xx, or 410 to be left alone.
What becomes of a message it may report in the same form, signed likewise:
{"type": "message.delivered", "data": {"id": <ours>, "reason": ...}}.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from channels.adapters.callback_reading import as_object, object_of, raw_of, text
from channels.adapters.fates import BY_WORD, FAILED, Report
from channels.adapters.standard_webhook import verify
from channels.contract import Adapter, ChannelKind, Outbound, Place, Receipt
from channels.errors import (
    BadCredentials,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.request import HttpRequest, HttpResponse
from channels.retry_after import retry_after_s
from channels.told import Callback, Told

DEFAULT_WAIT_S = 30.0  # a 429 without Retry-After


class WebhookAdapter(Adapter):
    """One receiver: `url` takes messages of every kind.

    clock: unix time for the signature; the one thing that is not in the arguments.
    """

    provider = "webhook"
    kinds = frozenset(ChannelKind) - {ChannelKind.DESK}
    fields = {"url": False, "secret": True, "callback_key": True}
    optional = frozenset({"callback_key"})
    for_callbacks = frozenset({"callback_key"})
    hints = {
        "callback_key": (
            "Чем подписаны отчёты: whsec_… или whpk_…; пусто: тем же секретом",
            "What reports are signed with: whsec_… or whpk_…; empty: the same secret",
        ),
    }
    sends_secrets = False
    place = Place.DOMESTIC
    is_idempotent = True  # the receiver knows a repeated message by its id
    address_kinds = (
        "url",
        "telegram",
        "whatsapp",
        "phone",
        "email",
        "vk",
        "max",
        "instagram",
        "push",
        "fcm",
        "apns",
        "web_push",
        "slack",
        "discord",
        "teams",
        "mattermost",
        "ntfy",
    )
    clock: ClassVar[Callable[[], float]] = time.time

    def request(self, outbound: Outbound) -> HttpRequest:
        body = json.dumps(_payload(outbound), ensure_ascii=False)
        return HttpRequest(
            method="POST",
            url=self.credentials["url"],
            headers={"Content-Type": "application/json", **self._signed(outbound.message_id, body)},
            body=body.encode(),
        )

    def receipt(self, response: HttpResponse) -> Receipt:
        status = response.status
        if 200 <= status < 300:
            return Receipt(provider_id=_their_id(response.body), raw=json.dumps({"status": status}))
        wait_s = retry_after_s(response.headers, now=type(self).clock())
        if status == 429 or (status == 503 and wait_s is not None):
            raise RateLimited(
                str(status), retry_after_s=DEFAULT_WAIT_S if wait_s is None else wait_s
            )
        if status == 410:
            raise ProviderPaused("410 the receiver wants no more calls")
        if 300 <= status < 400:
            raise Permanent(f"{status} redirects are not followed")
        if 400 <= status < 500:
            raise Permanent(f"{status} refused by the receiver")
        if status >= 500:
            raise Temporary(f"{status} the receiver failed")
        raise UnknownReply(str(status))

    def read_callback(self, callback: Callback) -> Sequence[Told]:
        own = self.credentials
        call = verify(callback, own.get("callback_key") or own["secret"])
        told = object_of(callback.body)
        data, word = as_object(told.get("data")), text(told.get("type")).removeprefix("message.")
        reason, fate = text(data.get("reason")), BY_WORD.get(word)
        if fate is FAILED:
            fate = BY_WORD.get(reason, FAILED)
        message_id = text(data.get("id"))
        report = Report(call, message_id, raw_of(event=word, reason=reason), message_id)
        return [report.told(fate)] if fate else []

    def _signed(self, message_id: str, body: str) -> dict[str, str]:
        now = datetime.fromtimestamp(int(type(self).clock()), UTC)
        try:
            signature = Webhook(self.credentials["secret"]).sign(message_id, now, body)
        except (ValueError, EmptyWebhookSecretError) as error:
            raise BadCredentials("the signing secret is not base64 (whsec_...)") from error
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }


def _payload(outbound: Outbound) -> dict[str, Any]:
    content = outbound.content
    return {
        "id": outbound.message_id,
        "type": "message",
        "kind": str(outbound.kind),
        "address": outbound.address,
        "title": content.title,
        "body": content.body,
        "html": content.html,
        "image_url": content.image_url,
        "buttons": [
            {"text": button.text, "url": button.url, "action": button.action}
            for button in content.buttons
        ],
        "language": outbound.language,
        "category": outbound.category,
        "metadata": outbound.extra.get("metadata", {}),
    }


def _their_id(body: bytes) -> str:
    """Read {"id": ...} if the receiver gave one; our own id is the key of the call anyway."""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    given = answer.get("id") if isinstance(answer, dict) else None
    return str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
