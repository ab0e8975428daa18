"""Does a condition hold for this client? What staff write between `{% if` and `%}`, no code.

The texts' own Liquid parses and decides, under the same limits; see notifications.liquid. But a
text without a value must not go out, while a client without one is an ordinary case to decide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from notifications.liquid.dates import Locale
from notifications.liquid.environment import CONDITION_ENVIRONMENT, SafeTemplate
from notifications.liquid.faults import TEMPLATE_FAULTS, RenderError, render_error
from notifications.liquid.names import is_system_name_known, payload_key, uses

LONGEST: Final = 1_000
STEPS: Final = "steps"  # steps.<key>.<word>
WORDS: Final = frozenset({"state", "reason", "answer", "channel"})
_MARKS: Final = ("{%", "%}", "{{", "}}", "\n", "\r", "\0")
_YES: Final = "1"


@lru_cache(maxsize=2_000)
def compiled(expression: str) -> SafeTemplate:
    """Parse a condition; raises RenderError."""
    if len(expression) > LONGEST or any(mark in expression for mark in _MARKS):
        raise RenderError(f"it is one line of at most {LONGEST} characters, without braces")
    source = f"{{% if {expression} %}}{_YES}{{% endif %}}"
    try:
        return CONDITION_ENVIRONMENT.compile(source)
    except TEMPLATE_FAULTS as error:
        raise render_error(error, field="if", source=source) from error


def holds(expression: str, values: Mapping[str, Any], locale: Locale) -> bool:
    """Decide; raises RenderError. What has no value is not true, and differs from all that has."""
    try:
        return compiled(expression).text(values, locale) == _YES
    except TEMPLATE_FAULTS as error:
        raise render_error(error, field="if", source=expression) from error


def asks_of_steps(expression: str) -> bool:
    """Tell whether it wants to know what became of earlier steps."""
    return f"{STEPS}." in expression


def unknown_names(
    expression: str, steps: Collection[str], payload: Collection[str] | None
) -> Iterator[str]:
    """Name what nothing gives a value. steps: earlier ones; payload: None when all may come."""
    for use in uses(compiled(expression)):
        root, _, rest = use.name.partition(".")
        key = payload_key(use.name)
        if root == STEPS:
            step, _, word = rest.partition(".")
            is_known = step in steps and word in WORDS
        elif key is None:
            is_known = is_system_name_known(use.name)
        else:
            is_known = payload is None or key in payload
        if not is_known:
            yield use.name
