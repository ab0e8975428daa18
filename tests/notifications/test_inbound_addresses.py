"""What events say of an address: it moved, has another name, lives again, is open for a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from channels.integrations import add_integration
from channels.told import InboundEvent
from notifications.models import Message
from tenants.ids import created_at
from tenants.models import Address, Subscriber
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory, TenantFactory
from tests.notifications.client_line import PHONE, ClientLine
from tests.notifications.conftest import Reminders

WAID, NEW, BSUID = "79161234567", "79031112233", "RU.13491208655302741918"
NUMBER = {
    "token": "EAA",
    "phone_number_id": "1",
    "app_secret": "s",
    "verify_token": "v",
    "api_base": "https://127.0.0.1:9",
}


@pytest.fixture
def line() -> ClientLine:
    """A real salon with a number in WhatsApp."""
    salon: Any = TenantFactory()
    line = ClientLine(salon)
    line.equip()
    line.account = add_integration(salon.pk, "whatsapp_cloud", NUMBER, identifier="wa").pk  # type: ignore[attr-defined]  # of this test
    return line


@pytest.fixture
def anna(line) -> Subscriber:
    """Can be written to in WhatsApp."""
    return client(line)


def client(line, value: str = PHONE, **fields: str) -> Subscriber:
    person: Any = SubscriberFactory(tenant=line.salon)
    AddressFactory(subscriber=person, kind="whatsapp", value=value, **fields)
    return person


def hear(line, kind: str, value: str = "", address: str = WAID) -> None:
    event = InboundEvent(f"{kind}{value}", kind, address=address, value=value)
    line.hears(event, account=line.account)


def known(line) -> set[tuple[UUID, str, str, str]]:
    return {(a.subscriber_id, a.value, a.state, a.reason) for a in line.all(Address)}


def test_a_new_number_replaces_the_old_one_for_all_who_share_it(line, anna):
    daughter = client(line)

    hear(line, "moved", NEW)

    assert known(line) == {
        (person.pk, *address)
        for person in (anna, daughter)
        for address in ((PHONE, "inactive", "moved"), (f"+{NEW}", "active", ""))
    }


def test_a_new_number_that_is_another_clients_is_a_case_and_moves_nothing(line, anna):
    berta = client(line, f"+{NEW}")

    hear(line, "moved", NEW)

    assert known(line) == {
        (anna.pk, PHONE, "active", ""),
        (berta.pk, f"+{NEW}", "active", ""),
    }
    (case,) = line.cases
    assert (case.cause, case.subscriber_id, case.subject_id) == (
        "address_taken",
        anna.pk,
        berta.subscriber_id,
    )
    assert line.notes == ["address_taken"]


def test_what_is_said_twice_moves_once(line, anna):
    hear(line, "moved", NEW)
    line.hears(InboundEvent("again", "moved", address=WAID, value=NEW), account=line.account)

    assert known(line) == {
        (anna.pk, PHONE, "inactive", "moved"),
        (anna.pk, f"+{NEW}", "active", ""),
    }


def test_an_alias_stands_beside_the_number_and_she_is_known_by_either(line, anna):
    hear(line, "alias", BSUID)
    hear(line, "text", "стоп", address=BSUID)

    assert known(line) == {(anna.pk, PHONE, "active", ""), (anna.pk, BSUID, "active", "")}
    assert line.consents == [("advertising", "", False, "stop_word")]


@pytest.mark.parametrize(
    ("kind", "value", "state"),
    [
        ("text", "добрый день", "active"),
        ("start", "", "active"),
        ("opt_out", "", "inactive"),  # told by a settings page, not by her chat
    ],
)
def test_whoever_writes_lives(line, kind, value, state):
    client(line, state="inactive", reason="permanent_recipient")

    hear(line, kind, value)

    assert [address.state for address in line.all(Address)] == [state]


def test_whoever_writes_and_had_said_no_stays_unwritten_to(line):
    client(line, state="suppressed", reason="complaint")

    hear(line, "text", "добрый день")

    assert [address.state for address in line.all(Address)] == ["suppressed"]


def test_a_message_of_hers_opens_the_window_for_a_day_and_an_older_one_shortens_nothing(line, anna):
    hear(line, "text", "добрый день")

    (address,) = line.all(Address)
    told = created_at(line.received[0].pk)
    assert address.window_until == told + timedelta(hours=24)
    later = datetime.now(UTC) + timedelta(days=3)
    with tenant_scope(line.salon.pk):
        Address.objects.update(window_until=later)
    line.hears(InboundEvent("2", "text", address=WAID, value="ещё"), account=line.account)
    assert line.all(Address)[0].window_until == later


def test_messengers_without_a_window_have_none(line):
    person: Any = SubscriberFactory(tenant=line.salon)
    AddressFactory(subscriber=person, kind="telegram", value="77")
    bot = {"token": "7000000001:AA-window", "api_base": "https://127.0.0.1:9"}
    account = add_integration(line.salon.pk, "telegram", bot, identifier="bot").pk

    line.hears(InboundEvent("1", "text", address="77", value="привет"), account=account)

    assert [address.window_until for address in line.all(Address)] == [None]


@pytest.mark.parametrize(
    ("closed_for", "reasons"),
    [(timedelta(hours=1), ["window_closed"]), (timedelta(hours=-1), []), (None, [])],
)
def test_a_closed_window_is_known_before_the_provider_is_asked(
    line, anna, worker, reminders_of, closed_for, reasons
):
    with tenant_scope(line.salon.pk):
        Address.objects.update(window_until=closed_for and datetime.now(UTC) - closed_for)

    reminders_of(line.salon).trigger(to={"subscriberId": anna.subscriber_id})
    worker.run(0.5)

    failed = [one.reason for one in line.all(Message) if one.state == "failed"]
    assert failed == reasons


@pytest.fixture
def reminders_of(provider):
    """Give a salon the scenarios to remind by."""
    return lambda salon: Reminders(salon, provider)
