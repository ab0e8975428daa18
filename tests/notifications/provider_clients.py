"""Salons whose clients are reached by every provider there is, each at its fake."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from channels.integrations import add_integration
from channels.registry import ADAPTERS
from tests.factories import AddressFactory, SubscriberFactory, TenantFactory
from tests.notifications.conftest import NO_QUIET, Reminders
from tests.providers.driving import provider_of
from tests.providers.rows import ROWS
from tests.providers.world import World

#: The Phone stands for all providers in test mode; its URL is the platform's own.
NAMES = [name for name in ROWS if name != "sandbox"]
CHANNELS = ["chat", "sms", "email", "push"]
REMINDER, PROMO = 0, 1


def reachable(world: World, *, is_wrong: bool = False) -> dict[str, Client]:
    """Make a client of each provider. One salon has as many providers as it can tell apart.

    is_wrong: the accounts' credentials are those that the providers refuse.
    """
    salons: list[Salon] = []
    seen: Counter[str] = Counter()
    clients = {}
    for name in NAMES:
        row, kind = ROWS[name], address_kind(name)
        if seen[kind] == len(salons):
            salons.append(Salon())
        credentials = (row.wrong if is_wrong else row.credentials)(world.base(name))
        clients[name] = Client(name, salons[seen[kind]], credentials, world)
        seen[kind] += 1
    return clients


def address_kind(name: str) -> str:
    row = ROWS[name]
    return "phone" if row.kind == "sms" else ADAPTERS[provider_of(name)].address_kinds[0]


class Salon(Reminders):
    """A salon with a reminder and marketing that go wherever a client can be reached."""

    def __init__(self) -> None:
        self.salon = TenantFactory.create()
        self.limit(**NO_QUIET, same_text_minutes=0)
        step = ("sms", {"channels": CHANNELS, "title": "Напоминание"})
        self.workflow("reminder", step)
        self.workflow("promo", step, category="mk")


class Client:
    """Somebody whom one provider of a salon can reach, at one address for each workflow."""

    def __init__(self, name: str, salon: Salon, credentials: dict[str, str], world: World) -> None:
        self.salon, self.row, self.credentials = salon, ROWS[name], credentials
        self.fake = world.fakes[name] = self.row.fake()
        self.people: list[UUID] = []
        self.transactions: list[str] = []
        add_integration(
            salon.salon.pk,
            provider_of(name),
            credentials,
            identifier=name,
            kind=self.row.kind,
        )

    def begin(self, fault: str) -> None:
        """Send both; the provider plays this fault."""
        for number, workflow in ((REMINDER, "reminder"), (PROMO, "promo")):
            client = SubscriberFactory.create(tenant=self.salon.salon)
            to = self.row.address(number)
            kind = address_kind(self.fake.name)
            AddressFactory.create(subscriber=client, kind=kind, value=to)
            self.fake.faults[self.row.recipient(to)] = fault
            person = {"subscriberId": client.subscriber_id}
            self.people.append(client.pk)
            self.transactions.append(self.salon.trigger(workflow, person))

    def count(self, number: int) -> int:
        """How many messages the client would have got."""
        return self.fake.counts[self.row.recipient(self.row.address(number))]

    def states(self) -> list[str]:
        """What the salon is told of the reminder, then of the marketing."""
        ids = {one.subscriber_id: one.id for one in self.salon.notifications}
        states = {one.notification_id: one.state for one in self.salon.messages}
        return [states[ids[one]] for one in self.people if ids[one] in states]
