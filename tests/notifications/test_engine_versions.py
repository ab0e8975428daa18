"""What was published when: workflows keep their version, texts are those of the moment."""

from __future__ import annotations

import pytest

from notifications.models import MessageTemplate, Step, Workflow
from notifications.publishing import publish_template, publish_workflow
from tenants.scope import tenant_scope

ANNA = {"subscriberId": "anna", "phone": "+79161234567", "email": "anna@mail.test"}
WAIT = ("delay", {"settings": {"seconds": 600}})


@pytest.fixture
def texts(reminders, worker):
    reminders.workflow("code", WAIT, "sms")
    return reminders


def edit_text(texts, body, *, publish=True):
    with tenant_scope(texts.salon.pk):
        template = MessageTemplate.objects.get(tenant=texts.salon, key="code-1")
        template.body_ru = body
        template.save()
        if publish:
            publish_template(template)


def test_a_running_notification_keeps_the_workflow_it_began_with(texts, worker, provider):
    texts.trigger("code", ANNA)
    worker.drain_dry()
    with tenant_scope(texts.salon.pk):
        workflow = Workflow.objects.get(tenant=texts.salon, identifier="code")
        Step.objects.filter(workflow=workflow, kind="sms").update(kind="email", channels=["email"])
        publish_workflow(workflow)
    texts.hurry()
    worker.drain_dry()

    texts.trigger("code", "anna")
    worker.drain_dry()
    texts.hurry()
    worker.drain_dry()

    assert [body["kind"] for body in provider.bodies] == ["sms", "email"]


def test_a_workflow_that_was_switched_off_finishes_what_it_began(texts, worker, provider):
    texts.trigger("code", ANNA)
    worker.drain_dry()
    texts.change_workflow("code", is_active=False)
    texts.hurry()
    worker.drain_dry()

    assert len(provider.bodies) == 1


def test_the_text_is_the_one_that_is_published_when_it_is_sent(texts, worker, provider):
    texts.trigger("code", ANNA)
    worker.drain_dry()
    edit_text(texts, "Новый текст")
    edit_text(texts, "Черновик", publish=False)

    texts.hurry()
    worker.drain_dry()

    assert [body["body"] for body in provider.bodies] == ["Новый текст"]


def test_an_edit_is_seen_by_the_very_next_batch(reminders, worker, provider):
    reminders.workflow("note", "sms", "sms")
    for number in range(3):
        with tenant_scope(reminders.salon.pk):
            template = MessageTemplate.objects.get(tenant=reminders.salon, key="note-0")
            template.body_ru = f"Текст {number}"
            template.save()
            publish_template(template)
        reminders.trigger("note", ANNA)
        worker.drain_dry()

    assert [b["body"] for b in provider.bodies if "Текст" in b["body"]] == [
        "Текст 0",
        "Текст 1",
        "Текст 2",
    ]


def test_a_changed_limit_is_seen_by_the_very_next_batch(reminders, worker, provider):
    reminders.workflow("code", "sms")
    reminders.trigger("code", ANNA)
    worker.drain_dry()
    reminders.limit(per_hour=1)
    reminders.trigger("code", ANNA)
    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert reminders.log[-1] == ("waiting", "hourly_cap")


def test_a_trigger_sees_a_workflow_the_moment_it_is_switched_off(reminders, worker):
    reminders.workflow("code", "sms")
    reminders.trigger("code", ANNA)
    reminders.change_workflow("code", is_active=False)
    reminders.trigger("code", ANNA)

    assert len(reminders.due) == 1
