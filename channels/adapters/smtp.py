"""SMTP: e-mail through the salon's own mail server; channels.smtp does the talking."""

from __future__ import annotations

from collections.abc import Mapping

from channels.contract import Adapter, ChannelKind, Outbound, Place, Receipt
from channels.errors import Unsupported
from channels.fields import faults, is_email, is_one_of, is_port
from channels.request import HttpRequest, HttpResponse


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
    hints = {
        "username": (
            "обычно весь адрес почты; в настройках почтового ящика",
            "usually the whole e-mail address; in the mailbox's settings",
        ),
        "password": (
            "у больших почтовых служб нужен отдельный «пароль приложения»",
            "large mail services want an “app password” of its own",
        ),
    }
    place = Place.DOMESTIC
    address_kinds = ("email",)
    sender = "smtp"

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return faults(
            credentials,
            port=is_port,
            security=is_one_of("tls", "starttls", "none"),
            from_address=is_email,
            reply_to=is_email,
        )

    def request(self, outbound: Outbound) -> HttpRequest:
        raise Unsupported("smtp is not spoken over HTTP")

    def receipt(self, response: HttpResponse) -> Receipt:
        raise Unsupported("smtp is not spoken over HTTP")
