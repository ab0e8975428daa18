"""What callers send today must still fit when a workflow is published again."""

from __future__ import annotations

from notifications.compatibility import compatibility_problems
from tests.for_each import for_each

BEFORE = {
    "type": "object",
    "required": ["clientName"],
    "properties": {
        "clientName": {"type": "string", "maxLength": 50},
        "amount": {"type": "integer", "minimum": 0},
        "state": {"enum": ["new", "paid"]},
        "address": {"type": "object", "properties": {"city": {"type": "string"}}},
        "items": {"type": "array", "items": {"type": ["string", "null"]}},
    },
}


def problems(**changes):
    before = {"payload_schema": BEFORE, "steps": []}
    return compatibility_problems(before, {"payload_schema": BEFORE | changes, "steps": []})


def with_rule(name, rule):
    return {"properties": BEFORE["properties"] | {name: rule}}


@for_each(
    "change, variable",
    [
        ({"required": ["clientName", "discount"]}, "discount"),
        ({"required": ["clientName", "amount"]}, "amount"),
        (with_rule("clientName", {"type": "string", "maxLength": 40}), "clientName"),
        (with_rule("clientName", {"type": "integer"}), "clientName"),
        (with_rule("amount", {"type": "integer", "minimum": 1}), "amount"),
        (with_rule("amount", {"type": "integer", "maximum": 9}), "amount"),
        (with_rule("state", {"enum": ["new"]}), "state"),
        (with_rule("state", {"const": "new"}), "state"),
        (with_rule("state", False), "state"),
        (with_rule("address", {"type": "object", "required": ["city"]}), "address.city"),
        (with_rule("address", {"properties": {"city": {"type": "integer"}}}), "address.city"),
        (with_rule("items", {"type": "array", "items": {"type": "string"}}), "items[]"),
        ({"additionalProperties": False}, "additionalProperties"),
        ({"anyOf": [{"required": ["amount"]}]}, "payload"),
        ({"type": "array"}, "payload"),
    ],
)
def test_a_schema_that_takes_less_is_refused_and_names_the_variable(change, variable):
    assert [f"'{variable}'" in one.message for one in problems(**change)] == [True]


@for_each(
    "change",
    [
        {},
        {"required": []},
        with_rule("discount", {"type": "number"}),
        with_rule("clientName", {"type": ["string", "null"], "maxLength": 60}),
        with_rule("clientName", {}),
        with_rule("amount", {"type": "number", "minimum": -5}),
        with_rule("state", {"enum": ["new", "paid", "lost"]}),
        with_rule("items", {"type": "array"}),
        {"properties": {}},
    ],
)
def test_a_schema_that_takes_more_is_published(change):
    assert problems(**change) == []


def test_keys_that_a_closed_schema_forgets_are_named():
    found = problems(
        properties={"clientName": BEFORE["properties"]["clientName"]}, additionalProperties=False
    )

    assert [one.message.split("'")[1] for one in found] == ["address", "amount", "items", "state"]
