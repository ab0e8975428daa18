"""The scenarios that a new salon starts with: complete, in both languages, ready to send.

Golden texts: tests/notifications/golden/<workflow>.<step>.<language>.txt; after a wanted change
delete the file and run the test twice.
"""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema  # type: ignore[import-untyped]  # no stubs in the environment
import pytest

from notifications.packs import PackError, load_pack, parse_pack, seconds_of
from notifications.rendering import (
    Locale,
    check,
    compile_unit,
    context_for,
    needed,
)
from tests.for_each import for_each

GOLDEN = Path(__file__).parent / "golden"
PACK = load_pack("salon")
CASES = [
    pytest.param(workflow, step, language, id=f"{workflow.identifier}.{step.key}.{language}")
    for workflow in PACK.workflows
    for step in workflow.steps
    for language in ("ru", "en")
]
VISIT = {
    "clientName": "Анна",
    "appointmentTime": "2026-11-21T15:00:00+03:00",
    "serviceName": "Стрижка и укладка",
    "staffName": "Мария",
    "salonName": "Берёзка на Мира",
    "confirmUrl": "https://example.org/c/1",
    "rescheduleUrl": "https://example.org/r/1",
}
OFFER = {
    "clientName": "Анна",
    "lastVisit": "2026-08-01",
    "promoCode": "BACK20",
    "promoDiscount": 20,
}
SMALLEST = {"clientName", "appointmentTime", "serviceName", "promoCode", "promoDiscount"}


def payload_of(workflow):
    return OFFER if workflow.category == "mk" else VISIT


def rendered(workflow, step, language, payload):
    links = {"unsubscribeUrl": "https://example.org/u/1"} if workflow.category == "mk" else {}
    context = context_for(
        payload=payload,
        subscriber={},
        salon={"name": "Берёзка"},
        location={},
        links=links,
        year=2026,
        defaults=workflow.defaults(),
    )
    locale = Locale(language, ZoneInfo("Europe/Moscow"))
    return compile_unit(step.template.source(language)).render(context, locale)


def written(content):
    buttons = [f"[{b.text}] {b.url} ({b.action})" for b in content.buttons]
    return "\n".join([f"# {content.title}", "", content.body, "", *buttons]).rstrip() + "\n"


def test_the_salon_pack_has_its_seven_scenarios_in_order():
    rows = [(w.identifier, w.category, w.priority, w.critical) for w in PACK.workflows]

    assert rows == [
        ("appointment-reminder-24h", "tx", "high", False),
        ("appointment-reminder-1h", "tx", "urgent", True),
        ("appointment-confirm-reschedule", "tx", "high", False),
        ("appointment-cancelled", "tx", "high", False),
        ("review-request", "tx", "low", False),
        ("winback-campaign-stage-1", "mk", "low", False),
        ("promo-notification", "mk", "low", False),
    ]


def test_a_reminder_never_outlives_its_visit():
    day, hour = PACK.workflows[0], PACK.workflows[1]

    assert (day.expires_after_s, hour.expires_after_s) == (20 * 3600, 50 * 60)


def test_the_day_reminder_writes_to_the_inbox_then_to_the_first_channel_that_reaches():
    steps = [(step.key, step.kind, step.channels) for step in PACK.workflows[0].steps]

    assert steps == [
        ("inbox", "in_app", ("in_app",)),
        ("message", "chat", ("chat", "sms", "email")),
    ]


@for_each("workflow, step, language", CASES)
def test_a_seeded_text_reads_as_its_golden_file(workflow, step, language):
    path = GOLDEN / f"{workflow.identifier}.{step.key}.{language}.txt"
    text = written(rendered(workflow, step, language, payload_of(workflow)))
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} was written; read it and run again")

    assert text == path.read_text(encoding="utf-8")


@for_each("workflow, step, language", CASES)
def test_a_seeded_text_is_planned_and_uses_only_what_its_schema_gives(workflow, step, language):
    source = step.template.source(language)
    system = {"salon.name", "unsubscribeUrl"}

    assert compile_unit(source).is_planned
    assert check(source, known=workflow.known_keys()) == []
    assert needed(source) <= workflow.known_keys() | system


