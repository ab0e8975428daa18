"""Chat with clients, and what speaks our own protocol: what each fault must mean."""

from __future__ import annotations

from tests.providers import chat, meta, own
from tests.providers.table import (
    AUTH,
    CLOSED,
    CONTENT,
    DEFER,
    NETWORK,
    NOBODY,
    OPT_OUT,
    PAUSE,
    RETRY,
    RETRY_AFTER,
    SENT,
    Credentials,
    Row,
    but,
)


def _telegram(base: str) -> dict[str, str]:
    return {"token": chat.Telegram.token, "webhook_secret": "hook", "api_base": base}


def _whatsapp(base: str) -> dict[str, str]:
    return {
        "token": meta.WhatsApp.token,
        "phone_number_id": meta.WhatsApp.number_id,
        "api_base": base,
    }


def _token(token: str) -> Credentials:
    return lambda base: {"token": token, "api_base": base}


_instagram, _vk, _max = map(_token, (meta.Instagram.token, chat.Vk.token, chat.Max.token))


def _webhook(base: str) -> dict[str, str]:
    return {"url": base, "secret": own.Webhook.secret}


def _phone(base: str) -> dict[str, str]:
    return {"url": base, "secret": own.Phone.secret}


#: The client wrote a moment ago.
OPEN = {"window_until": "2099-01-01T00:00:00+00:00"}

ROWS: dict[str, Row] = {
    "telegram": Row(
        chat.Telegram,
        _telegram,
        but(_telegram, token="42:WRONG"),
        lambda number: f"55123456{number:02}",
        NETWORK
        | {
            "gateway": RETRY,
            "throttle": RETRY_AFTER,
            "blocked": NOBODY,
            "gone": NOBODY,
            "moved": NOBODY,
            "content": CONTENT,
            "paused": PAUSE,
        },
        waits={"throttle": 17},
    ),
    "whatsapp_cloud": Row(
        meta.WhatsApp,
        _whatsapp,
        but(_whatsapp, token="WRONG"),
        lambda number: f"+791612345{number:02}",
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "pair": RETRY_AFTER,
            "blocked": NOBODY,
            "stopped": OPT_OUT,
            "window": CLOSED,
            "deferred": DEFER,
            "spam": DEFER,
            "content": CONTENT,
            "billing": PAUSE,
            "locked": PAUSE,
            "auth": AUTH,
        },
        recipient=lambda address: address.removeprefix("+"),
        extra=OPEN,
    ),
    "instagram": Row(
        meta.Instagram,
        _instagram,
        but(_instagram, token="WRONG"),
        lambda number: f"12544591546829{number:02}",
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "blocked": NOBODY,
            "window": CLOSED,
            "content": CONTENT,
            "denied": AUTH,
            "auth": AUTH,
        },
        extra=OPEN,
    ),
    "vk": Row(
        chat.Vk,
        _vk,
        but(_vk, token="WRONG"),
        lambda number: f"1876543{number:02}",
        NETWORK
        | {
            "gateway": RETRY,
            "throttle": RETRY_AFTER,
            "flood": DEFER,
            "daily": DEFER,
            "blocked": NOBODY,
            "privacy": NOBODY,
            "window": CLOSED,
            "content": CONTENT,
            "captcha": PAUSE,
            "internal": RETRY,
            "auth": AUTH,
        },
    ),
    "max": Row(
        chat.Max,
        _max,
        but(_max, token="WRONG"),
        lambda number: f"1234567{number:02}",
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "blocked": NOBODY,
            "gone": NOBODY,
            "content": CONTENT,
            "attachment": RETRY,
            "auth": AUTH,
        },
    ),
    "webhook": Row(
        own.Webhook,
        _webhook,
        but(_webhook, secret="whsec_d3JvbmcgYnV0IGxvbmcgZW5vdWdoIHRvIHNpZ24="),
        lambda number: f"+791612345{number:02}",
        NETWORK
        | {
            "garbage": SENT,  # a receiver owes no body
            "gateway": RETRY,  # the receiver drops repeats by webhook-id
            "novel": CONTENT,
            "wrong_credentials": CONTENT,
            "throttle": RETRY_AFTER,
            "throttle_503": RETRY_AFTER,
            "content": CONTENT,
            "moved": CONTENT,
            "gone": PAUSE,
        },
        waits={"throttle": 30, "throttle_503": 40},
        kind="sms",
    ),
    "sandbox": Row(
        own.Phone,
        _phone,
        but(_phone, secret="wrong"),
        lambda number: f"+791612345{number:02}",
        NETWORK
        | {
            "garbage": SENT,  # the Phone's 200 alone says it
            "gateway": RETRY,
            "no_network": RETRY,
            "gone": NOBODY,
            "blocked": NOBODY,
            "window": CLOSED,
            "content": CONTENT,
        },
        kind="sms",
    ),
}
