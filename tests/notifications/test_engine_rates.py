"""What a provider's published limit holds back waits for its turn and costs no attempt."""

from __future__ import annotations

from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.integrations import update_credentials
from channels.limits import Limits
from channels.models import Integration
from notifications.engine import Drain
from tenants.scope import tenant_scope
from tests.isolation.planting import forget_open_work
from tests.notifications.conftest import QUEUES

PEOPLE = [{"subscriberId": f"anna-{n}", "phone": f"+7916123456{n}"} for n in range(9)]


def limit(reminders, rate):
    with tenant_scope(reminders.salon.pk):
        row = Integration.objects.get(tenant=reminders.salon, kind="sms")
    update_credentials(reminders.salon.pk, row.pk, {"rate": rate})


def test_as_many_leave_as_the_provider_allows_and_the_others_wait(reminders, worker, provider):
    reminders.workflow("note", "sms")
    limit(reminders, "3/60")
    for person in PEOPLE:
        reminders.trigger("note", person)

    worker.drain_dry()

    assert len(provider.bodies) == 3
    assert reminders.log.count(("waiting", "provider_limit")) == 6
    assert {due.attempt for due in reminders.due} == {0}
    due_at = sorted(due.due_at for due in reminders.due)
    assert (due_at[-1] - due_at[0]).total_seconds() > 60  # one every 20 s, not all at once


def test_after_the_wait_each_is_sent_once(reminders, worker, provider):
    reminders.workflow("note", "sms")
    limit(reminders, "3/1")
    for person in PEOPLE:
        reminders.trigger("note", person)

    for _ in range(40):
        worker.run(0.3)
        reminders.hurry()
        if len(provider.bodies) == len(PEOPLE):
            break
    worker.drain_dry()

    assert sorted(provider.ids.values()) == [1] * 9
    assert {state for state, _ in reminders.states} == {"completed"}


def test_marketing_waits_and_reminders_go_when_redis_does_not_answer(reminders, provider):
    reminders.promo()
    reminders.workflow("note", "sms")
    limit(reminders, "3/60")
    away = Limits("redis://127.0.0.1:1/0")
    gateway = Gateway(guard=AddressGuard(("127.0.0.1",)), limits=away)
    reminders.trigger("note", PEOPLE[0])
    reminders.trigger("promo", PEOPLE[1])

    Drain(QUEUES, gateway, "test").drain_dry()

    gateway.close()
    forget_open_work()
    assert [body["category"] for body in provider.bodies] == ["tx"]
    assert sorted(reminders.log) == [("sent", ""), ("waiting", "provider_limit")]
