"""A chat becomes a client's own by a link that is good once, or by her own phone."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.integrations import add_integration
from channels.told import InboundEvent
from notifications import callback_tasks
from tenants import links
from tenants.links import GOOD_FOR, TOKEN
from tenants.models import Address, LinkToken, Subscriber
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory, TenantFactory
from tests.notifications.client_line import PHONE, ClientLine

CHAT = "5001"
BOT = {"token": "7000000001:AA-linking", "api_base": "https://127.0.0.1:9"}


@pytest.fixture
def line() -> ClientLine:
    """A real salon with a bot."""
    salon: Any = TenantFactory()
    line = ClientLine(salon)
    line.equip()
    line.bot = add_integration(salon.pk, "telegram", BOT, identifier="bot").pk  # type: ignore[attr-defined]  # of this test
    return line


@pytest.fixture
def anna(line) -> Subscriber:
    """A client whom no messenger reaches yet."""
    person: Any = SubscriberFactory(tenant=line.salon)
    return person


def token_for(person, channel="telegram", *, ago=timedelta(0)) -> str:
    with tenant_scope(person.tenant_id):
        now = datetime.now(UTC) - ago
        return links.issue(person.tenant_id, person.pk, [channel], now)[channel]


def start(value: str, chat: str = CHAT, key: str = "", **more: str) -> InboundEvent:
    return InboundEvent(key or f"{chat}:{value}", "start", address=chat, value=value, **more)


def chats(line) -> list[tuple[UUID, str, str]]:
    return [(a.subscriber_id, a.value, a.state) for a in line.all(Address) if a.kind == "telegram"]


def test_a_link_ties_the_chat_to_its_client_fills_what_was_unknown_and_is_answered(line, anna):
    event = start(token_for(anna), name="Анна Мария Петрова", language="ru-RU")

    line.hears(event, account=line.bot)

    assert chats(line) == [(anna.pk, CHAT, "active")]
    (person,) = line.all(Subscriber)
    assert (person.first_name, person.last_name, person.language) == ("Анна", "Мария Петрова", "ru")
    assert (line.answered, line.notes) == (["chat-linked"], [""])
    assert [token.used_at is not None for token in line.all(LinkToken)] == [True]


def test_what_the_salon_knows_of_her_stays(line):
    anna: Any = SubscriberFactory(tenant=line.salon, first_name="Аня", language="en")

    line.hears(start(token_for(anna), name="ann_17", language="ru"), account=line.bot)

    (person,) = line.all(Subscriber)
    assert (person.first_name, person.last_name, person.language) == ("Аня", "", "en")


def test_the_same_link_again_in_the_same_chat_changes_nothing(line, anna):
    token = token_for(anna)

    line.hears(
        start(token, key="1"), start(token, key="2"), start(token, key="2"), account=line.bot
    )

    assert len(chats(line)) == 1
    assert (line.answered, line.notes) == (["chat-linked"], ["", ""])


def test_a_used_link_is_refused_to_another_chat_and_logged(line, anna, caplog):
    token = token_for(anna)
    line.hears(start(token), account=line.bot)

    with caplog.at_level(logging.WARNING):
        line.hears(start(token, "5002"), account=line.bot)

    assert chats(line) == [(anna.pk, CHAT, "active")]
    assert line.notes == ["", "link_used"]
    assert [record.reason for record in caplog.records if "link" in record.message] == ["link_used"]
    assert "5002" not in caplog.text


@pytest.mark.parametrize(
    ("channel", "ago", "note"),
    [
        ("telegram", GOOD_FOR, "link_expired"),
        ("vk", timedelta(0), "unknown_link"),  # made for another messenger
    ],
)
def test_a_link_that_is_not_good_ties_nothing(line, anna, channel, ago, note):
    line.hears(start(token_for(anna, channel, ago=ago)), account=line.bot)

    assert (chats(line), line.notes) == ([], [note])


def test_a_link_of_another_salon_or_of_test_mode_ties_nothing(line):
    stranger: Any = SubscriberFactory(tenant=TenantFactory())
    tester: Any = SubscriberFactory(tenant=line.salon, mode="test")

    line.hears(start(token_for(stranger)), start(token_for(tester)), account=line.bot)

    assert (chats(line), line.notes) == ([], ["unknown_link"] * 2)


def test_a_chat_that_is_another_clients_is_a_case_for_the_staff(line, anna):
    berta: Any = SubscriberFactory(tenant=line.salon)
    AddressFactory(subscriber=berta, kind="telegram", value=CHAT)

    line.hears(start(token_for(anna)), account=line.bot)

    assert chats(line) == [(berta.pk, CHAT, "active")]
    (case,) = line.cases
    assert (case.cause, case.subscriber_id, case.subject_id) == (
        "address_taken",
        anna.pk,
        berta.subscriber_id,
    )
    assert (line.notes, line.answered) == (["address_taken"], [])


def test_start_in_an_unknown_chat_is_noted(line):
    line.hears(start(""), account=line.bot)

    assert (line.notes, chats(line), line.cases) == (["unknown_chat"], [], [])


@pytest.mark.parametrize(("owners", "note"), [(0, "unknown_phone"), (1, ""), (2, "shared_phone")])
def test_her_own_phone_ties_the_chat_to_the_one_client_who_has_it(line, owners, note):
    for _ in range(owners):
        AddressFactory(subscriber=SubscriberFactory(tenant=line.salon), value=PHONE)

    line.hears(InboundEvent("c", "contact", address=CHAT, value=PHONE), account=line.bot)

    assert line.notes == [note]
    assert len(chats(line)) == (1 if owners == 1 else 0)


def test_a_code_in_a_text_is_a_link_too(line, anna):
    number = {"token": "EAA", "phone_number_id": "1", "app_secret": "s", "verify_token": "v"}
    account = add_integration(line.salon.pk, "whatsapp_cloud", number, identifier="number").pk
    text = f"Здравствуйте! {token_for(anna, 'whatsapp')}"

    line.hears(InboundEvent("w", "text", address="79161234567", value=text), account=account)

    (address,) = line.all(Address)
    assert (address.subscriber_id, address.kind, address.value) == (anna.pk, "whatsapp", PHONE)
    assert line.cases == []


def test_of_two_chats_that_race_with_one_link_one_wins(line, anna):
    token = token_for(anna)

    line.hears(start(token, "1"), start(token, "2"), account=line.bot)

    assert [value for _, value, _ in chats(line)] == ["1"]
    assert line.notes == ["", "link_used"]
    assert callback_tasks._open("inbound", datetime.now(UTC)).get(line.salon.pk) is None


def test_nobody_reads_a_token_in_the_database(anna):
    token = token_for(anna)

    with tenant_scope(anna.tenant_id):
        assert token not in LinkToken.objects.get().digest


@settings(max_examples=30)
@given(before=st.text(" .,:«»абв\n", max_size=5), after=st.text(" .,:«»абв\n", max_size=5))
def test_a_token_is_found_wherever_it_stands_in_a_text(before, after):
    token = "Ab3_-" * 6 + "xy"

    found = TOKEN.search(f"{before}{token}{after}")

    assert found is not None
    assert found[0] == token
    assert TOKEN.search(f"x{token}") is None
