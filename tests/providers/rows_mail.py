"""E-mail over HTTP: what each fault must mean (facts about providers, 1.3 to 1.5)."""

from __future__ import annotations

from collections.abc import Callable

from tests.providers import mail, mail_too
from tests.providers.table import (
    AUTH,
    CONTENT,
    DEFER,
    NETWORK,
    NOBODY,
    OPT_OUT,
    PAUSE,
    RETRY_AFTER,
    UNKNOWN,
    Row,
    but,
)

FROM = {"from_address": "salon@mg.beauty.example", "from_name": "Красота"}


def _keyed(field: str, key: str, **more: str) -> Callable[[str], dict[str, str]]:
    return lambda base: {field: key, "api_base": base, **FROM, **more}


def _mailbox(number: int) -> str:
    return f"client{number}@mail.example"


ROWS: dict[str, Row] = {
    "sendgrid": Row(
        mail.SendGrid,
        _keyed("api_key", mail.SendGrid.key),
        but(_keyed("api_key", mail.SendGrid.key), api_key="SG.WRONG"),
        _mailbox,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "address": CONTENT,
            "content": CONTENT,
            "too_large": CONTENT,
            "billing": PAUSE,
            "sender": PAUSE,
        },
        waits={"throttle": mail.SendGrid.resets_in_s},
        kind="email",
    ),
    "mailgun": Row(
        mail.Mailgun,
        _keyed("api_key", mail.Mailgun.key, domain=mail.Mailgun.domain),
        but(_keyed("api_key", mail.Mailgun.key, domain=mail.Mailgun.domain), api_key="WRONG"),
        _mailbox,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "address": NOBODY,
            "content": CONTENT,
            "too_large": CONTENT,
            "domain": AUTH,
            "billing": PAUSE,
            "locked": PAUSE,
        },
        waits={"throttle": 30},
        kind="email",
    ),
    "postmark": Row(
        mail.Postmark,
        _keyed("server_token", mail.Postmark.token),
        but(_keyed("server_token", mail.Postmark.token), server_token="WRONG"),
        _mailbox,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "blocked": NOBODY,
            "address": NOBODY,
            "sender": PAUSE,
            "billing": PAUSE,
            "pending": PAUSE,
            "content": CONTENT,
            "too_large": CONTENT,
        },
        kind="email",
    ),
    "brevo": Row(
        mail.Brevo,
        _keyed("api_key", mail.Brevo.key),
        but(_keyed("api_key", mail.Brevo.key), api_key="WRONG"),
        _mailbox,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "address": NOBODY,
            "content": CONTENT,
            "sender": PAUSE,
            "billing": PAUSE,
            "locked": PAUSE,
        },
        waits={"throttle": 25},
        kind="email",
    ),
    "resend": Row(
        mail_too.Resend,
        _keyed("api_key", mail_too.Resend.key),
        but(_keyed("api_key", mail_too.Resend.key), api_key="re_WRONG"),
        _mailbox,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "quota": PAUSE,
            "address": NOBODY,
            "content": CONTENT,
            "sender": PAUSE,
            "restricted": AUTH,
        },
        waits={"throttle": 2},
        kind="email",
    ),
    "unisender_go": Row(
        mail_too.UnisenderGo,
        _keyed("api_key", mail_too.UnisenderGo.key),
        but(_keyed("api_key", mail_too.UnisenderGo.key), api_key="WRONG"),
        _mailbox,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "gone": NOBODY,
            "address": NOBODY,
            "complained": OPT_OUT,
            "unsubscribed": OPT_OUT,
            "blocked": OPT_OUT,
            "busy": DEFER,
            "undocumented": UNKNOWN,
            "too_large": CONTENT,
            "sender": PAUSE,
            "host": AUTH,
        },
        kind="email",
    ),
}
