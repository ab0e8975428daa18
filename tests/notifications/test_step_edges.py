"""Steps at the edges of time, of the calendar and of what they were given."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications import preferences, stops
from notifications.gate_table import GATES
from notifications.outcomes import Done, Fail, Skip, Wait
from notifications.steps import condition, delay, reply, throttle
from notifications.steps.payload import moment_at
from tenants import consents
from tenants.hours import read_week
from tenants.models import Subscriber
from tenants.scope import tenant_scope
from tests.commands import ROOT
from tests.depth import DEPTH
from tests.for_each import for_each
from tests.notifications.conftest import NO_QUIET, change
from tests.notifications.flows import CONTACTS, chat, log_of, press, publish_flow, sms
from tests.notifications.reporting import report

BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its clocks change by half an hour
ZONES = st.sampled_from([BERLIN, KATHMANDU, LORD_HOWE, ZoneInfo("America/New_York")])
START, DAY = datetime(2026, 1, 1, tzinfo=UTC), 86_400
SUNDAYS = read_week({"sun": [["10:00", "20:00"]]})
MOMENTS = st.integers(0, 730 * DAY).map(lambda s: START + timedelta(seconds=s))
FALLBACK = (
    "again",
    "fallback",
    {"of": "chat", "when": "not_delivered", "after_s": 600},
    {"channels": ["sms"], "body": "Ещё раз"},
)
WAIT = ("wait", "wait_for_reply", {"timeout_s": 3600, "on_reply": "thanks", "on_timeout": "stop"})


def asked(payload, wanted, zone=BERLIN):
    """Give a work of which a step asks only its payload and zone."""
    return SimpleNamespace(
        event=SimpleNamespace(payload=payload, location_id=None),
        salon=SimpleNamespace(main=1, places={1: SimpleNamespace(zone=zone, week=SUNDAYS)}),
        definition=SimpleNamespace(defaults={}),
        task=SimpleNamespace(flags=0, expires_at=None, in_time=lambda until: until),
        step=SimpleNamespace(settings=wanted),
    )


def until(text, offset_s, zone=BERLIN):
    wanted = {"until": "at", "offset_s": offset_s}
    return moment_at(asked({"at": text}, wanted), wanted, zone)


# moments of the payload


@for_each(
    "zone, text, offset_s, local",
    [
        (BERLIN, "2026-11-22T00:00", 0, "2026-11-22T00:00:00"),
        (BERLIN, "2026-11-22", -1, "2026-11-21T23:59:59"),
        (BERLIN, "2026-01-01T00:00", -DAY, "2025-12-31T00:00:00"),
        # 24 hours before the visit: an hour by the clock more or less where the clocks change
        (BERLIN, "2026-03-29T15:00", -DAY, "2026-03-28T14:00:00"),
        (BERLIN, "2026-10-25T15:00", -DAY, "2026-10-24T16:00:00"),
        (LORD_HOWE, "2026-10-04T15:00", -DAY, "2026-10-03T14:30:00"),
        (LORD_HOWE, "2026-04-05T15:00", -DAY, "2026-04-04T15:30:00"),
        (KATHMANDU, "2026-03-29T15:00", -DAY, "2026-03-28T15:00:00"),
        # a time that the clocks leave out is taken after it, one that comes twice the first time
        (BERLIN, "2026-03-29T02:30", 0, "2026-03-29T03:30:00"),
        (BERLIN, "2026-10-25T02:30", 3600, "2026-10-25T02:30:00"),
        (LORD_HOWE, "2026-10-04T02:15", 0, "2026-10-04T02:45:00"),
    ],
)
def test_a_moment_is_elapsed_time_from_a_local_one(zone, text, offset_s, local):
    found = until(text, offset_s, zone)

    assert found.astimezone(zone).replace(tzinfo=None).isoformat() == local


@settings(max_examples=40 * DEPTH, deadline=None)
@given(moment=MOMENTS, offset_s=st.integers(-366 * DAY, 366 * DAY), zone=ZONES)
def test_a_moment_with_an_offset_means_the_same_everywhere(moment, offset_s, zone):
    text = moment.astimezone(zone).isoformat()

    assert until(text, offset_s, BERLIN) == moment + timedelta(seconds=offset_s)


NO_MOMENTS: list[object] = [
    *(None, 7, True, [], {}, "", "завтра", "2026-13-01", "24:00"),
    *("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "9999-12-31", "0001-01-01"),
]


@settings(max_examples=30 * DEPTH, deadline=None)
@given(st.one_of(st.sampled_from(NO_MOMENTS), st.text(max_size=20), st.integers(), st.floats()))
@example("9999-12-31")
@example("0001-01-01T00:00+14:00")
def test_whatever_stands_there_is_a_moment_or_fails_by_its_name(value):
    now = datetime(2026, 11, 21, tzinfo=UTC)
    wanted = {"until": "at", "offset_s": -3600, "working_hours": True}
    work = asked({"at": value}, wanted)

    for outcome in (delay._outcome(work, now), reply._outcome(work, work.step, {}, now)):
        assert isinstance(outcome, Fail | Wait | Skip | Done)
        assert not isinstance(outcome, Fail) or outcome == Fail("no_moment", detail="at")


@settings(max_examples=40 * DEPTH, deadline=None)
@given(now=MOMENTS, ahead_s=st.integers(-3, 3), late=st.sampled_from(["skip", "now"]))
def test_a_moment_that_is_now_has_passed(now, ahead_s, late):
    wanted = {"until": "at", "late": late}
    moment = now + timedelta(seconds=ahead_s)

    outcome = delay._outcome(asked({"at": moment.isoformat()}, wanted), now)

    match (ahead_s > 0, late):
        case (True, _):
            assert isinstance(outcome, Wait)
            assert outcome.until == moment
        case (False, "now"):
            assert outcome == Done()
        case _:
            assert isinstance(outcome, Skip)
            assert outcome.reason == "delay_passed"


# waits that something may end before their time


def soon() -> str:
    return (datetime.now(UTC) + timedelta(minutes=5)).isoformat()


def expire(line) -> None:
    change("update notifications_event set expires_at = now() where tenant_id = %s", [line])


def test_a_wait_for_an_answer_lasts_until_the_message_expires(reminders, worker):
    publish_flow(reminders.salon, "ask", chat("Придёте?"), WAIT, sms("Спасибо", "thanks"))
    for name in ("anna", "olga"):
        person = CONTACTS | {"subscriberId": name, "channels": {"telegram": [f"55{name}"]}}
        reminders.trigger("ask", person, {}, expiresAt=soon())
    worker.drain_dry()
    assert len(reminders.due) == 2

    press(reminders, reminders.messages[0], "confirm", address="55anna")
    worker.drain_dry()
    assert [m.body for m in reminders.messages] == ["Придёте?", "Придёте?", "Спасибо"]

    expire(reminders.salon.pk)
    reminders.hurry()
    worker.drain_dry()
    assert sorted(reminders.states) == [("completed", ""), ("completed", "expired")]


def test_a_fallback_speaks_for_a_failure_until_the_message_expires(reminders, worker):
    publish_flow(reminders.salon, "note", chat("Привет"), FALLBACK)
    reminders.trigger("note", CONTACTS, {}, expiresAt=soon())
    worker.drain_dry()
    assert len(reminders.due) == 1

    report(reminders.salon, reminders.messages[0], "failed")
    worker.drain_dry()

    assert [m.body for m in reminders.messages] == ["Привет", "Ещё раз"]


# what a fallback stands in for


def switch_off(line) -> None:
    with tenant_scope(line.salon.pk):
        preferences.choose(Subscriber.objects.get(), [preferences.Choice({"chat": False})])


def pause(line) -> None:
    change(
        "update channels_integration set state = 'paused' where kind = 'chat' and tenant_id = %s",
        [line.salon.pk],
    )


def stop(line) -> None:
    with tenant_scope(line.salon.pk):
        stops.start(line.salon.pk, stops.Wanted("chat"), "test")


def forget_address(line) -> None:
    change(
        "delete from tenants_address where kind = 'telegram' and tenant_id = %s", [line.salon.pk]
    )


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (switch_off, "preference"),
        (pause, "integration_paused"),
        (stop, "stopped"),
        (forget_address, "no_address"),
    ],
)
def test_a_fallback_speaks_at_once_for_a_channel_that_cannot_reach_her(
    reminders, worker, cause, reason
):
    publish_flow(reminders.salon, "note", chat("Привет"), FALLBACK)
    reminders.trigger("note", CONTACTS, {})
    cause(reminders)

    worker.drain_dry()

    assert [m.body for m in reminders.messages] == ["Ещё раз"]
    assert log_of(reminders, "skipped") == [(0, "skipped", reason)]
    assert reminders.states == [("completed", "")]


@pytest.mark.parametrize(("cause", "reason"), [(pause, "integration_paused"), (stop, "stopped")])
def test_without_another_way_the_first_channel_is_waited_for(reminders, worker, cause, reason):
    publish_flow(reminders.salon, "note", chat("Привет"), FALLBACK)
    reminders.trigger("note", {"subscriberId": "anna", "channels": {"telegram": ["55"]}}, {})
    cause(reminders)

    worker.drain_dry()

    assert reminders.messages == []
    assert log_of(reminders) == [(0, "waiting", reason)]


def test_a_paused_channel_gives_way_to_the_fallback_of_a_fallback(reminders, worker):
    last = ("last", "fallback", FALLBACK[2] | {"of": "again"}, FALLBACK[3])
    letter = (*FALLBACK[:3], {"channels": ["email"], "body": "Письмо"})
    publish_flow(reminders.salon, "note", chat("Привет"), letter, last)
    reminders.trigger("note", CONTACTS, {})  # she has no e-mail
    pause(reminders)

    worker.drain_dry()

    assert [m.channel for m in reminders.messages] == ["phone"]
    assert log_of(reminders, "skipped") == [
        (0, "skipped", "integration_paused"),
        (1, "skipped", "no_address"),
    ]


def test_a_fallback_goes_where_the_client_wants_advertising(reminders, worker):
    reminders.is_agreed = False
    reminders.limit(**NO_QUIET)
    publish_flow(reminders.salon, "promo", chat("Акция"), FALLBACK, category="mk")
    reminders.trigger("promo", CONTACTS, {})
    word = consents.Word("advertising", True, "form", "client", channel="phone")
    with tenant_scope(reminders.salon.pk):
        consents.record(reminders.salon.pk, [Subscriber.objects.get().pk], word)

    worker.drain_dry()

    assert log_of(reminders) == [(0, "skipped", "no_consent"), (1, "sent", "")]


def test_advertising_waits_for_its_channel_although_another_would_be_open(reminders, worker):
    reminders.limit(**NO_QUIET)
    publish_flow(reminders.salon, "promo", chat("Акция"), FALLBACK, category="mk")
    reminders.trigger("promo", CONTACTS, {})
    pause(reminders)

    worker.drain_dry()

    assert log_of(reminders) == [(0, "waiting", "integration_paused")]


# every reason for which a step keeps something back, or fails

PASSED = {"appointmentTime": "2020-01-01T10:00"}
#: Reason -> a step that skips for it, and what it is given.
SKIPS = {
    "delay_passed": (("step", "delay", {"until": "appointmentTime"}), PASSED),
    "condition_not_met": (("step", "condition", {"if": "total > 1"}), {"total": 1}),
    "step_throttled": (("step", "throttle", {"limit": 1, "window_s": 60}), {}),
    "fallback_not_needed": (FALLBACK, {}),
}
#: The same for failures. What a provider answers is test_engine_retries' and others'.
FAILURES = {
    "no_moment": [
        ("step", "delay", {"until": "appointmentTime"}),
        ("step", "wait_for_reply", {"until": "appointmentTime"}),
    ],
    "condition_failed": [("step", "condition", {"if": "total > 'много'"})],
    "render_failed": [
        ("step", "in_app", {}, {"body": "{{ visit.name }}"}),
        sms("{{ visit.name }}", "step"),
        ("step", "fallback", FALLBACK[2], {"channels": ["sms"], "body": "{{ visit.name }}"}),
    ],
}
OPTIONAL = {
    "type": "object",
    "properties": {
        "visit": {"type": "object", "default": {}},
        "total": {"type": "number", "default": 5},
        "appointmentTime": {"type": "string"},
    },
}


def test_every_reason_to_skip_is_a_gates_or_a_steps():
    sources = [ROOT / "notifications/preparing.py", *(ROOT / "notifications/steps").glob("*.py")]
    literal = {word for path in sources for word in re.findall(r'Skip\("(\w+)"', path.read_text())}
    named = {throttle.REASON, condition.NOT_MET}

    assert (literal | named) - GATES.keys() == SKIPS.keys()


def test_each_step_that_keeps_something_back_says_why_in_the_log(reminders, worker):
    for reason, (step, payload) in SKIPS.items():
        publish_flow(reminders.salon, reason, chat("Привет"), step, schema=OPTIONAL)
        for number in range(2):  # the second one is one too many for a throttle
            reminders.trigger(reason, CONTACTS, payload, transactionId=f"{reason}-{number}")
    worker.drain_dry()
    for message in reminders.messages:
        report(reminders.salon, message, "read")
    reminders.hurry()
    worker.drain_dry()

    seen = Counter(reason for _, _, reason in log_of(reminders, "skipped"))
    assert seen == {reason: 1 if reason == "step_throttled" else 2 for reason in SKIPS}


@pytest.mark.parametrize("on_failure", ["stop", "continue"])
def test_each_step_that_fails_says_why_and_ends_or_goes_on(reminders, worker, on_failure):
    expected = Counter()
    for reason, steps in FAILURES.items():
        for place, (key, kind, wanted, *more) in enumerate(steps):
            name = f"{reason}-{place}"
            step = (key, kind, wanted | {"on_failure": on_failure}, *map(dict, more))
            flow = [chat("Привет"), step, sms("Дальше", "last")]
            publish_flow(reminders.salon, name, *flow, schema=OPTIONAL)
            reminders.trigger(name, CONTACTS, {"appointmentTime": "завтра"})
            expected[reason] += 1
    worker.drain_dry()
    reminders.hurry()
    worker.drain_dry()

    assert Counter(reason for _, _, reason in log_of(reminders, "failed")) == expected
    bodies = [message.body for message in reminders.messages]
    assert bodies.count("Дальше") == (expected.total() if on_failure == "continue" else 0)
    letters = [letter.reason for letter in reminders.letters]
    assert Counter(letters) == (Counter() if on_failure == "continue" else expected)


def test_a_fallback_counts_from_the_attempt_that_was_sent(reminders, worker, provider):
    publish_flow(reminders.salon, "note", chat("Привет"), FALLBACK)
    provider.answer = lambda body: (500, {}, b"{}")
    reminders.trigger("note", CONTACTS, {})
    worker.drain_dry()
    change(  # as if that attempt had been a while ago
        "update notifications_due set message_id = kolokol_uuid7_floor(now() - interval '1 hour')"
        " where tenant_id = %s",
        [reminders.salon.pk],
    )

    provider.answer = lambda body: (200, {}, b"{}")
    reminders.hurry()
    worker.drain_dry()

    (due,) = reminders.due
    assert due.due_at > datetime.now(UTC) + timedelta(minutes=9)
