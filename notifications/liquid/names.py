"""Which variables does a text use, and which of them must have a value?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from liquid import BoundTemplate, Token
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.static_analysis import Variable

from notifications.liquid.environment import expressions_of

#: Given by the platform; a payload key of the same name is reached as payload.<key> only.
LINK_NAMES = ("unsubscribeUrl", "preferencesUrl")
SYSTEM_NAMES = frozenset(
    ["payload", "subscriber", "salon", "location", "year", "digest", *LINK_NAMES]
)
SUBSCRIBER_FIELDS = frozenset(
    ["subscriberId", "firstName", "lastName", "email", "phone", "language", "data"]
)  # the wire's names
DIGEST_FIELDS = frozenset(["events", "count"])
LOCATION_FIELDS = frozenset(["name", "address", "phone", "mapUrl"])


@dataclass(frozen=True, slots=True)
class Use:
    """One variable at one place; optional: its `default` filter supplies a missing value."""

    name: str
    token: Token
    optional: bool


def uses(template: BoundTemplate) -> Iterator[Use]:
    """Yield what a template asks of its context, without names that it defines itself."""
    optional = _defaulted(template)
    for variables in template.analyze().globals.values():
        for variable in variables:
            start = variable.span.index
            token = Token("word", str(variable), start, "")
            yield Use(_dotted(variable), token, start in optional)


def payload_key(name: str) -> str | None:
    """Return the payload's key behind a dotted name, None for what the platform gives."""
    root, _, rest = name.partition(".")
    if root == "payload":
        return rest.partition(".")[0] or None
    return None if root in SYSTEM_NAMES else root


def is_system_name_known(name: str) -> bool:
    """Tell whether the platform has such a field: subscriber.firstName yes, location.city no."""
    root, _, rest = name.partition(".")
    field = rest.partition(".")[0]
    if root == "subscriber":
        return field in SUBSCRIBER_FIELDS
    if root == "digest":
        return field in DIGEST_FIELDS
    return root != "location" or field in LOCATION_FIELDS


def _defaulted(template: BoundTemplate) -> set[int]:
    """Collect the places of paths that go straight into a `default` filter."""
    return {
        expression.left.token.start_index
        for expression in expressions_of(template)
        if isinstance(expression, FilteredExpression)
        and isinstance(expression.left, Path)
        and expression.filters
        and expression.filters[0].name == "default"
    }


def _dotted(variable: Variable) -> str:
    """Join the leading names; an index or a computed part ends what can be known."""
    names: list[str] = []
    for segment in variable.segments:
        if not isinstance(segment, str):
            break
        names.append(segment)
    return ".".join(names)
