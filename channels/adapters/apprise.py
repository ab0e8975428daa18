"""Apprise: messages to the salon's staff through one of its services; channels.smtp carries them.

https://github.com/caronc/apprise (2.2.0, read 2026-11). It tells neither an id nor what became of
a message: "sent" is all there is, and a failure has at most a status. Not for clients.
"""

from __future__ import annotations

from collections.abc import Mapping

from channels.apprise_target import NOT_INSTALLED, is_installed, target_fault
from channels.contract import Adapter, ChannelKind, Outbound, Receipt
from channels.errors import ProviderPaused, Unsupported
from channels.request import HttpRequest, HttpResponse


class AppriseAdapter(Adapter):
    """One Apprise URL; see channels.apprise_target. An address says who, never where."""

    provider = "apprise"
    kinds = frozenset({ChannelKind.CHAT, ChannelKind.WEBHOOK})
    fields = {"target": True}
    hints = {
        "target": (
            "Адрес Apprise, например pover://пользователь@токен или tgram://бот/чат.",
            "An Apprise URL, such as pover://user@token or tgram://bot/chat.",
        )
    }
    address_kinds = ("url", "slack", "discord", "teams", "mattermost", "ntfy")
    sender = "apprise"

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        fault = target_fault(credentials.get("target", ""))
        return {"target": fault} if fault else {}

    def request(self, outbound: Outbound) -> HttpRequest:
        raise Unsupported("apprise makes its own calls")

    def receipt(self, response: HttpResponse) -> Receipt:
        raise Unsupported("apprise makes its own calls")

    def probe(self) -> None:
        """Say what to do when the package is missing; Apprise has no harmless call."""
        if not is_installed():
            raise ProviderPaused(NOT_INSTALLED)
