"""How do letters of one template share one call: what differs becomes values, the rest a pattern.

Rendered letters come here one by one, so the template is found again in them: tags and styles are
its pattern, texts between tags and addresses of links and pictures are what may differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Opens every key; a letter that holds it itself goes alone.
KEY_START = "[%k"

# Alternatives that begin with a letter each let the search leap; a look behind comes after it.
_PART = re.compile(
    r"(?P<skipped><!--.*?(?:-->|\Z)|<(?P<hidden>style|script)\b.*?(?:</(?P=hidden)\s*>|\Z))"
    r"|href(?<=[\s\"']href)=\"(?P<href>[^\"]+)\""
    r"|src(?<=[\s\"']src)=\"(?P<src>[^\"]+)\""
    r"|>(?P<text>(?=\s*[^<\s])[^<]+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """A letter's HTML: pattern has one piece more than values."""

    pattern: tuple[str, ...]
    values: tuple[str, ...]


def parts_of(html: str) -> Parts:
    """Take a letter apart; putting pieces and values together in turn gives it back."""
    pattern, values, done = [], [], 0
    for found in _PART.finditer(html):
        name = found.lastgroup or ""
        if name == "skipped":
            continue
        pattern.append(html[done : found.start(name)])
        values.append(found[name])
        done = found.end(name)
    return Parts((*pattern, html[done:]), tuple(values))


def differing(letters: Sequence[Parts]) -> list[int]:
    """Number the values that are not the same in all letters of one pattern."""
    columns = zip(*(letter.values for letter in letters), strict=True)
    return [at for at, column in enumerate(columns) if len(set(column)) > 1]


def template_of(letter: Parts, places: Sequence[int]) -> str:
    """Write the shared HTML: keys at these places, this letter's own values elsewhere."""
    keyed = set(places)
    values = [key(at) if at in keyed else value for at, value in enumerate(letter.values)]
    pieces = [piece + value for piece, value in zip(letter.pattern, values, strict=False)]
    return "".join(pieces) + letter.pattern[-1]


def key(place: int | str) -> str:
    """Name a value; the closing sign keeps 1 from being found in 11."""
    return f"{KEY_START}{place}%]"
