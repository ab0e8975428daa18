"""A new salon starts with the pack's scenarios, published, its own."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.definition import read_definition, read_texts
from notifications.models import MessageTemplate, Step, TemplateVersion, Workflow, WorkflowVersion
from notifications.packs import PackError, load_pack
from notifications.publishing import publish_template, publish_workflow
from notifications.seeding import seed
from tenants.ids import uuid7
from tenants.models import Tenant
from tenants.scope import tenant_scope

PACK = load_pack("salon")


@pytest.fixture
def tenant_id():
    tenant = Tenant(id=uuid7(), slug=f"t-{uuid7().hex}", name="Берёзка")
    with tenant_scope(tenant.id):
        tenant.save(force_insert=True)
    return tenant.id


def test_a_seeded_workflow_is_the_tenants_own_copy_and_remembers_the_pack(tenant_id):
    with tenant_scope(tenant_id):
        assert seed(tenant_id) == len(PACK.workflows)
        workflow = Workflow.objects.get(identifier="appointment-reminder-24h")

    assert (workflow.pack, workflow.pack_version) == ("salon", PACK.version)
    assert workflow.name_ru == "Напоминание за сутки"
    assert workflow.name_en == "Reminder a day before"


def test_seeded_versions_are_what_the_engine_reads(tenant_id):
    with tenant_scope(tenant_id):
        seed(tenant_id)
        version = WorkflowVersion.objects.get(workflow__identifier="appointment-reminder-24h")
        definition = read_definition(version.pk, version.document)
        step = definition.steps[-1]
        frozen = TemplateVersion.objects.get(template_id=step.template_id)

    texts = read_texts(frozen.pk, frozen.texts)
    seeded = next(w for w in PACK.workflows if w.identifier == definition.identifier)
    assert definition.queue == 1
    assert texts.sources["ru"] == seeded.steps[-1].template.source("ru")
    assert texts.sources["en"] == seeded.steps[-1].template.source("en")


def test_publishing_what_was_seeded_finds_nothing_new_and_nothing_wrong(tenant_id):
    with tenant_scope(tenant_id):
        seed(tenant_id)
        versions = [publish_template(template) for template in MessageTemplate.objects.all()]
        versions += [publish_workflow(workflow) for workflow in Workflow.objects.all()]

    assert {version.number for version in versions} == {1}


def test_seeding_twice_changes_nothing(tenant_id):
    with tenant_scope(tenant_id):
        seed(tenant_id)
        Workflow.objects.filter(identifier="review-request").update(is_active=False)
        before = {model: model.objects.count() for model in (Workflow, Step, MessageTemplate)}

        assert seed(tenant_id) == 0

        assert before == {model: model.objects.count() for model in before}
        assert not Workflow.objects.get(identifier="review-request").is_active


def test_seeding_adds_only_what_is_missing(tenant_id):
    with tenant_scope(tenant_id):
        seed(tenant_id)
        Workflow.objects.get(identifier="review-request").delete()

        assert seed(tenant_id) == 1

        step = Step.objects.get(workflow__identifier="review-request")
        assert step.template.key == "review-request-message-2"  # the old text stayed


def test_seeding_takes_a_handful_of_statements(tenant_id):
    with tenant_scope(tenant_id), CaptureQueriesContext(connection) as queries:
        seed(tenant_id)

    assert len(queries) <= 10


def test_an_unknown_pack_is_refused_by_name(tenant_id):
    with tenant_scope(tenant_id), pytest.raises(PackError, match="barber"):
        seed(tenant_id, pack="barber")