@for_each("workflow, step, language", CASES)
def test_the_smallest_valid_payload_makes_a_whole_text(workflow, step, language):
    payload = {k: v for k, v in payload_of(workflow).items() if k in SMALLEST}
    jsonschema.Draft202012Validator(workflow.payload_schema).validate(payload)

    body = rendered(workflow, step, language, payload).body

    assert not [line for line in body.splitlines() if line.endswith((": ", "📍 "))]


@for_each("workflow", PACK.workflows)
def test_schemas_are_sound_and_take_further_keys(workflow):
    jsonschema.Draft202012Validator.check_schema(workflow.payload_schema)
    validator = jsonschema.Draft202012Validator(workflow.payload_schema)

    assert validator.is_valid({**payload_of(workflow), "extra": [1]})
    assert not validator.is_valid({"clientName": "Анна"})


@for_each("discount", [20, "20", "20%", " 20 % "])
def test_a_discount_reads_the_same_however_it_is_given(discount):
    promo = PACK.workflows[-1]
    payload = {**OFFER, "promoDiscount": discount}

    assert "скидку 20 % на" in rendered(promo, promo.steps[0], "ru", payload).body
    assert "Enjoy 20% off" in rendered(promo, promo.steps[0], "en", payload).body


@pytest.mark.parametrize("language", ["ru", "en"])
def test_marketing_texts_end_with_the_way_out(language):
    for workflow in PACK.workflows:
        if workflow.category == "mk":
            body = rendered(workflow, workflow.steps[0], language, OFFER).body
            assert "https://example.org/u/1" in body.splitlines()[-1]


def test_reminders_offer_to_confirm_and_to_reschedule():
    for workflow in PACK.workflows[:3]:
        for step in workflow.steps:
            assert step.template
            buttons = [(b["action"], b["url"]) for b in step.template.buttons]
            assert buttons == [
                ("confirm", "{{ confirmUrl }}"),
                ("reschedule", "{{ rescheduleUrl }}"),
            ]


@for_each("duration, seconds", [("PT20H", 72_000), ("P1DT1M2S", 86_462), (90, 90), (None, None)])
def test_durations_are_read(duration, seconds):
    assert seconds_of(duration) == seconds


GOOD = """
name: small
version: 3
workflows:
  - identifier: hello
    name: {ru: Привет, en: Hello}
    description: {ru: Привет, en: Hello}
    category: tx
    priority: normal
    payload_schema: {type: object, required: [name]}
    steps:
      - key: a
        kind: sms
        channels: [sms]
        template: {title: {ru: Да, en: Yes}, body: {ru: "{{ name }}", en: "{{ name }}"}}
"""


def test_a_small_pack_is_read():
    pack = parse_pack(GOOD)

    assert (pack.name, pack.version, pack.workflows[0].expires_after_s) == ("small", 3, None)


@for_each(
    "good, bad, word",
    [
        ('en: "{{ name }}"', 'fr: "x"', "'en' is missing"),
        ("category: tx", "category: spam", "spam"),
        ("priority: normal", "priority: soon", "soon"),
        ('ru: "{{ name }}"', 'ru: "{{ nmae }}"', "nmae"),
        ('ru: "{{ name }}"', 'ru: "{{#if name}}"', "Handlebars"),
        ("priority: normal", "priority: normal\n    expires_after: soon", "soon"),
        ("    steps:", "    steps:\n      - {key: a, kind: delay}", "stands twice"),
        ("identifier: hello", "other: hello", "identifier"),
        ("workflows:", "workflows: [", "cannot be read"),
        ("version: 3", "version: [3]", "cannot be read"),
    ],
)
def test_a_pack_that_must_not_be_seeded_is_refused(good, bad, word):
    with pytest.raises(PackError, match=word):
        parse_pack(GOOD.replace(good, bad))


@for_each("name", ["missing", "../packs/salon", "", "Salon"])
def test_only_packs_of_the_folder_are_loaded(name):
    with pytest.raises(PackError):
        load_pack(name)
