"""Publishing freezes a draft, or says field by field why not."""

from __future__ import annotations

import socket

import pytest
from django.utils.timezone import now

from notifications.definition import read_definition, read_texts
from notifications.models import Due, Event, MessageTemplate, Notification, Range, Step, Workflow
from notifications.publishing import (
    PublishRefused,
    publish_template,
    publish_workflow,
    restore_template,
)
from tenants.ids import uuid7
from tenants.models import Tenant
from tenants.scope import tenant_scope

SCHEMA = {
    "type": "object",
    "required": ["clientName"],
    "properties": {"clientName": {"type": "string"}, "staffName": {"default": ""}},
}


@pytest.fixture
def salon():
    tenant = Tenant(id=uuid7(), slug=f"t-{uuid7().hex}", name="Берёзка")
    with tenant_scope(tenant.id):
        tenant.save(force_insert=True)
        yield tenant


def template_of(salon, **texts):
    words = {"body_ru": "Здравствуйте, {{ clientName }}!", "body_en": "Hello, {{ clientName }}!"}
    return MessageTemplate.objects.create(
        tenant=salon, key=uuid7().hex, name="Привет", **(words | texts)
    )


def workflow_of(salon, **fields):
    values = {"payload_schema": SCHEMA, "name_ru": "Сценарий", "name_en": "Workflow"} | fields
    return Workflow.objects.create(tenant=salon, identifier=uuid7().hex, **values)


def step_of(workflow, template=None, **fields):
    values = {"kind": "chat", "channels": ["chat", "sms"], "key": "message"} | fields
    return Step.objects.create(
        tenant=workflow.tenant, workflow=workflow, template=template, **values
    )


def refusals(publish, draft):
    with pytest.raises(PublishRefused) as refused:
        publish(draft)
    return [(p.field, p.language, p.line, p.code) for p in refused.value.problems]


def test_a_published_template_is_frozen_in_both_languages(salon):
    button = {"text": "Да", "url": "https://example.com", "action": "confirm"}
    template = template_of(salon, title_ru="Тема", buttons_ru=[button])

    version = publish_template(template)

    texts = read_texts(version.pk, version.texts)
    assert version.number == 1
    assert texts.sources["ru"].title == "Тема"
    assert texts.sources["ru"].buttons[0].action == "confirm"
    assert texts.sources["en"].body == "Hello, {{ clientName }}!"
    assert MessageTemplate.objects.get(pk=template.pk).published_id == version.pk


def test_the_same_text_is_not_published_twice(salon):
    template = template_of(salon)

    first, second = publish_template(template), publish_template(template)

    assert first.pk == second.pk


def test_a_changed_text_gets_the_next_number(salon):
    template = template_of(salon)
    publish_template(template)
    MessageTemplate.objects.filter(pk=template.pk).update(body_ru="Добрый день!")

    version = publish_template(template)

    assert version.number == 2
    assert version.texts["ru"]["body"] == "Добрый день!"


def test_a_refusal_names_field_language_and_line(salon):
    button = {"text": "{{ oops", "url": "", "action": ""}
    template = template_of(salon, body_en="Hello,\n{{ name | shout }}", buttons_ru=[button])

    found = refusals(publish_template, template)

    assert ("body", "en", 2, "unknown_filter") in found
    assert ("buttons.0.text", "ru", 1, "syntax") in found
    assert MessageTemplate.objects.get(pk=template.pk).published_id is None


def test_a_language_that_nobody_began_is_left_to_the_other(salon):
    version = publish_template(template_of(salon, body_en=""))

    assert set(version.texts) == {"ru"}


def test_a_language_that_was_begun_must_be_finished(salon):
    template = template_of(salon, body_en="", title_en="Hello")

    assert refusals(publish_template, template) == [("body", "en", 0, "empty")]


def test_an_empty_template_is_refused(salon):
    template = template_of(salon, body_ru="", body_en="")

    assert refusals(publish_template, template) == [("body", "ru", 0, "empty")]


def test_a_variable_that_the_draft_workflow_does_not_give_is_refused(salon):
    template = template_of(salon, body_ru="{{ clientName }}, {{ staffName }}\n{{ discount }}")
    step_of(workflow_of(salon), template)

    assert refusals(publish_template, template) == [("body", "ru", 2, "unknown_variable")]


def test_a_variable_that_the_running_version_does_not_give_is_refused(salon):
    template = template_of(salon)
    publish_template(template)
    workflow = workflow_of(salon)
    step_of(workflow, template)
    publish_workflow(workflow)
    wider = SCHEMA | {"properties": SCHEMA["properties"] | {"discount": {"default": 5}}}
    Workflow.objects.filter(pk=workflow.pk).update(payload_schema=wider)
    MessageTemplate.objects.filter(pk=template.pk).update(body_ru="{{ discount }}")

    assert refusals(publish_template, template) == [("body", "ru", 1, "unknown_variable")]
    publish_workflow(workflow)
    assert publish_template(template).number == 2


def an_event(salon, version) -> Event:
    return Event.objects.create(
        tenant=salon,
        mode="live",
        transaction_id=uuid7().hex,
        workflow_id=version.workflow_id,
        version=version,
        queue=2,
        due_at=now(),
    )


def accept_for_one(salon, version):
    notification = Notification.objects.create(
        tenant=salon, event=an_event(salon, version), subscriber_id=uuid7(), state="pending"
    )
    Due.objects.create(tenant=salon, notification=notification, queue=2, due_at=now())


