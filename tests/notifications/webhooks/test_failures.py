"""What a salon's software does not take is told again, until it is given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from channels.guard import AddressGuard
from channels.request import HttpResponse
from channels.transport import open_transport
from notifications.webhooks import endpoints
from notifications.webhooks.sending import Sender, settle
from notifications.webhooks.verdicts import MOST_ATTEMPTS, judge
from tenants.scope import tenant_scope
from tests.notifications.conftest import change
from tests.notifications.receiver import Receiver
from tests.notifications.webhook_line import forget_deliveries, new_sender


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
