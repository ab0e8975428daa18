"""What each captured call of a messenger means, by provider and file.

Source of the bodies and signatures: Bot API 10.1, VK schema 5.199, MAX schemas 0.0.32, documents of
the Cloud API and of Instagram of 2026, in tests/payloads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from channels.registry import ADAPTERS
from channels.told import (
    AccountEvent,
    InboundEvent,
    StatusEvent,
)
from tests.channels.captured import MESSAGE_ID, Captured
from tests.providers.signing import called, credentials

PROVIDERS = ("telegram", "whatsapp_cloud", "instagram", "vk", "max")
CAPTURED = {provider: Captured(provider) for provider in PROVIDERS}
ADAPTER = {provider: ADAPTERS[provider](credentials(provider)) for provider in PROVIDERS}
VECTORS = json.loads(
    (Path(__file__).parents[1] / "payloads" / "signatures_chat.json").read_text("utf-8")
)
NAME, RU = {"name": "Анна К"}, {"language": "ru"}
ACTION, TOKEN = "cf:7Qm2xV9tRk4aLz0pYw3NsA", "L_8fKq2Zt5vXw1Yb3NcR7dPg"

TELEGRAM = NAME | RU | {"address": "551234567"}
NUMBER, USER = "+79161234567", "RU.13491208655302741918"
LINE = {"route": "106540352242922"}
SENT = "wamid.HBgLNzkxNjEyMzQ1NjcVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"
HEARD = "wamid.HBgLNzkxNjEyMzQ1NjcVAgASGBQzQTA"
ALIAS = InboundEvent(kind="alias", address=NUMBER, value=USER, **LINE)
STATUS = {"provider_id": SENT, "address": NUMBER, **LINE}
OURS = {"message_id": MESSAGE_ID}
ACCOUNT = {"name": "winback_november", "language": "ru", "route": "102290129340398"}
IGSID = {"address": "1254459154682919", "route": "17841405822304914"}
VK_ID, PEER = "a1d2e3f4b5c6d7e8", {"address": "187654321"}
MAX = NAME | RU | {"address": "123456789"}


def at_whatsapp(kind, letter, **more):
    return InboundEvent(
        key=f"{HEARD}{letter}", kind=kind, address=NUMBER, **{**NAME, **LINE, **more}
    )


def status(state, **more):
    return StatusEvent(key=f"{SENT}:{state}", state=state, **{**STATUS, **more})


def template(number, state, at, **more):
    return AccountEvent(
        key=f"template:{number}:{state}:{at}", kind="template_state", value=state, **ACCOUNT, **more
    )


EVENTS: dict[str, dict[str, list[Any]]] = {
    "telegram": {
        "update_start_deeplink.json": [InboundEvent("871234001", "start", value=TOKEN, **TELEGRAM)],
        "update_start_plain.json": [InboundEvent("871234002", "start", **TELEGRAM)],
        "update_contact_foreign.json": [],
        "update_text_stop.json": [InboundEvent("871234005", "text", value="СТОП", **TELEGRAM)],
        "update_callback_query.json": [
            InboundEvent(
                "871234006",
                "button",
                value=ACTION,
                provider_id="551234567:4182",
                reply_token="2367891234567890123",
                **TELEGRAM,
            )
        ],
        "update_my_chat_member_blocked.json": [InboundEvent("871234007", "blocked", **TELEGRAM)],
        "update_my_chat_member_unblocked.json": [
            InboundEvent("871234008", "unblocked", **TELEGRAM)
        ],
    },
    "whatsapp_cloud": {
        "webhook_verify_get.json": [],
        "message_text_stop.json": [at_whatsapp("text", "y", value="Стоп"), ALIAS],
        "interactive_button_reply.json": [
            at_whatsapp("button", "z", value=ACTION, provider_id=SENT, reply_token=f"{HEARD}z"),
            ALIAS,
        ],
        "template_quick_reply_button.json": [
            at_whatsapp(
                "button",
                "0",
                value=ACTION.replace("cf", "rs"),
                provider_id=SENT,
                reply_token=f"{HEARD}0",
            ),
            ALIAS,
        ],
        "status_sent.json": [status("sent", **OURS), ALIAS],
        "status_delivered.json": [status("delivered", **OURS), ALIAS],
        "status_read.json": [status("read", **OURS), ALIAS],
        "status_failed_131047.json": [status("failed", reason="window_closed", **OURS), ALIAS],
        "status_failed_131050.json": [
            status("failed", reason="opt_out", effect="unsubscribed", **OURS),
            ALIAS,
        ],
        "status_batch_out_of_order.json": [status("read"), status("sent")],
        "user_preferences_stop.json": [
            InboundEvent(
                f"preference:{NUMBER}:opt_out:1795248200", "opt_out", NUMBER, **NAME, **LINE
            ),
            ALIAS,
        ],
        "user_preferences_resume.json": [
            InboundEvent(
                f"preference:{NUMBER}:opt_in:1795258200", "opt_in", NUMBER, **NAME, **LINE
            ),
            ALIAS,
        ],
        "template_status_rejected.json": [
            template(1689556908129835, "REJECTED", 1795200000, reason="INVALID_FORMAT")
        ],
        "template_status_paused.json": [template(1689556908129836, "PAUSED", 1795200100)],
        "user_changed_number.json": [at_whatsapp("moved", "2", value="+79167654321", name="")],
    },
    "instagram": {
        "webhook_quick_reply.json": [
            InboundEvent("aWdfZAG1faXRlbToyOklH", "button", value=ACTION, **IGSID)
        ],
        "webhook_postback.json": [
            InboundEvent("aWdfZAG1faXRlbTozOklH", "button", value="book", **IGSID)
        ],
        "webhook_referral_existing_thread.json": [
            InboundEvent("ref:1254459154682919:1795240000987", "start", value=TOKEN, **IGSID)
        ],
        "webhook_postback_icebreaker_referral.json": [
            InboundEvent("aWdfZAG1faXRlbTo0OklH", "start", value=TOKEN, **IGSID)
        ],
        "webhook_echo.json": [],
        "webhook_seen.json": [
            StatusEvent(
                "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE:read",
                "read",
                provider_id="aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE",
                **IGSID,
            )
        ],
    },
    "vk": {
        "callback_confirmation.json": [],
        "message_new_ref.json": [InboundEvent(f"{VK_ID}f9", "start", value=TOKEN, **PEER, **RU)],
        "message_new_stop.json": [
            InboundEvent(f"{VK_ID}fa", "text", value="отписаться", **PEER, **RU)
        ],
        "message_new_text_button.json": [
            InboundEvent(f"{VK_ID}fb", "button", value=ACTION, **PEER, **RU)
        ],
        "message_event.json": [
            InboundEvent(
                f"{VK_ID}fc", "button", value=ACTION, reply_token="b1f0c7e2aa54:58", **PEER
            )
        ],
        "message_deny.json": [InboundEvent(f"{VK_ID}fe", "blocked", **PEER)],
        "message_read.json": [
            StatusEvent(f"{VK_ID}ff", "read", provider_id="187654321:9123", reach="up_to", **PEER)
        ],
        "message_reply_own.json": [],
    },
    "max": {
        "bot_started_payload.json": [InboundEvent(kind="start", value=TOKEN, **MAX)],
        "message_created_start_text.json": [InboundEvent(kind="start", **MAX)],
        "message_created_stop.json": [InboundEvent(kind="text", value="Стоп", **MAX)],
        "message_created_contact.json": [InboundEvent(kind="contact", value="+79161234567", **MAX)],
        "bot_stopped.json": [InboundEvent(kind="blocked", **MAX)],
        "dialog_removed.json": [InboundEvent(kind="blocked", **MAX)],
    },
}
BODIES = [(provider, name) for provider, files in EVENTS.items() for name in files]


def told(provider, body):
    return list(ADAPTER[provider].read_callback(called(provider, body)))


def changed(provider, name, change):
    """Give a captured body after a change, as bytes."""
    body = CAPTURED[provider].body(name)
    change(body)
    return json.dumps(body).encode()
