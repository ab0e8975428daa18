"""Captured bodies of Chatwoot, an account of it, and messages that go there.

Source of the bodies: chatwoot/chatwoot, swagger and jbuilder views, 2026.
"""

from __future__ import annotations

import json
from dataclasses import replace

from channels.adapters.chatwoot import ChatwootAdapter
from channels.adapters.chatwoot_api import (
    ChatwootApi,
    Contact,
)
from channels.contract import Content, TokenCall
from channels.errors import (
    DeliveryError,
)
from tests.channels.captured import VISIT, Captured, answer, outbound

CAPTURED = Captured("chatwoot")
CREDENTIALS = {
    "token": "TOKEN",
    "account_id": "1",
    "inbox_id": "7",
    "api_base": "https://desk.example",
}
ADAPTER = ChatwootAdapter(CREDENTIALS)
API = ChatwootApi(CREDENTIALS)
PHONE = "+79161234567"
CONTACT = Contact(501, "0f7d6b1e-6f1b-4d3c-8a75-3d8c9a1f2b10")
TEMPLATE = {
    "name": "visit_reminder_v1",
    "language": "ru",
    "parameters": ["Анна", "22 ноября, 14:30"],
}
RESPONSES = {
    "contact_create_response.json",
    "contact_search_response.json",
    "contact_create_duplicate.json",
    "conversation_create_response.json",
    "message_create_response.json",
    "err_401.json",
    "err_404.json",
}
REQUESTS = {"request_conversation_template.json", "request_escalation_sequence.json"}
WEBHOOKS = {name for name, row in CAPTURED.index.items() if row["kind"] == "webhook"}


def message(content=None, **extra):
    who = {"address_kind": "whatsapp", "subscriber": "42"}
    return outbound(content or Content(VISIT), PHONE, **{**who, **extra})


def walk(steps, answers):
    """Drive an exchange by hand: TokenCalls are read from the answers too, nothing is kept."""
    calls, value, error = [], None, None
    queue = iter(answers)
    try:
        while True:
            step = steps.throw(error) if error else steps.send(value)
            calls.append(step)
            value, error = next(queue), None
            if isinstance(step, TokenCall):
                try:
                    value, _ = step.read(value)
                except DeliveryError as raised:
                    error = raised
    except StopIteration as end:
        return calls, end.value


def wire(step):
    return step.request if isinstance(step, TokenCall) else step


def sent(step):
    request = wire(step)
    path = request.url.removeprefix("https://desk.example")
    return request.method, path, json.loads(request.body) if request.body else None


FOUND = CAPTURED.response("contact_search_response.json")
MADE = CAPTURED.response("contact_create_response.json")
NOBODY = answer(200, {"meta": {"count": 0}, "payload": []})
TAKEN = CAPTURED.response("contact_create_duplicate.json")
OPENED = CAPTURED.response("conversation_create_response.json")
WRITTEN = CAPTURED.response("message_create_response.json")
GONE = CAPTURED.response("err_404.json")


def ours(response):
    """Give a captured contact our identifier."""
    body = response.body.replace(b"beautylab:sub_00042", b"kolokol:42")
    return replace(response, body=body)


def posted(outbound, credentials=CREDENTIALS):
    steps = ChatwootAdapter(credentials).exchange(outbound)
    next(steps)
    steps.send(str(CONTACT))
    return json.loads(steps.send("321").body)
