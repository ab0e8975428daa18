"""Topics and broadcasts: everybody once, in slices that a crash cannot repeat."""

from __future__ import annotations

import pytest

from notifications import engine, fanout
from notifications.models import QUEUES
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tenants.topics import add_members, ensure_topic
from tests.fanning import expand_some
from tests.notifications.conftest import change, look
from tests.threads import at_once


@pytest.fixture
def wide(reminders, worker):
    reminders.workflow("note", "in_app")
    reminders.workflow("code", "sms")
    return reminders


def people(wide, count, kind="client", mode="live") -> list[str]:
    """Make clients in one statement."""
    keys = [f"{kind}-{mode}-{number}" for number in range(count)]
    change(
        "insert into tenants_subscriber (id, tenant_id, mode, subscriber_id, kind, first_name,"
        " last_name, avatar, language, timezone, preferred_channel, data, created_at, updated_at)"
        " select k.id, %s, %s, k.key, %s, '', '', '', '', '', '', '{}', now(), now()"
        " from unnest(%s::uuid[], %s::text[]) k(id, key)",
        [wide.salon.pk, mode, kind, [uuid7() for _ in keys], keys],
    )
    return keys


def topic(wide, key, members) -> dict[str, str]:
    with tenant_scope(wide.salon.pk):
        made, _ = ensure_topic(wide.salon.pk, "live", key)
        add_members(made, members)
    return {"type": "Topic", "topicKey": key}


def told(wide) -> list[str]:
    """Name the recipients of all notifications, as often as they have one."""
    return [
        row[0]
        for row in look(
            "select s.subscriber_id from notifications_notification n"
            " join tenants_subscriber s on s.id = n.subscriber_id where n.tenant_id = %s"
            " order by 1",
            [wide.salon.pk],
        )
    ]


def chunks(wide) -> int:
    return look("select count(*) from notifications_chunk where tenant_id = %s", [wide.salon.pk])[
        0
    ][0]


def test_everybody_on_a_topic_is_told_once(wide, worker):
    wide.trigger("note", topic(wide, "vip", people(wide, 7)))

    worker.drain_dry()

    assert told(wide) == [f"client-live-{n}" for n in range(7)]
    assert {state for state, _ in wide.states} == {"completed"}


def test_the_excluded_and_the_actor_are_left_out_of_a_topic(wide, worker):
    keys = people(wide, 5)
    vip = topic(wide, "vip", keys) | {"exclude": [keys[0]]}
    wide.trigger("note", [vip], actor=keys[1])

    worker.drain_dry()

    assert told(wide) == keys[2:]


def test_the_actor_is_left_out_of_a_broadcast(wide, worker):
    keys = people(wide, 4)
    wide.trigger("note", "all", actor=keys[3])

    worker.drain_dry()

    assert told(wide) == keys[:3]


def test_a_broadcast_reaches_neither_staff_nor_the_other_mode(wide, worker):
    people(wide, 2, kind="staff")
    people(wide, 2, mode="test")
    keys = people(wide, 2)
    wide.trigger("note", "all")

    worker.drain_dry()

    assert told(wide) == keys


def test_who_is_on_two_topics_and_named_besides_is_told_once(wide, worker):
    keys = people(wide, 6)
    wide.trigger("note", [topic(wide, "a", keys[:4]), topic(wide, "b", keys[2:]), keys[3]])

    worker.drain_dry()

    assert told(wide) == keys


def test_two_workers_that_expand_two_topics_of_one_event_at_once_tell_nobody_twice(wide):
    keys = people(wide, 300)
    for _ in range(3):
        wide.trigger("note", [topic(wide, "a", keys), topic(wide, "b", keys)])

        def expand(_):
            while look("select 1 from notifications_fanout where tenant_id = %s", [wide.salon.pk]):
                expand_some(QUEUES)

        at_once(4, expand)

    assert told(wide) == sorted(keys * 3)


def test_recipients_that_are_claimed_together_lie_apart(wide):
    people(wide, 1_000)
    wide.trigger("note", "all")
    expand_some(QUEUES)

    places = look(
        "select (n.ctid::text::point)[0] from notifications_notification n where n.tenant_id = %s"
        " order by n.id limit 32",
        [wide.salon.pk],
    )

    assert len(set(places)) > 10  # so a batch finds room on each page for the ends of its own


