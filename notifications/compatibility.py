"""May a new schema take the place of the one that callers send to today?

Only if every payload that fits today fits tomorrow as well, and nothing that running texts name
goes away. Who must break it gives the new one an identifier of its own: `order-confirmation-v2`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from notifications.definition import read_texts, template_ids
from notifications.liquid.names import payload_key
from notifications.models import MessageTemplate
from notifications.refusals import Refusal
from notifications.rendering import variables

FIELD = "payload_schema"
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
#: What cannot be compared but for being the same; a new one may take less.
EXACT = (
    *("pattern", "format", "const", "multipleOf", "uniqueItems", "contains", "prefixItems"),
    *("$ref", "anyOf", "oneOf", "allOf", "not", "if", "then", "else"),
    *("dependentRequired", "dependentSchemas", "patternProperties", "propertyNames"),
)


def compatibility_problems(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Refusal]:
    """Name each variable by which a draft's document would break those who use the running one.

    old, new: documents of notifications.definition. Call inside the tenant's scope.
    """
    before, after = old.get("payload_schema") or {}, new.get("payload_schema") or {}
    if not isinstance(after, dict) or before == after:
        return []
    return [*_narrowed(before, after), *_taken_away(old, before, after)]


def _taken_away(
    old: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Refusal]:
    gone = _names(before) - _names(after)
    if not gone:
        return
    for name in sorted(gone & _used(old)):
        message = f"'{name}' is gone, but texts of the running version use it"
        yield Refusal("schema_removed", FIELD, message)


def _used(document: Mapping[str, Any]) -> set[str]:
    """Name the payload keys in the texts that the running version's steps send."""
    if not (templates := template_ids(document)):
        return set()
    found = MessageTemplate.objects.filter(pk__in=templates, published__isnull=False)
    names = (
        name
        for template in found.select_related("published")
        for source in read_texts(template.pk, template.published.texts).sources.values()
        for name in variables(source)
    )
    return {key for name in names if (key := payload_key(name)) is not None}


def _narrowed(before: Mapping[str, Any], after: Any, path: str = "") -> Iterator[Refusal]:
    """Compare what a value had to be with what it has to be, and what is inside it."""
    if after is False or (isinstance(after, dict) and any(_is_tighter(before, after))):
        yield Refusal("schema_narrowed", FIELD, f"'{path or 'payload'}' takes less than before")
    if not isinstance(after, dict):
        return
    inside = f"{path}." if path else ""
    for name in sorted(_required(after) - _required(before)):
        message = f"'{inside}{name}' is newly required: give it a default instead"
        yield Refusal("schema_required", FIELD, message)
    for name in _shut_out(before, after):
        message = f"'{inside}{name}' may be sent today and would be refused"
        yield Refusal("schema_narrowed", FIELD, message)
    was, now = _properties(before), _properties(after)
    for name in was.keys() & now.keys():
        if isinstance(was[name], dict):
            yield from _narrowed(was[name], now[name], f"{inside}{name}")
    if isinstance(before.get("items"), dict):
        yield from _narrowed(before["items"], after.get("items"), f"{path}[]")


def _shut_out(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name the keys that the new schema no longer lets in."""
    if after.get("additionalProperties") is not False:
        return []
    gone = sorted(_names(before) - _names(after))
    is_open = before.get("additionalProperties", True) is not False
    return gone or (["additionalProperties"] if is_open else [])


def _is_tighter(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[bool]:
    yield not _takes(new.get("type"), old.get("type"))
    if "enum" in new:
        yield "enum" not in old or any(value not in new["enum"] for value in old["enum"])
    yield from (_is_beyond(new[word], old.get(word), 1) for word in LOWER if word in new)
    yield from (_is_beyond(new[word], old.get(word), -1) for word in UPPER if word in new)
    yield from (new[word] not in (old.get(word), False) for word in EXACT if word in new)


def _takes(new: Any, old: Any) -> bool:
    """Tell whether every type of before is still taken; nothing said takes all."""
    if new is None or old is None:
        return new is None
    now = _words(new)
    return all(word in now or (word == "integer" and "number" in now) for word in _words(old))


def _words(types: Any) -> set[str]:
    return {types} if isinstance(types, str) else set(types)


def _is_beyond(new: float, old: float | None, sign: int) -> bool:
    return old is None or (new - old) * sign > 0


def _names(schema: Mapping[str, Any]) -> set[str]:
    return _properties(schema).keys() | _required(schema)


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _required(schema: Mapping[str, Any]) -> set[str]:
    found = schema.get("required")
    return {str(name) for name in found} if isinstance(found, list) else set()
