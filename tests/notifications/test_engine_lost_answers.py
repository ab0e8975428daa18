"""A provider took a message and its answer was lost: marketing never goes out twice, on any.

A reminder is repeated under the same id; the provider's own memory, where it has one, drops it.
"""

from __future__ import annotations

import pytest

from channels.registry import ADAPTERS
from tests.notifications.conftest import run_until
from tests.notifications.provider_clients import NAMES, PROMO, REMINDER, Client, reachable
from tests.providers.driving import provider_of
from tests.providers.world import World

#: The same message again is no second message there, by the provider's own key; SMSC is asked
#: whether it has the first one, so that nothing is repeated at all.
REMEMBER = {"vk", "resend", "brevo", "unisender_go", "webhook", "smsc"}
#: Marketing there is an offence in Russia: off unless a salon allows it.
NO_MARKETING = {"instagram"}
FOUND_AGAIN = {"smsc"}
#: It refuses the repeat for about a minute in words that no document tells: so it stays unknown.
REFUSES_REPEATS = {"unisender_go"}


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture
def clients(world) -> dict[str, Client]:
    return reachable(world)


def test_a_lost_answer_repeats_a_reminder_at_most_and_marketing_nowhere(clients, worker):
    for client in clients.values():
        client.begin("reset")
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
        return ["unknown", "unknown"]
    return ["sent", "sent"] if name in FOUND_AGAIN else ["sent", "unknown"]
