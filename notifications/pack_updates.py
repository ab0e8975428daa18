"""What does a newer pack bring to a salon's copy of its workflow? All but what the salon changed.

A copy remembers what the pack said when it was made (Workflow.pack_document). Whatever the salon
has made different since then, a channel, a text, a setting such as a step's integration, is its own
wish and stays; everything else follows the pack.
Call inside the salon's scope.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notifications.differences import yaml_difference
from notifications.exporting import draft_texts
from notifications.importing import Import, publish_all, write_texts
from notifications.manifest import LANGUAGES, text_item
from notifications.models import MessageTemplate, Step, Workflow
from notifications.packs import Pack, PackError, StepSeed, WorkflowSeed, load_pack
from notifications.publishing import DOCUMENT_FIELDS
from notifications.reviewing import note_edit

Json = dict[str, Any]
_GONE = object()


@dataclass(frozen=True, slots=True)
class Update:
    """What a newer pack would make of a copy. lines: of YAML.

    changes, kept: places that would follow the pack, and the salon's own ("steps.mail.channels").
    """

    version: int
    document: Mapping[str, Any]
    seed: Mapping[str, Any]
    lines: tuple[str, ...]
    changes: tuple[str, ...]
    kept: tuple[str, ...]


def outdated(pack: str = "") -> list[tuple[Workflow, Update]]:
    """List the salon's copies for which there is a newer version. pack: of this one only."""
    copies = Workflow.objects.exclude(pack="").order_by("identifier")
    found = [(copy, update_for(copy)) for copy in (copies.filter(pack=pack) if pack else copies)]
    return [(copy, update) for copy, update in found if update is not None]


def update_for(copy: Workflow) -> Update | None:
    """Tell what the newest version of the copy's pack would change; None: it is that version."""
    try:
        pack = load_pack(copy.pack)
    except PackError:
        return None  # of no pack, or of one that is no longer delivered
    return plan(copy, pack)


def plan(copy: Workflow, pack: Pack) -> Update | None:
    """Compare a copy with a pack's version; None where the pack has nothing newer for it."""
    seed = next((one for one in pack.workflows if one.identifier == copy.identifier), None)
    if seed is None or (copy.pack_version or 0) >= pack.version:
        return None
    mine, theirs, base = _of_copy(copy), of_seed(seed), copy.pack_document
    merged = _merged(base, mine, theirs)
    merged["order"] = _order(merged, theirs)
    return Update(
        version=pack.version,
        document=merged,
        seed=theirs,
        lines=yaml_difference(mine, merged),
        changes=tuple(_changed(mine, merged)),
        kept=tuple(_changed(base, mine)),
    )


def apply(copy: Workflow, update: Update, how: Import) -> None:
    """Take an update over and publish it, or send it for review; raises PublishRefused."""
    draft = Workflow.objects.select_for_update().get(pk=copy.pk)
    document = update.document
    note_edit(draft, how.by, how.now)
    for language in LANGUAGES:
        setattr(draft, f"name_{language}", document["name"].get(language))
        setattr(draft, f"description_{language}", document["description"].get(language, ""))
    for name in DOCUMENT_FIELDS:
        setattr(draft, name, document[name])
    draft.pack_version, draft.pack_document = update.version, dict(update.seed)
    draft.save()
    texts = _write_steps(draft, document, how)
    publish_all([*texts, draft], how)


def of_seed(seed: WorkflowSeed) -> Json:
    """Say a pack's workflow so that it can be compared with a copy."""
    return {
        "name": dict(seed.name),
        "description": dict(seed.description),
        "category": seed.category,
        "priority": seed.priority,
        "is_critical": seed.critical,
        "expires_after_s": seed.expires_after_s,
        "payload_schema": seed.payload_schema,
        "order": [step.key for step in seed.steps],
        "steps": {step.key: _seed_step(step) for step in seed.steps},
    }


