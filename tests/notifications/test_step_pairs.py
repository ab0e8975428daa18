"""Steps that meet in one workflow: what the client gets, and the story as staff read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.models import Escalation
from notifications.story import story, tell
from notifications.variants import Variant, pick
from tenants.models import Subscriber
from tenants.scope import tenant_scope
from tests.notifications.flows import CONTACTS, chat, press, publish_flow, sms, text
from tests.notifications.reporting import report

ACCEPTED, MERGED = "accepted", "became part of one message"
GATHERING = "put off: gathering events into one message"
PAUSED = "put off: the scenario's own pause"
CHAT, SMS = "sent to Telegram (webhook), answer 200", "sent by SMS (webhook), answer 200"
COUNT = "Заказов: {{ digest.count }}"
GATHER = ("gather", "digest", {"window_s": 3600})
OLGA = {"subscriberId": "olga", "phone": "+79160000002", "channels": {"telegram": ["77"]}}


def told(line, transaction_id) -> list[str]:
    """Tell the story of one transaction, without times."""
    with tenant_scope(line.salon.pk):
        lines = tell(story(line.salon.pk, "live", transaction_id), "en")
    return [one.partition(" ")[2] for one in lines]


def bodies(line) -> list[str]:
    return [message.body for message in line.messages]


def wait_over(line, worker) -> None:
    line.hurry()
    worker.drain_dry()


def test_a_digest_then_a_pause(reminders, worker):
    pause = ("pause", "delay", {"seconds": 60})
    publish_flow(reminders.salon, "orders", GATHER, pause, sms(COUNT))
    first, second = (reminders.trigger("orders", CONTACTS, {"total": n}) for n in (1, 2))
    worker.drain_dry()
    wait_over(reminders, worker)
    reminders.trigger("orders", CONTACTS, {"total": 3})  # of the next window, while this one pauses
    worker.drain_dry()

    wait_over(reminders, worker)
    wait_over(reminders, worker)

    assert bodies(reminders) == ["Заказов: 2", "Заказов: 1"]
    assert told(reminders, first) == [
        ACCEPTED,
        GATHERING,
        "step “gather” is done: events gathered: 2",
        PAUSED,
        "step “pause” is done",
        SMS,
    ]
    assert told(reminders, second) == [ACCEPTED, MERGED]


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_pause_then_a_wait_for_an_answer_then_a_fallback(reminders, worker, is_answered):
    a_day_before = {"until": "appointmentTime", "offset_s": -86_400}
    publish_flow(
        reminders.salon,
        "ask",
        chat("Придёте?"),
        ("pause", "delay", a_day_before),
        ("wait", "wait_for_reply", {"until": "appointmentTime", "offset_s": -7200}),
        (
            "again",
            "fallback",
            {"of": "chat", "when": "not_read", "after_s": 0},
            {"channels": ["sms"], "body": "Ждём ответа"},
        ),
    )
    visit = datetime.now(UTC) + timedelta(days=3)
    key = reminders.trigger("ask", CONTACTS, {"appointmentTime": visit.isoformat()})
    worker.drain_dry()
    assert [due.due_at for due in reminders.due] == [visit - timedelta(days=1)]
    wait_over(reminders, worker)
    assert [due.due_at for due in reminders.due] == [visit - timedelta(hours=2)]

    if is_answered:
        press(reminders, reminders.messages[0], "confirm")
        worker.drain_dry()
    else:
        wait_over(reminders, worker)

    assert bodies(reminders) == ["Придёте?"] + ([] if is_answered else ["Ждём ответа"])
    answer = [
        "the client answered in Telegram (webhook): confirm",
        "step “wait” is done: the client answered: confirm",
    ]
    silence = ["step “wait” is done: the client did not answer in time", SMS]
    assert told(reminders, key) == [
        ACCEPTED,
        CHAT,
        PAUSED,
        "step “pause” is done",
        "put off: waiting for the client's answer",
        *(answer if is_answered else silence),
    ]


def test_a_throttle_keeps_events_out_of_the_digest_behind_it(reminders, worker):
    few = ("few", "throttle", {"limit": 2, "window_s": 3600})
    publish_flow(reminders.salon, "orders", few, GATHER, sms(COUNT))
    keys = [reminders.trigger("orders", CONTACTS, {"total": n}) for n in (1, 2, 3)]
    worker.drain_dry()

    wait_over(reminders, worker)

    assert bodies(reminders) == ["Заказов: 2"]
    first, second, third = (told(reminders, key) for key in keys)
    enough = "the client has had enough of these within the window"
    assert first[2:] == [GATHERING, "step “gather” is done: events gathered: 2", SMS]
    assert second == [ACCEPTED, "step “few” is done", MERGED]
    assert third == [ACCEPTED, f"step “few” was skipped: {enough}"]


def client_of(variant: str, salon) -> dict:
    """Find a client who gets this variant."""
    pair = [Variant("a", 1), Variant("b", 1)]
    for number in range(50):
        name = f"client-{number}"
        with tenant_scope(salon.pk):
            person, _ = Subscriber.objects.get_or_create(
                tenant_id=salon.pk, mode="live", subscriber_id=name
            )
        if pick(pair, "news", "ab", person.pk).key == variant:
            return {"subscriberId": name, "phone": f"+791600000{number:02}"}
    raise AssertionError("fifty clients and no such variant")


@pytest.mark.parametrize(
    ("variant", "expected", "then"),
    [
        ("a", ["Дальше"], ["step “asked” is done", SMS]),
        ("b", ["Смело"], [SMS, "step “asked” was skipped: the condition is not met"]),
    ],
)
def test_a_split_then_a_condition_on_what_its_variant_did(
    reminders, worker, variant, expected, then
):
    with tenant_scope(reminders.salon.pk):
        text(reminders.salon, "bold", "Смело")
    variants = [
        {"key": "a", "weight": 1, "goto": "asked"},
        {"key": "b", "weight": 1, "template": "bold"},
    ]
    publish_flow(
        reminders.salon,
        "news",
        ("ab", "ab_split", {"variants": variants}),
        sms("Мягко", "first"),
        ("asked", "condition", {"if": "steps.first.state != 'sent'"}),
        sms("Дальше", "then"),
    )

    key = reminders.trigger("news", client_of(variant, reminders.salon), {})
    worker.drain_dry()

    assert bodies(reminders) == expected
    assert told(reminders, key) == [ACCEPTED, f"step “ab” is done: variant {variant}", *then]


def test_staff_are_asked_when_the_fallback_failed_too(reminders, worker, provider):
    provider.answer = lambda body: (422 if body["kind"] == "sms" else 200, {}, b"{}")
    publish_flow(
        reminders.salon,
        "visit",
        chat("Ждём вас"),
        (
            "again",
            "fallback",
            {"of": "chat", "when": "not_delivered", "after_s": 60, "on_failure": "continue"},
            {"channels": ["sms"], "body": "Ждём вас"},
        ),
        ("ask", "condition", {"if": "steps.again.state == 'failed'"}),
        ("staff", "escalate", {"text": "Позвоните клиентке"}),
    )
    reached = reminders.trigger("visit", OLGA, {})
    missed = reminders.trigger("visit", {"subscriberId": "anna", "phone": "+79161234567"}, {})
    worker.drain_dry()
    report(reminders.salon, reminders.messages[0], "delivered")
    wait_over(reminders, worker)

    assert len(reminders.all(Escalation)) == 1
    assert told(reminders, reached) == [
        ACCEPTED,
        CHAT,
        "put off: waiting whether the first message arrives",
        "delivered to Telegram (webhook)",
        "step “again” was skipped: the fallback was not needed",
        "step “ask” was skipped: the condition is not met",
    ]
    *path, asked, done = told(reminders, missed)
    assert path == [
        ACCEPTED,
        "step “chat” was skipped: the client has no address for this step",
        "not delivered by SMS (webhook): the provider refused the text,"
        " answer: 422 refused by the receiver",
        "step “ask” is done",
    ]
    # of one moment, so in no order
    assert {asked, done} == {"handed to the salon's staff: by hand", "step “staff” is done"}