def accept_for_a_range(salon, version):
    Range.objects.create(
        tenant=salon,
        event_id=an_event(salon, version).pk,
        chunk_id=1,
        batch_id=uuid7(),
        queue=2,
        due_at=now(),
        after=uuid7(),
        last=uuid7(),
        remaining=1,
    )


@pytest.mark.parametrize("accept", [accept_for_one, accept_for_a_range])
def test_a_variable_that_accepted_work_does_not_give_is_refused(salon, accept):
    template = template_of(salon)
    publish_template(template)
    workflow = workflow_of(salon)
    step_of(workflow, template)
    old = publish_workflow(workflow)
    accept(salon, old)
    wider = SCHEMA | {"properties": SCHEMA["properties"] | {"discount": {"default": 5}}}
    Workflow.objects.filter(pk=workflow.pk).update(payload_schema=wider)
    publish_workflow(workflow)
    MessageTemplate.objects.filter(pk=template.pk).update(body_ru="{{ discount }}")

    assert refusals(publish_template, template) == [("body", "ru", 1, "unknown_variable")]
    Due.objects.all().delete()
    Range.objects.all().delete()
    assert publish_template(template).number == 2


def test_restoring_publishes_the_old_text_under_a_new_number(salon):
    template = template_of(salon)
    first = publish_template(template)
    MessageTemplate.objects.filter(pk=template.pk).update(body_ru="Добрый день!", body_en="")
    publish_template(template)

    version = restore_template(first)

    assert (version.number, version.texts) == (3, first.texts)
    assert MessageTemplate.objects.get(pk=template.pk).body_ru == "Здравствуйте, {{ clientName }}!"


def test_a_published_workflow_is_what_the_engine_reads(salon):
    template = template_of(salon)
    publish_template(template)
    workflow = workflow_of(salon, priority="urgent", expires_after_s=60)
    step_of(workflow, kind="delay", key="wait", settings={"seconds": 60}, position=0)
    step_of(workflow, template, position=1)

    version = publish_workflow(workflow)

    definition = read_definition(version.pk, version.document)
    assert [step.key for step in definition.steps] == ["wait", "message"]
    assert definition.steps[1].template_id == template.pk
    assert (definition.queue, definition.expires_after_s) == (0, 60)
    assert Workflow.objects.get(pk=workflow.pk).published_id == version.pk


def test_the_same_workflow_is_not_published_twice(salon):
    workflow = workflow_of(salon)
    step_of(workflow, kind="webhook", channels=[])

    assert publish_workflow(workflow).pk == publish_workflow(workflow).pk


@pytest.mark.parametrize(
    ("step", "refusal"),
    [
        ({"kind": "pigeon"}, ("steps.message.kind", "unknown_kind")),
        ({"kind": "sms"}, ("steps.message.template", "no_template")),
        ({"kind": "delay"}, ("steps.message.settings", "no_duration")),
        (
            {"kind": "delay", "settings": {"seconds": 0}},
            ("steps.message.settings.seconds", "setting_number"),
        ),
    ],
)
def test_a_step_that_could_not_run_is_refused(salon, step, refusal):
    workflow = workflow_of(salon)
    step_of(workflow, **step)

    assert [(f, c) for f, _, _, c in refusals(publish_workflow, workflow)] == [refusal]


def test_a_step_with_an_unpublished_template_is_refused(salon):
    workflow = workflow_of(salon)
    step_of(workflow, template_of(salon))

    found = refusals(publish_workflow, workflow)

    assert found == [("steps.message.template", "", 0, "unpublished_template")]


def test_a_schema_that_takes_a_published_texts_variable_away_is_refused(salon):
    template = template_of(salon)
    publish_template(template)
    workflow = workflow_of(salon, payload_schema={"type": "object"})
    step_of(workflow, template)

    found = refusals(publish_workflow, workflow)

    assert ("steps.message.template", "ru", 1, "unknown_variable") in found


@pytest.mark.parametrize(
    "schema",
    [{"type": "sandwich"}, {"required": "clientName"}, {"$ref": "#/nowhere"}, [1]],
)
def test_a_broken_schema_is_refused(salon, schema):
    workflow = workflow_of(salon, payload_schema=schema)
    step_of(workflow, kind="webhook")

    found = refusals(publish_workflow, workflow)

    assert found == [("payload_schema", "", 0, "bad_schema")]


def test_a_schema_that_points_elsewhere_is_refused_and_nobody_is_called(salon):
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        address = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/schema.json"
        workflow = workflow_of(salon, payload_schema={"$ref": address})
        step_of(workflow, kind="webhook")
        found = refusals(publish_workflow, workflow)
        with pytest.raises(TimeoutError):
            elsewhere.accept()

    assert found == [("payload_schema", "", 0, "bad_schema")]


def test_a_workflow_without_steps_is_refused(salon):
    assert refusals(publish_workflow, workflow_of(salon)) == [("steps", "", 0, "no_steps")]


def test_marketing_above_normal_priority_is_refused(salon):
    from notifications.refusals import workflow_problems

    draft = Workflow(category="mk", priority="urgent", payload_schema={})
    step = Step(key="hook", kind="webhook")

    assert [p.code for p in workflow_problems(draft, [step])] == ["mk_priority"]
