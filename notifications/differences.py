"""Where do two documents of workflows and texts differ? Item by item, in lines of YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from notifications.manifest import to_yaml

NAMES = {"templates": "key", "workflows": "identifier"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One item that differs. kind: "template" or "workflow"; change: "new" or "changed".

    lines: what goes (-) and what comes (+), with the lines around.
    """

    kind: str
    name: str
    change: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((f"{self.change} {self.kind} {self.name}", *self.lines))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """List what of `new` is not in `old` just so; what only `old` has is not asked about."""
    return [one for group in NAMES for one in _compared(group, old, new)]


def yaml_difference(old: Any, new: Any) -> tuple[str, ...]:
    """Say in lines of YAML where one value differs from another.

    The order of keys is no difference: PostgreSQL keeps none.
    """
    before = to_yaml(old).splitlines() if old else []
    after = to_yaml(_in_order_of(old, new)).splitlines()
    found = unified_diff(before, after, lineterm="", n=2)
    return tuple(line for line in found if not line.startswith(("---", "+++", "@@")))


def _in_order_of(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    kept = {key: _in_order_of(old[key], new[key]) for key in old if key in new}
    return kept | {key: value for key, value in new.items() if key not in old}


def _compared(group: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    key = NAMES[group]
    known = {item[key]: item for item in old.get(group, ())}
    for item in new.get(group, ()):
        before = known.get(item[key])
        if before != item:
            change = "changed" if before else "new"
            lines = yaml_difference(before, item)
            yield Difference(group[:-1], item[key], change, lines)
