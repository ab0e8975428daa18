"""What is a salon's workflow outside its database? A plain document, the same as YAML and as JSON.

{"version": 1,
 "templates": [{"key", "name", "ru": {"title", "body", "letter", "image_url", "buttons"}, "en"}],
 "workflows": [{"identifier", "name": {"ru", "en"}, "description", "active", "category", "priority",
   "critical", "expires_after_s", "payload_schema",
   "steps": [{"key", "kind", "channels", "settings", "template": key}]}]}
What is empty is left out; the order is always the same, so that documents can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema_rs
import yaml

from notifications.models import Category, Priority, StepKind
from tenants.errors import InvalidFields

Json = dict[str, Any]

VERSION = 1
LANGUAGES = ("ru", "en")
TEXT_FIELDS = ("title", "body", "letter", "image_url", "buttons")
RARE_BREAKS = ("\r", "\x85", "\u2028", "\u2029")
BUTTON = ("text", "url", "action")
_LONGEST = {"title": 300, "body": 100_000, "letter": 200_000, "image_url": 500}
_KEY = {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,120}$"}
_BOTH = {
    "type": "object",
    "additionalProperties": False,
    "properties": {language: {"type": "string", "maxLength": 200} for language in LANGUAGES},
}
_TEXT = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **{name: {"type": "string", "maxLength": most} for name, most in _LONGEST.items()},
        "buttons": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["text"],
                "properties": {name: {"type": "string"} for name in BUTTON},
            },
        },
    },
}
TEMPLATE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["key", "name"],
    "properties": {
        "key": _KEY,
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        **dict.fromkeys(LANGUAGES, _TEXT),
    },
}
WORKFLOW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["identifier", "name", "steps"],
    "properties": {
        "identifier": _KEY,
        "name": {**_BOTH, "minProperties": 1},
        "description": {
            **_BOTH,
            "properties": {
                language: {"type": "string", "maxLength": 500} for language in LANGUAGES
            },
        },
        "active": {"type": "boolean"},
        "category": {"enum": list(Category.values)},
        "priority": {"enum": list(Priority.values)},
        "critical": {"type": "boolean"},
        "expires_after_s": {"type": "integer", "minimum": 0, "maximum": 2_147_483_647},
        "payload_schema": {"type": "object"},
        "steps": {
            "type": "array",
            "maxItems": 100,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["key", "kind"],
                "properties": {
                    "key": {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,64}$"},
                    "kind": {"enum": list(StepKind.values)},
                    "channels": {"type": "array", "items": {"type": "string"}},
                    "settings": {"type": "object"},
                    "template": _KEY,
                },
            },
        },
    },
}
_SHAPE = jsonschema_rs.validator_for(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["version"],
        "properties": {
            "version": {"const": VERSION},
            "templates": {"type": "array", "items": TEMPLATE},
            "workflows": {"type": "array", "items": WORKFLOW},
        },
    }
)


def read_manifest(document: Any) -> Json:
    """Check a document; raises InvalidFields, which names each wrong place."""
    errors: dict[str, list[str]] = {}
    for fault in _SHAPE.iter_errors(document):
        place = ".".join(map(str, fault.instance_path)) or "document"
        errors.setdefault(place, []).append(f"{place}: {fault.message}")
    if not errors:
        _note_doubles(document, errors)
    if errors:
        raise InvalidFields("The document cannot be read.", errors=errors)
    templates = map(template_item, document.get("templates", ()))
    workflows = (workflow_item(item, item["steps"]) for item in document.get("workflows", ()))
    return {
        "version": VERSION,
        "templates": sorted(templates, key=lambda item: str(item["key"])),
        "workflows": sorted(workflows, key=lambda item: str(item["identifier"])),
    }


def from_yaml(text: str) -> Json:
    """Read YAML; raises InvalidFields."""
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader that knows no dates)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        words = f"not YAML: {error}"
        raise InvalidFields("The file cannot be read.", errors={"document": [words]}) from error
    return read_manifest(document)


def to_yaml(document: Any) -> str:
    """Write YAML for people: both languages in plain letters, texts as they stand."""
    text: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return text


def workflow_item(values: Mapping[str, Any], steps: Iterable[Mapping[str, Any]]) -> Json:
    """Say a workflow the one way it is said; steps: with their templates' keys."""
    given = full(
        {
            "identifier": values["identifier"],
            "name": full(values["name"]),
            "description": full(values.get("description") or {}),
        }
    )
    return {
        **given,
        "active": values.get("active", True),
        "category": values.get("category", Category.TX.value),
        "priority": values.get("priority", Priority.NORMAL.value),
        **full({name: values.get(name) for name in ("critical", "expires_after_s")}),
        **full({"payload_schema": _in_order(values.get("payload_schema"))}),
        "steps": [_step(step) for step in steps],
    }


def template_item(values: Mapping[str, Any]) -> Json:
    """Say a template the one way it is said."""
    texts = {language: text_item(values.get(language) or {}) for language in LANGUAGES}
    return {"key": values["key"], "name": values["name"], **full(texts)}


def text_item(text: Mapping[str, Any]) -> Json:
    """Say one language of a template the one way it is said."""
    buttons = [full({name: b.get(name) for name in BUTTON}) for b in text.get("buttons") or ()]
    return full({name: text.get(name) for name in TEXT_FIELDS} | {"buttons": buttons})


def _step(step: Mapping[str, Any]) -> Json:
    names = ("key", "kind", "channels", "settings", "template")
    return full({name: _in_order(step.get(name)) for name in names})


def _in_order(value: Any) -> Any:
    """Sort the names of objects: the database keeps them in an order of its own."""
    if isinstance(value, Mapping):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return [_in_order(one) for one in value] if isinstance(value, list) else value


def full(values: Mapping[str, Any]) -> Json:
    """Leave out what is empty; a default is said nowhere."""
    return {name: value for name, value in values.items() if value}


def _note_doubles(document: Json, errors: dict[str, list[str]]) -> None:
    for name, key in (("templates", "key"), ("workflows", "identifier")):
        seen: set[str] = set()
        for index, item in enumerate(document.get(name, ())):
            if item[key] in seen:
                place = f"{name}.{index}.{key}"
                errors[place] = [f"{place}: '{item[key]}' stands twice"]
            seen.add(item[key])
            _note_double_steps(f"{name}.{index}", item, errors)


def _note_double_steps(place: str, item: Json, errors: dict[str, list[str]]) -> None:
    keys = [step["key"] for step in item.get("steps", ())]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            where = f"{place}.steps.{index}.key"
            errors[where] = [f"{where}: '{key}' stands twice"]


class _Loader(yaml.SafeLoader):
    """Reads a date as the text that it is in JSON, and takes no references.

    Nine lines of references to each other are a document of gigabytes for whoever walks it.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("references (*name) are not taken")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """Writes several lines as a block, and nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    has_rare_breaks = any(mark in text for mark in RARE_BREAKS)  # YAML would fold them
    style = '"' if has_rare_breaks else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
