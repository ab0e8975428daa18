"""How do a salon's workflows and texts become a document? As they run, or as they are drafted.

Call inside the salon's scope.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from notifications.definition import template_ids
from notifications.manifest import (
    LANGUAGES,
    TEXT_FIELDS,
    VERSION,
    Json,
    template_item,
    workflow_item,
)
from notifications.models import MessageTemplate, Workflow
from notifications.publishing import document_of
from notifications.refusals import is_begun
from notifications.trial import IDENTIFIER as TRIAL


def export_workflows(wanted: Collection[str] | None = None, *, is_draft: bool = False) -> Json:
    """Write workflows and the texts that they send. wanted: identifiers; None: all.

    is_draft: what stands on the screen, else what runs, and then only what is published.
    """
    found = Workflow.objects.exclude(identifier=TRIAL).order_by("identifier")
    if wanted is not None:
        found = found.filter(identifier__in=list(wanted))
    documents = {row: _document(row, is_draft) for row in found.select_related("published")}
    used = {key for one in documents.values() if one for key in template_ids(one)}
    texts = MessageTemplate.objects.filter(pk__in=used)
    templates = {str(row.pk): row for row in texts.select_related("published")}
    items = [_workflow(row, one, templates) for row, one in documents.items() if one]
    return {
        "version": VERSION,
        "templates": _templates(templates.values(), is_draft),
        "workflows": items,
    }


def export_templates(wanted: Collection[str] | None = None, *, is_draft: bool = False) -> Json:
    """Write texts. wanted: keys; None: all."""
    found = MessageTemplate.objects.select_related("published")
    if wanted is not None:
        found = found.filter(key__in=list(wanted))
    return {"version": VERSION, "templates": _templates(found, is_draft)}


def draft_texts(row: MessageTemplate) -> dict[str, dict[str, Any]]:
    """Read what stands on the screen, however unfinished."""
    return {
        language: {name: getattr(row, f"{name}_{language}") for name in TEXT_FIELDS}
        for language in LANGUAGES
        if is_begun(row, language)
    }


def _document(row: Workflow, is_draft: bool) -> Mapping[str, Any] | None:
    if is_draft:
        return document_of(row, list(row.steps.all()))
    return row.published.document if row.published else None


def _workflow(
    row: Workflow, document: Mapping[str, Any], templates: Mapping[str, MessageTemplate]
) -> Json:
    """Write one; the names, and whether it is on, are the row's own and have no versions."""
    own = {
        name: {language: getattr(row, f"{name}_{language}") or "" for language in LANGUAGES}
        for name in ("name", "description")
    }
    steps = [
        step | {"template": templates[step["template"]].key if step["template"] else None}
        for step in document["steps"]
    ]
    values = {**document, **own, "active": row.is_active, "critical": document["is_critical"]}
    return workflow_item(values, steps)


def _templates(rows: Iterable[MessageTemplate], is_draft: bool) -> list[Json]:
    texts = {row: _texts(row, is_draft) for row in sorted(rows, key=lambda row: row.key)}
    return [
        template_item({"key": row.key, "name": row.name, **said})
        for row, said in texts.items()
        if said is not None
    ]


def _texts(row: MessageTemplate, is_draft: bool) -> Mapping[str, Any] | None:
    if is_draft:
        return draft_texts(row)
    return row.published.texts if row.published else None
