"""Whole months go when nobody needs them; spent rows go; partitions come in time."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from channels.integrations import add_integration
from channels.models import PhoneMessage
from notifications.models import (
    Chunk,
    Counter,
    DeadLetter,
    DeskThread,
    Due,
    Escalation,
    Event,
    EventKey,
    ExternalDelivery,
    FanOut,
    Notification,
    Range,
    ReceivedCallback,
)
from notifications.retention import TABLES, months, purge
from tenants.ids import floor_id, uuid7
from tenants.models import LinkToken, StoredResponse
from tenants.scope import tenant_scope
from tests.commands import said
from tests.factories import SubscriberFactory
from tests.isolation.planting import forget_open_work

MONTH = datetime(2024, 3, 1, tzinfo=UTC)
NEXT = datetime(2024, 4, 1, tzinfo=UTC)
NOW = datetime.now(UTC)


@pytest.fixture
def owner():
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as connection:
        yield connection


@pytest.fixture(autouse=True)
def march(owner):
    """A month long past its retention, in all four tables."""
    forget_open_work()
    low, high = floor_id(MONTH), floor_id(NEXT)
    for table in TABLES:
        owner.execute(f"drop table if exists {table}_2024_03")
        owner.execute(
            f"create table {table}_2024_03 partition of {table} for values"
            f" from ('{low}') to ('{high}')"
        )
        owner.execute(f"alter table {table}_2024_03 enable row level security")
        owner.execute(f"alter table {table}_2024_03 force row level security")
    yield
    forget_open_work()
    for table in TABLES:
        owner.execute(f"drop table if exists {table}_2024_03")


def then(day: int = 5) -> UUID:
    return uuid7((MONTH + timedelta(days=day)).timestamp())


def has_march() -> bool:
    return any(month.name == "2024-03" for month in months())


def an_event(salon, key: UUID) -> UUID:
    Event.objects.create(
        id=key,
        tenant_id=salon.pk,
        mode="live",
        transaction_id=str(key),
        workflow_id=uuid7(),
        version_id=uuid7(),
        queue=2,
        due_at=MONTH,
    )
    return key


def a_notification(salon, key: UUID, event: UUID) -> UUID:
    Notification.objects.create(
        id=key, tenant_id=salon.pk, event_id=event, subscriber_id=uuid7(), state="completed"
    )
    return key


def test_a_month_past_retention_is_dropped_with_everything_in_it(salon):
    with tenant_scope(salon.pk):
        event = an_event(salon, then())
        a_notification(salon, then(), event)
        EventKey.objects.create(
            tenant_id=salon.pk, mode="live", transaction_id="old", event_id=event
        )
        DeadLetter.objects.create(
            tenant_id=salon.pk, notification_id=then(), step=0, queue=0, reason="timeout"
        )
    before = [month.name for month in months()]

    done = purge(NOW)

    assert done.dropped == ["2024-03"]
    # the others stay; one may come when a month begins between
    after = {month.name for month in months()}
    assert set(before) - after == {"2024-03"}
    with tenant_scope(salon.pk):
        assert not EventKey.objects.exists()
        assert not DeadLetter.objects.exists()


def point_by_line(salon):
    an_event(salon, then())
    key = a_notification(salon, then(), then())
    Due.objects.create(tenant_id=salon.pk, notification_id=key, queue=0, state=0, due_at=NOW)


def point_by_event_of_a_younger_notification(salon):
    key = a_notification(salon, uuid7(), an_event(salon, then()))
    Due.objects.create(tenant_id=salon.pk, notification_id=key, queue=0, state=0, due_at=NOW)


def point_by_message(salon):
    Due.objects.create(
        tenant_id=salon.pk,
        notification_id=uuid7(),
        message_id=then(),
        queue=0,
        state=0,
        due_at=NOW,
    )


def point_by_chunk(salon):
    Chunk.objects.create(
        tenant_id=salon.pk, event_id=uuid7(), queue=3, due_at=NOW, taken_to=then(1), last=then(2)
    )


def point_by_event_of_a_chunk(salon):
    Chunk.objects.create(
        tenant_id=salon.pk, event_id=then(), queue=3, due_at=NOW, taken_to=uuid7(), last=uuid7()
    )


def a_range(salon, event_id, after, last):
    Range.objects.create(
        tenant_id=salon.pk,
        event_id=event_id,
        chunk_id=1,
        batch_id=uuid7(),
        queue=3,
        due_at=NOW,
        after=after,
        last=last,
        remaining=1,
    )


def point_by_range(salon):
    a_range(salon, uuid7(), then(1), then(2))


def point_by_event_of_a_range(salon):
    a_range(salon, then(), uuid7(), uuid7())


def point_by_fan_out(salon):
    FanOut.objects.create(tenant_id=salon.pk, event_id=then(), queue=3)


@pytest.mark.parametrize(
    "point",
    [
        point_by_line,
        point_by_event_of_a_younger_notification,
        point_by_message,
        point_by_chunk,
        point_by_event_of_a_chunk,
        point_by_range,
        point_by_event_of_a_range,
        point_by_fan_out,
    ],
)
def test_a_month_that_open_work_points_into_stays(salon, point):
    with tenant_scope(salon.pk):
        point(salon)

    assert purge(NOW).kept == ["2024-03"]
    assert has_march()
    forget_open_work()
    assert purge(NOW).dropped == ["2024-03"]


def test_work_that_points_elsewhere_keeps_nothing(salon):
    with tenant_scope(salon.pk):
        key = a_notification(salon, uuid7(), an_event(salon, uuid7()))
        Due.objects.create(tenant_id=salon.pk, notification_id=key, queue=0, state=0, due_at=NOW)

    assert purge(NOW).dropped == ["2024-03"]


def test_a_month_inside_retention_stays_however_short_it_is():
    names = {month.name for month in months() if month.name != "2024-03"}

    purge(NOW, days=1)

    assert names <= {month.name for month in months()}


def test_a_drop_that_cannot_have_its_lock_waits_for_the_next_time(owner):
    with owner.transaction():
        owner.execute("select 1 from notifications_event_2024_03")
        done = purge(NOW)

    assert (done.busy, done.dropped) == (["2024-03"], [])
    assert has_march()


def test_work_that_begins_while_the_drop_waits_is_seen(salon, owner):
    """A replay holds its notification's row; the drop must look again once it has the lock."""
    with tenant_scope(salon.pk):
        key = a_notification(salon, then(), an_event(salon, then()))
    found = []
    with owner.transaction():
        owner.execute("select 1 from notifications_notification where id = %s for update", [key])
        purger = Thread(target=lambda: found.append(_purge_and_close()))
        purger.start()
        _wait_for_lock(owner)
        owner.execute(
            "insert into notifications_due (tenant_id, notification_id, queue, state, step,"
            " attempt, claims, flags, due_at) values (%s, %s, 0, 1, 0, 0, 0, 0, now())",
            [salon.pk, key],
        )
    purger.join()

    assert (found[0].kept, found[0].dropped) == (["2024-03"], [])


