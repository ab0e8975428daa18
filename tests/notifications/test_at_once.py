"""Four workers decide about one client's events at once: limits let exactly so many through."""

from __future__ import annotations

from collections import Counter

import pytest

from notifications import engine
from notifications.claiming import NIL, claim
from notifications.models import Escalation, EscalationLine
from notifications.preparing import prepare
from tests.notifications.conftest import NO_QUIET
from tests.notifications.flows import CONTACTS, publish_flow, sms
from tests.threads import at_once

WORKERS, SHARE = 4, 3
SCHEMA = {"type": "object", "properties": {"total": {"type": "number", "default": 0}}}
TEXT = sms("Заказ {{ total }}")
THROTTLE = ("few", "throttle", {"limit": 3, "window_s": 3600})
PAUSE = ("pause", "delay", {"seconds": 60})


@pytest.fixture
def decide(reminders, worker):
    """Call with steps: twelve events of one client, four workers at the same moment."""
    reminders.limit(**NO_QUIET, per_hour=100)

    def run(*steps, **fields):
        publish_flow(reminders.salon, "orders", *steps, schema=SCHEMA, **fields)
        for number in range(WORKERS * SHARE):
            reminders.trigger("orders", CONTACTS, {"total": number % 2, "appointmentId": "visit-1"})
        shares = [claim("normal", f"w{n}", SHARE, NIL) for n in range(WORKERS)]
        assert [len(tasks) for tasks in shares] == [SHARE] * WORKERS

        found = at_once(WORKERS, lambda place: prepare(shares[place], engine.now()))
        sends = [send for share in found for send in share]
        return sends, Counter(reminders.log)

    return run


@pytest.mark.parametrize(
    ("limits", "category", "allowed", "held"),
    [
        ({}, "mk", 1, ("skipped", "frequency_cap")),
        ({"mk_per_window": 100, "mk_per_day": 5}, "mk", 5, ("waiting", "daily_mk_limit")),
        ({"per_hour": 4}, "tx", 4, ("waiting", "hourly_cap")),
        ({"tx_per_day": 5}, "tx", 5, ("waiting", "daily_tx_limit")),
        ({"same_text_minutes": 60}, "tx", 2, ("skipped", "duplicate")),
    ],
)
def test_a_limit_lets_exactly_so_many_through(reminders, decide, limits, category, allowed, held):
    reminders.limit(**limits)

    sends, log = decide(TEXT, category=category)

    assert len(sends) == allowed
    assert log == {held: WORKERS * SHARE - allowed}


def test_a_throttle_lets_exactly_so_many_through(decide):
    _, log = decide(THROTTLE, PAUSE, TEXT)

    assert log == {("done", ""): 3, ("skipped", "step_throttled"): 9}


def test_what_happens_to_a_client_at_once_becomes_one_case(reminders, decide):
    _, log = decide(("staff", "escalate", {}), PAUSE, TEXT)

    (case,) = reminders.all(Escalation)
    assert case.repeats == WORKERS * SHARE - 1
    assert len(reminders.all(EscalationLine)) == WORKERS * SHARE
    assert log == {("done", ""): 12, ("escalated", "manual"): 12}
