"""The table of gates is what the engine does: every reason, category and importance, for real."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from channels.breaker import MIN_FAILURES, Breaker
from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.integrations import update_credentials
from channels.models import ChannelRule, Integration
from notifications import preferences, stops
from notifications.admin.reasons import SENTENCES
from notifications.engine import Drain
from notifications.gate_table import GATES, PASS, SKIP, STAFF, WAIT
from notifications.models import Escalation
from notifications.story_reasons import REASONS
from tenants import consents
from tenants.models import Subscriber
from tenants.scope import tenant_scope
from tests.factories import word
from tests.notifications.conftest import NO_QUIET, Reminders, change, look
from tests.notifications.flows import CONTACTS, publish_flow, sms

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "gates.md"
KINDS = ("tx", "critical", "mk")
STATUSES = {SKIP: "skipped", WAIT: "waiting", PASS: "sent"}


def everybody(salon: Reminders) -> list[Subscriber]:
    return salon.all(Subscriber)


def with_each(salon: Reminders, deed: Callable[[Subscriber], Any]) -> None:
    for person in everybody(salon):
        with tenant_scope(salon.salon.pk):
            deed(person)


def update(statement: str) -> Callable[[Reminders], Any]:
    return lambda salon: change(f"{statement} where tenant_id = %s", [salon.salon.pk])


def limited(**limits) -> Callable[[Reminders], Any]:
    return lambda salon: salon.limit(**limits)


def stop(salon: Reminders) -> None:
    with tenant_scope(salon.salon.pk):
        stops.start(salon.salon.pk, stops.Wanted(), "test")


def withdraw(salon: Reminders) -> None:
    word = consents.Word("advertising", given=False, source="form", actor="client")
    with_each(salon, lambda one: consents.record(salon.salon.pk, [one.pk], word))


def be_quiet(salon: Reminders, word: str = "quiet") -> None:
    """Let it be quiet now, whatever the hour is."""
    now = datetime.now(ZoneInfo("Europe/Moscow"))
    hours = [(now + timedelta(hours=n)).strftime("%H:%M") for n in (-1, 2)]
    salon.limit(**{word: hours})


def switch_off(channel: str) -> Callable[[Reminders], Any]:
    choice = preferences.Choice({channel: False})
    return lambda salon: with_each(salon, lambda one: preferences.choose(one, [choice]))


def forbid(salon: Reminders) -> None:
    with tenant_scope(salon.salon.pk):
        ChannelRule.objects.create(tenant=salon.salon, target="sms", may_tx=False, may_mk=False)


def say_it_twice(salon: Reminders) -> None:
    salon.limit(same_text_minutes=60)
    trigger(salon)


def use_account(salon: Reminders, messages: int) -> None:
    """Let other messages, more urgent ones, have gone through the same account."""
    salon.workflow("spare", "sms", priority="urgent")
    for number in range(messages):
        salon.trigger("spare", {"subscriberId": f"s{number}", "phone": f"+7916000000{number}"})
    assert salon.gateway
    Drain(("urgent",), salon.gateway, "test").drain_dry()


def fail(salon: Reminders) -> None:
    salon.provider.answer = lambda body: (500, {}, b"{}")
    use_account(salon, MIN_FAILURES)


def use_up(salon: Reminders) -> None:
    (account,) = [one for one in salon.all(Integration) if one.kind == "sms"]
    update_credentials(salon.salon.pk, account.pk, {"rate": "1/60"})
    use_account(salon, 1)


#: Reason -> what makes it so, after the triggers and before the worker looks.
CAUSES: Mapping[str, Callable[[Reminders], Any]] = {
    "expired": update("update notifications_event set expires_at = now()"),
    "stopped": stop,
    "staff_get_no_marketing": update("update tenants_subscriber set kind = 'staff'"),
    "no_consent": lambda salon: None,  # nobody was asked: see below
    "consent_withdrawn": withdraw,
    "quiet_hours": be_quiet,
    "no_address": update("delete from tenants_address"),
    "suppressed": update("update tenants_address set state = 'suppressed'"),
    "preference": switch_off("sms"),
    "all_channels_off": switch_off(""),
    "no_integration": update("delete from channels_integration"),
    "policy_forbids": forbid,
    "provider_failing": fail,
    "provider_limit": use_up,
    "integration_paused": update("update channels_integration set state = 'paused'"),
    "integration_rests": update(
        "update channels_integration set frozen_until = now() + interval '1 hour'"
    ),
    "duplicate": say_it_twice,
    "frequency_cap": limited(mk_per_window=0),
    "hourly_cap": limited(per_hour=0),
    "daily_tx_limit": limited(tx_per_day=0),
    "daily_mk_limit": limited(mk_per_day=0),
}


def trigger(salon: Reminders) -> None:
    for number, name in enumerate(KINDS):
        salon.trigger(name, {"subscriberId": name, "phone": f"+7916123456{number}"})


def test_the_walk_and_the_words_know_every_gate():
    assert GATES.keys() == CAUSES.keys()
    assert GATES.keys() - REASONS.keys() == set()
    assert GATES.keys() - SENTENCES.keys() == set()


@pytest.fixture
def gateway():
    """A worker's door whose breakers stay open for as long as a test may take."""
    breaker = Breaker(settings.REDIS_URL, prefix=word("gates"), open_ms=120_000)
    one = Gateway(guard=AddressGuard(("127.0.0.1",)), breaker=breaker)
    yield one
    one.close()


