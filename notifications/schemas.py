"""Which JSON Schemas may check payloads, and how long may they take? In one pass, in a known time.

A salon's schema is asked at each trigger, in a process that serves all salons. So it calls nobody,
its patterns are of the kind that is matched in one pass, and its references, written out, are no
longer than one may be: ten that each name the next twice are a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NoReturn
from urllib.parse import unquote

import jsonschema_rs

MOST_PARTS = 1_000  # objects of a schema, references written out
#: What leads elsewhere, or gives paths another beginning.
_OTHER_WAYS = ("$dynamicRef", "$recursiveRef", "$id")
_OLD = "draft-04"  # says "id" for $id, which is any payload's word as well
#: Patterns without looking around or back: those need time without end.
_PATTERNS = jsonschema_rs.RegexOptions()


def compiled(schema: Any) -> jsonschema_rs.Validator:
    """Make a schema's validator; raises ValueError, and ValidationError for what is no schema."""
    if isinstance(schema, dict):
        _count(schema)
    return _validator(schema or True, validate_formats=True)


def schema_faults(schema: Any) -> Iterator[str]:
    """Say why this may not be a payload's schema."""
    if not isinstance(schema, dict):
        yield "a JSON Schema is an object"
        return
    try:
        compiled(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        words = str(getattr(error, "message", "") or error).splitlines()[0][:300]
        yield f"not a JSON Schema: {words}"


def _stay_home(uri: str) -> NoReturn:
    """Refuse a $ref that leaves the document: nobody may make our servers call addresses."""
    raise ValueError(f"{uri} is outside the document")


_validator = partial(jsonschema_rs.validator_for, retriever=_stay_home, pattern_options=_PATTERNS)


def _count(schema: Mapping[str, Any]) -> None:
    """Write references out, as far as they may go; raises ValueError."""
    if _OLD in str(schema.get("$schema")):
        raise ValueError(f"{_OLD} is too old")
    parts = 0
    open_ways: list[tuple[Any, frozenset[str]]] = [(schema, frozenset())]
    while open_ways:
        value, passed = open_ways.pop()
        if isinstance(value, list):
            open_ways += [(item, passed) for item in value]
        if not isinstance(value, dict):
            continue
        if (parts := parts + 1) > MOST_PARTS:
            raise ValueError(f"more than {MOST_PARTS} parts, references written out")
        open_ways += [(item, passed) for item in value.values()]
        if isinstance(way := _way(value), str):
            if way in passed:
                raise ValueError(f"'{way}' leads back to itself")
            open_ways.append((_at(schema, way), passed | {way}))


def _way(part: Mapping[str, Any]) -> object:
    """Give what a part refers to, if it does; raises ValueError for other ways than a path."""
    if other := next((name for name in _OTHER_WAYS if isinstance(part.get(name), str)), ""):
        raise ValueError(f"{other} is not taken: write $ref as #/$defs/name")
    way = part.get("$ref")
    if isinstance(way, str) and not (way == "#" or way.startswith("#/")):
        raise ValueError(f"'{way[:100]}' is not taken: write $ref as #/$defs/name")
    return way


def _at(schema: Any, way: str) -> Any:
    """Follow a path within the document; what is not there the validator says."""
    for name in way.removeprefix("#").split("/")[1:]:
        key = unquote(name).replace("~1", "/").replace("~0", "~")
        if isinstance(schema, list) and key.isdecimal():
            schema = schema[int(key)] if int(key) < len(schema) else None
        else:
            schema = schema.get(key) if isinstance(schema, dict) else None
    return schema
