"""Accounts that their providers refuse: the story tells why, and no secret of any of them."""

from __future__ import annotations

import pytest

from channels.models import Integration
from channels.registry import ADAPTERS
from notifications.models import LogEntry
from notifications.story import story, tell
from tenants.scope import tenant_scope
from tests.notifications.provider_clients import NAMES, Client, reachable
from tests.providers.driving import provider_of
from tests.providers.playing import SECRET
from tests.providers.rows import ROWS
from tests.providers.table import AUTH, PAUSE
from tests.providers.world import World


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def test_neither_story_nor_log_nor_account_tells_a_secret(world, worker):
    clients = reachable(world, is_wrong=True)
    for client in clients.values():
        client.begin("fine")
    worker.drain_dry()

    for name, client in clients.items():
        text = "\n".join(told_of(client))
        assert "принято" in text
        assert {secret for secret in secrets_of(name, client) if secret in text} == set()
    paused = {name for name, client in clients.items() if state_of(name, client) == "paused"}
    assert paused == {name for name in NAMES if is_refused(name)}


def is_refused(name: str) -> bool:
    """Where a client has a webhook of her own, the account's is not used."""
    row = ROWS[name]
    return row.outcomes["wrong_credentials"] in {AUTH, PAUSE} and not row.addresses


def state_of(name: str, client: Client) -> str:
    salon = client.salon.salon
    with tenant_scope(salon.pk):
        return Integration.objects.get(tenant=salon, identifier=name).state


def told_of(client: Client) -> list[str]:
    salon = client.salon.salon
    with tenant_scope(salon.pk):
        told = [
            line for one in client.transactions for line in tell(story(salon.pk, "live", one), "ru")
        ]
        told += LogEntry.objects.filter(tenant=salon).values_list("detail", flat=True)
        told += Integration.objects.filter(tenant=salon).values_list("state_reason", flat=True)
    return told


def secrets_of(name: str, client: Client) -> set[str]:
    fields = ADAPTERS[provider_of(name)].fields
    values = [client.credentials.get(field, "") for field, is_secret in fields.items() if is_secret]
    return {piece for value in values for piece in SECRET.findall(value)}
