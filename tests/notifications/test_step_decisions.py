"""Steps that decide: conditions, throttles, splits, hand-overs, and failures that are outcomes."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.models import Escalation, Step, WorkflowVersion
from notifications.publishing import document_of
from notifications.variants import Variant, pick
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.notifications.flows import (
    CONTACTS,
    log_of,
    publish_flow,
    refusals_of,
    sms,
    text,
)


def bodies(line) -> list[str]:
    return [message.body for message in line.messages]


def condition(expression, **more):
    return ("if", "condition", {"if": expression, **more})


# conditions


@pytest.mark.parametrize(
    ("expression", "is_met"),
    [
        ("payload.total > 100", True),
        ("total >= 101.5", False),
        ("payload.total > 100 and subscriber.firstName == 'Анна'", False),
        ("subscriber.language == 'ru' or payload.total > 1000", True),
        ("payload.visit.start", False),  # what is missing is not true
        ("payload.visit.price > 100 or payload.visit.price <= 100", False),
        ("payload.visit.price != 100", True),
        ("payload.visit.price == 100 or total == 101", True),
        ("steps.start.state == 'done'", True),
        ("steps.start.answer or steps.start.reason or steps.start.channel", False),
        ("steps.start.answer != 'confirm'", True),
    ],
)
def test_a_condition_lets_on_or_ends(reminders, worker, expression, is_met):
    start = ("start", "throttle", {"limit": 9, "window_s": 60})
    publish_flow(reminders.salon, "big", start, condition(expression), sms("Спасибо"))

    reminders.trigger("big", CONTACTS, {"total": 101})
    worker.drain_dry()

    assert bodies(reminders) == (["Спасибо"] if is_met else [])
    assert reminders.states == [("completed", "") if is_met else ("skipped", "condition_not_met")]


def test_a_condition_jumps_over_steps(reminders, worker):
    steps = [condition("total > 1000", **{"else": "thanks"}), sms("Подарок", "gift")]
    publish_flow(reminders.salon, "big", *steps, sms("Спасибо", "thanks"))

    for total in (5, 5000):
        reminders.trigger("big", CONTACTS, {"total": total})
        worker.drain_dry()

    assert bodies(reminders) == ["Спасибо", "Подарок", "Спасибо"]
    assert log_of(reminders, "done") == [(0, "done", "condition_not_met"), (0, "done", "")]


def test_a_condition_knows_what_became_of_earlier_steps(reminders, worker):
    ask = condition("steps.first.state == 'skipped' and steps.first.reason == 'no_address'")
    letter = ("first", "email", {}, {"channels": ["email"], "body": "Письмо"})
    publish_flow(reminders.salon, "both", letter, ask, sms("СМС"))

    reminders.trigger("both", CONTACTS, {})
    worker.drain_dry()
    reminders.trigger("both", {**CONTACTS, "email": "anna@mail.test"}, {})
    worker.drain_dry()

    assert bodies(reminders) == ["СМС", "Письмо"]


def test_a_comparison_that_cannot_be_made_is_a_failure_with_its_name(reminders, worker):
    publish_flow(reminders.salon, "big", condition("total > 'много'"), sms("Спасибо"))

    reminders.trigger("big", CONTACTS, {"total": 5})
    worker.drain_dry()

    assert reminders.states == [("failed", "condition_failed")]


# throttles


def test_a_throttle_lets_so_many_through(reminders, worker):
    few = ("few", "throttle", {"limit": 2, "window_s": 3600})
    publish_flow(reminders.salon, "news", few, sms("Новость"))

    for _ in range(4):
        reminders.trigger("news", CONTACTS, {})  # all in one batch
    reminders.trigger("news", {"subscriberId": "olga", "phone": "+79160000002"}, {})
    worker.drain_dry()

    assert len(bodies(reminders)) == 3
    assert log_of(reminders, "skipped") == [(0, "skipped", "step_throttled")] * 2
    assert Counter(reminders.states) == {("completed", ""): 3, ("skipped", "step_throttled"): 2}


def test_a_throttle_may_count_by_a_value_of_the_payload(reminders, worker):
    few = ("few", "throttle", {"limit": 1, "window_s": 3600, "key": "payload.visit.id"})
    publish_flow(reminders.salon, "news", few, sms("Визит"))

    for visit in ("1", "1", "2"):
        reminders.trigger("news", CONTACTS, {"visit": {"id": visit}})
        worker.drain_dry()

    assert bodies(reminders) == ["Визит", "Визит"]


# splits


def test_a_client_always_gets_her_variant_and_the_log_keeps_it(reminders, worker):
    with tenant_scope(reminders.salon.pk):
        text(reminders.salon, "bold", "Смело")
    variants = [{"key": "a", "weight": 1}, {"key": "b", "weight": 1, "template": "bold"}]
    publish_flow(reminders.salon, "test", ("ab", "ab_split", {"variants": variants}), sms("Мягко"))

    for number in range(12):
        person = {"subscriberId": f"c{number}", "phone": f"+791600000{number:02}"}
        reminders.trigger("test", person, {})
        reminders.trigger("test", person, {})
    worker.drain_dry()

    seen = {}
    for one in reminders.notifications:
        body = next(m.body for m in reminders.messages if m.notification_id == one.pk)
        seen.setdefault(one.subscriber_id, set()).add(body)
    assert all(len(texts) == 1 for texts in seen.values())
    told = Counter(reason for _, _, reason in log_of(reminders, "done"))
    sent = Counter(bodies(reminders))
    assert sorted(told.values()) == sorted(sent.values())
    assert told["variant:b"] == sent["Смело"]


def test_a_variant_may_go_elsewhere_or_get_nothing(reminders, worker):
    none = [{"key": "none", "weight": 1, "goto": "stop"}, {"key": "x", "weight": 0.001}]
    publish_flow(reminders.salon, "hold", ("ab", "ab_split", {"variants": none}), sms("Акция"))

    reminders.trigger("hold", CONTACTS, {})
    worker.drain_dry()

    assert reminders.states == [("skipped", "variant:none")]
    assert bodies(reminders) == []


@settings(max_examples=30, deadline=None)
@given(weights=st.lists(st.floats(0.001, 1000), min_size=2, max_size=5), who=st.uuids())
def test_a_choice_is_stable_and_one_of_the_variants(weights, who: UUID):
    variants = [Variant(str(index), weight) for index, weight in enumerate(weights)]

    chosen = pick(variants, "promo", "ab", who)

    assert chosen in variants
    assert pick(variants, "promo", "ab", who) == chosen


def test_weights_are_shares():
    variants = [Variant("a", 3), Variant("b", 1)]

    chosen = Counter(pick(variants, "promo", "ab", uuid7()).key for _ in range(4_000))

    assert 2_800 < chosen["a"] < 3_200


# staff, failures, versions


def test_a_step_hands_the_client_to_staff(reminders, worker):
    ask = ("ask", "escalate", {"deadline_s": 600, "text": "Позвоните клиенту"})
    publish_flow(reminders.salon, "call", ask, sms("Мы перезвоним"))

    reminders.trigger("call", CONTACTS, {})
    worker.drain_dry()

    (case,) = reminders.all(Escalation)
    assert (case.cause, case.state, case.notification_id) == (
        "manual",
        "open",
        reminders.notifications[0].pk,
    )
    assert (case.deadline_at - case.opened_at).total_seconds() == 600
    assert bodies(reminders) == ["Мы перезвоним"]


@pytest.mark.parametrize(("total", "cases"), [(1, 0), (9, 1)])
def test_staff_hear_of_what_did_not_arrive_not_of_what_a_step_kept_back(
    reminders, worker, total, cases
):
    letter = ("letter", "email", {}, {"channels": ["email"], "body": "Важно"})
    publish_flow(reminders.salon, "alarm", condition("total > 5"), letter, is_critical=True)

    reminders.trigger("alarm", CONTACTS, {"total": total})  # she has no e-mail
    worker.drain_dry()

    assert len(reminders.all(Escalation)) == cases


@pytest.mark.parametrize(("on_failure", "sent"), [("continue", ["Дальше"]), ("stop", [])])
def test_a_failure_ends_or_goes_on_as_the_step_says(reminders, worker, on_failure, sent):
    schema = {"type": "object", "properties": {"visit": {"type": "object", "default": {}}}}
    broken = sms("{{ visit.name }}", "broken", on_failure=on_failure)
    publish_flow(reminders.salon, "risky", broken, sms("Дальше"), schema=schema)

    reminders.trigger("risky", CONTACTS, {"visit": {}})
    worker.drain_dry()

    assert bodies(reminders) == sent
    assert log_of(reminders, "failed") == [(0, "failed", "render_failed")]
    assert reminders.states == [("completed", "") if sent else ("failed", "render_failed")]


def test_a_running_notification_keeps_its_version_and_step(reminders, worker):
    wait = ("wait", "delay", {"seconds": 3600})
    publish_flow(reminders.salon, "long", wait, sms("Старое", "old"))
    reminders.trigger("long", CONTACTS, {})
    worker.drain_dry()

    publish_flow(reminders.salon, "long", condition("total > 5"), sms("Новое", "new"))
    reminders.hurry()
    worker.drain_dry()

    assert bodies(reminders) == ["Старое"]


def test_what_stands_at_a_step_is_canceled_in_each_state(reminders, worker):
    flow = [("wait", "delay", {"seconds": 3600}), condition("total > 5"), sms("Нет")]
    publish_flow(reminders.salon, "long", *flow)
    fresh, waiting = (reminders.trigger("long", CONTACTS, {"total": 9}) for _ in range(2))

    assert reminders.cancel(fresh) is True
    worker.drain_dry()
    assert reminders.cancel(waiting) is True

    reminders.hurry()
    worker.drain_dry()
    assert bodies(reminders) == []
    assert reminders.states == [("canceled", "canceled")] * 2


# publishing

REFUSED = [
    ("condition", {}, "if", "setting_missing"),
    ("condition", {"if": "total >"}, "if", "setting_expression"),
    ("condition", {"if": "total %}{% assign x = 1"}, "if", "setting_expression"),
    ("condition", {"if": "nothing.here == 1"}, "if", "setting_path"),
    ("condition", {"if": "steps.sms.state == 'read'"}, "if", "setting_path"),  # a later one
    ("condition", {"if": "total > 1", "else": "step"}, "else", "setting_step"),  # itself
    ("condition", {"if": "total > 1", "otherwise": "sms"}, "otherwise", "setting_unknown"),
    ("throttle", {"limit": 0, "window_s": 60}, "limit", "setting_number"),
    ("throttle", {"limit": True, "window_s": 60}, "limit", "setting_number"),
    ("throttle", {"limit": 1}, "window_s", "setting_missing"),
    ("throttle", {"limit": 1, "window_s": 60, "key": "salon"}, "key", "setting_path"),
    ("delay", {"until": "visitTime"}, "until", "setting_path"),
    ("delay", {"until": "appointmentTime", "late": "never"}, "late", "setting_choice"),
    ("delay", {"seconds": 1, "on_failure": "retry"}, "on_failure", "setting_choice"),
    ("ab_split", {"variants": []}, "variants", "setting_variants"),
    ("ab_split", {"variants": [{"key": "a", "weight": 1}] * 2}, "variants", "setting_variants"),
    ("escalate", {"deadline_s": 1}, "deadline_s", "setting_number"),
]


@pytest.mark.parametrize(("kind", "given_settings", "setting", "code"), REFUSED)
def test_settings_that_could_not_work_are_refused_by_name(
    salon, kind, given_settings, setting, code
):
    found = refusals_of(salon, ("step", kind, given_settings), sms("Да"))

    assert found == [(f"steps.step.settings.{setting}", code)]


def test_the_texts_of_variants_are_checked_and_frozen(salon):
    with tenant_scope(salon.pk):
        good = text(salon, "good", "Да")
    variants = [{"key": "a", "weight": 1, "template": "good"}, {"key": "b", "weight": 1}]
    workflow = publish_flow(salon, "split", ("ab", "ab_split", {"variants": variants}), sms("Нет"))

    with tenant_scope(salon.pk):
        steps = list(Step.objects.filter(workflow=workflow).order_by("position"))
        document = document_of(workflow, steps)
        assert document["steps"][0]["templates"] == {"good": str(good.pk)}
        assert WorkflowVersion.objects.get(workflow=workflow).document == document
    pause = ("pause", "delay", {"seconds": 1})  # no text would be said by it
    assert refusals_of(salon, ("ab", "ab_split", {"variants": variants}), pause, sms("Нет")) == [
        ("steps.ab.settings.variants", "setting_variants")
    ]
    unknown = [{"key": "a", "weight": 1, "template": "gone"}, {"key": "b", "weight": 1}]
    assert refusals_of(salon, ("ab", "ab_split", {"variants": unknown}), sms("Нет")) == [
        ("steps.ab.settings.variants", "setting_variants")
    ]
