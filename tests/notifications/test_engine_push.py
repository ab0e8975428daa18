"""Pushes through the engine: what a trigger says about them, and tokens that died before."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from channels.errors import BadAddress
from channels.flights import Sent
from channels.integrations import add_integration
from notifications import engine
from notifications.preparing import prepare
from notifications.settling import settle
from notifications.verdict import judge
from tests.factories import AddressFactory, SubscriberFactory, TenantFactory
from tests.notifications.conftest import Reminders
from tests.providers.rows import ROWS
from tests.providers.world import World


@pytest.fixture
def world():
    world = World()
    world.fakes["fcm"] = ROWS["fcm"].fake()
    yield world
    world.close()


@pytest.fixture
def pushes(world):
    salon = PushSalon(world)
    salon.workflow("code", ("push", {"channels": ["push"], "title": "Код"}))
    return salon


class PushSalon(Reminders):
    """A salon with an app; Anna's phone has a token."""

    def __init__(self, world: World) -> None:
        self.salon = TenantFactory.create()
        row = ROWS["fcm"]
        add_integration(
            self.salon.pk, "fcm", row.credentials(world.base("fcm")), identifier="app", kind="push"
        )
        self.anna = SubscriberFactory.create(tenant=self.salon)
        AddressFactory.create(subscriber=self.anna, kind="fcm", value=row.address(0))

    def push(self, **fields) -> None:
        self.trigger("code", {"subscriberId": self.anna.subscriber_id}, **fields)


def test_a_trigger_tells_badge_data_and_group_of_a_push(pushes, world, worker):
    general = {"badge": 1, "data": {"visit": "15"}, "collapseKey": "visit-15"}
    pushes.push(overrides={"push": general, "providers": {"fcm": {"badge": 7}}})
    worker.drain_dry()

    (call,) = [call for call in world.fakes["fcm"].calls if "messages:send" in call.path]
    message = json.loads(call.body)["message"]
    assert message["data"]["visit"] == "15"
    assert message["android"]["collapse_key"] == "visit-15"
    assert message["android"]["notification"]["notification_count"] == 7


@pytest.mark.parametrize(("told_ago_s", "state"), [(-60, "inactive"), (60, "active")])
def test_a_token_that_was_named_after_its_death_stays(pushes, told_ago_s, state):
    pushes.push()
    (send,) = prepare(engine.claim("normal", "test", 10, engine.NIL), engine.now())
    dead_since = (datetime.now(UTC) - timedelta(seconds=told_ago_s)).timestamp()
    error = BadAddress("Unregistered", scope="address")
    error.dead_since = dead_since

    settle(
        [judge(send, Sent(1, send.account, send.outbound, None, error), engine.now())],
        engine.now(),
    )

    assert [address[2] for address in pushes.addresses] == [state]
