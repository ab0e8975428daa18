"""What Chatwoot tells us: each captured webhook means what tests/payloads/chatwoot names.

Source of the bodies and of the signature: chatwoot/chatwoot, webhook_data and webhooks/trigger,
2026; the vector of the signature: docs of Chatwoot's webhooks.
"""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from channels.adapters.chatwoot import ChatwootAdapter
from channels.told import BadSignature, Callback, InboundEvent, StatusEvent
from tests.channels.captured import Captured, answer
from tests.for_each import for_each

CAPTURED = Captured("chatwoot")
SECRET = "cw_webhook_secret_1"
NOW = 1795240001
MIRROR = {
    "token": "TOKEN",
    "account_id": "1",
    "mirror_inbox_id": "7",
    "signing_secret": SECRET,
    "api_base": "https://desk.example",
}
#: The same inbox, delivered by Chatwoot itself.
SENDING = {**MIRROR, "mirror_inbox_id": "", "inbox_id": "7"}
VECTOR = '{"event":"message_created","id":8801,"content":"Можно поменять мастера?"}'
VECTOR_SIGNATURE = "sha256=9851c543b2f9ff404d5e0b7984f7cf7a0ab113a1edfd71e59d7d06fb6dfcd127"
PHONE = "+79161234567"
TEXT = "Да, конечно! Переведу вас к Ольге."


def signed(body, *, at=NOW, secret=SECRET, **changes):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    digest = hmac.new(secret.encode(), b"%d." % at + raw, hashlib.sha256).hexdigest()
    headers = {"x-chatwoot-timestamp": str(at), "x-chatwoot-signature": f"sha256={digest}"}
    return Callback(raw, {**headers, **changes}, at=NOW)


def heard(body, credentials=MIRROR):
    return list(ChatwootAdapter(credentials).read_callback(signed(body)))


def captured(name, **changes):
    return {**CAPTURED.body(f"{name}.json"), **changes}


@for_each(
    "name, account, told",
    [
        (
            "message_created_outgoing",
            MIRROR,
            [InboundEvent("message:8802", "agent", PHONE, TEXT, reply_token="7:321", name="Мария")],
        ),
        ("message_created_outgoing", SENDING, []),  # Chatwoot delivers it
        ("message_created_private_note", MIRROR, []),
        (
            "message_updated_delivered",
            SENDING,
            [StatusEvent("message:8802:delivered", "delivered", provider_id="8802")],
        ),
        ("message_updated_delivered", MIRROR, []),  # we deliver there, so we know
        (
            "message_updated_failed",
            SENDING,
            [
                StatusEvent(
                    "message:8802:failed",
                    "failed",
                    provider_id="8802",
                    raw="131047: Re-engagement message",
                )
            ],
        ),
        ("message_updated_other_last_message", SENDING, []),
        (
            "conversation_status_changed",
            MIRROR,
            [
                InboundEvent(
                    "conversation:321:resolved:1795240000.123",
                    "conversation",
                    PHONE,
                    "resolved",
                    reply_token="7:321",
                )
            ],
        ),
        ("conversation_created", MIRROR, []),
    ],
)
def test_every_captured_webhook_means_what_it_is_told_to(name, account, told):
    assert heard(captured(name), account) == told


def test_a_contact_that_we_made_is_known_by_our_key():
    body = captured("message_created_outgoing")
    body["conversation"]["meta"]["sender"]["identifier"] = "kolokol:42:+79161234567"

    (event,) = heard(body)

    assert event.address == "42"


@for_each(
    "change",
    [
        {"content_attributes": {"kolokol_message_id": "0199a3f2"}},  # our own echo
        {"private": True},
        {"sender": {"id": 501, "type": "contact"}},
        {"sender": None},  # an automatic word
        {"message_type": "template"},
        {"message_type": "incoming"},
        {"inbox": {"id": 9}},
        {"content": None},
        {"content": " \n"},  # no answer: it would be refused for a day
    ],
)
def test_only_an_agents_own_words_go_to_the_client(change):
    assert heard(captured("message_created_outgoing", **change)) == []


