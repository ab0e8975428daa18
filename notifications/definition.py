"""What a published workflow and its texts are at run time: frozen values, read once per version.

The document of a WorkflowVersion:
{"identifier", "category", "priority", "is_critical", "expires_after_s", "payload_schema",
 "steps": [{"key", "kind", "channels": [...], "settings": {...}, "template": "<uuid>" or null,
  "templates": {"<key>": "<uuid>"} of a split's variants}]}
The texts of a TemplateVersion:
{"ru": {"title", "body", "image_url", "buttons": [{"text", "url", "action"}]}, "en": {...}}
and, where staff designed the e-mail, "letter": as written, "html": what was made of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final
from uuid import UUID

import jsonschema_rs

from notifications.models import QUEUES, StepKind
from notifications.outcomes import END
from notifications.rendering import ButtonSource, Source
from notifications.schemas import compiled
from notifications.variants import Variant, pick, read_variants

MOST_ERRORS = 50  # of one payload; who sends 100,000 wrong items learns from the first
TRY: Final = "template-try"  # the workflow by which staff try their texts
HURRIED = ("urgent", "high")  # queues whose lines wait neither for company nor for a full batch
SILENT_KINDS = frozenset(  # steps that say nothing to the client
    {
        *(StepKind.DELAY.value, StepKind.CONDITION.value, StepKind.THROTTLE.value),
        *(StepKind.AB_SPLIT.value, StepKind.DIGEST.value, StepKind.WAIT_FOR_REPLY.value),
        StepKind.ESCALATE.value,
    }
)
STOP, CONTINUE = "stop", "continue"  # where a step may send a notification, beside other steps


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """One step of a published workflow.

    goes_on: its failure does not end the notification. split: the one before it, which chooses its
    text; by_variant: this step as each of its variants has it.
    """

    key: str
    kind: str
    channels: tuple[str, ...]
    settings: Mapping[str, Any]
    template_id: UUID | None
    goes_on: bool = False
    split: str = ""
    by_variant: Mapping[Variant, StepDefinition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """One published workflow. queue: number of its priority's queue."""

    version_id: UUID
    identifier: str
    category: str
    queue: int
    is_critical: bool
    expires_after_s: int | None
    steps: tuple[StepDefinition, ...]
    defaults: Mapping[str, Any]
    schema: jsonschema_rs.Validator
    gathers: bool = False  # some step of it is a digest

    def place(self, word: str) -> int | None:
        """Give the position that a setting names: a step's key, "stop", or None for the next."""
        if word == CONTINUE:
            return None
        return END if word == STOP else [step.key for step in self.steps].index(word)

    def step_for(self, position: int, subscriber: UUID) -> StepDefinition | None:
        """Give the step as this client has it; None behind the last."""
        if position >= len(self.steps):
            return None
        step = self.steps[position]
        if not step.split:
            return step
        variants = tuple(step.by_variant)
        return step.by_variant[pick(variants, self.identifier, step.split, subscriber)]

    def payload_errors(self, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Check a payload: pairs of field (dotted, below payload) and what is wrong with it."""
        found = islice(self.schema.iter_errors(payload), MOST_ERRORS)
        return [(_field(error), error.message) for error in found]


def read_definition(version_id: UUID, document: Mapping[str, Any]) -> Definition:
    """Read a version's document."""
    schema = document.get("payload_schema") or {}
    return Definition(
        version_id=version_id,
        identifier=document["identifier"],
        category=document["category"],
        queue=QUEUES.index(document["priority"]),
        is_critical=document["is_critical"],
        expires_after_s=document["expires_after_s"],
        steps=_read_steps(document["steps"]),
        defaults={
            name: rule["default"]
            for name, rule in schema.get("properties", {}).items()
            if isinstance(rule, dict) and "default" in rule
        },
        schema=compiled(schema),
        gathers=any(step["kind"] == StepKind.DIGEST.value for step in document["steps"]),
    )


def template_ids(document: Mapping[str, Any]) -> set[UUID]:
    """Name the templates that a version's steps send, also those of a split's variants."""
    found = {step.get("template") for step in document["steps"]}
    found.update(*(step.get("templates", {}).values() for step in document["steps"]))
    return {UUID(template) for template in found if template}


def _read_steps(steps: Sequence[Mapping[str, Any]]) -> tuple[StepDefinition, ...]:
    awaited = {step["settings"]["of"] for step in steps if step["kind"] == StepKind.FALLBACK.value}
    read = [_read_step(step, awaited) for step in steps]
    for index, step in enumerate(steps[:-1]):
        if step.get("templates"):
            read[index + 1] = _by_variant(read[index + 1], step)
    return tuple(read)


def _read_step(step: Mapping[str, Any], awaited: Collection[str]) -> StepDefinition:
    """Read one step. awaited: the steps for whose failure a later one is there."""
    template, settings = step.get("template"), step.get("settings") or {}
    default = CONTINUE if step["key"] in awaited else STOP
    return StepDefinition(
        key=step["key"],
        kind=step["kind"],
        channels=tuple(step.get("channels") or (step["kind"],)),
        settings=settings,
        template_id=UUID(template) if template else None,
        goes_on=settings.get("on_failure", default) == CONTINUE,
    )


def _by_variant(step: StepDefinition, split: Mapping[str, Any]) -> StepDefinition:
    """Read what each variant of a split makes of the step behind it, once for all who get it."""
    templates = {key: UUID(template) for key, template in split["templates"].items()}
    return replace(
        step,
        split=split["key"],
        by_variant={
            variant: replace(step, template_id=templates.get(variant.template, step.template_id))
            for variant in read_variants(split["settings"])
        },
    )


def _field(error: jsonschema_rs.ValidationError) -> str:
    path = [str(part) for part in error.instance_path]
    missing = getattr(error.kind, "property", None)  # only a missing field has one
    return ".".join([*path, str(missing)] if missing else path)


@dataclass(frozen=True, slots=True)
class Texts:
    """The published texts of one template by language."""

    version_id: UUID
    sources: Mapping[str, Source]

    def source(self, language: str, fallback: str) -> tuple[str, Source] | None:
        """Give the text in this language, else in the fallback, else in any that has one."""
        for wanted in (language, fallback, *self.sources):
            found = self.sources.get(wanted)
            if found is not None and found.body:
                return wanted, found
        return None


def read_texts(version_id: UUID, texts: Mapping[str, Any]) -> Texts:
    """Read a template version's texts."""
    return Texts(version_id, {language: _read_source(text) for language, text in texts.items()})


def _read_source(text: Mapping[str, Any]) -> Source:
    return Source(
        body=text.get("body") or "",
        title=text.get("title") or "",
        image_url=text.get("image_url") or "",
        letter=text.get("letter") or "",
        html=text.get("html") or "",
        buttons=tuple(
            ButtonSource(b.get("text", ""), b.get("url", ""), b.get("action", ""))
            for b in text.get("buttons") or ()
        ),
    )