def _purge_and_close():
    from django.db import connection

    try:
        return purge(NOW)
    finally:
        connection.close()


def _wait_for_lock(owner) -> None:
    query = "select count(*) from pg_locks where not granted and mode = 'AccessExclusiveLock'"
    while owner.execute(query).fetchone()[0] == 0:
        pass


def test_spent_rows_go_and_others_stay(salon, other_salon):
    for tenant in (salon, other_salon):
        with tenant_scope(tenant.pk):
            make_rows(tenant, is_old=True)
            make_rows(tenant, is_old=False)

    done = purge(NOW)

    assert all(done.deleted[name] >= 2 for name in counted(salon)), done.deleted
    for tenant in (salon, other_salon):
        assert set(counted(tenant).values()) == {1}


def make_rows(salon, *, is_old: bool) -> None:
    def ago(**values) -> datetime:
        return NOW - timedelta(**values) + timedelta(minutes=-1 if is_old else 5)

    tag = uuid4().hex
    stored = StoredResponse.objects.create(
        tenant_id=salon.pk, key=tag, mode="live", body_digest="", status=201, body=""
    )
    StoredResponse.objects.filter(pk=stored.pk).update(created_at=ago(hours=24))
    Counter.objects.create(id=uuid4(), tenant_id=salon.pk, ends_at=ago())
    ReceivedCallback.objects.create(
        tenant_id=salon.pk,
        integration_id=uuid4(),
        key=tag,
        event={},
        due_at=NOW,
        applied_at=ago(days=7),
    )
    message = PhoneMessage.objects.create(
        tenant_id=salon.pk,
        message_id=uuid4(),
        integration_id=uuid4(),
        channel="sms",
        address="+7",
        content={},
    )
    PhoneMessage.objects.filter(pk=message.pk).update(received_at=ago(days=30))
    person = SubscriberFactory(tenant=salon)
    LinkToken.objects.create(
        tenant_id=salon.pk,
        subscriber=person,
        channel="telegram",
        digest=tag,
        expires_at=ago(days=30),
    )
    key = then() if is_old else uuid7()
    EventKey.objects.create(tenant_id=salon.pk, mode="live", transaction_id=tag, event_id=key)
    DeadLetter.objects.create(
        tenant_id=salon.pk, notification_id=key, step=0, queue=0, reason="timeout"
    )
    moments = dict.fromkeys(("opened_at", "changed_at", "deadline_at"), ago(days=30))
    Escalation.objects.create(
        id=key, tenant_id=salon.pk, cause="manual", subscriber=person, **moments
    )
    ExternalDelivery.objects.create(
        id=key, tenant_id=salon.pk, integration_id=uuid4(), key=tag, event="message.sent", at=NOW
    )
    account = add_integration(salon.pk, "telegram", {"token": "1:a"}, identifier=tag)
    DeskThread.objects.create(
        tenant_id=salon.pk,
        integration=account,
        subscriber=person,
        inbox="7",
        conversation=tag,
        used_at=ago(days=90),
    )


