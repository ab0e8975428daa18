"""Which spellings of other template languages do we accept, and which do we explain?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from liquid.exceptions import LiquidSyntaxError
from liquid.token import TOKEN_EXPRESSION, Token

_CALL = re.compile(
    r"""("[^"]*"|'[^']*')"""  # quoted text stays as it is
    r"""|(\|\s*[A-Za-z_]\w*\s*)\(((?:"[^"]*"|'[^']*'|[^()'"])*)\)"""
)
_TAG_NAME = re.compile(r"\{%-?\s*(#|\w*)")
_END_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_HANDLEBARS = re.compile(r"\{\{-?\s*(\{|[#/^>&!]|else\b)\s*(\w*)\s*([^}]*)")
_BLOCKS = {
    "if": ("{{% if {} %}}", "{% endif %}"),
    "unless": ("{{% unless {} %}}", "{% endunless %}"),
    "each": ("{{% for item in {} %}}", "{% endfor %}"),
}


def normalised(source: str) -> str:
    """Write filter calls `| date('x')` as Liquid's `| date: 'x'`; raises on Handlebars blocks.

    Line breaks stay, so that line numbers hold. Text inside raw stays untouched.
    """
    pieces: list[str] = []
    for start, end, is_markup in _parts(source):
        part = source[start:end]
        if is_markup:
            _refuse_handlebars(source, start, part)
            part = _CALL.sub(_as_liquid, part) if "(" in part and "|" in part else part
        pieces.append(part)
    return "".join(pieces)


def _as_liquid(found: re.Match[str]) -> str:
    if found[1] is not None:
        return found[1]
    arguments = found[3]
    return f"{found[2]}: {arguments} " if arguments.strip() else f"{found[2]} {arguments} "


def _parts(source: str) -> Iterator[tuple[int, int, bool]]:
    """Cut a source into markup and what stands between: one pass, linear in its length."""
    done = 0
    while (start := _next_markup(source, done)) >= 0:
        yield done, start, False
        end = source.find("}}" if source[start + 1] == "{" else "%}", start + 2)
        if end < 0:
            done = start
            break
        done = end + 2
        yield start, done, True
        if _is_raw(source, start):
            closing = _END_RAW.search(source, done)
            after = closing.end() if closing else len(source)
            yield done, after, False
            done = after
    yield done, len(source), False


def _next_markup(source: str, position: int) -> int:
    while (found := source.find("{", position)) >= 0:
        if source[found + 1 : found + 2] in ("{", "%"):
            return found
        position = found + 1
    return -1


def _is_raw(source: str, start: int) -> bool:
    found = _TAG_NAME.match(source, start)
    return found is not None and found[1] == "raw"


def _refuse_handlebars(source: str, start: int, markup: str) -> None:
    found = _HANDLEBARS.match(markup)
    if not found:
        return
    written = markup if len(markup) <= 60 else f"{markup[:57]}..."
    advice = _advice(found[1], found[2], found[3].strip())
    token = Token(TOKEN_EXPRESSION, markup, start, source)
    raise HandlebarsError(f"{written} is Handlebars; in Liquid {advice}", token=token)


def _advice(sign: str, word: str, rest: str) -> str:
    opening, closing = _BLOCKS.get(word, ("{{% if {} %}}", "{% endif %}"))
    if sign == "#":
        return f"write {opening.format(rest or 'name')} ... {closing}"
    if sign == "/":
        return f"write {closing}"
    if sign == "else":
        return f"write {{% elsif {rest} %}}" if word == "if" else "write {% else %}"
    if sign == "^":
        return f"write {{% unless {word} %}} ... {{% endunless %}}"
    if sign == "!":
        return "write {% comment %} ... {% endcomment %}"
    if sign == ">":
        return "there are no partials; write the text itself"
    return f"write {{{{ {word or 'name'} }}}}; values are escaped by the channel"


class HandlebarsError(LiquidSyntaxError):
    """A block of another template language, with the Liquid spelling in the message."""
