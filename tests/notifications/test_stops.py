"""Somebody stops a salon, a channel, a category, or all salons; and lets them go on."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from channels.gateway import Gateway
from channels.guard import AddressGuard
from notifications import stops
from notifications.engine import Drain
from tenants.scope import tenant_scope
from tests.commands import said
from tests.notifications.conftest import change, look

ANNA = {"subscriberId": "anna", "phone": "+79161234567", "channels": {"telegram": "42"}}


@pytest.fixture
def salon_of_two(reminders, worker):
    """A salon with a reminder and marketing, both by SMS, then chat."""
    reminders.promo("promo", "sms", "chat")
    reminders.workflow("visit", ("sms", {"channels": ["sms", "chat"]}))
    reminders.workflow("inbox", "in_app")
    return reminders


@pytest.mark.parametrize(
    ("stop", "name", "waits"),
    [
        ({}, "visit", True),
        ({}, "promo", True),
        ({}, "inbox", True),
        ({"category": "mk"}, "promo", True),
        ({"category": "mk"}, "visit", False),
        ({"channel": "in_app"}, "inbox", True),
        ({"channel": "in_app"}, "visit", False),
        ({"channel": "telegram", "category": "tx"}, "promo", False),
    ],
)
def test_what_is_stopped_waits_and_goes_on_afterwards(salon_of_two, api, worker, stop, name, waits):
    made = api.post("/v1/stops", stop | {"note": "wrong prices"}).json()["data"]
    salon_of_two.trigger(name, ANNA)
    worker.drain_dry()

    assert (("waiting", "stopped") in salon_of_two.log) is waits
    assert bool(salon_of_two.messages) is not waits
    assert api.delete(f"/v1/stops/{made['_id']}").json()["data"]["open"] is False
    salon_of_two.hurry()
    worker.drain_dry()
    assert salon_of_two.states == [("completed", "")]


def test_a_stopped_channel_gives_way_to_another_and_is_waited_for_where_there_is_none(
    salon_of_two, api, worker
):
    api.post("/v1/stops", {"channel": "sms"})
    salon_of_two.trigger("visit", ANNA)
    salon_of_two.trigger("visit", {"subscriberId": "vera", "phone": "+79161234568"})
    worker.drain_dry()

    assert [message.channel for message in salon_of_two.messages] == ["telegram"]
    assert salon_of_two.log.count(("waiting", "stopped")) == 1


def test_a_stop_holds_until_the_message_is_of_no_use(salon_of_two, api, worker):
    salon_of_two.change_workflow("visit", expires_after=None)
    salon_of_two.trigger("visit", ANNA, expiresAt="2999-01-01T00:00:00Z")
    change("update notifications_event set expires_at = now() + interval '20 seconds'")
    api.post("/v1/stops", {})

    worker.drain_dry()

    assert salon_of_two.states == [("skipped", "expired")]


def test_a_stop_of_all_salons_is_seen_within_a_second_and_ended_by_its_words(
    salon_of_two, worker, provider
):
    try:
        done = said("switch", "stop", "--category", "tx", "--json").stdout
        stops._kept.until = 0.0
        salon_of_two.trigger("visit", ANNA)
        worker.drain_dry()
        assert (provider.bodies, ("waiting", "stopped") in salon_of_two.log) == ([], True)
        listed = json.loads(said("switch", "list", "--json").stdout)
        assert [one["open"] for one in listed if one["_id"] == json.loads(done)[0]["_id"]] == [True]
    finally:
        change("update notifications_platformstop set ended_at = now()")
        stops._kept.until = 0.0
    salon_of_two.hurry()
    worker.drain_dry()
    assert len(provider.bodies) == 1


def test_it_stands_who_stopped_and_who_let_go(salon_of_two, api):
    slug = salon_of_two.salon.slug
    said("switch", "stop", "--tenant", slug, "--channel", "sms", "--note", "dead")
    said("switch", "start", "--tenant", slug, "--channel", "sms")

    (row,) = api.get("/v1/stops").json()["data"]
    assert (row["startedBy"], row["endedBy"], row["note"]) == ("command", "command", "dead")
    again = said("switch", "start", "--tenant", slug, "--channel", "sms")
    assert (again.returncode, "Nothing of this channel" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"category": "xx"}, "category"),
        ({"note": "x" * 201}, "note"),
    ],
)
def test_a_stop_of_nothing_known_names_the_field(api, body, field):
    answer = api.post("/v1/stops", body)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


@pytest.mark.parametrize("is_platforms", [False, True])
def test_nothing_leaves_after_a_stop_but_what_a_worker_held_already(
    salon_of_two, provider, is_platforms
):
    """Counted: what was leased when the stop stood is the most that may still arrive."""
    gateway = Gateway(slots=10, guard=AddressGuard(("127.0.0.1",)))
    people = [{"subscriberId": f"c{n}", "phone": f"+7916000{n:04}"} for n in range(200)]
    for hundred in (people[:100], people[100:]):  # more than a worker holds at once
        salon_of_two.trigger("visit", hundred)
    held: list[tuple[int, int]] = []

    def answer(body):
        if len(provider.bodies) == 30:
            stop_now()
        return 200, {}, b"{}"

    def stop_now():
        wanted = stops.Wanted(category="tx")
        if is_platforms:
            stops.start(None, wanted, "test")
        else:
            with tenant_scope(salon_of_two.salon.pk):
                stops.start(salon_of_two.salon.pk, wanted, "test")
        leased = "select count(*) from notifications_due where tenant_id = %s and state = 2"
        held.append((look(leased, [salon_of_two.salon.pk])[0][0], len(provider.bodies)))
        connection.close()  # this thread's own

    provider.answer = answer
    try:
        Drain(("normal",), gateway, "test").drain_dry()
    finally:
        gateway.close()
        change("update notifications_platformstop set ended_at = now()")
        stops._kept.until = 0.0

    ((leased, arrived),) = held
    assert arrived <= len(provider.bodies) <= arrived + leased < len(people)
    assert salon_of_two.log.count(("waiting", "stopped")) == len(people) - len(provider.bodies)
