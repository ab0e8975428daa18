"""Which scenarios does a new salon start with? Those of a pack: YAML beside this module.

A tenant's workflow is its own copy of a seed and remembers the pack's name and version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from notifications.rendering import ButtonSource, Source, check

LANGUAGES = ("ru", "en")
CATEGORIES = ("tx", "mk")
PRIORITIES = ("urgent", "high", "normal", "low")
_FOLDER = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_SECONDS = (86_400, 3_600, 60, 1)


class PackError(ValueError):
    """A pack that must not be seeded; the message names the place and the rule."""


@dataclass(frozen=True, slots=True)
class TemplateSeed:
    """A step's text by language; a button is {"text": by language, "url", "action"}."""

    title: dict[str, str]
    body: dict[str, str]
    image_url: str = ""
    buttons: tuple[dict[str, Any], ...] = ()

    def source(self, language: str) -> Source:
        """Give one language as the renderer wants it."""
        return Source(
            body=self.body[language],
            title=self.title[language],
            image_url=self.image_url,
            buttons=tuple(
                ButtonSource(button["text"][language], button["url"], button["action"])
                for button in self.buttons
            ),
        )


@dataclass(frozen=True, slots=True)
class StepSeed:
    """One step; channels are tried in this order. template: None for delays and conditions."""

    key: str
    kind: str
    channels: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    template: TemplateSeed | None = None


@dataclass(frozen=True, slots=True)
class WorkflowSeed:
    """One scenario; expires_after_s: seconds after the trigger when its messages are worthless."""

    identifier: str
    name: dict[str, str]
    description: dict[str, str]
    category: str
    priority: str
    critical: bool
    expires_after_s: int | None
    payload_schema: dict[str, Any]
    steps: tuple[StepSeed, ...]

    def defaults(self) -> dict[str, Any]:
        """Collect the values that the schema declares for keys a payload leaves out."""
        properties: Mapping[str, Any] = self.payload_schema.get("properties", {})
        return {key: rule["default"] for key, rule in properties.items() if "default" in rule}

    def known_keys(self) -> frozenset[str]:
        """Name the payload keys that a text may rely on: required or with a default."""
        return frozenset(self.payload_schema.get("required", ())) | self.defaults().keys()


@dataclass(frozen=True, slots=True)
class Pack:
    """The scenarios of one trade, in the order in which they are shown.

    title: by language; a pack without one is not offered: the platform adds it where it is needed.
    """

    name: str
    version: int
    workflows: tuple[WorkflowSeed, ...]
    title: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=16)
def load_pack(name: str) -> Pack:
    """Read and validate a pack; raises PackError. Treat what it returns as read-only."""
    path = _FOLDER / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise PackError(f"there is no pack '{name}'")
    return parse_pack(path.read_text(encoding="utf-8"))


def offered() -> list[Pack]:
    """Give the packs that a salon may choose from, by name."""
    packs = (load_pack(path.stem) for path in sorted(_FOLDER.glob("*.yaml")))
    return [pack for pack in packs if pack.title]


def parse_pack(text: str) -> Pack:
    """Read and validate a pack's YAML; raises PackError."""
    try:
        document = yaml.safe_load(text)
        workflows = tuple(_workflow(item) for item in document["workflows"])
        title = _both("title", document["title"]) if "title" in document else {}
        pack = Pack(str(document["name"]), int(document["version"]), workflows, title)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise PackError(f"the pack cannot be read: {error!r}") from error
    _require_unique("workflows", (workflow.identifier for workflow in workflows))
    return pack


def seconds_of(duration: str | int | None) -> int | None:
    """Read an ISO 8601 duration of days to seconds, or a number of seconds."""
    if duration is None or isinstance(duration, int):
        return duration
    found = _DURATION.fullmatch(duration)
    if not found or not any(found.groups()):
        raise PackError(f"'{duration}' is not a duration such as PT20H or P3D")
    return sum(int(n or 0) * s for n, s in zip(found.groups(), _SECONDS, strict=True))


def _workflow(item: Mapping[str, Any]) -> WorkflowSeed:
    identifier = str(item["identifier"])
    seed = WorkflowSeed(
        identifier=identifier,
        name=_both(identifier, item["name"]),
        description=_both(identifier, item["description"]),
        category=_one_of(identifier, item["category"], CATEGORIES),
        priority=_one_of(identifier, item["priority"], PRIORITIES),
        critical=bool(item.get("critical", False)),
        expires_after_s=seconds_of(item.get("expires_after")),
        payload_schema=dict(item["payload_schema"]),
        steps=tuple(_step(identifier, step) for step in item["steps"]),
    )
    _require_unique(identifier, (step.key for step in seed.steps))
    for step in seed.steps:
        _require_sound(seed, step)
    return seed


def _step(workflow: str, item: Mapping[str, Any]) -> StepSeed:
    place = f"{workflow}/{item['key']}"
    template = item.get("template")
    return StepSeed(
        key=str(item["key"]),
        kind=str(item["kind"]),
        channels=tuple(item.get("channels", ())),
        settings=dict(item.get("settings", {})),
        template=_template(place, template) if template else None,
    )


def _template(place: str, item: Mapping[str, Any]) -> TemplateSeed:
    buttons = (
        {
            "text": _both(place, button["text"]),
            "url": str(button.get("url", "")),
            "action": str(button.get("action", "")),
        }
        for button in item.get("buttons", ())
    )
    return TemplateSeed(
        title=_both(place, item["title"]),
        body=_both(place, item["body"]),
        image_url=str(item.get("image_url", "")),
        buttons=tuple(buttons),
    )


def _both(place: str, texts: Mapping[str, str]) -> dict[str, str]:
    for language in LANGUAGES:
        if not str(texts.get(language) or "").strip():
            raise PackError(f"{place}: the text in '{language}' is missing")
    return {language: str(texts[language]) for language in LANGUAGES}


def _one_of(place: str, value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise PackError(f"{place}: '{value}' is none of {', '.join(allowed)}")
    return str(value)


def _require_unique(place: str, keys: Iterable[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise PackError(f"{place}: '{key}' stands twice")
        seen.add(key)


def _require_sound(seed: WorkflowSeed, step: StepSeed) -> None:
    if step.template is None:
        return
    for language in LANGUAGES:
        for problem in check(step.template.source(language), known=seed.known_keys()):
            place = f"{seed.identifier}/{step.key}/{language}/{problem.field}:{problem.line}"
            raise PackError(f"{place}: {problem.message}")