def test_an_attached_file_goes_as_its_address():
    files = [{"id": 1, "file_type": "image", "data_url": "https://desk.example/a.png"}]

    (event,) = heard(captured("message_created_outgoing", content=None, attachments=files))

    assert event.value == "https://desk.example/a.png"


def test_what_the_client_writes_in_chatwoots_own_inbox_is_hers():
    body = captured("message_created_outgoing", message_type="incoming", content="Спасибо")
    body["conversation"]["meta"]["sender"]["identifier"] = "kolokol:42"

    (event,) = heard(body, SENDING)

    assert (event.kind, event.address, event.value) == ("text", PHONE, "Спасибо")


def test_a_chosen_answer_is_a_press_on_our_message():
    chosen = {"kolokol_message_id": "0199", "submitted_values": [{"title": "Да", "value": "cf"}]}

    (event,) = heard(
        captured("message_updated_other_last_message", content_attributes=chosen), SENDING
    )

    assert (event.kind, event.value, event.message_id) == ("button", "cf", "0199")


def test_the_published_vector_is_taken_and_one_changed_byte_refused():
    adapter = ChatwootAdapter(MIRROR)
    headers = {
        "x-chatwoot-timestamp": str(NOW),
        "x-chatwoot-signature": VECTOR_SIGNATURE,
    }

    assert list(adapter.read_callback(Callback(VECTOR.encode(), headers, at=NOW))) == []
    for changed in (VECTOR.replace("8801", "8802"), VECTOR + " "):
        with pytest.raises(BadSignature):
            adapter.read_callback(Callback(changed.encode(), headers, at=NOW))


@for_each(
    "callback",
    [
        signed({}, at=NOW - 301),
        signed({}, at=NOW + 301),
        signed({}, secret="another"),
        signed({}, **{"x-chatwoot-signature": ""}),
        signed({}, **{"x-chatwoot-timestamp": ""}),
        Callback(b"{}", {}, at=NOW),
    ],
)
def test_what_is_old_or_not_signed_is_refused(callback):
    with pytest.raises(BadSignature):
        ChatwootAdapter(MIRROR).read_callback(callback)


@pytest.mark.parametrize(
    ("more", "is_taken"),
    [({}, False), ({"unsigned": "allowed"}, True), ({"callback_networks": "10.0.0.0/8"}, True)],
)
def test_an_old_server_that_signs_nothing_is_let_in_only_where_the_account_says_so(more, is_taken):
    adapter = ChatwootAdapter({**MIRROR, "signing_secret": "", **more})
    callback = Callback(b'{"event":"webwidget_triggered"}', {}, at=NOW)

    if is_taken:
        assert list(adapter.read_callback(callback)) == []
    else:
        with pytest.raises(BadSignature):
            adapter.read_callback(callback)


def walk(known):
    """Register at a server that knows these webhooks; give what was posted and what came up."""
    steps, posted = ChatwootAdapter(MIRROR).register("https://k.example/cb"), []
    made = {"id": 1, "url": "https://k.example/cb", "secret": "new"}
    request = next(steps)
    while True:
        payload = {"webhooks": known} if request.method == "GET" else {"webhook": made}
        try:
            request = steps.send(answer(200, {"payload": payload}))
        except StopIteration as end:
            return posted, end.value
        posted.append(json.loads(request.body))


def test_a_webhook_is_registered_once_and_its_secret_kept():
    posted, kept = walk([])

    assert kept == {"signing_secret": "new"}
    assert posted[0]["webhook"]["subscriptions"] == [
        "message_created",
        "message_updated",
        "conversation_status_changed",
    ]
    assert walk([{"id": 1, "url": "https://k.example/cb"}]) == ([], {})