def counted(salon) -> dict[str, int]:
    models: dict[str, Any] = {
        "stored_answers": StoredResponse,
        "counters": Counter,
        "callbacks": ReceivedCallback,
        "phone_messages": PhoneMessage,
        "links": LinkToken,
        "transaction_ids": EventKey,
        "dead_letters": DeadLetter,
        "cases": Escalation,
        "external_deliveries": ExternalDelivery,
        "desk_threads": DeskThread,
    }
    with tenant_scope(salon.pk):
        return {name: model.objects.count() for name, model in models.items()}


def test_a_callback_that_was_never_applied_stays(salon):
    with tenant_scope(salon.pk):
        ReceivedCallback.objects.create(
            tenant_id=salon.pk, integration_id=uuid4(), key="k", event={}, due_at=MONTH
        )

    purge(NOW)

    assert counted(salon)["callbacks"] == 1


def test_a_dry_run_says_the_same_and_changes_nothing(salon):
    with tenant_scope(salon.pk):
        make_rows(salon, is_old=True)

    dry = json.loads(said("purge", "--dry-run", "--json").stdout)

    assert dry["dropped"] == ["2024-03"]
    assert has_march()
    assert set(counted(salon).values()) == {1}
    assert dry["deleted"]["counters"] >= 1


def test_missing_partitions_are_made(owner):
    month = months()[-1]
    for child in month.children:
        owner.execute(f"drop table {child}")

    assert purge(NOW).made == len(TABLES)
    assert months()[-1] == month


def test_without_an_owner_rows_go_and_months_stay(salon, settings):
    settings.DATABASE_OWNER_URL = ""
    with tenant_scope(salon.pk):
        make_rows(salon, is_old=True)

    result = said("purge")

    assert result.returncode == 0, result.stderr
    assert "No month can be dropped: DATABASE_OWNER_URL is not set." in result.stdout
    assert has_march()
    assert counted(salon)["counters"] == 0


def test_the_tick_purges_as_the_job_would():
    from notifications.retention import tick

    assert tick()["dropped"] == ["2024-03"]


def test_a_retention_of_no_days_is_refused():
    with pytest.raises(CommandError) as caught:
        call_command("purge", "--days", "0", stdout=io.StringIO())

    assert caught.value.returncode == 2
    assert has_march()


def test_the_setting_decides(salon):
    with override_settings(RETENTION_DAYS=36_500):
        assert purge(NOW).dropped == []
    assert has_march()
