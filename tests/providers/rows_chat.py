"""Chat with clients: what each fault must mean (facts about messengers)."""

from __future__ import annotations

from tests.providers import chat, chatwoot, meta
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


def _chatwoot(base: str) -> dict[str, str]:
    return {
        "token": chatwoot.Chatwoot.token,
        "account_id": "1",
        "inbox_id": str(chatwoot.Chatwoot.inbox),
        "api_base": base,
    }


def _token(token: str) -> Credentials:
    return lambda base: {"token": token, "api_base": base}


_instagram, _vk, _max = map(_token, (meta.Instagram.token, chat.Vk.token, chat.Max.token))


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
            "gateway": RETRY,
            "throttle": RETRY_AFTER,
            "pair": RETRY_AFTER,
            "blocked": NOBODY,
            "stopped": OPT_OUT,
            "window": CLOSED,
            "deferred": DEFER,
            "spam": DEFER,
            "content": CONTENT,
            "template_refused": CLOSED,  # the window stays closed: the next channel takes over
            "template": CLOSED,
            "billing": PAUSE,
            "locked": PAUSE,
            "auth": AUTH,
        },
        recipient=lambda address: address.removeprefix("+"),
        extra=OPEN,
        per_address=frozenset({"pair"}),
    ),
    "instagram": Row(
        meta.Instagram,
        _instagram,
        but(_instagram, token="WRONG"),
        lambda number: f"12544591546829{number:02}",
        NETWORK
        | {
            "gateway": RETRY,
            "throttle": RETRY_AFTER,
            "blocked": NOBODY,
            "window": CLOSED,
            "content": CONTENT,
            "denied": AUTH,
            "auth": AUTH,
        },
        extra=OPEN,
    ),
    "chatwoot": Row(
        chatwoot.Chatwoot,
        _chatwoot,
        but(_chatwoot, token="WRONG"),
        lambda number: f"+791612345{number:02}",
        NETWORK
        | {
            "deaf": RETRY,  # the search for the contact was lost, nothing was sent
            "contact_lost": RETRY,
            "contact_reset": RETRY,
            "gateway": RETRY,
            "throttle": RETRY_AFTER,
            "content": CONTENT,
            "gone": PAUSE,
            "auth": AUTH,
        },
        extra={"address_kind": "whatsapp", **OPEN},
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
            "gateway": RETRY,
            "throttle": RETRY_AFTER,
            "blocked": NOBODY,
            "gone": NOBODY,
            "content": CONTENT,
            "attachment": RETRY,
            "auth": AUTH,
        },
    ),
}
