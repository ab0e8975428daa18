"""A rehearsal shows the path and the texts that a trigger would take, and leaves nothing behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from notifications import stops
from notifications.commands import read_command
from notifications.models import Message, MessageTemplate, Workflow, WorkflowVersion
from notifications.rehearsal import rehearse, rehearse_draft
from tenants.errors import InvalidFields, InvalidPayload
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.commands import said
from tests.factories import SubscriberFactory, agree
from tests.isolation.planting import snapshot

NOON = datetime(2026, 11, 21, 9, tzinfo=UTC)  # 12:00 in Moscow
NIGHT = datetime(2026, 11, 21, 20, tzinfo=UTC)
ANNA = {"subscriberId": "anna", "phone": "+79161234567", "email": "anna@example.com"}
SMS, MAIL = ("sms", {"channels": ["sms"]}), ("email", {"channels": ["email"]})


@pytest.fixture
def anna(reminders):
    """A client who wants the salon's advertising."""
    SubscriberFactory.create(tenant=reminders.salon, subscriber_id="anna")
    agree(reminders.salon.pk)


@pytest.fixture
def rehearsed(reminders):
    def ask(name, now=NOON, to=ANNA, mode="live", **payload):
        who = reminders.caller_of(mode)
        with tenant_scope(reminders.salon.pk):
            command = read_command({"name": name, "to": to, "payload": payload}, now)
            return rehearse(who, command, now)

    return ask


def path(told):
    return [(t.line.step, t.line.status, t.line.reason, t.line.channel) for t in told.turns]


def test_the_path_is_shown_with_texts_and_waits(reminders, rehearsed):
    wait = ("delay", {"settings": {"seconds": 3600}})
    reminders.workflow("note", SMS, wait, MAIL)

    told = rehearsed("note", clientName="Ира")

    assert path(told) == [
        ("step-0", "sent", "", "phone"),
        ("step-1", "waiting", "delay", ""),
        ("step-1", "done", "", ""),
        ("step-2", "sent", "", "email"),
    ]
    assert told.state == "completed"
    first, pause, _, last = told.turns
    assert (first.line.text, first.line.address) == ("Привет, Ира", "+7***4567")
    assert (pause.until, last.line.time) == (NOON + timedelta(hours=1),) * 2


def test_what_waits_for_a_person_is_told_once(reminders, rehearsed):
    reminders.workflow("note", SMS)
    with tenant_scope(reminders.salon.pk):
        stops.start(reminders.salon.pk, stops.Wanted("", "", "a wrong price"), "staff:1")

    told = rehearsed("note")

    assert [turn.line.status for turn in told.turns] == ["waiting"]
    assert told.state == "delayed"


def test_nothing_is_written_and_nobody_hears(reminders, rehearsed, worker, provider):
    reminders.workflow("note", SMS)
    before = snapshot(reminders.salon)

    assert rehearsed("note").state == "completed"

    assert snapshot(reminders.salon) == before
    worker.drain_dry()
    assert provider.bodies == []


def test_what_it_shows_is_what_is_sent(reminders, rehearsed, worker):
    reminders.workflow("note", SMS, MAIL)
    told = rehearsed("note", clientName="Ира")

    reminders.trigger("note", ANNA, {"clientName": "Ира"})
    worker.drain_dry()

    sent = sorted(
        (m.channel, m.provider, m.address, m.title, m.body) for m in reminders.all(Message)
    )
    lines = [turn.line for turn in told.turns]
    assert sent == sorted((x.channel, x.provider, x.address, x.title, x.text) for x in lines)


def test_answers_are_waited_for_and_a_fallback_speaks_in_its_time(reminders, rehearsed):
    wait = ("wait_for_reply", {"settings": {"timeout_s": 3600}})
    late = {"of": "step-2", "when": "not_read", "after_s": 60}
    reminders.workflow("note", SMS, wait, MAIL, ("fallback", {**SMS[1], "settings": late}))
    start = datetime.now(UTC)

    told = rehearsed("note", start)

    assert path(told) == [
        ("step-0", "sent", "", "phone"),
        ("step-1", "waiting", "reply_awaited", ""),
        ("step-1", "done", "no_reply", ""),
        ("step-2", "sent", "", "email"),
        ("step-3", "waiting", "fallback_wait", ""),
        ("step-3", "sent", "", "phone"),
    ]
    waited = [round((turn.line.time - start).total_seconds()) for turn in told.turns]
    assert waited == [0, 0, 3600, 3600, 3600, 3660]


