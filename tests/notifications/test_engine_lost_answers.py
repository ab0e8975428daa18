"""A provider took a message and its answer was lost: marketing never goes out twice, on any.

A reminder is repeated under the same id; the provider's own memory, where it has one, drops it.
"""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest

from channels.integrations import add_integration
from channels.registry import ADAPTERS
from tests.factories import AddressFactory, SubscriberFactory, TenantFactory
from tests.notifications.conftest import NO_QUIET, Reminders, run_until
from tests.providers.driving import provider_of
from tests.providers.rows import ROWS
from tests.providers.world import World

#: The Phone stands for all providers in test mode; its URL is the platform's own.
NAMES = [name for name in ROWS if name != "sandbox"]
#: The same message again is no second message there, by the provider's own key; SMSC is asked
#: whether it has the first one, so that nothing is repeated at all.
REMEMBER = {"vk", "resend", "brevo", "unisender_go", "webhook", "smsc"}
#: Marketing there is an offence in Russia: off unless a salon allows it.
NO_MARKETING = {"instagram"}
FOUND_AGAIN = {"smsc"}
#: It refuses the repeat for about a minute in words that no document tells: so it is tried later.
REFUSES_REPEATS = {"unisender_go"}
CHANNELS = ["chat", "sms", "email", "push"]
REMINDER, PROMO = 0, 1


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture
def clients(world) -> dict[str, Client]:
    """A client of each provider. One salon has as many providers as it can tell apart."""
    salons: list[Salon] = []
    seen: Counter[str] = Counter()
    clients = {}
    for name in NAMES:
        kind = address_kind(name)
        if seen[kind] == len(salons):
            salons.append(Salon())
        clients[name] = Client(name, salons[seen[kind]], world)
        seen[kind] += 1
    return clients


def test_a_lost_answer_repeats_a_reminder_at_most_and_marketing_nowhere(clients, worker):
    for client in clients.values():
        client.begin()
    worker.drain_dry()

    for client in clients.values():
        client.fake.faults.clear()  # from now on the answers come through
    run_until(worker, lambda: are_repeated(clients))

    assert {name: client.count(PROMO) for name, client in clients.items()} == {
        name: 0 if name in NO_MARKETING else 1 for name in NAMES
    }
    assert {name: client.count(REMINDER) for name, client in clients.items()} == {
        name: 1 if name in REMEMBER else 2 for name in NAMES
    }
    assert {name: client.states() for name, client in clients.items()} == {
        name: expected_states(name) for name in NAMES
    }
    assert [client.fake.complaints for client in clients.values()] == [[]] * len(NAMES)


def test_an_adapter_claims_a_memory_only_where_the_provider_has_one():
    claims = {name for name in NAMES if ADAPTERS[provider_of(name)].is_idempotent}

    assert claims <= REMEMBER


def are_repeated(clients) -> bool:
    """Hurry what waits; say whether all reminders have been told to be sent."""
    for salon in {client.salon for client in clients.values()}:
        salon.hurry()
    return all(name in REFUSES_REPEATS or "sent" in one.states() for name, one in clients.items())


def expected_states(name: str) -> list[str]:
    if name in NO_MARKETING:
        return ["sent"]
    if name in REFUSES_REPEATS:
        return ["unknown"]
    return ["sent", "sent"] if name in FOUND_AGAIN else ["sent", "unknown"]


def address_kind(name: str) -> str:
    row = ROWS[name]
    return "phone" if row.kind == "sms" else ADAPTERS[provider_of(name)].address_kinds[0]


class Salon(Reminders):
    """A salon with a reminder and marketing that go wherever a client can be reached."""

    def __init__(self) -> None:
        self.salon = TenantFactory.create()
        self.limit(**NO_QUIET)
        step = ("sms", {"channels": CHANNELS, "title": "Напоминание"})
        self.workflow("reminder", step)
        self.workflow("promo", step, category="mk")


class Client:
    """Somebody whom one provider of a salon can reach, at one address for each workflow."""

    def __init__(self, name: str, salon: Salon, world: World) -> None:
        self.salon, self.row = salon, ROWS[name]
        self.fake = world.fakes[name] = self.row.fake()
        self.people: list[UUID] = []
        add_integration(
            salon.salon.pk,
            provider_of(name),
            self.row.credentials(world.base(name)),
            identifier=name,
            kind=self.row.kind,
        )

    def begin(self) -> None:
        """Send both; the provider takes them and never says so."""
        for number, workflow in ((REMINDER, "reminder"), (PROMO, "promo")):
            client = SubscriberFactory.create(tenant=self.salon.salon)
            to = self.row.address(number)
            kind = address_kind(self.fake.name)
            AddressFactory.create(subscriber=client, kind=kind, value=to)
            self.fake.faults[self.row.recipient(to)] = "reset"
            person = {"subscriberId": client.subscriber_id}
            self.people.append(client.pk)
            self.salon.trigger(workflow, person)

    def count(self, number: int) -> int:
        """How many messages the client would have got."""
        return self.fake.counts[self.row.recipient(self.row.address(number))]

    def states(self) -> list[str]:
        """What the salon is told of the reminder, then of the marketing."""
        ids = {one.subscriber_id: one.id for one in self.salon.notifications}
        states = {one.notification_id: one.state for one in self.salon.messages}
        return [states[ids[one]] for one in self.people if ids[one] in states]
