"""Push: what each fault must mean (facts about providers, section 3)."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.asymmetric import ec

from tests.providers import apns, push
from tests.providers.table import (
    AUTH,
    CONTENT,
    NETWORK,
    NOBODY,
    RETRY,
    RETRY_AFTER,
    SENT,
    Row,
)


def _fcm(base: str, email: str = push.Fcm.email) -> dict[str, str]:
    return {"service_account": push.Fcm.service_account(base, email), "api_base": base}


def _web_push(base: str) -> dict[str, str]:
    return {**push.WebPush.vapid_keys(), "subject": "mailto:it@salon.example", "api_base": base}


def _browser_of(address: str) -> str:
    return str(json.loads(address)["endpoint"]).rpartition("/")[2]


def _apns(base: str) -> dict[str, str]:
    return {
        "private_key": apns.Apns.p8(),
        "key_id": apns.Apns.key_id,
        "team_id": apns.Apns.team_id,
        "bundle_id": apns.Apns.topic,
        "api_base": base,
    }


_STRANGER = ec.derive_private_key(0xBAD, ec.SECP256R1())

ROWS: dict[str, Row] = {
    "fcm": Row(
        push.Fcm,
        _fcm,
        lambda base: _fcm(base, "nobody@salon-app.iam.gserviceaccount.com"),
        lambda number: f"cFpX{number}:APA91b",
        NETWORK
        | {
            "deaf": RETRY,  # the token was not given, so nothing was sent
            "token_lost": RETRY,
            "token_reset": RETRY,
            "throttle": RETRY_AFTER,
            "throttle_503": RETRY,
            "gone": NOBODY,
            "sender": NOBODY,
            "address": NOBODY,
            "content": CONTENT,
            "apns_key": AUTH,
            "disabled": AUTH,
        },
        waits={"throttle": 60, "throttle_503": 30},
        kind="push",
        others={
            "token_lost": lambda base: _fcm(base, "lost@salon-app.iam.gserviceaccount.com"),
            "token_reset": lambda base: _fcm(base, "reset@salon-app.iam.gserviceaccount.com"),
        },
    ),
    "apns": Row(
        apns.Apns,
        _apns,
        lambda base: _apns(base) | {"private_key": apns.Apns.p8(_STRANGER)},
        lambda number: f"{number:02x}" * 32,
        NETWORK
        | {
            "garbage": SENT,  # a 200 has no body
            "throttle": RETRY_AFTER,
            "token_updates": RETRY_AFTER,
            "shutdown": RETRY,
            "idle": RETRY,
            "gone": NOBODY,
            "expired": NOBODY,
            "address": NOBODY,
            "other_app": NOBODY,
            "content": CONTENT,
            "too_large": CONTENT,
            "priority": CONTENT,
            "topic": AUTH,
            "environment": AUTH,
        },
        kind="push",
        per_address=frozenset({"throttle"}),
    ),
    "web_push": Row(
        push.WebPush,
        _web_push,
        lambda base: _web_push(base) | push.WebPush.vapid_keys(_STRANGER),
        push.WebPush.subscription,
        NETWORK
        | {
            "garbage": SENT,  # a 201 has no body
            "throttle": RETRY_AFTER,
            "throttle_503": RETRY,
            "gone": NOBODY,
            "unknown": NOBODY,
            "content": CONTENT,
            "too_large": CONTENT,
            "denied": AUTH,
            "key_mismatch": AUTH,
        },
        waits={"throttle": 7, "throttle_503": 20},
        recipient=_browser_of,
        kind="push",
        per_address=frozenset({"throttle"}),
    ),
}
