"""How does a draft become what is sent? By freezing it as a numbered version, if nothing is wrong.

1. The draft's row is locked: two people who publish at once get two numbers, or one version.
2. Whatever would fail at sending time is collected and refused in one answer.
3. The draft is frozen. When it says what is published already, that version is given back.

Callers stand in the tenant's scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Max

from notifications.letters.design import compile_letter
from notifications.models import MessageTemplate, Step, TemplateVersion, Workflow, WorkflowVersion
from notifications.refusals import (
    LANGUAGES,
    Refusal,
    is_begun,
    template_problems,
    workflow_problems,
)
from tenants.models import User

__all__ = [
    "PublishRefused",
    "Refusal",
    "document_of",
    "publish_template",
    "publish_workflow",
    "restore_template",
    "texts_of",
]

TEXT_FIELDS = ("title", "body", "letter", "image_url", "buttons")


class PublishRefused(ValueError):
    """The draft must be corrected first; nothing was changed. problems: all of them."""

    def __init__(self, problems: Sequence[Refusal]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def publish_template(template: MessageTemplate, by: User | None = None) -> TemplateVersion:
    """Freeze the saved draft of a template's texts; raises PublishRefused.

    A language in which nothing is written is left out: its readers get the other one.
    """
    draft = MessageTemplate.objects.select_for_update().get(pk=template.pk)
    problems = template_problems(draft)
    if problems:
        raise PublishRefused(problems)
    version: TemplateVersion = _publish_texts(draft, texts_of(draft), by)
    return version


def restore_template(version: TemplateVersion, by: User | None = None) -> TemplateVersion:
    """Put an old version's texts into the draft and publish them anew; raises PublishRefused.

    The story only grows: what was version 2 becomes the next number.
    """
    draft = MessageTemplate.objects.select_for_update().get(pk=version.template_id)
    for language in LANGUAGES:
        text = version.texts.get(language, {})
        for field in TEXT_FIELDS:
            empty: Any = [] if field == "buttons" else ""
            setattr(draft, f"{field}_{language}", text.get(field) or empty)
    draft.save()
    return publish_template(draft, by)


def publish_workflow(workflow: Workflow, by: User | None = None) -> WorkflowVersion:
    """Freeze the saved workflow and its steps as one document; raises PublishRefused."""
    draft = Workflow.objects.select_for_update().get(pk=workflow.pk)
    steps = list(Step.objects.filter(workflow=draft).select_related("template__published"))
    problems = workflow_problems(draft, steps)
    if problems:
        raise PublishRefused(problems)
    document = document_of(draft, steps)
    if draft.published_id:
        current: WorkflowVersion = WorkflowVersion.objects.get(pk=draft.published_id)
        if current.document == document:
            return current
    version: WorkflowVersion = WorkflowVersion.objects.create(
        tenant_id=draft.tenant_id,
        workflow=draft,
        number=_next_number(WorkflowVersion, workflow=draft),
        document=document,
        published_by=by,
    )
    Workflow.objects.filter(pk=draft.pk).update(published=version)
    workflow.published = version
    return version


def document_of(draft: Workflow, steps: Sequence[Step]) -> dict[str, Any]:
    """Write a workflow's document; notifications.definition reads it."""
    return {
        "identifier": draft.identifier,
        "category": draft.category,
        "priority": draft.priority,
        "is_critical": draft.is_critical,
        "expires_after_s": draft.expires_after_s,
        "payload_schema": draft.payload_schema,
        "steps": [
            {
                "key": step.key,
                "kind": step.kind,
                "channels": step.channels,
                "settings": step.settings,
                "template": str(step.template_id) if step.template_id else None,
            }
            for step in steps
        ],
    }


def texts_of(draft: MessageTemplate) -> dict[str, Any]:
    """Write a template version's texts; notifications.definition reads them."""
    return {
        language: {
            "title": getattr(draft, f"title_{language}") or "",
            "body": getattr(draft, f"body_{language}") or "",
            "image_url": getattr(draft, f"image_url_{language}") or "",
            "buttons": [
                {name: button.get(name) or "" for name in ("text", "url", "action")}
                for button in getattr(draft, f"buttons_{language}") or ()
            ],
            **_design_of(getattr(draft, f"letter_{language}") or ""),
        }
        for language in LANGUAGES
        if is_begun(draft, language)
    }


def _design_of(letter: str) -> dict[str, str]:
    """Compile a designed letter, once for all who will get it."""
    return {"letter": letter, "html": compile_letter(letter)} if letter.strip() else {}


def _publish_texts(
    draft: MessageTemplate, texts: Mapping[str, Any], by: User | None
) -> TemplateVersion:
    if draft.published_id:
        current: TemplateVersion = TemplateVersion.objects.get(pk=draft.published_id)
        if current.texts == texts:
            return current
    version: TemplateVersion = TemplateVersion.objects.create(
        tenant_id=draft.tenant_id,
        template=draft,
        number=_next_number(TemplateVersion, template=draft),
        texts=texts,
        published_by=by,
    )
    MessageTemplate.objects.filter(pk=draft.pk).update(published=version)
    return version


def _next_number(model: type[TemplateVersion | WorkflowVersion], **owner: Any) -> int:
    newest = model.objects.filter(**owner).aggregate(newest=Max("number"))["newest"]
    return (newest or 0) + 1
