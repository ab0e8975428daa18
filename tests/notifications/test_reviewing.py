"""Where a salon wants four eyes, nobody publishes what he wrote himself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notifications.models import DraftState, MessageTemplate, Step, Workflow, WorkflowVersion
from notifications.publishing import (
    PublishRefused,
    publish_template,
    publish_workflow,
    restore_template,
    restore_workflow,
)
from notifications.reviewing import note_edit, send_back, submit
from notifications.succession import publish_as_new
from tenants.ids import uuid7
from tenants.models import Tenant, User
from tenants.scope import tenant_scope

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def salon():
    tenant = Tenant(id=uuid7(), slug=f"t-{uuid7().hex}", name="Берёзка", four_eyes=True)
    with tenant_scope(tenant.id):
        tenant.save(force_insert=True)
        yield tenant


@pytest.fixture
def anna():
    return User.objects.create(username=uuid7().hex)


@pytest.fixture
def boris():
    return User.objects.create(username=uuid7().hex)


@pytest.fixture(params=["template", "workflow"])
def draft(request, salon):
    if request.param == "template":
        return MessageTemplate.objects.create(tenant=salon, key=uuid7().hex, name="a", body_ru="a")
    return workflow_of(salon)


def workflow_of(salon, **fields):
    made = Workflow.objects.create(tenant=salon, identifier=uuid7().hex, name_ru="а", **fields)
    Step.objects.create(tenant=salon, workflow=made, key="hook", kind="webhook")
    return made


def publish(draft, by):
    verb = publish_template if isinstance(draft, MessageTemplate) else publish_workflow
    return verb(draft, by)


def refused(draft, by):
    with pytest.raises(PublishRefused) as refusal:
        publish(draft, by)
    return [problem.code for problem in refusal.value.problems]


def test_an_author_cannot_publish_his_own_draft(draft, anna, boris):
    note_edit(draft, anna, NOW)
    submit(draft, anna, NOW)

    assert refused(draft, anna) == ["four_eyes_own"]
    version = publish(draft, boris)

    draft.refresh_from_db()
    assert (version.published_by, version.submitted_by) == (boris, anna)
    assert (draft.published_id, draft.state, draft.editors) == (
        version.pk,
        DraftState.PUBLISHED,
        [],
    )


def test_who_asked_for_the_look_does_not_give_it(draft, anna, boris):
    note_edit(draft, anna, NOW)
    submit(draft, boris, NOW)

    assert refused(draft, boris) == ["four_eyes_own"]


def test_who_changes_what_he_looks_at_becomes_an_author(draft, anna, boris):
    note_edit(draft, anna, NOW)
    submit(draft, anna, NOW)
    note_edit(draft, boris, NOW)

    assert draft.state == DraftState.DRAFT
    submit(draft, anna, NOW)
    assert refused(draft, boris) == ["four_eyes_own"]


def test_what_nobody_sent_for_review_is_not_published(draft, anna, boris):
    note_edit(draft, anna, NOW)
    assert refused(draft, boris) == ["four_eyes_unsent"]

    submit(draft, anna, NOW)
    send_back(draft)

    assert refused(draft, boris) == ["four_eyes_unsent"]


def test_software_publishes_nothing_where_people_look(draft, anna):
    note_edit(draft, anna, NOW)
    submit(draft, anna, NOW)

    assert refused(draft, None) == ["four_eyes_nobody"]


def test_without_the_setting_an_author_publishes(salon, draft, anna):
    Tenant.objects.filter(pk=salon.pk).update(four_eyes=False)
    note_edit(draft, anna, NOW)

    assert publish(draft, anna).published_by == anna


def test_an_old_version_comes_back_through_review(salon, anna, boris):
    workflow = workflow_of(salon)
    submit(workflow, anna, NOW)
    first = publish_workflow(workflow, boris)
    Step.objects.filter(workflow=workflow).update(key="other")
    submit(workflow, anna, NOW)
    publish_workflow(workflow, boris)

    assert restore_workflow(first, boris) is None

    workflow.refresh_from_db()
    assert workflow.state == DraftState.REVIEW
    assert refused(workflow, boris) == ["four_eyes_own"]
    assert publish_workflow(workflow, anna).document == first.document


def test_restoring_a_workflow_gives_a_new_number_and_keeps_history(salon):
    Tenant.objects.filter(pk=salon.pk).update(four_eyes=False)
    workflow = workflow_of(salon)
    first = publish_workflow(workflow)
    Step.objects.filter(workflow=workflow).update(key="other")
    publish_workflow(workflow)

    version = restore_workflow(first)

    assert (version.number, version.document) == (3, first.document)
    assert [step.key for step in workflow.steps.all()] == ["hook"]
    assert WorkflowVersion.objects.filter(workflow=workflow).count() == 3


def test_restoring_a_text_waits_for_review(salon, anna, boris):
    template = MessageTemplate.objects.create(tenant=salon, key="a", name="a", body_ru="a")
    submit(template, anna, NOW)
    first = publish_template(template, boris)

    assert restore_template(first, anna) is None
    assert MessageTemplate.objects.get(pk=template.pk).state == DraftState.REVIEW


def test_a_schema_that_breaks_callers_is_refused_and_goes_out_under_a_new_identifier(salon):
    Tenant.objects.filter(pk=salon.pk).update(four_eyes=False)
    workflow = workflow_of(salon, payload_schema={"required": ["total"]})
    first = publish_workflow(workflow)
    Workflow.objects.filter(pk=workflow.pk).update(payload_schema={"required": ["sum", "total"]})
    with pytest.raises(PublishRefused, match="payload_schema: 'sum' is newly required"):
        publish_workflow(workflow)

    made = publish_as_new(workflow)

    workflow.refresh_from_db()
    assert made.identifier == f"{workflow.identifier}-v2"
    assert made.published.document["payload_schema"] == {"required": ["sum", "total"]}
    assert workflow.published_id == first.pk
    assert workflow.payload_schema == {"required": ["total"]}
    Workflow.objects.filter(pk=made.pk).update(payload_schema={"required": ["vat"]})
    assert publish_as_new(made).identifier == f"{workflow.identifier}-v3"


def test_a_variable_that_running_texts_use_does_not_go_away(salon):
    Tenant.objects.filter(pk=salon.pk).update(four_eyes=False)
    template = MessageTemplate.objects.create(
        tenant=salon, key="a", name="a", body_ru="{{ total }}"
    )
    publish_template(template)
    workflow = workflow_of(salon, payload_schema={"required": ["total", "note"]})
    step = Step.objects.create(
        tenant=salon, workflow=workflow, key="sms", kind="sms", template=template
    )
    publish_workflow(workflow)

    step.delete()
    Workflow.objects.filter(pk=workflow.pk).update(payload_schema={"required": ["note"]})
    with pytest.raises(PublishRefused, match="'total' is gone"):
        publish_workflow(workflow)
    Workflow.objects.filter(pk=workflow.pk).update(payload_schema={"required": ["total"]})
    assert publish_workflow(workflow).number == 2
