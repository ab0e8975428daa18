"""Plain reports of many salons share a transaction; what is not plain is left to its salon."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.told import AccountEvent, InboundEvent, StatusEvent
from notifications import callback_tasks, events, plain_reports
from notifications.callbacks import keep_told
from notifications.models import LogEntry, Message
from notifications.tracking import RANK
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.notifications.conftest import Reminders
from tests.notifications.phone_line import PhoneLine
from tests.notifications.statements import statements

STATES = ("delivered", "read")
CLIENTS = [{"subscriberId": f"c{n}", "phone": f"+7916123456{n}"} for n in range(2)]


@pytest.fixture
def lines(worker, provider, settings) -> list[PhoneLine]:
    """Two demo salons that have sent two messages each to the Phone."""
    settings.PHONE_URL = provider.url.rstrip("/")
    lines = [PhoneLine(salon) for salon in TenantFactory.create_batch(2, is_sandbox=True)]
    for line in lines:
        Reminders(line.salon, provider).trigger(to=CLIENTS)
    worker.drain_dry()
    return lines


def messages(line: PhoneLine) -> list[Message]:
    return [message for message in line.all(Message) if message.channel == "phone"]


def tell(line: PhoneLine, *told) -> None:
    """Keep what was verified already."""
    keep_told(line.salon.pk, line.row.pk, told, datetime.now(UTC))


def report(message: Message, state: str = "delivered", **fields: str) -> StatusEvent:
    return StatusEvent(str(uuid7()), state, message_id=str(message.pk), **fields)


def open_work(lines) -> dict:
    return {
        line.salon.pk: [row.pk for row in line.received if row.applied_at is None] for line in lines
    }


def apply_plain(lines) -> set:
    return plain_reports.apply(open_work(lines), datetime.now(UTC))


def states(line: PhoneLine) -> list[str]:
    return [message.state for message in messages(line)]


def test_reports_of_two_salons_are_applied_together_each_in_its_own_story(lines):
    for line in lines:
        tell(
            line,
            *(report(message) for message in messages(line)),
            report(messages(line)[0], "read"),
        )

    assert len(apply_plain(lines)) == 6

    for line in lines:
        first, second = messages(line)
        assert (first.state, second.state) == ("read", "delivered")
        assert all(row.applied_at and row.attempt == 1 for row in line.received)
        told = {
            (e.message_id, e.status)
            for e in line.all(LogEntry)
            if e.status in STATES and e.message_id in {first.pk, second.pk}
        }
        assert told == {(first.pk, "delivered"), (first.pk, "read"), (second.pk, "delivered")}


def test_more_salons_cost_no_more_statements(lines):
    counts = []
    for told in (lines[:1], lines):
        for line in told:
            tell(line, *(report(message, "read") for message in messages(line)))
        work = open_work(told)
        with statements() as seen:
            plain_reports.apply(work, datetime.now(UTC))
        counts.append(len(seen))
        rewind(lines)

    assert counts[0] == counts[1]


LEFT = {
    "an effect": {"effect": "complaint"},
    "a cost": {"cost": "1.5"},
    "all up to here": {"reach": "up_to", "address": "+79161234560"},
    "a click": {"reason": "clicked"},
    "a failure": {"state": "failed"},
    "no state": {"state": ""},
}


@pytest.mark.parametrize("fields", LEFT.values(), ids=LEFT)
def test_what_means_more_than_its_state_is_left_to_the_salon(lines, fields):
    tell(lines[0], report(messages(lines[0])[0], **{"state": "read", **fields}))

    assert apply_plain(lines) == set()

    callback_tasks._apply(open_work(lines), datetime.now(UTC))
    assert open_work(lines[:1]) == {lines[0].salon.pk: []}


@pytest.mark.parametrize(
    "event",
    [
        InboundEvent("k", "text", address="+79161234560", value="да"),
        AccountEvent("k", "template_state", name="n", value="APPROVED"),
        StatusEvent("k", "read", message_id=str(uuid7())),
        StatusEvent("k", "read", provider_id="unknown"),
    ],
    ids=["words", "news of the account", "an unknown message", "an unknown number"],
)
def test_what_is_no_report_of_a_known_message_is_left_too(lines, event):
    tell(lines[0], event)

    assert apply_plain(lines) == set()


def test_what_arrives_after_a_refusal_is_left_because_another_channel_may_have_begun(lines):
    message = messages(lines[0])[0]
    with tenant_scope(lines[0].salon.pk):
        Message.objects.filter(pk=message.pk).update(state="failed")
    tell(lines[0], report(message))

    assert apply_plain(lines) == set()

    callback_tasks._apply(open_work(lines), datetime.now(UTC))
    log = [entry for entry in lines[0].all(LogEntry) if entry.message_id == message.pk]
    assert [(entry.status, entry.reason) for entry in log] == [("sent", ""), ("delivered", "late")]


def test_a_salon_cannot_speak_of_anothers_message(lines):
    mine, other = lines
    tell(mine, report(messages(other)[0], "read"))

    assert apply_plain(lines) == set()
    assert states(other) == ["sent", "sent"]


def test_a_fault_of_one_salon_holds_up_no_other(lines, caplog):
    bad, good = lines

    def refuse(tenant_id, news):
        if tenant_id == bad.salon.pk:
            raise RuntimeError("not today")

    for line in lines:
        tell(line, report(messages(line)[0], "read"))
    events.subscribe(events.READ, refuse)
    try:
        callback_tasks._apply(open_work(lines), datetime.now(UTC))
    finally:
        events.unsubscribe(events.READ, refuse)

    assert (states(bad), states(good)) == (["sent", "sent"], ["read", "sent"])
    assert "could not be applied together" in caplog.text
    assert [row.applied_at for row in bad.received] == [None]


def rewind(lines) -> None:
    for line in lines:
        with tenant_scope(line.salon.pk):
            Message.objects.filter(channel="phone").update(state="sent", reason="")


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    slices=st.lists(
        st.lists(
            st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from(sorted(RANK))),
            max_size=6,
        ),
        max_size=3,
    )
)
def test_in_any_order_and_any_company_a_message_ends_in_its_furthest_state(lines, slices):
    rewind(lines)
    sent = {(s, m): message for s in (0, 1) for m, message in enumerate(messages(lines[s]))}

    for told in slices:
        for salon, number, state in told:
            tell(lines[salon], report(sent[salon, number], state))
        callback_tasks._apply(open_work(lines), datetime.now(UTC))

    everything = [one for told in slices for one in told]
    for salon, number in sent:
        heard = [state for s, n, state in everything if (s, n) == (salon, number)]
        assert states(lines[salon])[number] == max([*heard, "sent"], key=RANK.__getitem__)
