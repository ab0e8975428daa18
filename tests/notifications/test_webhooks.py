"""A salon's software hears of events: signed, at least once, whatever becomes of either side."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from channels.guard import AddressGuard
from channels.reencryption import reencrypt
from channels.request import HttpResponse
from channels.secrets import decrypt, is_current, new_key
from channels.transport import open_transport
from notifications.webhooks import endpoints, tasks, waking
from notifications.webhooks.sending import LEASE_S, Sender, settle
from notifications.webhooks.verdicts import MOST_ATTEMPTS, judge
from tenants.errors import Conflict
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.notifications.conftest import change
from tests.notifications.receiver import Receiver
from tests.notifications.webhook_line import Line, forget_deliveries, new_sender


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def line(salon, receiver):
    return Line.of(salon, receiver)


@pytest.fixture
def sender():
    one = new_sender()
    yield one
    one.transport.close()
    forget_deliveries()


def rotate(line, now=None):
    with tenant_scope(line.salon.pk):
        return endpoints.rotate_secret(line.endpoint, now or datetime.now(UTC))


def test_a_call_is_believed_by_the_public_library(line, sender, receiver):
    line.test()

    sender.run()

    [call] = receiver.calls
    assert call.verified(line.secret)["type"] == "webhook.test"
    assert call.headers["content-type"] == "application/json"
    assert call.id == str(line.rows[0].event_id)
    assert set(call.event) == {"type", "timestamp", "data"}
    assert line.states == [("delivered", 1, 204)]


def test_one_changed_byte_or_an_old_moment_is_not_believed(line, sender, receiver):
    line.test()
    sender.run()
    [call] = receiver.calls
    changed = call.body.replace(b"live", b"life")
    old = {**call.headers, "webhook-timestamp": str(int(call.headers["webhook-timestamp"]) - 400)}

    for body, headers in ((changed, call.headers), (call.body, old)):
        with pytest.raises(WebhookVerificationError):
            Webhook(line.secret).verify(body, headers)


def test_both_secrets_sign_for_a_day_after_a_rotation(line, sender, receiver):
    new = rotate(line)
    line.test()
    sender.run()

    [call] = receiver.calls
    assert len(call.headers["webhook-signature"].split()) == 2
    assert call.verified(line.secret) == call.verified(new)


def test_only_the_new_secret_signs_when_the_day_is_over(line, sender, receiver):
    new = rotate(line, datetime.now(UTC) - timedelta(hours=24, seconds=1))
    line.test()
    sender.run()

    [call] = receiver.calls
    assert call.verified(new)
    with pytest.raises(WebhookVerificationError):
        call.verified(line.secret)


def test_a_second_rotation_ends_the_first_secret(line):
    second = rotate(line)
    third = rotate(line)

    assert endpoints.valid_secrets(line.reload(), datetime.now(UTC)) == [third, second]


def test_secrets_rest_encrypted(line):
    assert line.secret not in line.reload().secrets
    assert decrypt(line.endpoint.secrets) == {"current": line.secret}


def test_secrets_come_under_a_new_key_with_all_others(line, settings):
    old, new = settings.ENCRYPTION_KEYS, new_key()
    settings.ENCRYPTION_KEYS = [new, *old]
    reencrypt(1000)
    settings.ENCRYPTION_KEYS = [new]
    assert endpoints.valid_secrets(line.reload(), datetime.now(UTC)) == [line.secret]

    settings.ENCRYPTION_KEYS = [*old, new]
    reencrypt(1000)
    assert is_current(line.reload().secrets)


def test_a_receiver_that_fails_after_its_work_sees_no_doubles(line, sender, receiver):
    done: dict[str, dict] = {}

    def work(call, number):
        done.setdefault(call.id, call.verified(line.secret))
        return (500 if number <= 2 else 200), {}

    receiver.answer = work
    line.test()
    for _ in range(3):
        sender.run()
        line.hurry()

    assert len(receiver.calls) == 3
    assert {call.body for call in receiver.calls} == {receiver.calls[0].body}
    assert len(done) == 1
    assert line.states == [("delivered", 3, 200)]


def test_a_failure_waits_for_its_next_turn(line, sender, receiver):
    receiver.answer = lambda call, number: (500, {})
    line.test()

    sender.run()
    sender.run()

    assert len(receiver.calls) == 1
    assert line.states == [("pending", 1, 500)]
    assert line.rows[0].due_at > datetime.now(UTC)
    assert line.reload().failing_since is not None


def test_a_new_address_begins_with_a_good_name(line, sender, receiver):
    line.set(failing_since=datetime.now(UTC), not_before=datetime.now(UTC) + timedelta(hours=1))

    with tenant_scope(line.salon.pk):
        endpoints.change_endpoint(line.endpoint, {"url": receiver.url, "description": "same"})
        assert line.endpoint.failing_since is not None
        endpoints.change_endpoint(line.endpoint, {"url": f"{receiver.url}/new"})
    line.test()
    sender.run()

    assert [call.path for call in receiver.calls] == ["/hook/new"]


def test_success_ends_a_row_of_failures(line, sender, receiver):
    receiver.answer = lambda call, number: (500 if number == 1 else 200, {})
    line.test()
    sender.run()
    line.hurry()

    sender.run()

    assert line.reload().failing_since is None


def test_the_last_attempt_gives_up(line, sender, receiver):
    receiver.answer = lambda call, number: (500, {})
    line.test()
    change(
        "update notifications_webhookdelivery set attempts = %s where endpoint_id = %s",
        [MOST_ATTEMPTS - 1, line.endpoint.pk],
    )

    sender.run()

    assert line.states == [("failed", MOST_ATTEMPTS, 500)]
    assert line.reload().is_enabled


def test_an_endpoint_that_fails_for_days_is_switched_off(line, sender, receiver):
    receiver.answer = lambda call, number: (500, {})
    line.set(failing_since=datetime.now(UTC) - timedelta(days=3, hours=1))
    line.test(2)
    change(
        "update notifications_webhookdelivery set attempts = %s where id = %s",
        [MOST_ATTEMPTS - 1, line.rows[0].pk],
    )

    sender.run()

    assert (line.reload().is_enabled, line.endpoint.disabled_reason) == (False, "failing")
    assert {state for state, *_ in line.states} == {"failed"}


def test_an_endpoint_that_answers_410_hears_nothing_more(line, sender, receiver):
    receiver.answer = lambda call, number: (410, {})
    line.test(3)

    sender.run()

    assert len(receiver.calls) == 1
    assert (line.reload().is_enabled, line.endpoint.disabled_reason) == (False, "gone")
    assert [state for state, *_ in line.states] == ["failed"] * 3


def test_an_endpoint_that_asks_for_time_hears_nothing_meanwhile(line, sender, receiver):
    receiver.answer = lambda call, number: (429, {"Retry-After": "600"})
    line.test(3)

    sender.run()

    assert len(receiver.calls) == 1
    assert line.reload().not_before > datetime.now(UTC) + timedelta(seconds=500)
    line.set(not_before=None)
    receiver.answer = lambda call, number: (200, {})
    sender.run()
    assert sorted(state for state, *_ in line.states) == ["delivered", "delivered", "pending"]


def test_redirects_are_not_followed(line, sender, receiver):
    other = Receiver()
    receiver.answer = lambda call, number: (307, {"Location": other.url})
    line.test()

    sender.run()

    assert other.calls == []
    assert line.states == [("pending", 1, 307)]
    other.close()


def test_a_private_address_is_refused_unless_the_operator_permits_it(line, receiver):
    line.test()
    strict = Sender(open_transport(4, AddressGuard()))

    strict.run()

    strict.transport.close()
    assert receiver.calls == []
    assert line.rows[0].answer == "target address is not allowed"
    forget_deliveries()


def test_what_a_killed_sender_did_not_write_down_is_sent_again(line, sender, receiver):
    line.test()
    dead = new_sender()
    dead._launch()
    while not receiver.hears.wait(0.01):
        dead.transport.poll(0.01)  # its answer is read, and never written down
    flight = next(iter(dead.flying.values()))
    dead.transport.close()

    sender.run()
    assert line.states == [("pending", 1, None)]  # its lease still holds
    line.hurry()
    sender.run()

    assert [call.id for call in receiver.calls] == [receiver.calls[0].id] * 2
    assert line.states == [("delivered", 2, 204)]
    verdict = judge(HttpResponse(500, {}, b""), 1, datetime.now(UTC), 0.0)
    with tenant_scope(line.salon.pk):
        assert settle(flight, verdict, datetime.now(UTC)) == 0  # the dead one's word counts no more
    assert line.states == [("delivered", 2, 204)]


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