def test_five_thousand_recipients_wait_in_chunks_and_are_told_once(wide, worker):
    keys = people(wide, 5_000)
    wide.trigger("note", "all")

    assert expand_some(QUEUES) == 5_000

    assert chunks(wide) == 10
    assert look("select count(*) from notifications_due where tenant_id = %s", [wide.salon.pk]) == [
        (0,)
    ]
    assert told(wide) == sorted(keys)  # visible at once, although nothing is sent yet
    assert {state for state, _ in wide.states} == {"pending"}
    worker.drain_dry()
    assert {state for state, _ in wide.states} == {"completed"}
    assert (chunks(wide), len(wide.messages), wide.due) == (0, 5_000, [])


def test_a_slice_is_at_most_so_many_and_the_cursor_goes_on(wide, worker, monkeypatch):
    monkeypatch.setattr(fanout, "SLICE", 10)
    keys = people(wide, 25)
    wide.trigger("note", topic(wide, "vip", keys))

    assert [expand_some(QUEUES) for _ in range(4)] == [10, 10, 5, 0]
    assert told(wide) == sorted(keys)


def test_a_chunk_spans_its_own_recipients_and_no_others(wide):
    people(wide, 1_200)
    wide.trigger("note", "all")
    expand_some(QUEUES)

    spans = look(
        "select c.id = n.chunk_id, count(*) from notifications_chunk c"
        " join notifications_notification n on n.event_id = c.event_id"
        " and n.id > c.taken_to and n.id <= c.last where c.tenant_id = %s group by c.id, 1",
        [wide.salon.pk],
    )

    assert sorted(spans) == [(True, 200), (True, 500), (True, 500)]


def test_a_crash_in_a_slice_leaves_nothing_of_it_and_it_is_written_once(wide, monkeypatch):
    monkeypatch.setattr(fanout, "SLICE", 10)
    keys = people(wide, 25)
    wide.trigger("note", "all")
    expand_some(QUEUES)
    # the cursor cannot move: a constraint that only this test has
    change(
        "alter table notifications_fanout add constraint broken check (cursor is null or"
        f" tenant_id <> '{wide.salon.pk}') not valid"
    )
    try:
        with pytest.raises(Exception, match="broken"):
            expand_some(QUEUES)
        assert len(told(wide)) == 10
    finally:
        change("alter table notifications_fanout drop constraint broken")

    while expand_some(QUEUES):
        pass
    assert told(wide) == sorted(keys)


def test_a_salon_that_is_alone_fills_a_batch_wherever_the_cursor_stands(wide):
    people(wide, 700)
    wide.trigger("note", "all")
    expand_some(QUEUES)

    batches = [len(engine.claim("normal", "w", 350, wide.salon.pk)) for _ in range(3)]

    assert batches == [350, 350, 0]


def test_four_workers_claim_a_broadcast_without_a_double(wide):
    keys = people(wide, 900)
    wide.trigger("note", "all")
    expand_some(QUEUES)

    def take(index):
        found = []
        while tasks := engine.claim("normal", f"w{index}", 50, engine.NIL):
            found += [task.notification_id for task in tasks]
        return found

    taken = [one for part in at_once(4, take) for one in part]

    # a claim skips a chunk that another one is taking from; the sweep looks again
    while tasks := engine.claim("normal", "last", 100, engine.NIL):
        taken += [task.notification_id for task in tasks]
    assert len(taken) == len(set(taken)) == len(keys)
    assert chunks(wide) == 0


def test_a_scheduled_broadcast_waits_in_its_chunks(wide, worker):
    people(wide, 3)
    wide.trigger("note", "all", delay=3600)

    worker.drain_dry()

    assert {state for state, _ in wide.states} == {"pending"}
    assert chunks(wide) == 1
    change("update notifications_chunk set due_at = now() where tenant_id = %s", [wide.salon.pk])
    worker.drain_dry()
    assert {state for state, _ in wide.states} == {"completed"}


def test_a_small_topic_does_not_wait_for_a_large_one_that_has_begun(wide, monkeypatch):
    monkeypatch.setattr(fanout, "SLICE", 5)
    keys = people(wide, 60)
    large = [topic(wide, f"large-{n}", keys) for n in range(6)]
    for one in large:
        wide.trigger("note", [one])
    for _ in range(2):
        expand_some(QUEUES)

    wide.trigger("note", [topic(wide, "small", keys[:2])], transactionId="small")
    expand_some(QUEUES)

    rows = look(
        "select count(*) from notifications_notification n join notifications_event e"
        " on e.id = n.event_id where e.tenant_id = %s and e.transaction_id = 'small'",
        [wide.salon.pk],
    )
    assert rows == [(2,)]


def test_a_topic_without_members_is_accepted_and_tells_nobody(wide, worker):
    wide.trigger("note", [topic(wide, "empty", [])])

    worker.drain_dry()

    assert wide.notifications == []
    assert wide.log == []
