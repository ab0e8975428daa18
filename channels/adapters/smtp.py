"""SMTP: e-mail through the salon's own mail server; channels.smtp does the talking.

What comes back lies in a mailbox, which channels.mailbox reads.
"""

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
        "dkim_selector": False,
        "bounce_address": False,
        "imap_host": False,
        "imap_port": False,
        "imap_security": False,
        "imap_user": False,
        "imap_password": True,
    }
    optional = frozenset(fields) - {"host", "port", "from_address"}
    hints = {
        "username": (
            "Обычно весь адрес почты; в настройках почтового ящика",
            "Usually the whole e-mail address; in the mailbox's settings",
        ),
        "password": (
            "У больших почтовых служб нужен отдельный «пароль приложения»",
            "Large mail services want an “app password” of its own",
        ),
        "dkim_selector": (
            "Имя ключа, которым сервер подписывает письма; нужно только для проверки домена",
            "The name of the key that signs letters; only the check of the domain needs it",
        ),
        "bounce_address": (
            "Ящик, который принимает и bounce+что-нибудь@…: по этому имени видно, чьё письмо"
            " вернулось",
            "A mailbox that also takes bounce+anything@…: the name tells whose letter came back",
        ),
        "imap_host": (
            "Сервер ящика, куда приходят возвраты; без него возвраты не читаются",
            "The server of the mailbox where returned letters arrive; without it none are read",
        ),
        "imap_user": ("Если не тот же, что для отправки", "If it is not the one for sending"),
        "imap_password": ("Если не тот же, что для отправки", "If it is not the one for sending"),
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
            bounce_address=is_email,
            imap_port=is_port,
            imap_security=is_one_of("tls", "starttls", "none"),
        )

    def request(self, outbound: Outbound) -> HttpRequest:
        raise Unsupported("smtp is not spoken over HTTP")

    def receipt(self, response: HttpResponse) -> Receipt:
        raise Unsupported("smtp is not spoken over HTTP")
