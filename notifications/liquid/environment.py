"""How does staff-edited Liquid run without reaching code or exhausting the process?

python-liquid does the parsing and rendering; this module takes away what a letter does not need
(partials, capture, counters, the clock, attributes of objects) and counts what remains.
Proved by tests/notifications/test_rendering_limits.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext, Token, TokenStream
from liquid.ast import Node
from liquid.builtin.expressions import Path
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import (
    FilterError,
    LiquidError,
    LiquidSyntaxError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
    OutputStreamLimitError,
)
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from liquid.undefined import UNDEFINED, Undefined
from liquid.utils import ReadOnlyChainMap

from notifications.liquid import filters
from notifications.liquid.dates import Locale
from notifications.liquid.faults import Missing
from notifications.liquid.syntax import normalised

MAX_SOURCE = 64_000  # characters of one field
MAX_OUTPUT = 65_536  # bytes of one rendered field
MAX_LOOPS = 1_000  # iterations of all loops of one field together
MAX_LOCALS = 100_000  # bytes assigned in one render, also when a name is assigned again
MAX_WORK = 50_000  # filter calls, plus one per item or 100 characters that they read
TAGS = frozenset(
    ["if", "unless", "case", "for", "break", "continue", "assign", "comment", "#", "raw"]
)
_PSEUDO_TAGS = frozenset(("content", "output", "illegal"))


class Buffer(StringIO):
    """Collect output up to the limit; a lone surrogate is counted here and repaired by the unit."""

    size = 0

    def write(self, text: str, /) -> int:
        self.size += len(text.encode("utf-8", "surrogatepass"))
        if self.size > MAX_OUTPUT:
            raise OutputStreamLimitError(f"the text is longer than {MAX_OUTPUT} bytes", token=None)
        return super().write(text)


class SafeContext(RenderContext):
    """A render context that knows its locale and counts loops, assigned bytes and filter work."""

    def __init__(self, template: BoundTemplate, *, variables: Mapping[str, Any], locale: Locale):
        super().__init__(template, globals=variables)
        self.locale = locale
        self.scope = ReadOnlyChainMap(self.locals, self.globals)  # without the library's clock
        self.loop_count = self.assigned = self.work = 0

    def spend(self, value: object) -> None:
        """Count one filter call on a value."""
        self.work += 1
        if type(value) is not Missing and isinstance(value, (str, list)):
            self.work += len(value) // 100 if isinstance(value, str) else len(value)
        if self.work > MAX_WORK:
            raise FilterError("the template uses its filters too often", token=None)

    def assign(self, key: str, val: Any) -> None:
        self.assigned += 50 + sys.getsizeof(val)
        if self.assigned > MAX_LOCALS:
            raise LocalNamespaceLimitError("the template assigns too much", token=None)
        self.locals[key] = val

    def raise_for_loop_limit(self, length: int = 1) -> None:
        self.loop_count += length
        if self.loop_count > MAX_LOOPS:
            raise LoopIterationLimitError(f"more than {MAX_LOOPS} loop iterations", token=None)

    def get(
        self, path: list[object], *, token: Token | None, default: object = UNDEFINED
    ) -> object:
        if default is not UNDEFINED:
            return super().get(path, token=token, default=default)
        try:
            found: Any = self.scope[path[0]]  # type: ignore[index]  # any key may be asked
            for segment in path[1:]:
                found = self.get_item(found, segment)
        except (LookupError, TypeError):
            name = ".".join(str(segment) for segment in path)
            return self.env.undefined(name, hint=name, token=token)
        return found

    def get_item(self, obj: Any, key: Any) -> Any:
        if not isinstance(obj, (Mapping, list, tuple, str)):
            raise TypeError("only mappings and lists have parts")
        return super().get_item(obj, key)


class SafeTemplate(BoundTemplate):
    """A parsed template that renders with our context and limits."""

    def make_partial_namespace(
        self, partial: bool, render_args: Mapping[str, object]
    ) -> Mapping[str, object]:
        return {}  # the library's own adds a variable named "partial"

    def text(self, variables: Mapping[str, Any], locale: Locale) -> str:
        """Render; raises the faults of notifications.liquid.faults.TEMPLATE_FAULTS."""
        buffer = Buffer()
        context = SafeContext(self, variables=variables, locale=locale)
        self.render_with_context(context, buffer)
        return buffer.getvalue()


class SafeOutputNode(OutputNode):
    """Print one value, if it is not longer than a value may be."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        filters.check_items("output", value)
        text = to_liquid_string(value, context.autoescape)
        if len(text) > filters.MAX_VALUE:
            raise FilterError(f"a value longer than {filters.MAX_VALUE} characters", token=None)
        return buffer.write(text)


class SafeOutput(Output):
    """`{{ }}`: parses to our node; its syntax errors know their line."""

    node_class = SafeOutputNode

    def get_node(self, stream: TokenStream) -> Node:
        opening = stream.current
        try:
            return self.parse(stream)
        except LiquidError as error:
            if error.token is None or error.token.start_index < 0:
                error.token = opening
            raise


class BoundedRange(RangeLiteral):
    """A range that is refused when it is longer than all loops together may be."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> range:
        made = super().evaluate(context)
        if made.stop - made.start > MAX_LOOPS:
            raise LoopIterationLimitError(f"a range longer than {MAX_LOOPS}", token=self.token)
        return made


class SafeEnvironment(Environment):
    """python-liquid with the allowed tags and filters only.

    html: escape every value. undefined: what stands for a variable without value.
    """

    context_depth_limit = 20
    block_nesting_limit = 20
    template_class = SafeTemplate

    def __init__(self, *, html: bool, undefined: type[Undefined] = Missing) -> None:
        super().__init__(undefined=undefined, autoescape=html)
        self.add_tag(SafeOutput)
        self.tags = {
            name: tag for name, tag in self.tags.items() if name in TAGS or name in _PSEUDO_TAGS
        }
        filters.install(self)

    def compile(self, source: str) -> SafeTemplate:
        """Parse one field; raises LiquidError and RecursionError."""
        if len(source) > MAX_SOURCE:
            message = f"the text is longer than {MAX_SOURCE} characters"
            raise LiquidSyntaxError(message, token=None)
        template = self.from_string(normalised(source))
        assert isinstance(template, SafeTemplate)  # noqa: S101 (narrows for mypy)
        for expression in expressions_of(template):
            if type(expression) is RangeLiteral:
                expression.__class__ = BoundedRange
        return template


TEXT_ENVIRONMENT = SafeEnvironment(html=False)
HTML_ENVIRONMENT = SafeEnvironment(html=True)
CONDITION_ENVIRONMENT = SafeEnvironment(html=False, undefined=Undefined)  # nil, as Liquid has it


def expressions_of(template: BoundTemplate) -> Iterable[Expression]:
    """Walk every expression of a template, nested ones too."""
    context = RenderContext(template)
    pending: list[Node] = list(template.nodes)
    while pending:
        node = pending.pop()
        pending += node.children(context)
        expressions: list[Expression] = list(node.expressions())
        while expressions:
            expression = expressions.pop()
            yield expression
            expressions += expression.children()


def is_plain_path(expression: Expression) -> bool:
    """Tell whether an expression only walks mappings by name: payload.master.name."""
    return isinstance(expression, Path) and all(
        isinstance(part, str) and part not in ("size", "first", "last") for part in expression.path
    )