def _seed_step(step: StepSeed) -> Json:
    said = {"kind": step.kind, "channels": list(step.channels), "settings": step.settings}
    if step.template is None:
        return said
    sources = {language: step.template.source(language) for language in LANGUAGES}
    texts = {
        language: text_item(
            {
                "title": source.title,
                "body": source.body,
                "image_url": source.image_url,
                "buttons": [
                    {"text": b.text, "url": b.url, "action": b.action} for b in source.buttons
                ],
            }
        )
        for language, source in sources.items()
    }
    return {**said, "text": texts}


def _of_copy(copy: Workflow) -> Json:
    steps = list(copy.steps.select_related("template"))
    names = {
        name: {language: getattr(copy, f"{name}_{language}") or "" for language in LANGUAGES}
        for name in ("name", "description")
    }
    return {
        **names,
        **{name: getattr(copy, name) for name in DOCUMENT_FIELDS},
        "order": [step.key for step in steps],
        "steps": {step.key: _own_step(step) for step in steps},
    }


def _own_step(step: Step) -> Json:
    said = {"kind": step.kind, "channels": step.channels, "settings": step.settings}
    if step.template is None:
        return said
    texts = draft_texts(step.template)
    return {**said, "text": {language: text_item(text) for language, text in texts.items()}}


def _merged(base: Any, mine: Any, theirs: Any) -> Any:
    """Give the pack's value where the salon has not made its own."""
    if mine in (base, theirs):
        return theirs
    if isinstance(mine, dict) and isinstance(theirs, dict) and theirs != base:
        before = base if isinstance(base, dict) else {}
        keys = [*mine, *(key for key in theirs if key not in mine)]
        found = {
            key: _merged(before.get(key, _GONE), mine.get(key, _GONE), theirs.get(key, _GONE))
            for key in keys
        }
        return {key: value for key, value in found.items() if value is not _GONE}
    return mine


def _order(merged: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Keep the order; a step that is new stands behind the one that it follows in the pack."""
    order = [key for key in merged["order"] if key in merged["steps"]]
    wanted: Sequence[str] = theirs["order"]
    for index, key in enumerate(wanted):
        if key in merged["steps"] and key not in order:
            before = [one for one in wanted[:index] if one in order]
            order.insert(order.index(before[-1]) + 1 if before else 0, key)
    return order


def _changed(base: Any, mine: Any, path: str = "") -> Iterator[str]:
    """Name the places where two of them differ."""
    if mine == base:
        return
    if not (isinstance(base, dict) and isinstance(mine, dict)):
        yield path.removesuffix(".") or "all"
        return
    for key in sorted(base.keys() | mine.keys()):
        yield from _changed(base.get(key), mine.get(key), f"{path}{key}.")


def _write_steps(
    draft: Workflow, document: Mapping[str, Any], how: Import
) -> list[MessageTemplate]:
    templates = {step.key: step.template for step in draft.steps.select_related("template")}
    draft.steps.all().delete()
    steps: list[Step] = []
    for position, key in enumerate(document["order"]):
        said = document["steps"][key]
        template = templates.get(key)
        if "text" in said:
            template = _written(draft, key, template, said["text"], how)
        values = {name: said[name] for name in ("kind", "channels", "settings")}
        steps.append(
            Step(
                tenant_id=draft.tenant_id,
                workflow=draft,
                key=key,
                position=position,
                template=template,
                **values,
            )
        )
    Step.objects.bulk_create(steps)
    return [step.template for step in steps if step.template and step.template.edited_at]


def _written(
    draft: Workflow, key: str, known: MessageTemplate | None, texts: Json, how: Import
) -> MessageTemplate:
    if known is None:
        known, _ = MessageTemplate.objects.get_or_create(
            tenant_id=draft.tenant_id,
            key=f"{draft.identifier}-{key}",
            defaults={"name": str(draft.name)},
        )
    mine = {language: text_item(text) for language, text in draft_texts(known).items()}
    if mine != texts:
        write_texts(known, texts, how)
    return known
