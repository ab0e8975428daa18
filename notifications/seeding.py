"""How does a salon get its first scenarios? As copies of a pack's, its own from then on.

A copy remembers the pack and its version. What the salon has already, by identifier, is never
touched: seeding again adds only what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import translation

from notifications.models import (
    MessageTemplate,
    Step,
    StepKind,
    TemplateVersion,
    Workflow,
    WorkflowVersion,
)
from notifications.pack_updates import of_seed
from notifications.packs import Pack, StepSeed, TemplateSeed, WorkflowSeed, load_pack
from notifications.publishing import document_of, texts_of
from tenants.ids import uuid7
from tenants.models import Tenant


def seed(tenant_id: UUID, pack: str = "salon") -> int:
    """Copy a pack's workflows and texts into a salon and publish them; return how many were new.

    Call inside the tenant's scope. Raises PackError for a pack that does not exist or is broken;
    what a pack may hold has been checked when it was read, as publishing would.
    """
    source = load_pack(pack)
    tenant = Tenant.objects.select_for_update().get(
        pk=tenant_id
    )  # two seeders: one after the other
    taken = set(Workflow.objects.filter(tenant=tenant).values_list("identifier", flat=True))
    taken_keys = set(MessageTemplate.objects.filter(tenant=tenant).values_list("key", flat=True))
    published = Published()
    copies = Copies(tenant, source, taken_keys, published)
    missing = [workflow for workflow in source.workflows if workflow.identifier not in taken]
    for workflow in missing:
        copies.add(workflow)
    published.write()
    return len(missing)


@dataclass
class Published:
    """New drafts, each with its first version: made first, then written table by table."""

    templates: list[MessageTemplate] = field(default_factory=list)
    texts: list[TemplateVersion] = field(default_factory=list)
    workflows: list[Workflow] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    versions: list[WorkflowVersion] = field(default_factory=list)

    def add_template(self, template: MessageTemplate) -> None:
        """Freeze a draft's texts."""
        template.published_id = uuid7()
        frozen = {"template": template, "number": 1, "texts": texts_of(template)}
        self.templates.append(template)
        self.texts.append(
            TemplateVersion(id=template.published_id, tenant_id=template.tenant_id, **frozen)
        )

    def add_workflow(self, workflow: Workflow, steps: list[Step]) -> None:
        """Freeze a draft and its steps as one document."""
        workflow.published_id = uuid7()
        frozen = {"workflow": workflow, "number": 1, "document": document_of(workflow, steps)}
        self.workflows.append(workflow)
        self.steps += steps
        self.versions.append(
            WorkflowVersion(id=workflow.published_id, tenant_id=workflow.tenant_id, **frozen)
        )

    def write(self) -> None:
        """Insert everything; five statements, whatever the size of the pack.

        A draft points at its version and the version at its draft, so the foreign keys wait.
        """
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            MessageTemplate.objects.bulk_create(self.templates)
            TemplateVersion.objects.bulk_create(self.texts)
            Workflow.objects.bulk_create(self.workflows)
            Step.objects.bulk_create(self.steps)
            WorkflowVersion.objects.bulk_create(self.versions)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@dataclass
class Copies:
    """A salon's own copies of a pack's workflows."""

    tenant: Tenant
    pack: Pack
    taken_keys: set[str]
    published: Published

    def add(self, seed: WorkflowSeed) -> None:
        """Copy one workflow with its texts."""
        workflow = self._workflow(seed)
        steps = [
            self._step(workflow, position, step, seed) for position, step in enumerate(seed.steps)
        ]
        self.published.add_workflow(workflow, steps)

    def _workflow(self, seed: WorkflowSeed) -> Workflow:
        return Workflow(
            tenant=self.tenant,
            identifier=seed.identifier,
            name_ru=seed.name["ru"],
            name_en=seed.name["en"],
            description_ru=seed.description["ru"],
            description_en=seed.description["en"],
            category=seed.category,
            priority=seed.priority,
            is_critical=seed.critical,
            expires_after_s=seed.expires_after_s,
            payload_schema=seed.payload_schema,
            pack=self.pack.name,
            pack_version=self.pack.version,
            pack_document=of_seed(seed),
        )

    def _step(self, workflow: Workflow, position: int, seed: StepSeed, of: WorkflowSeed) -> Step:
        template = self._template(seed.template, seed, of) if seed.template else None
        return Step(
            tenant=self.tenant,
            workflow=workflow,
            key=seed.key,
            position=position,
            kind=seed.kind,
            channels=list(seed.channels),
            settings=seed.settings,
            template=template,
        )

    def _template(self, texts: TemplateSeed, step: StepSeed, of: WorkflowSeed) -> MessageTemplate:
        template: MessageTemplate = MessageTemplate(
            tenant=self.tenant,
            key=self._free_key(f"{of.identifier}-{step.key}"),
            name=self._name(step, of),
            **_translated(texts, "ru"),
            **_translated(texts, "en"),
        )
        self.published.add_template(template)
        return template

    def _free_key(self, wanted: str) -> str:
        """Step aside for a template that the salon has made itself."""
        key, number = wanted, 2
        while key in self.taken_keys:
            key, number = f"{wanted}-{number}", number + 1
        self.taken_keys.add(key)
        return key

    def _name(self, step: StepSeed, of: WorkflowSeed) -> str:
        name = of.name[self.tenant.language]
        if sum(other.template is not None for other in of.steps) == 1:
            return name
        with translation.override(self.tenant.language):
            return f"{name} ({StepKind(step.kind).label.lower()})"


def _translated(texts: TemplateSeed, language: str) -> dict[str, Any]:
    source = texts.source(language)
    buttons = [{"text": b.text, "url": b.url, "action": b.action} for b in source.buttons]
    return {
        f"title_{language}": source.title,
        f"body_{language}": source.body,
        f"image_url_{language}": source.image_url,
        f"buttons_{language}": buttons,
    }
