"""What must be corrected before this draft may be published?

Whatever would fail at sending time. A template's texts are those published at sending time, so
they must fit every workflow that uses them: drafts, published versions and versions with open work.
Callers stand in the tenant's scope.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from channels.models import Integration
from notifications.definition import SILENT_KINDS, read_texts
from notifications.letters.design import letter_faults
from notifications.models import (
    Category,
    Chunk,
    Due,
    Event,
    FanOut,
    MessageTemplate,
    Priority,
    Range,
    Step,
    StepKind,
    Workflow,
    WorkflowVersion,
)
from notifications.rendering import ButtonSource, Source, check
from notifications.schemas import schema_faults
from notifications.splits import variant_templates
from notifications.step_rules import Flow, step_faults

LANGUAGES = ("ru", "en")
TEXTLESS = SILENT_KINDS | {StepKind.WEBHOOK.value}  # steps that need no template
MK_PRIORITIES = frozenset({Priority.NORMAL.value, Priority.LOW.value})


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to publish.

    field: "body", "buttons.0.url", "payload_schema", "steps.<key>.template"... language: "" when
    it is none's. line: 1 for the first, 0 when unknown. code is stable, message English.
    """

    code: str
    field: str
    message: str
    language: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.field} ({self.language})" if self.language else self.field
        return (
            f"{place}, line {self.line}: {self.message}"
            if self.line
            else f"{place}: {self.message}"
        )


def template_problems(draft: MessageTemplate) -> list[Refusal]:
    """List what must be corrected in a draft's texts before they may be sent."""
    known = known_variables(draft)
    begun = [language for language in LANGUAGES if is_begun(draft, language)]
    return [
        Refusal(found.code, found.field, found.message, language, found.line)
        for language in begun or LANGUAGES[:1]  # an empty template is refused, once
        for found in (
            *check(source_of(draft, language), known=known),
            *letter_faults(getattr(draft, f"letter_{language}") or ""),
        )
    ]


def workflow_problems(draft: Workflow, steps: Sequence[Step]) -> list[Refusal]:
    """List what must be corrected in a workflow before it may run."""
    found = [
        Refusal("bad_schema", "payload_schema", fault)
        for fault in schema_faults(draft.payload_schema)
    ]
    if draft.category == Category.MK and draft.priority not in MK_PRIORITIES:
        message = "marketing is sent at normal or low priority only"
        found.append(Refusal("mk_priority", "priority", message))
    if not steps:
        found.append(Refusal("no_steps", "steps", "a workflow has at least one step"))
    if sum(step.kind == StepKind.DIGEST for step in steps) > 1:
        message = "a workflow gathers once: it has one digest at most"
        found.append(Refusal("two_digests", "steps", message))
    known = None if found else schema_keys(draft.payload_schema)
    for index, step in enumerate(steps):
        found += _step_problems(step, known)
        found += _setting_problems(draft, steps, index, known)
    found += _integration_problems(steps)
    return found


def source_of(draft: MessageTemplate, language: str) -> Source:
    """Give one language of a draft as the renderer wants it; publishing adds `html`."""
    buttons = getattr(draft, f"buttons_{language}") or ()
    return Source(
        body=getattr(draft, f"body_{language}") or "",
        title=getattr(draft, f"title_{language}") or "",
        image_url=getattr(draft, f"image_url_{language}") or "",
        letter=getattr(draft, f"letter_{language}") or "",
        buttons=tuple(
            ButtonSource(b.get("text") or "", b.get("url") or "", b.get("action") or "")
            for b in buttons
        ),
    )


def known_variables(template: MessageTemplate) -> frozenset[str] | None:
    """Name the payload keys that every workflow using the template gives; None: none uses it."""
    schemas = list(_schemas_using(template))
    if not schemas:
        return None
    return frozenset.intersection(*map(schema_keys, schemas))


def schema_keys(schema: Any) -> frozenset[str]:
    """Name the payload keys that a schema requires or gives a default."""
    if not isinstance(schema, dict):
        return frozenset()
    properties = schema.get("properties")
    rules = properties.items() if isinstance(properties, dict) else ()
    defaulted = {key for key, rule in rules if isinstance(rule, dict) and "default" in rule}
    required = schema.get("required")
    named = required if isinstance(required, list) else ()
    return frozenset(name for name in named if isinstance(name, str)) | defaulted


def is_begun(draft: MessageTemplate, language: str) -> bool:
    """Tell whether anything is written in this language."""
    fields = ("title", "body", "letter", "buttons")
    return any(getattr(draft, f"{field}_{language}") for field in fields)


