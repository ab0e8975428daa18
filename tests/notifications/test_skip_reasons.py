"""Every reason for which a message is not sent, as the client's story tells it."""

from __future__ import annotations

import pytest

from notifications import engine
from notifications.deadletters import replay
from notifications.models import Escalation
from notifications.preparing import prepare
from notifications.sql.retention import SPENT
from tenants import rows
from tenants.scope import batch_scope
from tests.notifications.conftest import Reminders, change, end_lease

ANNA = {"subscriberId": "anna", "phone": "+79161234567"}


class Cautious(Reminders):
    """A salon whose clients have said nothing about advertising."""

    is_agreed = False


@pytest.mark.parametrize("to", [ANNA, [ANNA | {"channels": {"telegram": "42"}}]])
def test_who_never_agreed_gets_no_marketing(salon, provider, worker, to):
    cautious = Cautious(salon, provider)
    cautious.promo("promo", "sms", "chat")
    cautious.trigger("promo", to)

    worker.drain_dry()

    assert cautious.states == [("skipped", "no_consent")]
    assert (cautious.messages, provider.bodies) == ([], [])
    assert ("skipped", "no_consent") in cautious.log


@pytest.fixture
def salons(reminders):
    """A salon that says the same within the hour once; its reminder is critical."""
    reminders.limit(same_text_minutes=60)
    reminders.workflow("visit", "sms", is_critical=True)
    return reminders


@pytest.mark.parametrize("at_once", [True, False])
def test_a_doubled_trigger_says_it_once_and_disturbs_nobody(salons, worker, provider, at_once):
    for _ in range(2):
        salons.trigger("visit", ANNA)
        if not at_once:
            worker.drain_dry()
    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert sorted(salons.states) == [("completed", ""), ("skipped", "duplicate")]
    assert salons.all(Escalation) == []


def test_other_words_and_other_addresses_are_no_duplicates(salons, worker, provider):
    salons.trigger("visit", ANNA)
    salons.trigger("visit", ANNA, {"clientName": "Анна Петровна"})
    salons.trigger("visit", {"subscriberId": "vera", "phone": "+79161234568"})

    worker.drain_dry()

    assert len(provider.bodies) == 3


def test_words_hold_for_their_own_hour_and_survive_the_end_of_their_counters(
    salons, worker, provider
):
    salons.trigger("visit", ANNA)
    worker.drain_dry()
    change(
        "update notifications_counter set ends_at = now() - interval '1 minute'"
        " where said is not null and tenant_id = %s",
        [salons.salon.pk],
    )
    with batch_scope([salons.salon.pk]):
        rows.run(SPENT["counters"], {"tenants": [salons.salon.pk], "now": engine.now()})
    for _ in range(2):
        salons.trigger("visit", ANNA)
        worker.drain_dry()

    assert len(provider.bodies) == 1


def test_who_shares_an_address_hears_it_once_whoever_comes_first(salons, worker, provider):
    salons.trigger("visit", ANNA)
    worker.drain_dry()
    salons.trigger("visit", ANNA | {"subscriberId": "mother"})
    salons.trigger("visit", ANNA | {"subscriberId": "sister"})
    worker.drain_dry()

    assert len(provider.bodies) == 1


def test_a_duplicate_takes_nothing_of_the_limits(salons, worker, provider):
    salons.limit(same_text_minutes=60, per_hour=2)
    for name in ("Анна", "Анна", "Анна", "Анна Петровна"):
        salons.trigger("visit", ANNA, {"clientName": name})
        worker.drain_dry()

    assert len(provider.bodies) == 2
    assert sorted(salons.states) == [("completed", "")] * 2 + [("skipped", "duplicate")] * 2


def test_the_same_words_may_be_said_again_after_their_time(salons, worker, provider):
    salons.trigger("visit", ANNA)
    worker.drain_dry()
    change(
        "update notifications_counter set said = overlay(said placing int4send("
        "extract(epoch from now())::int) from 9) where said is not null and tenant_id = %s",
        [salons.salon.pk],
    )
    salons.trigger("visit", ANNA)
    worker.drain_dry()

    assert len(provider.bodies) == 2


def test_retries_and_further_steps_may_repeat_themselves(salons, worker, provider):
    provider.answer = lambda body: (500 if len(provider.bodies) == 1 else 200, {}, b"{}")
    salons.workflow("twice", "sms", "sms")
    salons.trigger("twice", ANNA)
    worker.drain_dry()
    salons.hurry()
    worker.drain_dry()

    assert len(provider.bodies) == 3
    assert salons.states == [("completed", "")]


@pytest.mark.parametrize("is_by_hand", [True, False])
def test_what_failed_may_be_said_by_another_and_resent_by_hand(
    salons, worker, provider, is_by_hand
):
    provider.answer = lambda body: (422 if len(provider.bodies) == 1 else 200, {}, b"{}")
    salons.trigger("visit", ANNA)
    worker.drain_dry()
    if is_by_hand:
        replay(salons.salon.pk, [one.pk for one in salons.letters])
    else:
        salons.trigger("visit", ANNA)
    worker.drain_dry()

    assert [m.state for m in salons.messages] == ["failed", "sent"]


def test_a_worker_that_dies_with_a_message_does_not_make_it_a_duplicate(salons, worker, provider):
    salons.trigger("visit", ANNA)
    prepare(engine.claim("normal", "dead", 10, engine.NIL), engine.now())
    end_lease()

    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert salons.states == [("completed", "")]
