"""What can be wrong with a template, said so that its author finds the place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from liquid import Token
from liquid.exceptions import LiquidError, LiquidInterrupt, UndefinedError
from liquid.undefined import StrictDefaultUndefined

#: What a template or a value can make python-liquid raise; anything else is our own defect.
TEMPLATE_FAULTS = (
    LiquidError,
    LiquidInterrupt,
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_FIRST_NAME = re.compile(r"(?:(?:%-?\s*\w+|\{)-?\s+|\{\{-?\s*)([\w.\[\]-]+)")


class Missing(StrictDefaultUndefined):
    """A variable without value: `default` and conditions may ask about it, nothing may use it.

    Ask `type(value) is Missing`: isinstance reads __class__, which a strict undefined refuses.
    """

    __slots__ = ()
    allowed_properties = StrictDefaultUndefined.allowed_properties | {"__liquid__"}


class RenderError(ValueError):
    """A text could not be rendered.

    field: "body", "title", "image_url", "buttons.0.url"... variable: dotted name, or the filter's.
    line: 1 for the first line of that field, 0 when unknown. message: free of payload values.
    """

    def __init__(
        self, message: str, *, field: str = "", variable: str = "", line: int = 0, code: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.variable = variable
        self.line = line
        self.code = code or "render_failed"

    def __str__(self) -> str:
        place = f"{self.field}, line {self.line}" if self.line else self.field
        return f"{place}: {self.message}" if place else self.message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct before a template may be published; code is stable, message English."""

    code: str
    field: str
    line: int
    message: str


def render_error(error: BaseException, *, field: str, source: str) -> RenderError:
    """Say a fault of python-liquid in our words: which field, which line, which variable."""
    if isinstance(error, RenderError):
        return error
    token = error.token if isinstance(error, LiquidError) else None
    line = line_of(source, token)
    if isinstance(error, UndefinedError):
        name = str(error.args[0])
        return RenderError(
            f"'{name}' has no value; pass it, declare a default or write | default: '...'",
            field=field,
            variable=name,
            line=line,
            code="missing_variable",
        )
    return RenderError(_words(error), field=field, variable=_variable_at(source, token), line=line)


def line_of(source: str, token: Token | None) -> int:
    """Return the 1-based line of a token, 0 when the token is unknown."""
    if token is None or token.start_index < 0:
        return 0
    return source.count("\n", 0, token.start_index) + 1


def _words(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "the template is nested too deeply"
    if isinstance(error, LiquidError) and error.message:
        return str(error.message)[:300]
    return f"a filter cannot work with this value ({type(error).__name__})"


def _variable_at(source: str, token: Token | None) -> str:
    if token is None or token.start_index < 0:
        return ""
    end = token.start_index + 2
    start = max(source.rfind("{{", 0, end), source.rfind("{%", 0, end))
    found = _FIRST_NAME.match(source, start + 1 if source[start : start + 2] == "{%" else start)
    return found.group(1) if found else ""
