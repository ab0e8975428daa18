"""The generic webhook: signed as Standard Webhooks 1.0.0 says, answers read as it says.

Source of the vectors: https://github.com/standard-webhooks/standard-webhooks, tests of libraries.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from channels.adapters.webhook import WebhookAdapter
from channels.contract import Button, Content, Outbound
from channels.errors import (
    BadCredentials,
    DeliveryError,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
)
from channels.kinds import CHANNEL_OF_ADDRESS
from channels.models import provider_choices
from channels.registry import ADAPTERS
from channels.request import HttpResponse
from tests.for_each import for_each

PAYLOADS = Path(__file__).parents[1] / "payloads" / "webhook"
VECTORS = json.loads((PAYLOADS / "standard_webhooks.json").read_text())
SECRET = VECTORS["rotation"]["new_secret"]
NOW = 1795168800  # 2026-11-20 10:00:00 UTC


class AtTen(WebhookAdapter):
    clock = staticmethod(lambda: NOW)


ADAPTER = AtTen({"url": "https://crm.example/hook", "secret": SECRET})
MESSAGE = Outbound(
    message_id="0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44",
    kind="sms",
    address="+79161234567",
    content=Content("Ждём вас", title="Визит", buttons=(Button("Да", action="cf:1"),)),
    language="ru",
    category="tx",
    extra={"metadata": {"visit": 7}},
)


def test_a_message_is_written_whole():
    request = ADAPTER.request(MESSAGE)

    assert (request.method, request.url) == ("POST", "https://crm.example/hook")
    assert json.loads(request.body) == {
        "id": MESSAGE.message_id,
        "type": "message",
        "kind": "sms",
        "address": "+79161234567",
        "title": "Визит",
        "body": "Ждём вас",
        "html": "",
        "image_url": "",
        "buttons": [{"text": "Да", "url": "", "action": "cf:1"}],
        "language": "ru",
        "category": "tx",
        "metadata": {"visit": 7},
    }
    assert not request.trusted


def test_the_receivers_library_accepts_the_signature():
    adapter = WebhookAdapter({"url": "https://crm.example/", "secret": SECRET})
    request = adapter.request(MESSAGE)

    Webhook(SECRET).verify(request.body, dict(request.headers))

    assert request.headers["webhook-id"] == MESSAGE.message_id
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 5


def test_the_signature_is_that_of_the_published_vector():
    vector = VECTORS["library_vector"]
    at = datetime.fromtimestamp(int(vector["webhook-timestamp"]), UTC)

    signature = Webhook(vector["secret"]).sign(vector["webhook-id"], at, vector["raw_body"])

    assert signature == vector["webhook-signature"]
    assert ADAPTER.request(MESSAGE).headers["webhook-timestamp"] == str(NOW)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_ж", "whsec_a"])
def test_a_secret_that_is_none_pauses_the_integration(secret):
    adapter = WebhookAdapter({"url": "https://crm.example/", "secret": secret})

    with pytest.raises(BadCredentials):
        adapter.request(MESSAGE)


@for_each(
    "body, provider_id",
    [(b'{"id":"m1"}', "m1"), (b'{"id":7}', "7"), (b'{"id":true}', ""), (b"OK", ""), (b"", "")],
)
def test_success_keeps_the_receivers_id(body, provider_id):
    assert ADAPTER.receipt(HttpResponse(202, {}, body)).provider_id == provider_id


EXPECTED: dict[str, tuple[type[DeliveryError], ...]] = {
    "fail_no_follow": (Permanent,),
    "retry": (Permanent,),
    "disable_endpoint": (ProviderPaused,),
    "throttle": (RateLimited, Temporary),
}


@for_each("row", VECTORS["receiver_answers"])
def test_a_receivers_answer_has_a_meaning(row):
    headers = {name.lower(): value for name, value in row.get("headers", {}).items()}
    response = HttpResponse(row["http"], headers, b"")
    if row["expect"] == "ok":
        assert ADAPTER.receipt(response).state == "sent"
        return

    with pytest.raises(EXPECTED[row["expect"]]):
        ADAPTER.receipt(response)


@for_each(
    "status, header, wait_s",
    [
        (429, "30", 30.0),
        (429, "", 30.0),
        (429, "soon", 30.0),
        (503, "Fri, 20 Nov 2026 10:05:00 GMT", 300.0),
        (503, "Fri, 20 Nov 2026 09:00:00 GMT", 0.0),
    ],
)
def test_a_told_wait_is_kept(status, header, wait_s):
    with pytest.raises(RateLimited) as caught:
        ADAPTER.receipt(HttpResponse(status, {"retry-after": header}, b""))

    assert caught.value.retry_after_s == wait_s


def test_a_failing_receiver_is_tried_again():
    with pytest.raises(Temporary):
        ADAPTER.receipt(HttpResponse(503, {}, b""))


def test_the_registry_knows_every_provider_by_its_name():
    names = [name for name, _ in provider_choices()]

    assert {"telegram", "smtp", "webhook"} <= set(names)
    assert all(ADAPTERS[name].provider == name for name in names)
    assert all(
        kind in CHANNEL_OF_ADDRESS for name in names for kind in ADAPTERS[name].address_kinds
    )
