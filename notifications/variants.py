"""Which variant of a split does a client see? Always the same one, however often she is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of a split. goto: the step it goes on with; template: of the step behind the split.

    Both may be empty: then it goes on as the workflow does.
    """

    key: str
    weight: float
    goto: str = ""
    template: str = ""


def read_variants(settings: Mapping[str, Any]) -> tuple[Variant, ...]:
    """Read the settings of a split."""
    return tuple(
        Variant(one["key"], float(one["weight"]), one.get("goto", ""), one.get("template", ""))
        for one in settings["variants"]
    )


def pick(variants: Sequence[Variant], workflow: str, step: str, subscriber: UUID) -> Variant:
    """Choose by a digest of workflow, step and client, so that no table has to remember it."""
    text = f"{workflow}\0{step}\0{subscriber.hex}".encode()
    share = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / 2**64
    left = share * sum(variant.weight for variant in variants)
    for variant in variants:
        left -= variant.weight
        if left < 0:
            return variant
    return variants[-1]
