"""No schema of a salon's keeps the process busy that checks the payloads of all salons."""

from __future__ import annotations

from typing import Any

from notifications.schemas import MOST_PARTS, compiled, schema_faults
from tests.for_each import for_each


def doubled(depth: int) -> dict[str, Any]:
    """Ask one thing in two ways, each of which does so again: a minute at 30, a year at 50."""
    ways = {
        f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(depth)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**ways, f"d{depth}": {"type": "string"}}}


HOSTILE: dict[str, Any] = {
    "doubles": doubled(50),
    "never ends": {"anyOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]},
    "hides its end": {"$defs": {"a": {"items": {"$ref": "#/$defs/%61"}}}},
    "calls itself otherwise": {"$defs": {"a": {"$id": "https://x.example/a"}}},
    "goes on elsewhere": {"items": {"$dynamicRef": "#a"}, "$dynamicAnchor": "a"},
    "names no path": {"$anchor": "a", "items": {"$ref": "#a"}},
    "is too old": {"$schema": "http://json-schema.org/draft-04/schema#"},
    "looks back": {"properties": {"a": {"pattern": "(?<!x)(a+)+$"}}},
    "is too large": {"enum": [{} for _ in range(MOST_PARTS)]},
    "leads away": {"$ref": "http://127.0.0.1:9/schema.json"},
    "reads files": {"$ref": "file:///etc/hostname"},
    "is none": [1],
}


@for_each("schema", HOSTILE.values())
def test_a_schema_is_refused_that(schema):
    assert len(list(schema_faults(schema))) == 1


def test_references_and_patterns_of_everyday_are_taken():
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "required": ["visit", "next"],
        "properties": {"visit": {"$ref": "#/$defs/visit"}, "next": {"$ref": "#/$defs/visit"}},
        "$defs": {"visit": {"properties": {"room": {"pattern": "^(Зал|Room) [0-9]+$"}}}},
    }

    assert not list(schema_faults(schema))
    assert compiled(schema).is_valid({"visit": {"room": "Зал 2"}, "next": {}})
    assert not compiled(schema).is_valid({"visit": {"room": "Зал"}, "next": {}})
    assert not compiled(schema).is_valid({"visit": {}})


def test_a_pattern_is_matched_in_one_pass():
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}}

    assert not compiled(schema).is_valid({"a": "a" * 300_000 + "!"})
