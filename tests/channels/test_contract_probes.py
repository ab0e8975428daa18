"""The check button knows a good account from a wrong one, at each provider, and sends nothing."""

from __future__ import annotations

import pytest

from channels.probing import verdict
from channels.registry import ADAPTERS
from tests.providers.driving import provider_of
from tests.providers.rows import ROWS
from tests.providers.world import World

#: They have no harmless call: a good account is all that can be said.
UNASKED = {"teams", "mattermost", "webhook", "generic_http", "web_push"}
ASKED = [name for name in ROWS if name not in UNASKED]


@pytest.fixture(scope="module")
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _reachable(settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]


@pytest.mark.parametrize("name", ROWS)
def test_a_good_account_is_found_good_and_nothing_is_sent(name, world):
    fake = world.fakes[name] = ROWS[name].fake()

    found = verdict(ADAPTERS[provider_of(name)](ROWS[name].credentials(world.base(name))))

    assert found == ("active", "")
    assert fake.letters == []
    assert bool(fake.calls) == (name not in UNASKED)


@pytest.mark.parametrize("name", ASKED)
def test_a_wrong_account_is_paused(name, world):
    fake = world.fakes[name] = ROWS[name].fake()

    state, why = verdict(ADAPTERS[provider_of(name)](ROWS[name].wrong(world.base(name))))

    assert (state, bool(why)) == ("paused", True)
    assert fake.letters == []
