"""How is a staff channel written to by an incoming webhook, a secret address that takes posts?

The account has one webhook of its own; an address that is a webhook itself (https://...) takes its
place, and is switched off alone when the channel behind it is gone.
"""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from channels.contract import Adapter, ChannelKind, Exchange, Outbound
from channels.errors import BadAddress, ProviderPaused, RateLimited
from channels.request import HttpRequest, HttpResponse

HINT = (
    "Секретный адрес входящего вебхука: кто его знает, тот и пишет.",
    "The incoming webhook's secret address: whoever knows it can write.",
)


class DeadHook(BadAddress):
    """The webhook is gone: the recipient's own, or the account's."""


class HookAdapter(Adapter):
    """One webhook.

    Must override: provider, payload, receipt. May override: query, shares_hook.
    clock: unix time, for waits that are told as a date.
    """

    kinds = frozenset({ChannelKind.CHAT})
    fields = {"webhook_url": True, "api_base": False}
    optional = frozenset({"api_base"})
    hints = {"webhook_url": HINT}
    has_steps = True
    clock: ClassVar[Callable[[], float]] = time.time
    query: ClassVar[str] = ""

    @abstractmethod
    def payload(self, outbound: Outbound) -> Mapping[str, Any]:
        """Write the post."""

    def request(self, outbound: Outbound) -> HttpRequest:
        hook = outbound.address if is_hook(outbound.address) else self.credentials["webhook_url"]
        return self.post(self.moved(hook), self.payload(outbound))

    def exchange(self, outbound: Outbound) -> Exchange:
        response = yield self.request(outbound)
        if not self.shares_hook(outbound):
            return self.receipt(response)
        try:
            return self.receipt(response)
        except DeadHook as error:
            raise _ours(error) from error
        except RateLimited as error:  # what one recipient used up is everybody's
            error.scope = "integration"
            raise

    def shares_hook(self, outbound: Outbound) -> bool:
        """Ask whether the account's webhook is used, which many recipients share."""
        return not is_hook(outbound.address)

    def read_probe(self, response: HttpResponse) -> None:
        try:
            super().read_probe(response)
        except DeadHook as error:
            raise _ours(error) from error

    def moved(self, hook: str) -> str:
        """Give the webhook's address, at api_base if the account has one, with the query."""
        parts = urlsplit(hook)
        if base := self.credentials.get("api_base", ""):
            own = urlsplit(base)
            path = own.path.rstrip("/") + parts.path
            parts = parts._replace(scheme=own.scheme, netloc=own.netloc, path=path)
        query = "&".join(part for part in (parts.query, self.query) if part)
        return parts._replace(query=query, fragment="").geturl()

    def post(self, url: str, payload: Mapping[str, Any]) -> HttpRequest:
        """Write a POST of JSON."""
        return HttpRequest(
            method="POST",
            url=url,
            headers={"Content-Type": "application/json"},
            body=json.dumps(payload, ensure_ascii=False).encode(),
        )

    def harmless(self, request: HttpRequest) -> HttpRequest:
        """Mark a call that posts nothing."""
        return replace(request, sends=False)


def is_hook(address: str) -> bool:
    """Tell an address that is a webhook from a channel's name."""
    return address.startswith(("https://", "http://"))


def _ours(error: DeadHook) -> ProviderPaused:
    return ProviderPaused(f"{error.detail}: the account's webhook is gone, make a new one")