def _schemas_using(template: MessageTemplate) -> Iterator[Mapping[str, Any]]:
    used = {"tenant_id": template.tenant_id, "steps__template": template.pk}
    drafts = dict(Workflow.objects.filter(**used).values_list("pk", "payload_schema"))
    split = {"steps__settings__variants__contains": [{"template": template.key}]}
    mine = Workflow.objects.filter(tenant_id=template.tenant_id, **split)
    drafts |= dict(mine.values_list("pk", "payload_schema"))
    yield from drafts.values()
    key = str(template.pk)
    frozen = WorkflowVersion.objects.filter(
        Q(document__steps__contains=[{"template": key}])
        | Q(document__steps__contains=[{"templates": {template.key: key}}]),
        tenant_id=template.tenant_id,
    )
    documents = dict(frozen.values_list("pk", "document"))
    running = _running_versions(template.tenant_id) if documents else set()
    for version_id, document in documents.items():
        if version_id in running:
            yield document.get("payload_schema") or {}


def _running_versions(tenant_id: UUID) -> set[UUID]:
    """Find the versions that are published, or that accepted work still walks through."""
    mine = {"tenant_id": tenant_id}
    published = Workflow.objects.filter(**mine, published__isnull=False)
    running = set(published.values_list("published_id", flat=True))
    for events in (
        Due.objects.filter(**mine).values("notification__event_id"),
        Chunk.objects.filter(**mine).values("event_id"),
        Range.objects.filter(**mine).values("event_id"),
        FanOut.objects.filter(**mine).values("event_id"),
    ):
        open_events = Event.objects.filter(**mine, pk__in=events)
        running.update(open_events.values_list("version_id", flat=True).distinct())
    return running


def _step_problems(step: Step, known: Collection[str] | None) -> Iterator[Refusal]:
    place = f"steps.{step.key}"
    if step.kind not in StepKind.values:
        yield Refusal("unknown_kind", f"{place}.kind", f"there is no kind of step '{step.kind}'")
    elif step.kind not in TEXTLESS and step.template is None:
        yield Refusal("no_template", f"{place}.template", "a channel step needs a template")
    if step.kind == StepKind.FALLBACK and not step.channels:
        yield Refusal("no_channels", f"{place}.channels", "a fallback says where it goes")
    if step.template is not None:
        yield from _template_use_problems(step.template, f"{place}.template", known)


def _setting_problems(
    draft: Workflow, steps: Sequence[Step], index: int, known: Collection[str] | None
) -> Iterator[Refusal]:
    """Say what is wrong with a step's settings, where it stands."""
    step = steps[index]
    texts = variant_templates(step)
    flow = Flow(
        earlier=[one.key for one in steps[:index]],
        later=[one.key for one in steps[index + 1 :]],
        senders=[one.key for one in steps[:index] if one.kind not in SILENT_KINDS],
        next_sends=any(one.kind not in SILENT_KINDS for one in steps[index + 1 : index + 2]),
        payload=_declared(draft.payload_schema),
        templates=texts,
        expires_after_s=draft.expires_after_s,
    )
    for fault in step_faults(step.kind, step.settings, flow):
        field = ".".join(filter(None, ("steps", step.key, "settings", fault.setting)))
        yield Refusal(fault.code, field, fault.message)
    for template in texts.values():
        yield from _template_use_problems(template, f"steps.{step.key}.settings.variants", known)


def _declared(schema: Any) -> frozenset[str] | None:
    """Name the keys that a schema speaks of; None when it speaks of none."""
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    names = frozenset(properties if isinstance(properties, dict) else ()) | schema_keys(schema)
    return names or None


def _integration_problems(steps: Sequence[Step]) -> Iterator[Refusal]:
    """A step may name the accounts that it leaves through; they must be there."""
    named = [
        (step.key, step.settings["integrations"])
        for step in steps
        if isinstance(step.settings, dict) and "integrations" in step.settings
    ]
    known = set(Integration.objects.values_list("identifier", flat=True)) if named else set()
    for key, names in named:
        field = f"steps.{key}.settings.integrations"
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(names, list) or not isinstance(name, str) or name not in known:
                message = f"there is no integration '{name}' in the list"
                yield Refusal("unknown_integration", field, message)


def _template_use_problems(
    template: MessageTemplate, field: str, known: Collection[str] | None
) -> Iterator[Refusal]:
    if template.published is None:
        message = f"template '{template.key}' has not been published"
        yield Refusal("unpublished_template", field, message)
        return
    texts = read_texts(template.published.pk, template.published.texts)
    for language, source in texts.sources.items():
        for found in check(source, known=known):
            message = f"'{template.key}' {found.field}: {found.message}"
            yield Refusal(found.code, field, message, language, found.line)
