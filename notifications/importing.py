"""How does a document become a salon's workflows and texts? As drafts first, then published.

1. What is so already is left alone: the second import of a document changes nothing.
2. Texts and workflows that differ become drafts; what the document does not name stays.
3. They are published in whatever order their checks allow, or all of it is refused.
Where the salon wants a second person's look they are sent for review instead.
Call inside the salon's scope and a transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from notifications.differences import Difference, differences
from notifications.exporting import export_templates, export_workflows
from notifications.manifest import LANGUAGES, TEXT_FIELDS, Json
from notifications.models import Category, MessageTemplate, Priority, Step, Workflow
from notifications.publishing import (
    PublishRefused,
    publish_template,
    publish_workflow,
)
from notifications.reviewing import note_edit, submit, wants_review
from tenants.errors import InvalidFields
from tenants.models import User

Draft = MessageTemplate | Workflow


@dataclass(frozen=True, slots=True)
class Import:
    """Whose hands a document goes through. keeps_drafts: publish nothing of it."""

    tenant_id: UUID
    now: datetime
    by: User | None = None
    keeps_drafts: bool = False


def standing(document: Mapping[str, Any], *, is_draft: bool) -> Json:
    """Give what the salon has of the items that a document names."""
    workflows = [item["identifier"] for item in document["workflows"]]
    keys = [item["key"] for item in document["templates"]]
    found = export_workflows(workflows, is_draft=is_draft)
    return found | {"templates": export_templates(keys, is_draft=is_draft)["templates"]}


def import_manifest(document: Mapping[str, Any], how: Import) -> list[Difference]:
    """Take a document (notifications.manifest) over; return what changed.

    Raises InvalidFields for a step whose template is nowhere, PublishRefused for what must not be
    published; the caller's transaction then takes everything back.
    """
    drafted = differences(standing(document, is_draft=True), document)
    changed = differences(standing(document, is_draft=False), document)
    keys = {one.name for one in drafted if one.kind == "template"}
    names = {one.name for one in drafted if one.kind == "workflow"}
    for item in document["templates"]:
        if item["key"] in keys:
            _write_template(item, how)
    _require_templates(document)
    for item in document["workflows"]:
        if item["identifier"] in names:
            _write_workflow(item, how)
    if how.keeps_drafts:
        return drafted
    publish_all([_draft(one) for one in changed], how)
    return changed


def _draft(one: Difference) -> Draft:
    if one.kind == "template":
        template: MessageTemplate = MessageTemplate.objects.get(key=one.name)
        return template
    workflow: Workflow = Workflow.objects.get(identifier=one.name)
    return workflow


def publish_all(drafts: Collection[Draft], how: Import) -> None:
    """Publish all, or send all for review; raises PublishRefused.

    A text may have to wait for its workflow, and the other way round.
    """
    if wants_review(how.tenant_id):
        for draft in drafts:
            submit(draft, how.by, how.now)
        return
    waiting = list(drafts)
    while waiting:
        refused = [(draft, problem) for draft in waiting if (problem := _refusal(draft, how.by))]
        if len(refused) == len(waiting):
            problems = [problem for _, refusal in refused for problem in refusal.problems]
            raise PublishRefused(problems)
        waiting = [draft for draft, _ in refused]


def _refusal(draft: Draft, by: User | None) -> PublishRefused | None:
    try:
        if isinstance(draft, Workflow):
            publish_workflow(draft, by)
        else:
            publish_template(draft, by)
    except PublishRefused as refused:
        return refused
    return None


def _write_template(item: Json, how: Import) -> None:
    row, _ = MessageTemplate.objects.get_or_create(
        tenant_id=how.tenant_id, key=item["key"], defaults={"name": item["name"]}
    )
    row.name = item["name"]
    write_texts(row, item, how)


def write_texts(row: MessageTemplate, texts: Mapping[str, Any], how: Import) -> None:
    """Make a draft say these texts, by language; what is not given is emptied."""
    note_edit(row, how.by, how.now)
    for language in LANGUAGES:
        text = texts.get(language, {})
        for name in TEXT_FIELDS:
            empty: Any = [] if name == "buttons" else ""
            setattr(row, f"{name}_{language}", text.get(name) or empty)
    row.save()


def _write_workflow(item: Json, how: Import) -> None:
    row, _ = Workflow.objects.get_or_create(tenant_id=how.tenant_id, identifier=item["identifier"])
    note_edit(row, how.by, how.now)
    for language in LANGUAGES:
        setattr(row, f"name_{language}", item["name"].get(language))
        setattr(row, f"description_{language}", item.get("description", {}).get(language, ""))
    row.is_active = item.get("active", True)
    row.category = item.get("category", Category.TX)
    row.priority = item.get("priority", Priority.NORMAL)
    row.is_critical = item.get("critical", False)
    row.expires_after_s = item.get("expires_after_s")
    row.payload_schema = item.get("payload_schema", {})
    row.save()
    _write_steps(row, item["steps"])


def _write_steps(row: Workflow, steps: Collection[Json]) -> None:
    ids = dict(MessageTemplate.objects.values_list("key", "pk"))
    row.steps.all().delete()
    Step.objects.bulk_create(
        Step(
            tenant_id=row.tenant_id,
            workflow=row,
            position=position,
            key=step["key"],
            kind=step["kind"],
            channels=step.get("channels", []),
            settings=step.get("settings", {}),
            template_id=ids[step["template"]] if "template" in step else None,
        )
        for position, step in enumerate(steps)
    )


def _require_templates(document: Mapping[str, Any]) -> None:
    known = set(MessageTemplate.objects.values_list("key", flat=True))
    errors = {
        place: [f"{place}: there is no template '{step['template']}'"]
        for index, item in enumerate(document["workflows"])
        for number, step in enumerate(item["steps"])
        if step.get("template", "") not in {"", *known}
        for place in (f"workflows.{index}.steps.{number}.template",)
    }
    if errors:
        raise InvalidFields("A step names a template that is not there.", errors=errors)
