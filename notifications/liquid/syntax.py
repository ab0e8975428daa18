"""Which spellings of other template languages do we accept, and which do we explain?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from liquid.exceptions import LiquidSyntaxError
from liquid.token import TOKEN_EXPRESSION, Token

MAX_MARKUP = 1_000  # characters between one pair of braces
MAX_MARKUPS = 500  # in one field
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
    """Cut a source into markup and what stands between: one pass, linear in its length.

    Refuses what python-liquid's lexer needs quadratic time for: markup or raw text that never
    ends (64,000 characters of "{{" take it three minutes), and markup of great length or number.
    """
    done = count = 0
    while (start := _next_markup(source, done)) >= 0:
        yield done, start, False
        count += 1
        done = _end_of_markup(source, start, count)
        yield start, done, True
        if (name := _tag_name(source, start)) == "raw":
            after = _end_of_raw(source, start, done)
            yield done, after, False
            done = after
        elif name == "doc":
            raise _refused("unexpected tag 'doc'", source, start)
    yield done, len(source), False


def _end_of_markup(source: str, start: int, count: int) -> int:
    closing = "}}" if source[start + 1] == "{" else "%}"
    end = source.find(closing, start + 2) + 2
    if end < 2:
        raise _refused(f"expected '{closing}', found end of file", source, start)
    if end - start > MAX_MARKUP:
        raise _refused(f"a variable or tag longer than {MAX_MARKUP} characters", source, start)
    if count > MAX_MARKUPS:
        raise _refused(f"more than {MAX_MARKUPS} variables and tags", source, start)
    return end


def _end_of_raw(source: str, start: int, position: int) -> int:
    closing = _END_RAW.search(source, position)
    if closing is None:
        raise _refused("expected endraw, found end of file", source, start)
    return closing.end()


def _refused(message: str, source: str, start: int) -> LiquidSyntaxError:
    token = Token(TOKEN_EXPRESSION, source[start : start + 2], start, source)
    return LiquidSyntaxError(message, token=token)


def _next_markup(source: str, position: int) -> int:
    while (found := source.find("{", position)) >= 0:
        if source[found + 1 : found + 2] in ("{", "%"):
            return found
        position = found + 1
    return -1


def _tag_name(source: str, start: int) -> str:
    found = _TAG_NAME.match(source, start)
    return found[1] if found else ""


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