def test_a_first_message_is_left_to_its_fallback_while_its_provider_fails(reminders, worker):
    reminders.gateway = worker.gateway
    fail(reminders)
    reminders.provider.answer = lambda body: (200, {}, b"{}")
    settled = {"of": "first", "when": "not_delivered", "after_s": 600}
    second = ("second", "fallback", settled, {"channels": ["chat"], "body": "Привет"})
    publish_flow(reminders.salon, "chain", sms("Привет", "first"), second)

    reminders.trigger("chain", CONTACTS, {})
    worker.drain_dry()

    assert [(m.channel, m.state) for m in reminders.messages] == [("telegram", "sent")]
    assert ("skipped", "provider_failing") in reminders.log


@pytest.mark.parametrize("reason", CAUSES)
def test_each_gate_does_what_the_table_says_and_the_log_tells_it(reason, reminders, worker):
    reminders.is_agreed = reason != "no_consent"
    reminders.limit(**NO_QUIET)
    for name in KINDS:
        fields = {"category": "mk" if name == "mk" else "tx", "is_critical": name == "critical"}
        reminders.workflow(name, "sms", **fields)
    trigger(reminders)
    reminders.gateway = worker.gateway
    CAUSES[reason](reminders)

    worker.drain_dry()

    gate, seen = GATES[reason], logged(reminders)
    for name in KINDS:
        wanted = getattr(gate, name)
        why = "" if wanted == PASS else reason
        assert (STATUSES[wanted], why) in seen[name], (name, seen[name])
    cases = 1 if gate.critical == SKIP and gate.told == STAFF else 0
    assert len(reminders.all(Escalation)) == cases


def logged(salon: Reminders) -> dict[str, list[tuple[str, str]]]:
    """Read what became of each, by its workflow."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, status, reason in look(
        "select w.identifier, l.status, l.reason from notifications_logentry l"
        " join notifications_notification n on n.id = l.notification_id"
        " join notifications_event e on e.id = n.event_id"
        " join notifications_workflow w on w.id = e.workflow_id where l.tenant_id = %s",
        [salon.salon.pk],
    ):
        found[name].append((status, reason))
    return found


@pytest.mark.parametrize(("name", "waits"), [("tx", True), ("critical", False)])
def test_a_salon_may_let_what_is_not_critical_wait_for_the_morning(reminders, worker, name, waits):
    reminders.workflow(name, "sms", is_critical=name == "critical")
    be_quiet(reminders, "quiet_tx")
    reminders.trigger(name)

    worker.drain_dry()

    assert (("waiting", "quiet_hours") in reminders.log) is waits


def test_a_critical_message_that_the_days_limit_keeps_past_its_use_goes_to_staff(reminders, worker):
    reminders.limit(tx_per_day=0)
    reminders.workflow("critical", "sms", is_critical=True)
    trigger_at = datetime.now(UTC) + timedelta(minutes=1)
    reminders.trigger("critical", expiresAt=trigger_at.isoformat())

    worker.drain_dry()

    assert reminders.states == [("skipped", "expired")]
    assert [case.cause for case in reminders.all(Escalation)] == ["undeliverable"]


def test_the_page_shows_this_table():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    shown = [line for line in lines if line.startswith("| `") and line.count("|") == 7]

    assert shown == [
        f"| `{reason}` | {g.tx} | {g.critical} | {g.mk} | {g.until} | {g.told} |"
        for reason, g in GATES.items()
    ]
