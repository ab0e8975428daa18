"""How does a draft become what is sent? By freezing it as a numbered version, if nothing is wrong.

1. The draft's row is locked: two people who publish at once get two numbers, or one version.
2. Whatever would fail at sending time is collected and refused in one answer, and so is a schema
   that what is sent today would not fit, and a draft that somebody else has to look at.
3. The draft is frozen. When it says what is published already, that version is given back.

Callers stand in the tenant's scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Max
from django.utils import timezone

from notifications.compatibility import compatibility_problems
from notifications.definition import template_ids
from notifications.letters.design import compile_letter
from notifications.manifest import TEXT_FIELDS
from notifications.models import MessageTemplate, Step, TemplateVersion, Workflow, WorkflowVersion
from notifications.refusals import (
    LANGUAGES,
    Refusal,
    is_begun,
    template_problems,
    workflow_problems,
)
from notifications.reviewing import note_edit, release, review_problems, submit, wants_review
from notifications.splits import variant_templates
from tenants.models import User

__all__ = [
    "PublishRefused",
    "Refusal",
    "document_of",
    "publish_template",
    "publish_workflow",
    "restore_template",
    "restore_workflow",
    "texts_of",
    "try_out",
    "write_draft",
]

DOCUMENT_FIELDS = ("category", "priority", "is_critical", "expires_after_s", "payload_schema")


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
    _refuse([*template_problems(draft), *review_problems(draft, by)])
    version = _freeze_texts(draft, texts_of(draft), by)
    release(draft, version)
    return version


def restore_template(version: TemplateVersion, by: User | None = None) -> TemplateVersion | None:
    """Put an old version's texts into the draft and publish them anew; raises PublishRefused.

    The story only grows: what was version 2 becomes the next number. None: it waits for somebody
    else's look.
    """
    draft = MessageTemplate.objects.select_for_update().get(pk=version.template_id)
    for language in LANGUAGES:
        text = version.texts.get(language, {})
        for field in TEXT_FIELDS:
            empty: Any = [] if field == "buttons" else ""
            setattr(draft, f"{field}_{language}", text.get(field) or empty)
    draft.save()
    if _waits_for_review(draft, by):
        return None
    return publish_template(draft, by)


def publish_workflow(workflow: Workflow, by: User | None = None) -> WorkflowVersion:
    """Freeze the saved workflow and its steps as one document; raises PublishRefused."""
    draft = Workflow.objects.select_for_update().get(pk=workflow.pk)
    steps = list(Step.objects.filter(workflow=draft).select_related("template__published"))
    problems = workflow_problems(draft, steps)
    problems += [*_breaks(draft, document_of(draft, steps)), *review_problems(draft, by)]
    _refuse(problems)
    version = _freeze_steps(draft, document_of(draft, steps), by)
    release(draft, version)
    workflow.published = version
    return version


def restore_workflow(version: WorkflowVersion, by: User | None = None) -> WorkflowVersion | None:
    """Make an old version the draft and publish it anew; raises PublishRefused.

    Its steps send the texts that are published now. None: it waits for somebody else's look.
    """
    draft = Workflow.objects.select_for_update().get(pk=version.workflow_id)
    write_draft(draft, version.document)
    if _waits_for_review(draft, by):
        return None
    return publish_workflow(draft, by)


def try_out(workflow: Workflow) -> None:
    """Let a draft run with its texts as they are drafted; only where all of it is rolled back.

    Nobody has to look at it first, and no caller has to fit it. Raises PublishRefused.
    """
    draft = Workflow.objects.select_for_update().get(pk=workflow.pk)
    mine = Step.objects.filter(workflow=draft)
    used = template_ids(document_of(draft, list(mine)))
    for text in MessageTemplate.objects.select_for_update().filter(pk__in=used).order_by("pk"):
        _refuse(template_problems(text))
        release(text, _freeze_texts(text, texts_of(text), None))
    steps = list(mine.select_related("template__published"))
    _refuse(workflow_problems(draft, steps))
    release(draft, _freeze_steps(draft, document_of(draft, steps), None))


def write_draft(draft: Workflow, document: Mapping[str, Any]) -> None:
    """Make a draft say what a document says; its identifier stays."""
    for name in DOCUMENT_FIELDS:
        setattr(draft, name, document[name])
    draft.save(update_fields=[*DOCUMENT_FIELDS, "updated_at"])
    draft.steps.all().delete()
    Step.objects.bulk_create(
        Step(
            tenant_id=draft.tenant_id,
            workflow=draft,
            position=position,
            key=step["key"],
            kind=step["kind"],
            channels=step["channels"],
            settings=step["settings"],
            template_id=step["template"],
        )
        for position, step in enumerate(document["steps"])
    )


def document_of(draft: Workflow, steps: Sequence[Step]) -> dict[str, Any]:
    """Write a workflow's document; notifications.definition reads it."""
    return {
        "identifier": draft.identifier,
        **{name: getattr(draft, name) for name in DOCUMENT_FIELDS},
        "steps": [
            {
                "key": step.key,
                "kind": step.kind,
                "channels": step.channels,
                "settings": step.settings,
                "template": str(step.template_id) if step.template_id else None,
                **_variants(step),
            }
            for step in steps
        ],
    }


def _variants(step: Step) -> dict[str, Any]:
    found = variant_templates(step)
    return {"templates": {key: str(one.pk) for key, one in found.items()}} if found else {}


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


def _refuse(problems: Sequence[Refusal]) -> None:
    if problems:
        raise PublishRefused(problems)


def _waits_for_review(draft: MessageTemplate | Workflow, by: User | None) -> bool:
    """Send what was restored to a second person, where the salon wants one."""
    now = timezone.now()
    note_edit(draft, by, now)
    if not wants_review(draft.tenant_id):
        return False
    submit(draft, by, now)
    return True


def _breaks(draft: Workflow, document: Mapping[str, Any]) -> list[Refusal]:
    if not draft.published_id:
        return []
    current = WorkflowVersion.objects.get(pk=draft.published_id)
    return compatibility_problems(current.document, document)


def _freeze_texts(
    draft: MessageTemplate, texts: Mapping[str, Any], by: User | None
) -> TemplateVersion:
    if draft.published_id:
        current: TemplateVersion = TemplateVersion.objects.get(pk=draft.published_id)
        if current.texts == texts:
            return current
    version: TemplateVersion = TemplateVersion.objects.create(
        template=draft, texts=texts, **_signed(draft, by, TemplateVersion.objects, template=draft)
    )
    return version


def _freeze_steps(draft: Workflow, document: Mapping[str, Any], by: User | None) -> WorkflowVersion:
    if draft.published_id:
        current: WorkflowVersion = WorkflowVersion.objects.get(pk=draft.published_id)
        if current.document == document:
            return current
    version: WorkflowVersion = WorkflowVersion.objects.create(
        workflow=draft,
        document=document,
        **_signed(draft, by, WorkflowVersion.objects, workflow=draft),
    )
    return version


def _signed(
    draft: MessageTemplate | Workflow, by: User | None, versions: Any, **owner: Any
) -> dict[str, Any]:
    """Give what each new version has: its salon, the next number, and whose it is."""
    newest = versions.filter(**owner).aggregate(newest=Max("number"))["newest"]
    return {
        "tenant_id": draft.tenant_id,
        "number": (newest or 0) + 1,
        "published_by": by,
        "submitted_by_id": draft.submitted_by_id,
    }
