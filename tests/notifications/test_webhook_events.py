"""What is told, to whom, with which data; and that salons who do not listen pay nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.integrations import add_integration
from channels.told import InboundEvent
from notifications import events
from notifications.events import AppointmentNews, News
from notifications.models import LogEntry
from notifications.news import DESCRIPTIONS, NAMES
from notifications.webhooks import endpoints
from notifications.webhooks.outbox import MOST_BYTES
from tenants import consents, links
from tenants.audience import add_addresses
from tenants.consents import Word
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.factories import SubscriberFactory, TenantFactory
from tests.notifications.client_line import ClientLine
from tests.notifications.conftest import Reminders, change, look
from tests.notifications.phone_line import PhoneLine, press, status
from tests.notifications.statements import statements
from tests.notifications.webhook_line import Line, forget_deliveries
from tests.provider import Provider

PHONE = "+79161234567"
BOT = {"token": "7000000001:AA-linking", "api_base": "https://127.0.0.1:9"}
ANNA = {"subscriberId": "anna", "firstName": "Анна", "phone": PHONE, "locale": "ru"}


class Nobody:
    """An endpoint that is never called: what is written for it is looked at."""

    def __init__(self, name="hook") -> None:
        self.url = f"https://{name}.example/"


@pytest.fixture
def hook(salon):
    """An endpoint of the live mode that wants all events."""
    yield Line.of(salon, Nobody())
    forget_deliveries()


def told(hook):
    """Give what is on its way: (type, data)."""
    bodies = [json.loads(row.body) for row in hook.rows]
    return [(body["type"], body["data"]) for body in bodies]


def test_a_message_is_told_by_ids_and_the_salons_own_keys(hook, reminders, worker):
    transaction_id = reminders.trigger(to=ANNA)
    worker.drain_dry()

    assert [name for name, _ in told(hook)] == [
        "subscriber.created",
        "message.delivered",  # in the inbox
        "message.sent",
    ]
    message = reminders.messages[-1]
    assert told(hook)[-1][1] == {
        "notificationId": str(message.notification_id),
        "transactionId": transaction_id,
        "workflow": "appointment-reminder-24h",
        "subscriberId": "anna",
        "messageId": str(message.pk),
        "channel": "sms",
        "provider": "webhook",
        "state": "sent",
    }


def test_no_body_holds_a_name_a_number_or_a_text(hook, reminders, worker):
    reminders.trigger(to=ANNA)
    worker.drain_dry()

    text = "".join(row.body for row in hook.rows)
    assert text
    assert not [word for word in ("Анна", PHONE, "79161234567", "Роза") if word in text]


def test_a_step_that_is_skipped_is_told_with_its_reason(hook, reminders, worker):
    reminders.trigger(to={"subscriberId": "nobody"})
    worker.drain_dry()

    name, data = told(hook)[-1]
    assert name == "message.skipped"
    assert (data["state"], data["reason"]) == ("skipped", reminders.log[-1][1])
    assert "messageId" not in data


def test_a_dead_address_is_told_as_a_failure_and_a_change(hook, reminders, worker):
    blocked = b'{"ok":false,"error_code":403,"description":"bot was blocked by the user"}'
    telegram = Provider(answer=lambda body: (403, {"Content-Type": "application/json"}, blocked))
    credentials = {"token": "42:TOKEN", "api_base": telegram.url}
    change(  # the salon's own webhook would take chats, too
        "delete from channels_integration where tenant_id = %s and kind = 'chat'",
        [reminders.salon.pk],
    )
    add_integration(
        reminders.salon.pk, "telegram", credentials, identifier="bot", kind="chat", position=0
    )
    reminders.workflow("note", ("chat", {"channels": ["telegram"]}), priority="high")
    reminders.trigger("note", {"subscriberId": "anna", "channels": {"telegram": ["551234567"]}})

    worker.drain_dry()
    telegram.close()

    found = dict(told(hook))
    assert found["message.failed"]["reason"]
    assert found["subscriber.address_changed"] == {
        "subscriberId": "anna",
        "channel": "telegram",
        "state": "inactive",
        "reason": reminders.addresses[0][3],
    }


def test_what_providers_report_is_told(reminders_on_the_phone):
    line, hook = reminders_on_the_phone
    message = line.sent

    line.told(status("delivered", message))
    line.told(status("read", message))
    line.told(press(message, "confirm", PHONE))
    line.told(status("read", message))

    *_, delivered, read, answered = told(hook)
    assert [name for name, _ in (delivered, read, answered)] == [
        "message.delivered",
        "message.read",
        "message.answered",
    ]
    assert answered[1]["action"] == "confirm"
    assert {data["messageId"] for _, data in (delivered, read, answered)} == {str(message.pk)}


@pytest.fixture
def reminders_on_the_phone(worker, provider, settings):
    """A demo salon has sent a reminder to the Phone, and its software listens."""
    salon = TenantFactory(is_sandbox=True)
    settings.PHONE_URL = provider.url.rstrip("/")
    reminders, line, hook = Reminders(salon, provider), PhoneLine(salon), Line.of(salon, Nobody())
    reminders.trigger()
    worker.drain_dry()
    yield line, hook
    forget_deliveries()


def test_subscribers_are_told_of_when_they_come_and_change(hook, api):
    api.post("/v2/subscribers", {"subscriberId": "anna", "firstName": "Анна", "phone": PHONE})
    api.post("/v2/subscribers", {"subscriberId": "anna", "firstName": "Анна", "phone": PHONE})
    api.patch("/v2/subscribers/anna", {"firstName": "Аня"})
    api.patch("/v2/subscribers/anna", {"phone": None, "email": "anna@mail.example"})

    changed = {(data["channel"], data["state"]) for name, data in told(hook)[2:]}
    assert [name for name, _ in told(hook)] == [
        "subscriber.created",
        "subscriber.updated",
        "subscriber.address_changed",
        "subscriber.address_changed",
    ]
    assert changed == {("phone", "removed"), ("email", "active")}
    assert {data["subscriberId"] for _, data in told(hook)} == {"anna"}


def test_credentials_that_change_are_told_once(hook, api):
    api.post("/v2/subscribers", {"subscriberId": "anna"})
    body = {"providerId": "telegram", "credentials": {"chatId": "42"}}

    for _ in range(2):
        api.put("/v1/subscribers/anna/credentials", body)
    api.delete("/v1/subscribers/anna/credentials/telegram")
    api.delete("/v1/subscribers/anna/credentials/telegram")

    assert [data["state"] for name, data in told(hook)[1:]] == ["active", "removed"]


def test_a_linked_chat_is_told_once(hook, salon):
    anna = SubscriberFactory(tenant=salon, subscriber_id="anna")
    line = ClientLine(salon)
    line.equip()
    bot = add_integration(salon.pk, "telegram", BOT, identifier="bot")
    with tenant_scope(salon.pk):
        token = links.issue(salon.pk, anna.pk, ["telegram"], datetime.now(UTC))["telegram"]

    for key in "ab":
        line.hears(InboundEvent(key, "start", address="5001", value=token), account=bot.pk)

    linked = [data for name, data in told(hook) if name == "subscriber.linked"]
    assert linked == [{"subscriberId": "anna", "channel": "telegram", "state": "active"}]


def test_a_withdrawn_consent_is_told_and_a_given_one_is_not(hook, salon):
    anna = SubscriberFactory(tenant=salon, subscriber_id="anna")

    with tenant_scope(salon.pk):
        for given in (True, False):
            word = Word("advertising", given=given, source="api", actor="key", channel="sms")
            consents.record(salon.pk, [anna.pk], word)

    assert told(hook)[1:] == [
        ("subscriber.unsubscribed", {"subscriberId": "anna", "channel": "sms", "reason": "api"})
    ]


def test_a_client_who_blocks_the_salon_is_told_as_a_changed_address(reminders_on_the_phone):
    line, hook = reminders_on_the_phone

    line.told({"type": "blocked", "key": "k", "address": PHONE})

    assert told(hook)[-1] == (
        "subscriber.address_changed",
        {"subscriberId": "anna", "channel": "phone", "state": "inactive", "reason": "blocked"},
    )


def test_an_endpoint_hears_only_of_what_it_wants_in_its_mode(salon, api, sandbox):
    few = Line.of(salon, Nobody("few"), "subscriber.updated")
    test = Line.of(salon, Nobody("test"), mode="test")
    off = Line.of(salon, Nobody("off"))
    off.set(is_enabled=False)

    api.post("/v2/subscribers", {"subscriberId": "live"})
    api.post("/v2/subscribers", {"subscriberId": "live", "firstName": "Анна"})
    sandbox.post("/v2/subscribers", {"subscriberId": "test"})

    assert told(few) == [("subscriber.updated", {"subscriberId": "live"})]
    assert told(test) == [("subscriber.created", {"subscriberId": "test"})]
    assert told(off) == []
    forget_deliveries()


def test_salons_of_one_batch_hear_of_their_own_messages_only(provider, worker):
    lines = []
    for name in ("alice", "charlie"):
        reminders = Reminders(TenantFactory(), provider)
        lines.append((Line.of(reminders.salon, Nobody()), name))
        reminders.trigger(to={"subscriberId": name, "phone": PHONE})
    worker.drain_dry()

    for hook, name in lines:
        assert "message.sent" in hook.types
        assert {data["subscriberId"] for _, data in told(hook)} == {name}
    crossed = look(
        "select count(*) from notifications_webhookdelivery d"
        " join notifications_webhookendpoint e on e.id = d.endpoint_id"
        " where e.tenant_id <> d.tenant_id"
    )
    assert crossed == [(0,)]
    forget_deliveries()


def test_workers_hear_at_once_of_a_changed_endpoint(salon, reminders, worker):
    hook = Line.of(salon, Nobody(), "message.read")
    reminders.trigger()
    worker.drain_dry()
    assert hook.types == []

    with tenant_scope(salon.pk):
        endpoints.change_endpoint(hook.endpoint, {"events": ["message.sent"]})
    reminders.trigger()
    worker.drain_dry()

    assert hook.types == ["message.sent"]
    forget_deliveries()


def test_two_endpoints_hear_of_the_same_event_under_one_id(salon, hook, api):
    other = Line.of(salon, Nobody("other"))

    api.post("/v2/subscribers", {"subscriberId": "anna"})

    [first], [second] = hook.rows, other.rows
    assert first.event_id == second.event_id
    assert first.body == second.body


def test_what_is_rolled_back_was_never_told(hook, salon):
    anna = SubscriberFactory(tenant=salon)
    before = hook.types

    def link_and_break():
        with tenant_scope(salon.pk):
            add_addresses(salon.pk, anna.pk, "telegram", ["1"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        link_and_break()

    assert hook.types == before == ["subscriber.created"]


def test_a_salon_without_an_endpoint_pays_nothing(reminders, worker):
    with statements() as seen:
        reminders.trigger(to=ANNA)
        reminders.trigger(to=ANNA | {"firstName": "Аня"})
        worker.drain_dry()

    assert "sent" in {status for status, _ in reminders.log}
    touching = [text for text in seen if "webhook" in text and "from tenants_tenant t" not in text]
    assert touching == []  # but for the one look that fills the cache of configuration


def test_a_broken_listener_does_not_send_a_message_twice(reminders, worker, provider):
    def broken(tenant_id, news):
        raise ZeroDivisionError

    events.subscribe(events.SENT, broken)
    try:
        reminders.trigger()
        worker.drain_dry()
    finally:
        events.unsubscribe(events.SENT, broken)

    assert len(provider.bodies) == 1
    assert [message.state for message in reminders.messages] == ["delivered", "sent"]
    assert reminders.all(LogEntry)


def test_subscribed_code_hears_of_what_is_sent_and_of_new_clients(reminders, worker):
    heard: list[tuple[str, object]] = []
    handlers = {
        name: (lambda tenant_id, news, name=name: heard.append((name, news)))
        for name in (events.SENT, "subscriber.created")
    }
    for name, handler in handlers.items():
        events.subscribe(name, handler)
    try:
        reminders.trigger()
        worker.drain_dry()
    finally:
        for name, handler in handlers.items():
            events.unsubscribe(name, handler)

    assert [name for name, _ in heard] == ["subscriber.created", "message.sent"]
    assert heard[1][1].message == reminders.messages[-1].pk


def test_appointments_go_the_same_way(hook, salon):
    data = {"appointmentId": "a-1", "subscriberId": "anna", "state": "confirmed"}

    with tenant_scope(salon.pk):
        events.publish("appointment.confirmed", salon.pk, AppointmentNews("live", data))
        events.publish("appointment.confirmed", salon.pk, AppointmentNews("test", data))

    assert told(hook) == [("appointment.confirmed", data)]


def test_a_body_above_20_kb_is_refused(hook, salon):
    news = AppointmentNews("live", {"note": "я" * MOST_BYTES})

    with pytest.raises(ValueError, match=r"appointment\.created is larger"), tenant_scope(salon.pk):
        events.publish("appointment.created", salon.pk, news)


def test_news_of_what_is_gone_are_told_to_nobody(hook, salon):
    gone = News(uuid7(), uuid7(), uuid7(), uuid7(), "live", "sent")

    with tenant_scope(salon.pk):
        events.publish(events.SENT, salon.pk, gone)
        events.publish(events.SENT, salon.pk, replace(gone, message=None))

    assert hook.rows == []


def test_an_event_that_nobody_knows_is_a_bug(salon):
    with pytest.raises(KeyError), tenant_scope(salon.pk):
        events.publish("message.lost", salon.pk, AppointmentNews("live", {}))


def test_every_event_is_described_in_both_languages():
    assert len(NAMES) == len(set(NAMES))
    for russian, english in DESCRIPTIONS.values():
        assert russian.isascii() is False
        assert english.isascii()


def test_deliveries_are_kept_for_thirty_days(hook, api):
    from notifications.retention import purge

    api.post("/v2/subscribers", {"subscriberId": "anna"})
    kept = "select count(*) from notifications_webhookdelivery where endpoint_id = %s"

    purge(datetime.now(UTC) + timedelta(days=29))
    assert look(kept, [hook.endpoint.pk]) == [(1,)]
    purge(datetime.now(UTC) + timedelta(days=31))
    assert look(kept, [hook.endpoint.pk]) == [(0,)]
