"""A salon manager edits a text or a workflow, publishes it, and the engine reads it."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from notifications.admin.step_hints import HINTS
from notifications.definition import read_definition, read_texts
from notifications.models import MessageTemplate, Step, TemplateVersion, Workflow, WorkflowVersion
from notifications.step_rules import Flow, step_faults
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon

SAVE = {"notifications_messagetemplate_save_and_publish": "1"}
SAVE_WORKFLOW = {"notifications_workflow_save_and_publish": "1"}


@pytest.fixture
def salon():
    return make_salon()


def address(salon):
    return reverse("admin:notifications_messagetemplate_change", args=[salon.template.pk])


def form(salon, **changed):
    values = {
        "name": salon.template.name,
        "key": salon.template.key,
        "title_ru": "Ждём вас",
        "body_ru": "{{ clientName }}, ждём вас!",
        "image_url_ru": "",
        "buttons_ru-0-text": "Еду",
        "buttons_ru-0-action": "confirm",
        "title_en": "See you",
        "body_en": "{{ clientName }}, see you soon!",
        "image_url_en": "",
        "buttons_en-0-text": "On my way",
        "buttons_en-0-action": "confirm",
    }
    return values | changed


def live_texts(salon):
    with tenant_scope(salon.tenant.id):
        template = MessageTemplate.objects.get(pk=salon.template.pk)
        version = TemplateVersion.objects.get(pk=template.published_id)
    return version.number, read_texts(version.pk, version.texts)


def test_saving_changes_the_draft_only(salon):
    response = browser(salon.people["marketer"]).post(address(salon), form(salon))

    assert response.status_code == 302
    with tenant_scope(salon.tenant.id):
        draft = MessageTemplate.objects.get(pk=salon.template.pk)
    assert draft.body_en == "{{ clientName }}, see you soon!"
    assert live_texts(salon)[0] == 1


def test_saving_and_publishing_changes_what_the_engine_reads(salon):
    browser(salon.people["marketer"]).post(address(salon), form(salon) | SAVE)

    number, texts = live_texts(salon)
    assert number == 2
    assert texts.sources["ru"].body == "{{ clientName }}, ждём вас!"
    assert texts.sources["en"].buttons[0].text == "On my way"


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("body_ru", {"body_ru": "Привет,\n{{ discount }}"}),
        ("title_en", {"title_en": "{{ oops"}),
        ("buttons_ru", {"buttons_ru-0-url": "{{ secret }}"}),
        ("buttons_en", {"buttons_en-1-text": "Nothing happens"}),
    ],
)
def test_what_must_be_corrected_stands_beside_its_field_and_nothing_is_saved(salon, field, changed):
    response = browser(salon.people["marketer"]).post(address(salon), form(salon, **changed) | SAVE)

    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert live_texts(salon)[0] == 1


def test_publishing_the_saved_draft_by_its_own_button(salon):
    client = browser(salon.people["marketer"])
    client.post(address(salon), form(salon))
    publish = reverse("admin:notifications_messagetemplate_publish", args=[salon.template.pk])

    assert client.get(publish).status_code == 302
    assert live_texts(salon)[0] == 1  # GET changes nothing
    client.post(publish)
    assert live_texts(salon)[0] == 2


def test_restoring_an_old_version(salon):
    client = browser(salon.people["marketer"])
    client.post(address(salon), form(salon) | SAVE)

    client.post(reverse("admin:notifications_messagetemplate_restore", args=[salon.template.pk, 1]))

    number, texts = live_texts(salon)
    assert number == 3
    assert "уже через час" in texts.sources["ru"].body


def test_the_page_tells_what_is_live_and_shows_what_a_client_reads(salon):
    shown = browser(salon.people["marketer"]).get(address(salon)).content.decode()

    assert "Clients get version 1" in shown
    assert "⏰ Анна, ждём вас уже через час!" in shown
    assert "⏰ Anna, we are expecting you in an hour!" in shown


def test_the_preview_renders_what_is_typed_and_saves_nothing(salon):
    url = reverse("admin:notifications_messagetemplate_preview", args=[salon.template.pk])
    client = browser(salon.people["marketer"])

    shown = client.post(url, form(salon)).content.decode()
    broken = client.post(url, form(salon, body_ru="{{ clientName")).content.decode()

    assert "Анна, ждём вас!" in shown
    assert "Еду" in shown
    assert "body, line 1" in broken
    assert live_texts(salon)[0] == 1
    with tenant_scope(salon.tenant.id):
        assert MessageTemplate.objects.get(pk=salon.template.pk).body_en.startswith("⏰")


@pytest.mark.parametrize("role", ["analyst", "developer", "receptionist"])
def test_who_may_not_write_templates_publishes_and_restores_nothing(salon, role):
    client = browser(salon.people[role])
    pk = salon.template.pk

    for name, args in (("publish", [pk]), ("restore", [pk, 1])):
        url = reverse(f"admin:notifications_messagetemplate_{name}", args=args)
        assert client.post(url).status_code == 403
    assert client.post(address(salon), form(salon) | SAVE).status_code == 403
    assert live_texts(salon)[0] == 1


@pytest.mark.parametrize("name", ["publish", "preview"])
def test_a_foreign_template_cannot_be_published_or_seen(salon, name):
    other = make_salon("Ромашка")
    url = reverse(f"admin:notifications_messagetemplate_{name}", args=[other.template.pk])

    assert browser(salon.people["owner"]).post(url).status_code == 404


def workflow_form(salon, step, **changed):
    values = {
        "name_ru": "Напоминание",
        "name_en": "Reminder",
        "category": "tx",
        "priority": "high",
        "is_active": "on",
        "payload_schema": json.dumps(salon.workflow.payload_schema),
        "steps-TOTAL_FORMS": 2,
        "steps-INITIAL_FORMS": 1,
        "steps-0-id": step.pk,
        "steps-0-workflow": salon.workflow.pk,
        "steps-0-position": 1,
        "steps-0-key": "message",
        "steps-0-kind": "chat",
        "steps-0-channels": "telegram, SMS",
        "steps-0-template": salon.template.pk,
        "steps-0-settings": "{}",
        "steps-1-workflow": salon.workflow.pk,
        "steps-1-position": 0,
        "steps-1-key": "wait",
        "steps-1-kind": "delay",
        "steps-1-channels": "",
        "steps-1-template": "",
        "steps-1-settings": '{"seconds": 60}',
    }
    return values | changed | SAVE_WORKFLOW


def post_workflow(salon, **changed):
    with tenant_scope(salon.tenant.id):
        step = Step.objects.get(workflow=salon.workflow)
    url = reverse("admin:notifications_workflow_change", args=[salon.workflow.pk])
    return browser(salon.people["developer"]).post(
        url, workflow_form(salon, step, **changed), follow=True
    )


def test_a_published_workflow_runs_with_its_new_steps(salon):
    response = post_workflow(salon)

    assert "version 2 runs now" in response.content.decode()
    with tenant_scope(salon.tenant.id):
        workflow = Workflow.objects.get(pk=salon.workflow.pk)
        version = WorkflowVersion.objects.get(pk=workflow.published_id)
    definition = read_definition(version.pk, version.document)
    assert [(s.key, s.channels) for s in definition.steps] == [
        ("wait", ("delay",)),
        ("message", ("telegram", "sms")),
    ]


def test_a_schema_that_takes_a_texts_variable_away_is_named(salon):
    shown = post_workflow(salon, payload_schema="{}").content.decode()

    assert "message, Russian: Line" in shown
    assert "Nothing gives “clientName” a value" in shown


def test_a_workflow_that_cannot_run_is_saved_but_not_published(salon):
    shown = post_workflow(salon, **{"steps-1-settings": "{}"}).content.decode()

    assert "not published" in shown
    assert "Say in the settings how long to wait" in shown
    with tenant_scope(salon.tenant.id):
        assert WorkflowVersion.objects.filter(workflow=salon.workflow).count() == 1
        assert Step.objects.filter(workflow=salon.workflow).count() == 2


def test_an_unknown_channel_is_refused_beside_its_field(salon):
    response = post_workflow(salon, **{"steps-0-channels": "pigeon"})

    errors = response.context["inline_admin_formsets"][0].formset.errors
    assert list(errors[0]) == ["channels"]


def test_marketing_above_normal_priority_is_refused_beside_the_form(salon):
    response = post_workflow(salon, category="mk", priority="urgent")

    assert response.context["errors"]


@pytest.mark.parametrize(("kind", "example"), [(kind, text) for kind, text, _ in HINTS])
def test_the_settings_that_the_form_suggests_are_taken(kind, example):
    flow = Flow(
        earlier=("message",),
        senders=("message",),
        next_sends=True,
        payload=("appointmentTime", "total"),
        templates=("gift",),
    )

    assert list(step_faults(kind, json.loads(example), flow)) == []
