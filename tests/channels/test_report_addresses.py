"""Where a message is to be reported on: told with it, if providers can call us at all."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from channels.accounts import callback_url
from channels.integrations import add_integration, integrations_of
from channels.registry import ADAPTERS
from channels.told import BadSignature
from tenants.scope import batch_scope
from tests.channels.heard import NOW
from tests.channels.salons import new_salon, version_of
from tests.channels.texts import CREDENTIALS, outbound
from tests.providers import amazon
from tests.providers.calling import proven
from tests.providers.sms import Twilio


@pytest.fixture
def twilio():
    """A salon with an account at Twilio."""
    salon = new_salon()
    row = add_integration(salon.pk, "twilio", CREDENTIALS["twilio"], identifier="sms")
    return salon, row


def sent_by(salon):
    version = version_of(salon)
    with batch_scope([salon.pk]):
        (account,) = integrations_of(salon.pk, version)
    message = outbound()
    return message, parse_qs(account.adapter.request(message).body.decode())


def test_a_message_carries_the_accounts_address_and_its_own_id(twilio, settings):
    settings.PUBLIC_URL = "https://kolokol.example"
    salon, row = twilio

    message, form = sent_by(salon)

    address = callback_url(row.pk, row.callback_token)
    assert form["StatusCallback"] == [f"{address}?m={message.message_id}"]


def test_an_address_that_providers_would_not_call_is_not_told(twilio, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:8000"

    _, form = sent_by(twilio[0])

    assert "StatusCallback" not in form


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        ("https://n.example/c?m=1", "https://n.example:443/c?m=1"),
        ("https://n.example:443/c?m=1", "https://n.example/c?m=1"),
        ("https://n.example:8443/c", "https://n.example:8443/c"),
    ],
)
def test_twilio_may_sign_the_address_with_its_port_or_without(signed, called):
    own = ADAPTERS["twilio"]({"auth_token": Twilio.token})
    callback = proven("twilio", "MessageSid=SM1&MessageStatus=sent", NOW, signed)
    elsewhere = replace(callback, url=called.replace("/c", "/d"))

    assert own.read_callback(replace(callback, url=called))
    with pytest.raises(BadSignature):
        own.read_callback(elsewhere)


def test_what_clients_write_to_a_number_at_twilio_is_heard():
    own = ADAPTERS["twilio"]({"auth_token": Twilio.token})
    form = "MessageSid=SM2&SmsStatus=received&From=%2B79161234567&Body=STOP"

    (told,) = own.read_callback(proven("twilio", form, NOW))

    assert (told.kind, told.value, told.address) == ("text", "STOP", "+79161234567")
    assert (told.key, "STOP" in told.raw) == ("SM2", False)


def test_ses_subscribes_to_its_topic_by_a_signed_call():
    own = {
        "access_key_id": amazon.ACCESS_KEY,
        "secret_access_key": amazon.SECRET_KEY,
        "region": amazon.REGION,
    }
    topic = f"arn:aws:sns:{amazon.REGION}:1:events"
    adapter = ADAPTERS["ses"](own | {"topic_arn": topic})

    request = next(adapter.register("https://kolokol.example/c"))
    form = parse_qs(request.body.decode())

    assert request.url == f"https://sns.{amazon.REGION}.amazonaws.com/"
    assert (form["Action"], form["TopicArn"]) == (["Subscribe"], [topic])
    assert form["Endpoint"] == ["https://kolokol.example/c"]
    assert "/sns/aws4_request" in request.headers["Authorization"]
    assert ADAPTERS["ses"](own).register("https://kolokol.example/c") is None
