"""The Phone takes what the platform sends, and refuses as its switches say."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from uuid import uuid4

import pytest

from channels.contract import Button, Outbound
from channels.errors import BadAddress, DeliveryError, Temporary, WindowClosed
from channels.models import PhoneSwitch
from channels.phone import set_switch
from tenants.scope import tenant_scope
from tests.channels.phone.conftest import (
    adapter_of,
    deliver,
    do,
    linked,
    other_salon,
    outbound,
    post,
    shown,
    told,
    wait_for,
)
from tests.channels.salons import new_client

pytestmark = pytest.mark.urls("tests.channels.phone_urls")


def test_a_message_is_kept_shown_and_reported_as_delivered(salon, anna):
    message = outbound(title="Визит", buttons=(Button("Да", action="confirm"),))

    receipt = deliver(salon, message)

    assert receipt.provider_id == message.message_id
    (seen,) = shown(linked(salon))
    assert (seen["tab"], seen["address"], seen["title"], seen["body"]) == (
        "telegram",
        "100",
        "Визит",
        "Ждём вас завтра",
    )
    assert seen["buttons"] == [{"text": "Да", "url": "", "action": "confirm"}]
    (event,) = wait_for(lambda: told(salon))
    assert (event.state, event.message_id) == ("delivered", message.message_id)


def test_a_repeated_send_shows_once(salon, anna):
    message = outbound()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: deliver_in_thread(salon, message), range(4)))

    assert {receipt.provider_id for receipt in answers} == {message.message_id}
    assert len(shown(linked(salon))) == 1


def deliver_in_thread(salon, message):
    from django.db import connection

    try:
        return deliver(salon, message)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("kind", "address", "address_kind", "tab"),
    [
        ("chat", "100", "", "telegram"),
        ("chat", "wa-1", "", "whatsapp"),
        ("chat", "+79161234567", "whatsapp", "whatsapp"),
        ("chat", "nobody's", "", "telegram"),
        ("sms", "+79161234567", "", "sms"),
        ("email", "anna@mail.example", "", "email"),
        ("push", "token", "", "push"),
        ("push", "ab" * 32, "apns", "push"),
        ("push", "{}", "web_push", "push"),
        ("chat", "#staff", "slack", "work"),
    ],
)
def test_the_message_lies_in_the_app_of_its_address(salon, anna, kind, address, address_kind, tab):
    new_client(salon, {"whatsapp": "wa-1"}, "Вера")
    message = outbound(kind, address)
    message = Outbound(**{**fields(message), "extra": {"address_kind": address_kind}})

    deliver(salon, message)

    assert [seen["tab"] for seen in shown(linked(salon))] == [tab]


def fields(message):
    return {name: getattr(message, name) for name in message.__slots__}


def test_a_message_that_is_not_signed_is_refused(salon):
    request = adapter_of(salon).request(outbound())
    forged = SimpleNamespace(url=request.url, headers=request.headers, body=request.body + b" ")
    foreign = SimpleNamespace(
        url=request.url, headers=adapter_of(other_salon()).request(outbound()).headers, body=b"{}"
    )
    nobody = SimpleNamespace(
        url=f"http://x/phone/receive/{uuid4()}", headers=request.headers, body=request.body
    )

    assert [post(r).status for r in (forged, foreign, nobody)] == [401, 401, 404]
    assert shown(linked(salon)) == []


def test_a_signed_probe_is_answered_and_an_unknown_body_refused(salon):
    adapter = adapter_of(salon)

    assert adapter.receipt(post(adapter.probe()))
    assert post(adapter._post({"type": "message", "id": "7"})).status == 400


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("no_network", Temporary),
        ("not_registered", BadAddress),
        ("blocked", BadAddress),
        ("window_closed", WindowClosed),
    ],
)
def test_a_switch_makes_the_phone_refuse(salon, anna, fault, error):
    set_switch(salon.pk, anna.pk, "telegram", fault=fault, is_on=True)

    with pytest.raises(error) as caught:
        deliver(salon, outbound())

    assert type(caught.value) is error
    assert isinstance(caught.value, DeliveryError)
    assert shown(linked(salon)) == []


def test_a_fault_of_one_app_leaves_the_others_alone(salon, anna):
    set_switch(salon.pk, anna.pk, "telegram", fault="blocked", is_on=True)

    assert deliver(salon, outbound("sms", "+79161234567"))


def test_no_network_silences_the_whole_phone_of_that_client_only(salon, anna):
    new_client(salon, {"telegram": "200"}, "Вера")
    set_switch(salon.pk, anna.pk, "telegram", fault="no_network", is_on=True)

    with pytest.raises(Temporary):
        deliver(salon, outbound("email", "anna@mail.example"))
    assert deliver(salon, outbound(address="200"))


def test_a_slow_phone_takes_the_message_later_and_only_two_at_a_time(salon, anna):
    set_switch(salon.pk, anna.pk, "", fault="slow", is_on=True)
    started = time.monotonic()

    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: slow_answer(salon), range(5)))

    assert sorted(answers) == [200, 200, 503, 503, 503]
    assert time.monotonic() - started >= 0.5


def slow_answer(salon):
    from django.db import connection

    try:
        return post(adapter_of(salon).request(outbound())).status
    finally:
        connection.close()


def test_a_block_and_its_end_tell_the_platform_once_each(salon, anna):
    browser = linked(salon)
    flip = {"client": str(anna.pk), "tab": "telegram", "fault": "blocked"}

    for is_on in (True, True, False, False):
        assert do(browser, "switch", **flip, on=is_on).status_code == 200

    assert [(event.kind, event.address) for event in told(salon)] == [
        ("blocked", "100"),
        ("unblocked", "100"),
    ]
    assert deliver(salon, outbound())


def test_a_switch_needs_a_client_of_this_salon_and_a_known_fault(salon, anna):
    other = new_client(other_salon(), {"telegram": "100"})
    browser = linked(salon)

    foreign = do(browser, "switch", client=str(other.pk), tab="telegram", fault="blocked", on=True)
    unknown = do(browser, "switch", client=str(anna.pk), tab="telegram", fault="fire", on=True)

    assert (foreign.status_code, unknown.status_code) == (404, 400)
    with tenant_scope(salon.pk):
        assert not PhoneSwitch.objects.filter(tenant_id=salon.pk).exists()
