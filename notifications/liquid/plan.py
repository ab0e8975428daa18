"""How is an ordinary template rendered several times faster than by walking its tree?

A template of literal text, paths and simple filters becomes a list of text pieces with holes;
each hole is one closure that reads a path, applies its filters and gives text. Everything else,
and every case a hole does not want to decide (a missing variable, a list, a filter that
refuses), raises and is rendered by python-liquid, which also words the error.
So a plan only has to be right when it succeeds; tests/notifications/test_rendering_plan.py
compares both, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, PositionalArgument
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.primitive import (
    FalseLiteral,
    FloatLiteral,
    IntegerLiteral,
    Nil,
    StringLiteral,
    TrueLiteral,
)
from liquid.builtin.filters.misc import default
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.inline_comment_tag import InlineCommentNode
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from markupsafe import Markup, escape

from notifications.liquid import dates
from notifications.liquid.dates import Locale
from notifications.liquid.environment import SafeEnvironment, SafeTemplate, is_plain_path
from notifications.liquid.filters import TEXT

MAX_HOLES = 60  # above it the counted work of the environment must decide
MAX_FILTERS = 4  # per hole, for the same reason
SAFE_LENGTH = 16_000  # characters that never exceed the output limit in bytes
FAST_FILTERS = (TEXT - {"split"}) | {"default", "date"}

_LITERALS = (StringLiteral, IntegerLiteral, FloatLiteral, TrueLiteral, FalseLiteral)
_SCALARS = (str, int, float, bool, type(None), Markup)
_Variables = dict[str, Any]
_Read = Callable[[_Variables], Any]
_Apply = Callable[[Any, _Variables, Locale], Any]
_Hole = Callable[[_Variables, Locale], str]


class NotPlanned(Exception):  # a signal inside this package
    """This template, or this value, belongs to python-liquid."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Literal pieces with a hole for each variable."""

    pieces: list[str]
    holes: tuple[tuple[int, _Hole], ...]

    def text(self, variables: _Variables, locale: Locale) -> str:
        """Render; raises NotPlanned or whatever a filter raises: then ask python-liquid."""
        pieces = self.pieces.copy()
        for index, hole in self.holes:
            pieces[index] = hole(variables, locale)
        text = "".join(pieces)
        if len(text) > SAFE_LENGTH:
            raise NotPlanned
        return text


class _FilterContext:
    """What a filter may ask of a context; a plan's work is bounded by its own size."""

    def __init__(self, environment: SafeEnvironment) -> None:
        self.env = environment

    def spend(self, value: object) -> None:
        """Count nothing: MAX_HOLES times MAX_FILTERS is below the environment's limit."""


def plan_for(template: SafeTemplate) -> Plan | None:
    """Compile a template's plan, or None when it uses more than paths and simple filters."""
    environment = template.env
    assert isinstance(environment, SafeEnvironment)  # noqa: S101 (narrows for mypy)
    pieces: list[str] = []
    holes: list[tuple[int, _Hole]] = []
    try:
        for node in template.nodes:
            part = _part(node, environment)
            if not isinstance(part, str):
                holes.append((len(pieces), part))
            pieces.append(part if isinstance(part, str) else "")
    except NotPlanned:
        return None
    return Plan(pieces, tuple(holes)) if len(holes) <= MAX_HOLES else None


def _part(node: Node, environment: SafeEnvironment) -> str | _Hole:
    if isinstance(node, ContentNode):
        return node.text
    if isinstance(node, (CommentNode, InlineCommentNode)):
        return ""
    expression = getattr(node, "expression", None)
    if node.token.kind == "output" and type(expression) is FilteredExpression:
        return _hole(expression, environment)
    raise NotPlanned


def _hole(expression: FilteredExpression, environment: SafeEnvironment) -> _Hole:
    filters = expression.filters or []
    if len(filters) > MAX_FILTERS:
        raise NotPlanned
    html = environment.autoescape
    read = _reader(expression.left, html=html)
    if not filters:
        return _plain_hole(read, html=html)
    if _is_date(filters):
        return _date_hole(read, filters[0], html=html)
    return _filtered_hole(read, filters, environment)


