"""Salons' own servers and providers by a form report too: signed, or at a secret address.

Source of the vectors: tests/payloads/webhook, verified by the standardwebhooks library.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from channels.adapters.standard_webhook import verify
from channels.contract import Content, Outbound
from channels.registry import ADAPTERS
from channels.told import BadSignature
from tests.channels.heard import NOW, STANDARD, call
from tests.for_each import for_each

LIBRARY, ROTATION, ED25519 = (STANDARD[name] for name in ("library_vector", "rotation", "ed25519"))
SECRET, OLD = ROTATION["new_secret"], ROTATION["old_secret"]
OURS = "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"


def vector(of, **changes):
    headers = {name: of[name] for name in of if name.startswith("webhook-")} | changes
    return call(of["raw_body"], headers, at=float(of["webhook-timestamp"]))


@for_each(
    "of, key",
    [
        (LIBRARY, LIBRARY["secret"]),
        (ROTATION, SECRET),
        (ROTATION, OLD),
        (ED25519, ED25519["public_key"]),
    ],
)
def test_the_vectors_of_standard_webhooks_are_proven(of, key):
    assert verify(vector(of), key) == of["webhook-id"]


@for_each("of", [LIBRARY, ROTATION, ED25519])
@for_each(
    "changes",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1795168801"},
        {"webhook-timestamp": "now"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA v1a,AAAA v2,AAAA"},
    ],
)
def test_a_changed_header_proves_nothing(of, changes):
    key = of.get("secret") or of.get("new_secret") or of["public_key"]
    with pytest.raises(BadSignature):
        verify(vector(of, **changes), key)


@for_each("key", ["", "whsec_", "whsec_%%", "whpk_", "whpk_AAAA", SECRET])
def test_another_key_proves_nothing(key):
    with pytest.raises(BadSignature):
        verify(vector(LIBRARY), key)


def signed(body, key=SECRET, at=NOW):
    text = json.dumps(body)
    moment = datetime.fromtimestamp(at, UTC)
    headers = {
        "webhook-id": "report-1",
        "webhook-timestamp": str(at),
        "webhook-signature": Webhook(key).sign("report-1", moment, text),
    }
    return call(text, headers)


@for_each(
    "kind, data, meant",
    [
        ("message.sent", {}, ("sent", "", "")),
        ("message.delivered", {}, ("delivered", "", "")),
        ("message.read", {}, ("read", "", "")),
        ("message.failed", {}, ("failed", "unknown", "")),
        (
            "message.failed",
            {"reason": "permanent_recipient"},
            ("failed", "permanent_recipient", "dead"),
        ),
        ("message.complaint", {}, ("", "complaint", "complaint")),
        ("message.unsubscribed", {}, ("", "unsubscribed", "unsubscribed")),
    ],
)
def test_a_salons_server_reports_on_our_message(kind, data, meant):
    own = ADAPTERS["webhook"]({"url": "https://crm.example", "secret": SECRET})

    (told,) = own.read_callback(signed({"type": kind, "data": {"id": OURS, **data}}))

    assert (told.state, told.reason, told.effect) == meant
    assert (told.message_id, told.key) == (OURS, "report-1")


def test_a_salons_server_may_sign_with_a_key_of_its_own():
    own = ADAPTERS["webhook"]({"url": "x", "secret": SECRET, "callback_key": OLD})
    told = {"type": "message.read", "data": {"id": OURS}}

    assert own.read_callback(signed(told, OLD))
    assert own.read_callback(signed({"type": "order.paid"}, OLD)) == []
    for strange in (signed(told), signed(told, OLD, NOW - 301)):
        with pytest.raises(BadSignature):
            own.read_callback(strange)


FORM = {
    "callback_id_path": "data.id",
    "callback_state_path": "data.status",
    "callback_states": json.dumps({"DELIVRD": "delivered", "NOBODY": "permanent_recipient"}),
}


def by_form(**changes):
    return ADAPTERS["generic_http"]({"url": "https://sms.example", **FORM, **changes})


@for_each(
    "callback, states",
    [
        (call({"data": {"id": 7, "status": "DELIVRD"}}), ["delivered"]),
        (call({"data": {"id": 7, "status": "NOVEL"}}), []),
        (call({"data": {"status": "DELIVRD"}}), []),
        (call([{"data": {"id": n, "status": "NOBODY"}} for n in "12"]), ["failed", "failed"]),
        (call(b"\xff"), []),
    ],
)
def test_a_form_says_what_a_reports_words_mean(callback, states):
    assert [told.state for told in by_form().read_callback(callback)] == states


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_form_reads_queries_and_forms_too(method):
    own = by_form(callback_id_path="id", callback_state_path="status")
    query = {"id": "7", "status": "NOBODY"} if method == "GET" else {"m": OURS}
    body = b"" if method == "GET" else b"id=7&status=NOBODY"

    (told,) = own.read_callback(call(body, query=query, method=method))

    assert (told.provider_id, told.effect) == ("7", "dead")
    assert told.message_id == ("7" if method == "GET" else OURS)


def test_a_form_without_words_and_one_with_another_password_believe_nobody():
    report = call({"data": {"id": 7, "status": "DELIVRD"}}, {"Authorization": "Bearer agreed"})

    assert by_form(callback_password="agreed").read_callback(report)
    for own in (by_form(callback_states=""), by_form(callback_password="other")):
        with pytest.raises(BadSignature):
            own.read_callback(report)


def test_a_form_tells_the_provider_where_to_report_to():
    body = '{"to": "{{address}}", "hook": "{{callback_url}}"}'
    message = Outbound(OURS, "sms", "+79161234567", Content("Ждём"), "ru", "tx")
    own = by_form(body=body, callback_url="https://kolokol.example/v1/callbacks/1/t")

    written = json.loads(own.request(message).body)
    nowhere = json.loads(by_form(body=body).request(message).body)

    assert written["hook"] == f"https://kolokol.example/v1/callbacks/1/t?m={OURS}"
    assert nowhere["hook"] == ""


def test_a_form_refuses_a_word_that_means_nothing_here():
    wrong = {"callback_states": '{"DELIVRD": "arrived"}'}

    assert ADAPTERS["generic_http"].check({"url": "https://x.example", "method": "GET"} | wrong)
