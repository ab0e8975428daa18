"""How do fake messengers call back? With what they were given, proven as theirs is.

`press` gives the call of a client's press on the first button of a message that was taken, `status`
what WhatsApp tells of it. Written from the facts about messengers, sections 2 to 7.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from channels.told import Callback
from tests.providers.server import Call
from tests.providers.signing import called

Json = dict[str, Any]


def press(name: str, call: Call, number: str) -> Callback:
    """Write a provider's call. call: by which the message was sent; number: as it was answered."""
    return called(name, json.dumps(WRITERS[name](call, number)).encode())


def status(call: Call, number: str, word: str, **more: Any) -> Callback:
    """Write what WhatsApp tells of a message."""
    sent = call.json()
    told = {
        "id": number,
        "status": word,
        "timestamp": "1795248003",
        "recipient_id": sent["to"],
        "biz_opaque_callback_data": sent["biz_opaque_callback_data"],
        **more,
    }
    return called("whatsapp_cloud", json.dumps(_whatsapp_change({"statuses": [told]})).encode())


def _telegram(call: Call, number: str) -> Json:
    sent = call.json()
    chat, message = number.split(":")
    return {
        "update_id": 1,
        "callback_query": {
            "id": "77",
            "from": {"id": int(chat), "is_bot": False, "first_name": "Анна"},
            "message": {"message_id": int(message), "chat": {"id": int(chat), "type": "private"}},
            "data": sent["reply_markup"]["inline_keyboard"][0][0]["callback_data"],
        },
    }


def _whatsapp(call: Call, number: str) -> Json:
    sent = call.json()
    reply = sent["interactive"]["action"]["buttons"][0]["reply"]
    message = {
        "context": {"id": number},
        "from": sent["to"],
        "id": "wamid.press",
        "timestamp": "1795248120",
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": reply},
    }
    return _whatsapp_change({"messages": [message]})


def _whatsapp_change(value: Json) -> Json:
    value |= {"metadata": {"phone_number_id": "106540352242922"}}
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1022", "changes": [change]}]}


def _instagram(call: Call, number: str) -> Json:
    sent = call.json()
    reply = sent["message"]["quick_replies"][0]
    told = {
        "sender": sent["recipient"],
        "recipient": {"id": "17841405822304914"},
        "timestamp": 1795240000987,
        "message": {
            "mid": "m1",
            "text": reply["title"],
            "quick_reply": {"payload": reply["payload"]},
        },
    }
    return {"object": "instagram", "entry": [{"id": "17841405822304914", "messaging": [told]}]}


def _vk(call: Call, number: str) -> Json:
    form = call.form()
    key = json.loads(form["keyboard"])["buttons"][0][0]["action"]
    person = int(form["peer_id"])
    pressed = {
        "user_id": person,
        "peer_id": person,
        "event_id": "b1f0c7e2aa54",
        "payload": json.loads(key["payload"]),
        "conversation_message_id": 58,
    }
    return {
        "type": "message_event",
        "group_id": 212345678,
        "event_id": "e1",
        "object": pressed,
        "secret": "vk_hook_secret_1",
    }


def _max(call: Call, number: str) -> Json:
    key = call.json()["attachments"][0]["payload"]["buttons"][0][0]
    user = {"user_id": int(call.query["user_id"]), "name": "Анна", "is_bot": False}
    return {
        "update_type": "message_callback",
        "timestamp": 1795248005000,
        "callback": {"callback_id": "c1", "payload": key["payload"], "user": user},
        "message": {"body": {"mid": number}},
    }


WRITERS: Mapping[str, Callable[[Call, str], Json]] = {
    "telegram": _telegram,
    "whatsapp_cloud": _whatsapp,
    "instagram": _instagram,
    "vk": _vk,
    "max": _max,
}
