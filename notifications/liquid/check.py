"""What must be corrected before this text may be published?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from liquid.exceptions import LiquidError

from notifications.liquid import filters
from notifications.liquid.environment import (
    MAX_SOURCE,
    TAGS,
    TEXT_ENVIRONMENT,
    SafeTemplate,
)
from notifications.liquid.faults import TEMPLATE_FAULTS, Problem, line_of, render_error
from notifications.liquid.names import is_system_name_known, payload_key, uses
from notifications.liquid.syntax import HandlebarsError


def problems(fields: Iterable[tuple[str, str]], known: Collection[str] | None) -> list[Problem]:
    """List the problems of (field, source) pairs.

    known: payload keys that the workflow's schema declares; None leaves payload names unchecked.
    """
    return [problem for field, source in fields for problem in _of_field(field, source, known)]


def _of_field(field: str, source: str, known: Collection[str] | None) -> Iterator[Problem]:
    if len(source) > MAX_SOURCE:
        yield Problem("too_long", field, 0, f"longer than {MAX_SOURCE} characters")
        return
    if "\0" in source:
        yield Problem("bad_character", field, 0, "contains a NUL character")
        return
    try:
        template = TEXT_ENVIRONMENT.compile(source)
        found = [*_filters(template, field, source), *_names(template, field, source, known)]
    except TEMPLATE_FAULTS as error:
        yield _syntax(error, field, source)
        return
    yield from found


def _syntax(error: BaseException, field: str, source: str) -> Problem:
    fault = render_error(error, field=field, source=source)
    code, message = "syntax", fault.message
    if isinstance(error, HandlebarsError):
        code = "handlebars"
    elif isinstance(error, LiquidError) and message.startswith("unexpected tag"):
        code = "unknown_tag"
        message = f"{message}; allowed are {', '.join(sorted(TAGS - {'#'}))}"
    return Problem(code, field, fault.line, message)


def _filters(template: SafeTemplate, field: str, source: str) -> Iterator[Problem]:
    for name, spans in template.analyze().filters.items():
        if name not in filters.ALLOWED:
            line = source.count("\n", 0, max(spans[0].index, 0)) + 1
            yield Problem("unknown_filter", field, line, f"there is no filter '{name}'")


def _names(
    template: SafeTemplate, field: str, source: str, known: Collection[str] | None
) -> Iterator[Problem]:
    for use in uses(template):
        key = payload_key(use.name)
        if key is None:
            is_known = is_system_name_known(use.name)
        else:
            is_known = use.optional or known is None or key in known
        if not is_known:
            line = line_of(source, use.token)
            yield Problem("unknown_variable", field, line, f"nothing gives '{use.name}' a value")
