"""What ended in failure is sent again once, from the step that failed."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from notifications.deadletters import Wanted, find, replay
from notifications.models import DeadLetter, Due, LogEntry, Message, Notification
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.commands import said
from tests.isolation.planting import forget_open_work


@pytest.fixture(autouse=True)
def clean_queue():
    forget_open_work()
    yield
    forget_open_work()


def a_failure(salon, *, step=1, reason="timeout", state="failed", queue=2) -> DeadLetter:
    """A notification that failed at a step, and its dead letter."""
    with tenant_scope(salon.pk):
        notification = Notification.objects.create(
            tenant_id=salon.pk,
            event_id=uuid7(),
            subscriber_id=uuid7(),
            state=state,
            reason=reason,
            finished_at=datetime.now(UTC),
        )
        letter: DeadLetter = DeadLetter.objects.create(
            tenant_id=salon.pk,
            notification_id=notification.pk,
            step=step,
            queue=queue,
            reason=reason,
        )
    return letter


def run(*words: str):
    out = io.StringIO()
    call_command("deadletter", *words, "--json", stdout=out)
    return json.loads(out.getvalue())


def lines(salon) -> list[Due]:
    with tenant_scope(salon.pk):
        return list(Due.objects.filter(tenant_id=salon.pk).order_by("id"))


def test_a_replay_opens_the_notification_at_its_failed_step(salon):
    letter = a_failure(salon)

    assert replay(salon.pk, [letter.pk]) == [letter.pk]

    (line,) = lines(salon)
    assert (line.notification_id, line.step, line.queue) == (letter.notification_id, 1, 2)
    assert (line.state, line.attempt, line.claims, line.flags, line.batch_id) == (1, 0, 0, 0, None)
    with tenant_scope(salon.pk):
        notification = Notification.objects.get(pk=letter.notification_id)
        assert (notification.state, notification.reason) == ("pending", "")
        assert notification.finished_at is None
        assert LogEntry.objects.get(notification=notification).status == "replayed"
        letter.refresh_from_db()
    assert letter.replayed_at is not None


def test_what_earlier_steps_sent_still_counts(salon):
    letter = a_failure(salon)
    with tenant_scope(salon.pk):
        Message.objects.create(
            tenant_id=salon.pk,
            notification_id=letter.notification_id,
            channel="in_app",
            provider="in_app",
            step=0,
            state="delivered",
            language="ru",
        )

    replay(salon.pk, [letter.pk])

    assert lines(salon)[0].flags == 4


def test_twenty_people_who_press_the_button_send_once(salon):
    letter = a_failure(salon)
    barrier = Barrier(20)

    def press(_: int) -> int:
        try:
            connection.ensure_connection()
            barrier.wait()
            return len(replay(salon.pk, [letter.pk]))
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as people:
        replayed = list(people.map(press, range(20)))

    assert sum(replayed) == 1
    assert len(lines(salon)) == 1


def test_two_letters_of_one_notification_send_once(salon):
    letter = a_failure(salon)
    with tenant_scope(salon.pk):
        twin = DeadLetter.objects.create(
            tenant_id=salon.pk,
            notification_id=letter.notification_id,
            step=0,
            queue=0,
            reason="timeout",
        )

    assert set(replay(salon.pk, [letter.pk, twin.pk])) == {letter.pk, twin.pk}
    assert len(lines(salon)) == 1


@pytest.mark.parametrize("state", ["completed", "canceled", "pending"])
def test_a_notification_that_did_not_fail_is_left_alone(salon, state):
    letter = a_failure(salon, state=state)

    assert replay(salon.pk, [letter.pk]) == []
    assert lines(salon) == []


def test_a_letter_of_another_salon_is_left_alone(salon, other_salon):
    letter = a_failure(other_salon)

    assert replay(salon.pk, [letter.pk]) == []
    assert lines(other_salon) == []


def test_a_replayed_notification_is_delivered(reminders, worker, provider):
    provider.answer = lambda body: (400, {}, b"{}")
    reminders.trigger()
    worker.drain_dry()
    assert [n.state for n in reminders.notifications] == ["failed"]
    provider.answer = lambda body: (200, {}, b"{}")

    (letter,) = find(Wanted(tenant_id=reminders.salon.pk))
    assert run("replay", "--id", str(letter.id))["replayed"] == [str(letter.id)]
    worker.drain_dry()

    assert [n.state for n in reminders.notifications] == ["completed"]
    assert reminders.messages[-1].state == "sent"


def test_letters_are_listed_and_narrowed(salon, other_salon):
    first = a_failure(salon, reason="timeout")
    second = a_failure(salon, reason="bad_credentials")
    a_failure(other_salon)
    name = ["--tenant", salon.slug]

    assert [row["id"] for row in run("list", *name)] == [str(first.pk), str(second.pk)]
    assert [row["id"] for row in run("list", *name, "--reason", "timeout")] == [str(first.pk)]
    assert [row["id"] for row in run("list", "--id", str(second.pk))] == [str(second.pk)]
    assert run("list", *name, "--since", f"{datetime.now(UTC) + timedelta(hours=1):%FT%TZ}") == []
    assert len(run("list", *name, "--since", "1h")) == 2


def test_replay_takes_what_the_list_shows_and_lists_it_no_more(salon):
    a_failure(salon, reason="timeout")
    a_failure(salon, reason="bad_credentials")

    result = said("deadletter", "replay", "--tenant", salon.slug, "--reason", "timeout")

    assert (result.returncode, result.stdout) == (0, "Replayed 1 of 1.\n")
    assert [row["reason"] for row in run("list", "--tenant", salon.slug)] == ["bad_credentials"]
    assert len(run("list", "--tenant", salon.slug, "--all")) == 2


def test_replaying_everything_must_be_said():
    with pytest.raises(CommandError) as caught:
        run("replay")

    assert caught.value.returncode == 2


def test_a_named_letter_that_cannot_be_replayed_is_exit_code_1(salon):
    letter = a_failure(salon)
    replay(salon.pk, [letter.pk])

    result = said("deadletter", "replay", "--id", str(letter.pk), "--id", str(uuid7()))

    assert result.returncode == 1
    assert "2 of the named letters could not be replayed" in result.stderr


@pytest.mark.parametrize(
    "words", [["nonsense"], ["list", "--id", "x"], ["list", "--since", "yesterday"]]
)
def test_wrong_arguments_are_exit_code_2(words):
    assert said("deadletter", *words).returncode == 2