def test_marketing_at_night_waits_until_the_morning(reminders, rehearsed, anna):
    reminders.workflow("promo", SMS, category="mk", priority="low")

    told = rehearsed("promo", NIGHT)

    assert path(told) == [
        ("step-0", "waiting", "quiet_hours", ""),
        ("step-0", "sent", "", "phone"),
    ]
    assert told.turns[1].line.time == datetime(2026, 11, 22, 6, tzinfo=UTC)


def test_a_limit_that_is_used_up_skips_and_a_rehearsal_uses_none(
    reminders, rehearsed, anna, worker
):
    reminders.promo()
    assert [rehearsed("promo").state for _ in range(2)] == ["completed"] * 2

    reminders.trigger("promo", ANNA, {})
    worker.drain_dry()
    told = rehearsed("promo", datetime.now(UTC))

    assert path(told) == [("step-0", "skipped", "frequency_cap", "")]
    assert told.state == "skipped"


def test_who_has_no_address_is_told_so(reminders, rehearsed):
    reminders.workflow("note", SMS)

    told = rehearsed("note", to={"subscriberId": "nobody"})

    assert path(told) == [("step-0", "skipped", "no_address", "")]


def test_a_payload_that_does_not_fit_is_refused(reminders, rehearsed):
    reminders.workflow("note", SMS)

    with pytest.raises(InvalidPayload):
        rehearsed("note", clientName=5)
    with pytest.raises(InvalidFields, match="to must be one client"):
        rehearsed("note", to=["anna", "boris"])


def test_a_workflow_that_is_off_has_no_path(reminders, rehearsed):
    reminders.workflow("note", SMS, is_active=False)

    assert (rehearsed("note").status, rehearsed("note").turns) == ("trigger_not_active", ())


def test_a_draft_is_played_as_it_would_run_and_what_runs_goes_on(reminders, rehearsed, worker):
    reminders.workflow("note", SMS)
    with tenant_scope(reminders.salon.pk):
        MessageTemplate.objects.update(body_ru="Здравствуйте, {{ clientName }}")
        Tenant.objects.update(four_eyes=True)
        draft = Workflow.objects.get(identifier="note")
        command = read_command({"name": "note", "to": ANNA}, NOON)
        told = rehearse_draft(reminders.caller, draft, command, NOON)

    assert [turn.line.text for turn in told.turns] == ["Здравствуйте, Анна"]
    assert [turn.line.text for turn in rehearsed("note").turns] == ["Привет, Анна"]
    assert reminders.all(WorkflowVersion)[-1].number == 1
    reminders.trigger("note", ANNA, {})
    worker.drain_dry()
    assert [message.body for message in reminders.messages] == ["Привет, Анна"]


def test_a_rehearsal_at_a_terminal(reminders):
    reminders.workflow("note", SMS)
    reminders.trigger("note", ANNA, {})
    words = ["workflow", "dry-run", "note", "--tenant", reminders.salon.slug, "--to", "anna"]

    told, listed = said(*words, "--language", "ru"), said(*words, "--json")

    assert "[step-0] отправлено по SMS (вебхук) +7***4567\n    Привет, Анна\n" in told.stdout
    (step,) = json.loads(listed.stdout)["steps"]
    assert (step["outcome"], step["body"]) == ("sent", "Привет, Анна")
    with tenant_scope(reminders.salon.pk):
        MessageTemplate.objects.update(body_ru="До завтра, {{ clientName }}")
    assert "До завтра, Анна" in said(*words, "--draft").stdout
    reminders.change_workflow("note", is_active=False)
    assert said(*words).returncode == 1
    assert said(*words[:3], *words[3:5]).returncode == 2