def _plain_hole(read: _Read, *, html: bool) -> _Hole:
    def hole(variables: _Variables, locale: Locale) -> str:
        value = read(variables)
        return value if type(value) is str else _printed(value, html=False)

    def escaped_hole(variables: _Variables, locale: Locale) -> str:
        value = read(variables)
        return escape(value) if type(value) is str else _printed(value, html=True)

    return escaped_hole if html else hole


def _date_hole(read: _Read, date: Filter, *, html: bool) -> _Hole:
    pattern = str(_literal(date.args[0].value)) if date.args else dates.DEFAULT_FORMAT
    show = dates.show

    def hole(variables: _Variables, locale: Locale) -> str:
        value = read(variables)
        if type(value) is not str:
            raise NotPlanned
        text = show(value, pattern, locale.language, locale.zone)
        return escape(text) if html else text

    return hole


def _filtered_hole(read: _Read, filters: list[Filter], environment: SafeEnvironment) -> _Hole:
    html = environment.autoescape
    starts_with_default = filters[0].name == "default"
    steps = [_step(item, environment) for item in filters]

    def hole(variables: _Variables, locale: Locale) -> str:
        try:
            value = read(variables)
        except KeyError:
            if not starts_with_default:
                raise
            value = None  # `default` treats a missing variable and nil alike
        for step in steps:
            value = step(value, variables, locale)
        return _printed(value, html=html)

    return hole


def _step(item: Filter, environment: SafeEnvironment) -> _Apply:
    if item.name not in FAST_FILTERS:
        raise NotPlanned
    if _is_date([item]):
        return _date_step(item)
    readers = [_argument(argument, environment) for argument in item.args]
    if item.name == "default":
        return _default_step(readers)
    function = environment.filters[item.name]
    context = _FilterContext(environment)

    def apply(value: Any, variables: _Variables, locale: Locale) -> Any:
        arguments = [read(variables) for read in readers]
        return function(value, *arguments, context=context)

    return apply


def _default_step(readers: list[_Read]) -> _Apply:
    if len(readers) > 1:
        raise NotPlanned

    def apply(value: Any, variables: _Variables, locale: Locale) -> Any:
        if type(value) is str and value:
            return value
        return default(value, *[read(variables) for read in readers])

    return apply


def _date_step(item: Filter) -> _Apply:
    pattern = str(_literal(item.args[0].value)) if item.args else dates.DEFAULT_FORMAT

    def apply(value: Any, variables: _Variables, locale: Locale) -> Any:
        if type(value) is not str:
            raise NotPlanned
        return dates.show(value, pattern, locale.language, locale.zone)

    return apply


def _argument(argument: object, environment: SafeEnvironment) -> _Read:
    if not isinstance(argument, PositionalArgument):
        raise NotPlanned
    return _reader(argument.value, html=environment.autoescape)


def _is_date(filters: list[Filter]) -> bool:
    """Tell whether this is one date filter with a literal pattern; others are not planned."""
    if len(filters) != 1 or filters[0].name != "date":
        return False
    arguments = filters[0].args
    if len(arguments) > 1 or any(type(item) is not PositionalArgument for item in arguments):
        raise NotPlanned
    if arguments and not isinstance(arguments[0].value, StringLiteral):
        raise NotPlanned
    return True


def _reader(expression: Expression, *, html: bool) -> _Read:
    if isinstance(expression, Path):
        return _path_reader(expression)
    value = _literal(expression)
    fixed = Markup(value) if html and isinstance(value, str) else value  # noqa: S704 (author's own)
    return lambda variables: fixed


def _path_reader(path: Path) -> _Read:
    if not is_plain_path(path):
        raise NotPlanned
    root, *rest = [str(part) for part in path.path]
    if not rest:
        return lambda variables: variables[root]
    if len(rest) > 1:
        return lambda variables: _walk(variables[root], rest)
    (leaf,) = rest

    def read(variables: _Variables) -> Any:
        inner = variables[root]
        if type(inner) is not dict:
            raise NotPlanned
        return inner[leaf]

    return read


def _walk(value: Any, names: list[str]) -> Any:
    for name in names:
        if type(value) is not dict:
            raise NotPlanned
        value = value[name]
    return value


def _literal(expression: Expression) -> Any:
    if isinstance(expression, _LITERALS):
        return expression.value
    if isinstance(expression, Nil):
        return None
    raise NotPlanned


def _printed(value: object, *, html: bool) -> str:
    if type(value) not in _SCALARS:
        raise NotPlanned
    return to_liquid_string(value, html)
