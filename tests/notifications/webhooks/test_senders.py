"""Senders tell many endpoints at once, and none keeps the others waiting."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from notifications.webhooks import endpoints, tasks, waking
from notifications.webhooks.sending import LEASE_S
from notifications.webhooks.verdicts import MOST_ATTEMPTS
from tenants.errors import Conflict
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.notifications.conftest import change
from tests.notifications.receiver import Receiver
from tests.notifications.webhook_line import Line, new_sender


def test_a_delivery_that_kills_its_senders_is_given_up(line, sender, receiver):
    line.test()
    change(
        "update notifications_webhookdelivery set attempts = %s where endpoint_id = %s",
        [MOST_ATTEMPTS, line.endpoint.pk],
    )

    sender.run()

    assert receiver.calls == []
    assert [state for state, *_ in line.states] == ["failed"]


def test_a_call_never_outlives_its_lease(line):
    from notifications.webhooks.sending import TIMEOUT_S

    assert TIMEOUT_S + 5 < LEASE_S


def test_two_senders_at_once_do_not_send_the_same(line, sender, receiver):
    line.test(40)
    together = threading.Barrier(2)

    def work():
        one = new_sender()
        together.wait()
        one.run()
        one.transport.close()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(receiver.calls) == len({call.id for call in receiver.calls}) == 40
    assert {state for state, *_ in line.states} == {"delivered"}


def test_a_silent_endpoint_keeps_nobody_waiting(line, sender, receiver):
    is_free = threading.Event()

    def hang(call, number):
        is_free.wait(10)
        return 200, {}

    receiver.answer = hang
    prompt = Receiver()
    others = [Line.of(TenantFactory.create(), prompt) for _ in range(3)]
    line.test(50)
    for other in others:
        other.test(5)
    asked = threading.Event()

    def free_when_others_are_served():
        while len(prompt.calls) < 15 and not asked.wait(0.01):
            pass
        is_free.set()

    waiter = threading.Thread(target=free_when_others_are_served)
    waiter.start()
    sender.should_stop = is_free.is_set
    sender.run()
    asked.set()
    waiter.join()
    prompt.close()

    assert len(receiver.calls) == 1  # it holds one slot, and the lock of nobody
    assert all(state == "delivered" for other in others for state, *_ in other.states)


def test_a_quick_endpoint_gets_more_calls_at_once_than_an_unknown_one(line, sender):
    due = (line.salon.pk, line.endpoint.pk, False)
    unknown = sender._room(due)
    sender.quick.add(line.endpoint.pk)

    assert (unknown, sender._room(due)) == (1, 8)
    assert sender._room((*due[:2], True)) == 1  # it fails now


def test_a_salon_with_many_endpoints_leaves_room_for_others(salon, sender):
    is_free = threading.Event()
    servers = [Receiver(lambda call, number: (200 if is_free.wait(10) else 500, {})) for _ in "abc"]
    lines = [Line.of(salon, server) for server in servers]
    for line in lines:
        line.test(10)
        sender.quick.add(line.endpoint.pk)

    sender._launch()
    taken = len(sender.flying)
    is_free.set()
    sender.run()
    for server in servers:
        server.close()

    assert taken == 16
    assert {state for line in lines for state, *_ in line.states} == {"delivered"}


def test_what_is_switched_off_or_suspended_hears_nothing(line, sender, receiver, salon):
    line.test()
    line.set(is_enabled=False)
    sender.run()
    line.set(is_enabled=True)
    change("update tenants_tenant set state = 'suspended' where id = %s", [salon.pk])
    sender.run()
    assert receiver.calls == []

    change("update tenants_tenant set state = 'active' where id = %s", [salon.pk])
    sender.run()
    assert len(receiver.calls) == 1


def test_failed_deliveries_are_sent_again_from_a_moment_on(line, sender, receiver):
    line.test(3)
    change(
        "update notifications_webhookdelivery set state = 'failed', attempts = 8"
        " where endpoint_id = %s",
        [line.endpoint.pk],
    )
    first, second, _ = line.rows

    with tenant_scope(line.salon.pk):
        assert endpoints.resend_failed(line.endpoint, datetime.now(UTC) + timedelta(hours=1)) == 0
        endpoints.resend(line.endpoint, second)
        assert endpoints.resend_failed(line.endpoint, datetime.now(UTC) - timedelta(hours=1)) == 2
    sender.run()

    assert {call.id for call in receiver.calls} == {str(row.event_id) for row in line.rows}
    assert line.states == [("delivered", 1, 204)] * 3
    assert first.event_id == line.rows[0].event_id


def test_an_endpoint_that_is_off_is_neither_tested_nor_told_again(line):
    with tenant_scope(line.salon.pk):
        endpoints.change_endpoint(line.endpoint, {"enabled": False})
        for verb in (
            lambda: endpoints.send_test(line.endpoint),
            lambda: endpoints.resend_failed(line.endpoint, datetime.now(UTC)),
        ):
            with pytest.raises(Conflict):
                verb()
        assert line.endpoint.disabled_reason == "by_hand"
        endpoints.change_endpoint(line.endpoint, {"enabled": True})
    assert (line.endpoint.is_enabled, line.endpoint.disabled_reason) == (True, "")


def test_the_job_sends_in_a_thread_of_its_own(line, sender, receiver, settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    waking.release()
    line.test()
    courier = tasks._Courier()

    assert courier.start()
    assert receiver.hears.wait(20)
    courier.finish()

    assert receiver.types == ["webhook.test"]
    assert line.states == [("delivered", 1, 204)]


def test_the_job_is_asked_for_once_the_change_is_committed(line, sender):
    import django_rq

    queue = django_rq.get_queue("normal")
    queue.empty()
    waking.release()

    line.test(3)

    assert [job.func_name for job in queue.jobs] == ["notifications.webhooks.tasks.deliver"]
    queue.empty()
    waking.release()
