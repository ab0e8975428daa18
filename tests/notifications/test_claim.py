"""Who gets which work: fair between salons, never two the same, the poisoned alone."""

from __future__ import annotations

import pytest

from notifications import configs, dispatch, engine
from notifications.engine import NIL
from notifications.models import QUEUES, DueState
from tests.factories import TenantFactory
from tests.notifications.conftest import Reminders, change, end_lease, look
from tests.threads import at_once

NORMAL = QUEUES.index("normal")
ANNA = {"subscriberId": "anna", "phone": "+79161234567"}
VERA = {"subscriberId": "vera", "phone": "+79161234568"}


@pytest.fixture(autouse=True)
def _clean(worker):
    """Forget the open work at the end."""


def salons(count) -> list:
    """Give so many tenant ids in the order in which a claim walks."""
    return sorted(TenantFactory.create().pk for _ in range(count))


def lines(tenant_id, count, *, state=DueState.READY, claims=0) -> None:
    change(
        "insert into notifications_due (tenant_id, notification_id, queue, state, step, attempt,"
        " claims, flags, due_at) select %s, gen_random_uuid(), %s, %s, 0, 0, %s, 0, now()"
        " from generate_series(1, %s)",
        [tenant_id, NORMAL, int(state), claims, count],
    )


def claimed(limit=100, after=NIL):
    return engine.claim("normal", "test", limit, after)


def test_one_salons_ten_thousand_do_not_delay_anothers_one():
    large, small = salons(2)
    lines(large, 10_000)
    lines(small, 1)

    first = claimed()

    assert len(first) <= 100
    assert [task.tenant_id for task in first].count(small) == 1


def test_a_salon_with_little_is_served_wherever_the_cursor_stands():
    ids = salons(3)
    lines(ids[0], 1)
    lines(ids[1], 500)
    lines(ids[2], 500)

    first = claimed(after=ids[1])

    assert ids[0] in {task.tenant_id for task in first}


def test_every_salon_of_thirty_is_served_within_four_batches(worker):
    ids = salons(30)
    for one in ids:
        lines(one, 200)
    served, cursor = set(), NIL

    for _ in range(4):
        tasks = claimed(after=cursor)
        cursor = max(task.tenant_id for task in tasks)
        served |= {task.tenant_id for task in tasks}

    assert served == set(ids)


def test_two_claimers_never_get_the_same_line():
    for one in salons(4):
        lines(one, 300)

    def take(index):
        found = []
        while tasks := claimed(37):
            found += [task.due_id for task in tasks]
        return found

    taken = [due for part in at_once(6, take) for due in part]

    assert len(taken) == len(set(taken)) == 1200


def test_lines_that_are_not_due_or_in_other_queues_are_left_alone():
    (one,) = salons(1)
    lines(one, 1, state=DueState.LATER)
    lines(one, 1, state=DueState.LEASED)
    lines(one, 1, state=DueState.SUSPECT)

    assert claimed() == []
    assert engine.claim("urgent", "test", 10, NIL) == []


def test_a_claim_without_work_leaves_no_batch_behind():
    before = look("select count(*) from notifications_batch")

    claimed()

    assert look("select count(*) from notifications_batch") == before


def test_the_oldest_line_of_a_salon_comes_first():
    (one,) = salons(1)
    lines(one, 3)
    change(
        "update notifications_due set due_at = now() - interval '1 hour' where id ="
        " (select max(id) from notifications_due where tenant_id = %s)",
        [one],
    )
    newest = look("select max(id) from notifications_due where tenant_id = %s", [one])[0][0]

    assert [task.due_id for task in claimed(1)][:1] == [newest]


def test_suspects_are_claimed_one_at_a_time():
    (one,) = salons(1)
    lines(one, 2, state=DueState.SUSPECT, claims=3)

    first = engine.claim_suspect("normal", "test")
    second = engine.claim_suspect("normal", "test")

    assert [len(first), len(second)] == [1, 1]
    assert first[0].due_id != second[0].due_id
    assert engine.claim_suspect("normal", "test") == []


def test_a_line_that_was_claimed_three_times_without_a_result_becomes_a_suspect(reminders):
    reminders.workflow("code", "sms")
    reminders.trigger("code", ANNA)
    for _ in range(3):
        assert len(claimed()) == 1
        end_lease()
        dispatch.sweep()

    assert claimed() == []
    assert [due.state for due in reminders.due] == [DueState.SUSPECT]


def test_a_line_that_was_claimed_too_often_is_dead_lettered(reminders, worker, provider):
    reminders.workflow("code", "sms")
    reminders.trigger("code", ANNA)
    change(
        "update notifications_due set state = 4, claims = 4 where tenant_id = %s",
        [reminders.salon.pk],
    )

    worker.drain_dry()

    assert provider.bodies == []
    assert reminders.states == [("failed", "poisoned")]
    assert [letter.reason for letter in reminders.letters] == ["poisoned"]


