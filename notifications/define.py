"""How is a workflow written in Python? As a function that says its steps; `workflow sync` takes it.

    @workflow(identifier="order-shipped", name={"ru": "Заказ отправлен", "en": "Order shipped"},
              schema={"required": ["orderId"]}, priority="high")
    def order_shipped(steps: Steps) -> None:
        steps.send("message", "chat", ["telegram", "sms"], Text(ru="Заказ {{ orderId }} в пути"))
        steps.add("wait", "delay", seconds=3600)

The modules that hold them are named in WORKFLOW_MODULES. The function runs when it is collected and
gives a document of notifications.manifest; nothing of it runs when messages are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ImproperlyConfigured

from notifications.manifest import (
    LANGUAGES,
    VERSION,
    Json,
    read_manifest,
    template_item,
    workflow_item,
)

_MARK = "workflow_definition"


@dataclass(frozen=True, slots=True)
class Words:
    """What one language says. buttons: {"text", "url", "action"} each."""

    body: str
    title: str = ""
    letter: str = ""
    image_url: str = ""
    buttons: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A message in one language or both; a plain string is its body. key: empty for a made one."""

    ru: str | Words = ""
    en: str | Words = ""
    key: str = ""

    def item(self, key: str, name: str) -> Json:
        """Give the template as a document has it."""
        texts = {language: _words(getattr(self, language)) for language in LANGUAGES}
        return template_item({"key": self.key or key, "name": name, **texts})


def _words(said: str | Words) -> Json:
    return asdict(said if isinstance(said, Words) else Words(said))


@dataclass(slots=True)
class Steps:
    """Notes the steps of one workflow, in order."""

    identifier: str
    name: str
    steps: list[Json] = field(default_factory=list)
    templates: list[Json] = field(default_factory=list)

    def send(
        self, key: str, kind: str, channels: Sequence[str], text: Text, **settings: Any
    ) -> None:
        """Send a text; kind: chat, sms, email, push, in_app."""
        template = text.item(f"{self.identifier}-{key}", self.name)
        if template not in self.templates:
            self.templates.append(template)
        self._note(key, kind, settings, channels=list(channels), template=template["key"])

    def add(self, key: str, kind: str, **settings: Any) -> None:
        """Add a step without a text, such as a delay."""
        self._note(key, kind, settings)

    def _note(self, key: str, kind: str, settings: Mapping[str, Any], **more: Any) -> None:
        self.steps.append({"key": key, "kind": kind, "settings": dict(settings), **more})


class Options(TypedDict, total=False):
    """What else a workflow may say; the model's own defaults otherwise."""

    description: Mapping[str, str]
    schema: Mapping[str, Any]
    category: str
    priority: str
    critical: bool
    expires_after_s: int
    active: bool


Body = Callable[[Steps], None]


def workflow(
    *, identifier: str, name: Mapping[str, str], **options: Unpack[Options]
) -> Callable[[Body], Body]:
    """Mark a function as a workflow's definition; it is called when it is collected."""

    def mark(body: Body) -> Body:
        setattr(body, _MARK, (identifier, dict(name), options))
        return body

    return mark


def collect(modules: Iterable[str]) -> Json:
    """Give the document of all workflows in these modules.

    Raises ImproperlyConfigured for a module that is not there or defines none, InvalidFields for a
    definition that no document may hold.
    """
    workflows: list[Json] = []
    templates: list[Json] = []
    for path in modules:
        found = [_defined(body) for body in _bodies(path)]
        if not found:
            raise ImproperlyConfigured(f"WORKFLOW_MODULES: {path} defines no workflow.")
        for item, texts in found:
            workflows.append(item)
            templates += [text for text in texts if text not in templates]
    return read_manifest({"version": VERSION, "templates": templates, "workflows": workflows})


def _bodies(path: str) -> list[Body]:
    try:
        module = import_module(path)
    except ModuleNotFoundError as missing:
        raise ImproperlyConfigured(f"WORKFLOW_MODULES: there is no module {path}.") from missing
    return [
        value
        for value in vars(module).values()
        if hasattr(value, _MARK) and value.__module__ == module.__name__
    ]


def _defined(body: Body) -> tuple[Json, list[Json]]:
    identifier, name, options = getattr(body, _MARK)
    steps = Steps(identifier, str(name.get("ru") or name.get("en") or identifier))
    body(steps)
    values = {"identifier": identifier, "name": name, "payload_schema": options.get("schema")}
    return workflow_item(options | values, steps.steps), steps.templates
