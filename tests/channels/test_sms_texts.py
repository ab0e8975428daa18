"""SMS: each text leaves in the provider's own terms."""

from __future__ import annotations

import sys

import pytest

from channels.adapters.smsc import SmscAdapter, number_of
from channels.errors import BadAddress, Unsupported
from channels.request import HttpRequest
from tests.channels.expected import answer
from tests.channels.texts import (
    CREDENTIALS,
    MESSAGE_ID,
    NAMES,
    SECRET,
    adapter,
    fields,
    outbound,
    read,
)
from tests.for_each import for_each


@pytest.mark.parametrize("name", NAMES)
def test_a_text_leaves_with_its_links_and_its_sender(name):
    request = adapter(name).request(outbound())

    sms = read(name, request)
    assert sms.to.removeprefix("+") == "79161234567"
    assert sms.to.startswith("+") == (name in {"twilio", "sns"})
    assert sms.text == "Анна, ждём вас завтра\n\nОтменить: https://salon.example/c/5fK2"
    assert sms.sender == CREDENTIALS[name]["sender"]
    assert SECRET not in request.url
    assert request.method == "POST"


@for_each("name", NAMES)
def test_the_sender_of_a_message_wins_over_the_account_s(name):
    assert read(name, adapter(name).request(outbound(sender="LOTOS"))).sender == "LOTOS"


@for_each("name", NAMES)
@for_each("address", ["", "anna", "+7916", "+7916123456789012", "79161234567,7916"])
def test_what_is_no_number_is_refused_before_the_call(name, address):
    with pytest.raises(BadAddress):
        adapter(name).request(outbound(address=address))


@for_each("name", NAMES)
def test_calls_go_by_tls_unless_the_operator_names_another_address(name):
    own = adapter(name, api_base="http://127.0.0.1:9/fake/")

    for at_home, elsewhere in (
        (adapter(name).request(outbound()), own.request(outbound())),
        (adapter(name).probe(), own.probe()),
    ):
        assert at_home.url.startswith("https://")
        assert elsewhere.url.startswith("http://127.0.0.1:9/fake/")
        assert "//" not in elsewhere.url.removeprefix("http://")


def test_twilio_takes_a_service_a_lifetime_and_an_address_for_reports():
    hook = "https://n.example/v1/callbacks/1/t"
    own = adapter("twilio", messaging_service_sid="MG1", login_sid="SK1", callback_url=hook)
    message = outbound(ttl_s=90_000)

    form = fields(own.request(message))
    named = fields(own.request(outbound(sender="LOTOS")))

    assert (form["MessagingServiceSid"], form["ValidityPeriod"]) == ("MG1", "36000")
    assert "From" not in form
    assert form["StatusCallback"] == f"{hook}?m={message.message_id}"
    assert (named["From"], "MessagingServiceSid" in named) == ("LOTOS", False)
    assert own.check({"account_sid": "AC1", "auth_token": "x"}).keys() == {"sender"}


def test_smsc_asks_for_json_in_utf_8_and_gets_our_number():
    form = fields(adapter("smsc").request(outbound(ttl_s=5400)))

    assert (form["fmt"], form["charset"], form["valid"]) == ("3", "utf-8", "01:30")
    assert (form["login"], form["psw"]) == ("salon", SECRET)
    assert form["id"] == str(number_of(MESSAGE_ID))
    assert 1 <= number_of("ffffffff-ffff-ffff-ffff-ffffffffffff") < 2**31
    assert number_of("00000000-0000-0000-0000-000000000000") >= 1


def test_an_api_key_of_smsc_replaces_login_and_password():
    form = fields(adapter("smsc", api_key="KEY").request(outbound()))

    assert form["apikey"] == "KEY"
    assert not {"login", "psw"} & form.keys()
    assert SmscAdapter.check({"login": "salon"}).keys() == {"api_key"}
    assert not SmscAdapter.check({"login": "salon", "password": "x"})


def test_sns_parts_marketing_from_the_rest_and_gives_its_id():
    kinds = [
        fields(adapter("sns").request(outbound(category=category)))[
            "MessageAttributes.entry.1.Value.StringValue"
        ]
        for category in ("tx", "mk")
    ]
    body = "<PublishResponse><MessageId>94f20ce6</MessageId></PublishResponse>"

    assert kinds == ["Transactional", "Promotional"]
    assert adapter("sns").receipt(answer(200, body)).provider_id == "94f20ce6"


def test_without_the_extra_sns_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore.auth", None)

    with pytest.raises(Unsupported, match=r"pip install '\.\[aws\]'"):
        adapter("sns").request(outbound())


@for_each("name", NAMES)
def test_a_price_is_a_number_or_nothing(name):
    said = {
        value: adapter(name).check({**CREDENTIALS[name], "price_per_segment": value})
        for value in ("4,10", "", "дорого")
    }

    assert said == {"4,10": {}, "": {}, "дорого": {"price_per_segment": "must be a number"}}


@for_each("name", NAMES)
def test_the_probe_of_an_account_sends_nothing(name):
    probe = adapter(name).probe()

    assert isinstance(probe, HttpRequest)
    assert "send" not in probe.url.lower()
    assert "Publish" not in probe.body.decode()
    adapter(name).read_probe(answer(200, {"balance": "137.45", "status_code": 100}))
