"""Read a subscriber as callers write it into a typed value, or say which field is wrong.

Only what the caller named is in the value: absent leaves as it is, null clears.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tenants.addressing import KIND_OF_WORD, Refused, kind_of_provider, normalise, values_of
from tenants.errors import InvalidFields
from tenants.zones import timezones

DATA_LIMIT = 64 * 1024  # bytes of one subscriber's attributes

Errors = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class SubscriberInput:
    """What to change. fields: column -> value. addresses: kind -> all its values, empty clears."""

    subscriber_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_subscriber(
    raw: Mapping[str, Any], where: str = "", subscriber_id: str | None = None
) -> SubscriberInput:
    """Read a subscriber object of the wire contract.

    where: the object's place in the body, the prefix of field names in errors ("to").
    subscriber_id: given by the address of the call. Raises InvalidFields with every wrong field.
    """
    errors: Errors = {}
    reader = _Reader(raw, where, errors)
    person = SubscriberInput(
        subscriber_id=read_id(
            raw.get("subscriberId") if subscriber_id is None else subscriber_id,
            reader.name("subscriberId"),
            errors,
        ),
        fields=reader.fields(),
        addresses=reader.addresses(),
    )
    if errors:
        raise InvalidFields(next(iter(errors.values()))[0] + ".", errors=errors)
    return person


def read_id(value: object, name: str, errors: Errors) -> str:
    """Read the salon's own key of a subscriber; numbers are taken as text."""
    text = (
        str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    )
    if not 0 < len(text) <= 255:
        errors[name] = [f"{name} must be 1 to 255 characters"]
    return text


def read_credentials(raw: Mapping[str, Any], where: str = "") -> tuple[str, tuple[str, ...]]:
    """Read {providerId, integrationIdentifier?, credentials} into kind and values.

    Raises InvalidFields.
    """
    errors: Errors = {}
    found = _Reader(raw, where, errors).provider(raw, where)
    if errors:
        raise InvalidFields(next(iter(errors.values()))[0] + ".", errors=errors)
    return found


class _Reader:
    """Collects the errors of one subscriber object."""

    def __init__(self, raw: Mapping[str, Any], where: str, errors: Errors) -> None:
        self.raw = raw
        self.where = where
        self.errors = errors

    def name(self, field_name: str) -> str:
        return f"{self.where}.{field_name}" if self.where else field_name

    def fields(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for word, (column, read) in _FIELDS.items():
            if word in self.raw:
                value = self.attempt(self.name(word), read, self.raw[word])
                found[column] = _CLEARED.get(column, "") if value is None else value
        return found

    def addresses(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for kind in ("phone", "email"):
            if kind in self.raw:
                found[kind] = self.values(kind, [self.raw[kind]], self.name(kind))
        return found | self.channels()

    def channels(self) -> dict[str, tuple[str, ...]]:
        given = self.raw.get("channels")
        if given is None:
            return {}
        name = self.name("channels")
        if isinstance(given, Mapping):
            return self.map_form(given, name)
        if isinstance(given, list) and all(isinstance(item, Mapping) for item in given):
            return self.list_form(given, name)
        self.errors[name] = [f"{name} must be a list of objects or an object"]
        return {}

    def map_form(self, given: Mapping[str, Any], name: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for word, value in given.items():
            path = f"{name}.{word}"
            if word not in KIND_OF_WORD:
                self.errors[path] = [f"{path} must be one of {', '.join(KIND_OF_WORD)}"]
                continue
            values = value if isinstance(value, list) else [value]
            found[KIND_OF_WORD[word]] = self.values(KIND_OF_WORD[word], values, path)
        return found

    def list_form(self, given: list[Any], name: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for place, item in enumerate(given):
            kind, values = self.provider(item, f"{name}.{place}")
            if kind:
                found[kind] = found.get(kind, ()) + values
        return found

    def provider(self, item: Mapping[str, Any], path: str) -> tuple[str, tuple[str, ...]]:
        prefix = f"{path}." if path else ""
        try:
            kind = kind_of_provider(item.get("providerId"), item.get("integrationIdentifier"))
        except Refused as refused:
            self.errors[f"{prefix}providerId"] = [f"{prefix}providerId {refused}"]
            return "", ()
        try:
            raw = values_of(item.get("credentials"))
        except Refused as refused:
            self.errors[f"{prefix}credentials"] = [f"{prefix}credentials {refused}"]
            return kind, ()
        return kind, self.values(kind, raw, f"{prefix}credentials")

    def values(self, kind: str, given: list[Any], path: str) -> tuple[str, ...]:
        found = [
            self.attempt(path, lambda value: normalise(kind, value), value)
            for value in given
            if value is not None and value != ""
        ]
        return tuple(dict.fromkeys(value for value in found if value is not None))

    def attempt(self, path: str, read: Callable[[Any], Any], value: Any) -> Any:
        if value is None:
            return None
        try:
            return read(value)
        except Refused as refused:
            self.errors[path] = [f"{path} {refused}"]
            return None


def _text(limit: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > limit:
            raise Refused(f"must be text of at most {limit} characters")
        return value.strip()

    return read


def _avatar(value: Any) -> str:
    text = _text(500)(value)
    try:
        is_web = urlsplit(text).scheme in ("http", "https")
    except ValueError:  # such as http://[
        is_web = False
    if text and not is_web:
        raise Refused("must be an http(s) address")
    return text


def _language(value: Any) -> str:
    """ru_RU -> ru; a language we do not write in falls back to the salon's."""
    word = _text(35)(value).replace("-", "_").split("_")[0].lower()
    return word if word in ("ru", "en") else ""


def _timezone(value: Any) -> str:
    text = _text(64)(value)
    if text and text not in timezones():
        raise Refused("must be an IANA time zone such as Europe/Moscow")
    return text


def _kind(value: Any) -> str:
    if value not in ("client", "staff"):
        raise Refused("must be client or staff")
    return str(value)


def _preferred(value: Any) -> str:
    is_known = isinstance(value, str) and value in (*KIND_OF_WORD, "in_app", "chat", "")
    if not is_known:
        raise Refused(f"must be one of {', '.join(KIND_OF_WORD)}")
    return str(value)


def _attributes(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(json.dumps(value)) > DATA_LIMIT:
        raise Refused(f"must be an object of at most {DATA_LIMIT // 1024} KB")
    return value


_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "firstName": ("first_name", _text(150)),
    "lastName": ("last_name", _text(150)),
    "avatar": ("avatar", _avatar),
    "locale": ("language", _language),
    "timezone": ("timezone", _timezone),
    "kind": ("kind", _kind),
    "preferredChannel": ("preferred_channel", _preferred),
    "data": ("data", _attributes),
}
# What null leaves behind where it is not the empty text.
_CLEARED: dict[str, Any] = {"data": {}, "kind": "client"}