def test_a_broken_version_fails_its_own_rows_and_the_rest_is_sent(reminders, worker, provider):
    reminders.workflow("code", "sms")
    reminders.workflow("sick", "sms")
    change(
        "update notifications_workflowversion set document = document - 'identifier' where id ="
        " (select published_id from notifications_workflow where tenant_id = %s"
        " and identifier = 'code')",
        [reminders.salon.pk],
    )
    forget_definitions()
    accept_broken(reminders)

    for number in range(9):
        reminders.trigger("sick", {"subscriberId": f"c{number}", "phone": f"+7916000000{number}"})
    worker.drain_dry()

    assert len(provider.bodies) == 9
    assert sorted(reminders.states).count(("failed", "poisoned")) == 1
    assert [letter.detail for letter in reminders.letters] == ["KeyError"]


def forget_definitions() -> None:
    """Do what a new process does: keep nothing."""
    configs._definitions._values.clear()


def accept_broken(reminders) -> None:
    """Leave an accepted event whose version is broken: it broke after it was accepted."""
    version = look(
        "select published_id from notifications_workflow where tenant_id = %s"
        " and identifier = 'code'",
        [reminders.salon.pk],
    )[0][0]
    reminders.trigger("sick", ANNA)
    change(
        "update notifications_event set version_id = %s where tenant_id = %s",
        [version, reminders.salon.pk],
    )


def test_a_text_that_is_not_what_it_should_be_fails_alone(reminders, worker, provider):
    reminders.workflow("code", "sms")
    reminders.workflow("note", "sms")
    change(
        "update notifications_templateversion set texts = '{\"ru\": [1]}' where id ="
        " (select published_id from notifications_messagetemplate where tenant_id = %s"
        " and key = 'note-0')",
        [reminders.salon.pk],
    )
    reminders.trigger("note", ANNA)
    reminders.trigger("code", VERA)

    worker.drain_dry()

    assert [body["address"] for body in provider.bodies] == ["+79161234568"]
    assert [state for state, _ in reminders.states] == ["failed", "completed"]


def test_a_text_that_cannot_be_rendered_names_the_reason(reminders, worker, provider):
    reminders.workflow("code", "sms", body="{{ clientName | date('D MMMM') }}")
    reminders.workflow("note", "sms")
    reminders.trigger("code", ANNA)
    reminders.trigger("note", VERA)

    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert reminders.states == [("failed", "render_failed"), ("completed", "")]
    assert "clientName" not in reminders.letters[0].reason


def test_a_broken_batch_takes_no_marketing_slot_by_mistake(reminders, worker, provider):
    reminders.promo()
    reminders.promo("other")
    reminders.workflow("note", "in_app")
    change(
        "update notifications_templateversion set texts = '{\"ru\": [1]}' where id ="
        " (select published_id from notifications_messagetemplate where tenant_id = %s"
        " and key = 'note-0')",
        [reminders.salon.pk],
    )
    reminders.trigger("promo", ANNA)
    reminders.trigger("note", VERA, overrides={"priority": "low"})
    worker.drain_dry()

    reminders.trigger("other", ANNA)
    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert reminders.states[-1] == ("skipped", "frequency_cap")


def test_open_work_without_a_notification_goes_away(reminders, worker):
    lines(reminders.salon.pk, 3)

    worker.drain_dry()

    assert reminders.due == []


def test_batches_of_many_salons_stay_each_with_its_own(worker, provider):
    both = [Reminders(TenantFactory(name=name), provider) for name in ("Роза", "Лилия")]
    for one in both:
        one.workflow("code", "sms", body="{{ salon.name }}")
        one.trigger("code", ANNA)

    worker.drain_dry()

    assert sorted(body["body"] for body in provider.bodies) == ["Лилия", "Роза"]
    assert [len(one.messages) for one in both] == [1, 1]


def test_credentials_that_no_key_opens_fail_nothing(reminders, worker, provider):
    salon, row = reminders.salon.pk, "from channels_integration where tenant_id = %s"
    reminders.workflow("code", "sms")
    (kept,) = look(f"select credentials {row} and kind = 'sms'", [salon])[0]
    change("update channels_integration set credentials = 'lost' where tenant_id = %s", [salon])

    reminders.trigger("code", ANNA)
    worker.drain_dry()

    assert provider.bodies == []
    assert [due.state for due in reminders.due] == [DueState.LATER]

    change("update channels_integration set credentials = %s where tenant_id = %s", [kept, salon])
    change("update notifications_due set due_at = now() where tenant_id = %s", [salon])
    worker.drain_dry()

    assert len(provider.bodies) == 1
