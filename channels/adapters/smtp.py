"""SMTP: e-mail through the salon's own mail server; channels.smtp does the talking."""

from __future__ import annotations

from channels.contract import (
    Adapter,
    ChannelKind,
    HttpRequest,
    HttpResponse,
    Outbound,
    Place,
    Receipt,
)
from channels.errors import Unsupported


class SmtpAdapter(Adapter):
    """Declares the account's fields; see channels.smtp_connection.SmtpAccount for their meaning."""

    provider = "smtp"
    kinds = frozenset({ChannelKind.EMAIL})
    fields = {
        "host": False,
        "port": False,
        "username": False,
        "password": True,
        "security": False,
        "from_address": False,
        "from_name": False,
        "reply_to": False,
    }
    optional = frozenset({"username", "password", "security", "from_name", "reply_to"})
    place = Place.DOMESTIC
    address_kinds = ("email",)
    sender = "smtp"

    def request(self, outbound: Outbound) -> HttpRequest:
        raise Unsupported("smtp is not spoken over HTTP")

    def receipt(self, response: HttpResponse) -> Receipt:
        raise Unsupported("smtp is not spoken over HTTP")
