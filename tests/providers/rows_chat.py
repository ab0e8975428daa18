"""Chat with clients, and what speaks our own protocol: what each fault must mean."""

from __future__ import annotations

from tests.providers import chat, own
from tests.providers.table import (
    CLOSED,
    CONTENT,
    NETWORK,
    NOBODY,
    PAUSE,
    RETRY,
    RETRY_AFTER,
    SENT,
    Row,
    but,
)


def _telegram(base: str) -> dict[str, str]:
    return {"token": chat.Telegram.token, "webhook_secret": "hook", "api_base": base}


def _webhook(base: str) -> dict[str, str]:
    return {"url": base, "secret": own.Webhook.secret}


def _phone(base: str) -> dict[str, str]:
    return {"url": base, "secret": own.Phone.secret}


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
