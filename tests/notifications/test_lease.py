"""A lease holds for all salons of a batch until it ends, whoever is settled first."""

from __future__ import annotations

import pytest

from notifications import dispatch, engine
from notifications.engine import NIL
from notifications.models import DueState
from notifications.outcomes import Done, Result
from notifications.settling import settle
from tests.factories import TenantFactory
from tests.notifications.conftest import Reminders, end_lease, look


@pytest.fixture(autouse=True)
def _clean(worker):
    """Forget the open work at the end."""


def test_settling_one_salon_leaves_the_leases_of_the_others_in_its_batch(provider):
    for _ in range(2):
        Reminders(TenantFactory.create(), provider).trigger()
    tasks = engine.claim("high", "test", 10, NIL)
    first, second = tasks
    assert first.tenant_id != second.tenant_id

    settle([Result(first, Done())], engine.now())
    dispatch.sweep()

    left = look("select state, batch_id from notifications_due where id = %s", [second.due_id])
    assert left == [(DueState.LEASED, second.batch_id)]


def test_a_batch_is_forgotten_when_its_lease_has_ended(reminders):
    reminders.trigger()
    (task,) = engine.claim("high", "test", 10, NIL)
    settle([Result(task, Done())], engine.now())
    end_lease()

    dispatch.sweep()

    assert look("select id from notifications_batch where id = %s", [task.batch_id]) == []
