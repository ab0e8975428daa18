"""What speaks our own or an open protocol: what each fault must mean."""

from __future__ import annotations

import json

from tests.providers import own
from tests.providers.table import (
    CLOSED,
    CONTENT,
    NETWORK,
    NOBODY,
    OPT_OUT,
    PAUSE,
    RETRY,
    RETRY_AFTER,
    SENT,
    Row,
    but,
)


def _webhook(base: str) -> dict[str, str]:
    return {"url": base, "secret": own.Webhook.secret}


def _phone(base: str) -> dict[str, str]:
    return {"url": base, "secret": own.Phone.secret}


def _any(base: str) -> dict[str, str]:
    return {
        "url": f"{base}/messages",
        "method": "PUT",
        "secret": own.AnyApi.key,
        "headers": json.dumps({"Authorization": "Bearer {{ secret }}"}),
        "body": '{"to": "{{ address }}", "text": "{{ text }}", "id": "{{ message_id }}"}',
        "success_path": "result.ok",
        "success_value": "true",
        "id_path": "result.ids[0]",
        "error_path": "error.code",
        "status_map": json.dumps(
            {
                "blocked": "permanent_recipient",
                "no_money": "provider_pause",
                "window": "window_closed",
                "stop": "opt_out",
                "too_long": "permanent_content",
            }
        ),
    }


ROWS: dict[str, Row] = {
    "generic_http": Row(
        own.AnyApi,
        _any,
        but(_any, secret="WRONG"),
        lambda number: f"+791612345{number:02}",
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "blocked": NOBODY,
            "billing": PAUSE,
            "window": CLOSED,
            "stopped": OPT_OUT,
            "content": CONTENT,
        },
        waits={"throttle": 12},
        kind="sms",
    ),
    "webhook": Row(
        own.Webhook,
        _webhook,
        but(_webhook, secret="whsec_d3JvbmcgYnV0IGxvbmcgZW5vdWdoIHRvIHNpZ24="),
        lambda number: f"+791612345{number:02}",
        NETWORK
        | {
            "redirect": CONTENT,
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
