"""ntfy: push messages to the salon's staff, by ntfy.sh or by a server of its own.

https://docs.ntfy.sh/publish/, error codes from https://github.com/binwiederhier/ntfy,
server/errors.go (read 2026-11).
Limits: a message has 4,096 bytes (a longer one would become a file), three buttons; ntfy.sh takes
250 messages a day. An address is a topic: whoever knows its name can read it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, ClassVar

from channels.answers import json_object
from channels.contract import Adapter, ChannelKind, Outbound, Receipt
from channels.errors import (
    Ambiguous,
    BadCredentials,
    Permanent,
    RateLimited,
)
from channels.formatting import fit
from channels.provider_words import Meaning, Refusal, error_for
from channels.request import HttpRequest, HttpResponse

API = "https://ntfy.sh"
DAY_S = 24 * 3600
QUOTA_USED = "42908"  # of messages, until midnight UTC

#: The status says it all; `code` is finer.
MEANINGS = (
    Meaning(BadCredentials, status=401),
    Meaning(BadCredentials, status=403),
    Meaning(Permanent, status=400),
    Meaning(Permanent, status=413),
    Meaning(RateLimited, status=429),
)


class NtfyAdapter(Adapter):
    """One server, with an access token where topics are protected.

    clock: unix time, for the end of the day's quota.
    """

    provider = "ntfy"
    kinds = frozenset({ChannelKind.CHAT})
    fields = {"token": True, "api_base": False}
    optional = frozenset({"token", "api_base"})
    hints = {
        "token": (
            "Токен tk_…; пусто, если темы открыты.",
            "The access token tk_…; empty when the topics are open.",
        ),
        "api_base": ("Пусто: https://ntfy.sh.", "Empty: https://ntfy.sh."),
    }
    address_kinds = ("ntfy",)
    clock: ClassVar[Callable[[], float]] = time.time

    def request(self, outbound: Outbound) -> HttpRequest:
        fitted = fit(outbound.content, "ntfy")
        body: dict[str, Any] = {"topic": outbound.address, "message": fitted.text}
        click = next((button.url for button in outbound.content.buttons if button.url), "")
        more = {"title": fitted.title, "attach": fitted.image_url, "click": click}
        body |= {name: text for name, text in more.items() if text}
        if fitted.buttons:
            body["actions"] = [
                {"action": "view", "label": button.text, "url": button.url}
                for button in fitted.buttons
            ]
        raw = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **self._login()}
        return HttpRequest("POST", f"{self._base()}/", headers, raw)

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = json_object(response) or {}
        if response.status == 200 and answer.get("event") == "message" and "id" in answer:
            return Receipt(provider_id=str(answer["id"]), raw=json.dumps({"status": 200}))
        if response.status == 200:
            raise Ambiguous("200 with an unreadable answer")
        now, code = type(self).clock(), str(answer.get("code", ""))
        wait_s = DAY_S - now % DAY_S if code == QUOTA_USED else None
        refusal = Refusal(response.status, code, str(answer.get("error", "")), response.headers)
        raise error_for(refusal, MEANINGS, now=now, wait_s=wait_s)

    def probe(self) -> HttpRequest:
        path = "/v1/account" if self.credentials.get("token") else "/v1/health"
        return HttpRequest("GET", self._base() + path, self._login(), sends=False)

    def read_probe(self, response: HttpResponse) -> None:
        if response.status != 200:
            super().read_probe(response)

    def _base(self) -> str:
        return (self.credentials.get("api_base") or API).rstrip("/")

    def _login(self) -> dict[str, str]:
        token = self.credentials.get("token", "")
        return {"Authorization": f"Bearer {token}"} if token else {}
