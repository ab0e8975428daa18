"""Read a request's JSON strictly: what PostgreSQL or a later step would choke on is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from tenants.errors import BadRequest

MAX_DEPTH = 32
_POISON = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # NUL, or half of a pair; a good pair, too

Path = tuple[str, ...]


def parse(raw: bytes) -> dict[str, Any]:
    """Read an object.

    Raises BadRequest for broken JSON, NaN and Infinity, numbers beyond a double, anything but an
    object at the top, nesting deeper than 32, NUL and half surrogate pairs; the path is named.
    """
    body = _load(raw)
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    # Both are rare: small flat bodies without these escapes cannot hold what is looked for.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _refuse_depth(body)
    if _POISON.search(raw):
        _refuse_poison(body)
    return body


def _load(raw: bytes) -> Any:  # any JSON value
    try:
        return _read(raw.decode())
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError as broken:
        raise BadRequest(f"The body is not UTF-8: byte {broken.start}.") from None
    except json.JSONDecodeError as broken:
        where = f"line {broken.lineno}, column {broken.colno}"
        raise BadRequest(f"The body is not JSON: {broken.msg}, {where}.") from None
    except ValueError:  # an integer of more than 4300 digits
        raise BadRequest("The body holds a number that is too long.") from None


def _read(text: str) -> Any:
    if text.startswith("\ufeff"):  # as json.loads says it
        raise json.JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0)
    return _DECODER.decode(text)


def _refuse_constant(name: str) -> NoReturn:
    raise BadRequest(f"The body is not JSON: {name} is not a JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise BadRequest(f"The number {text[:20]} is too large.")
    return number


# Made once: json.loads would make one for each body that it reads with readers of our own.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _refuse_depth(body: Any) -> None:
    """Go down level by level, looking at containers only: a bulk has thousands of texts."""
    level = [body]
    for _ in range(MAX_DEPTH):
        level = [item for outer in level for item in _items(outer) if type(item) in (dict, list)]
        if not level:
            return
    raise _too_deep()


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _refuse_poison(body: Any) -> None:
    for path, value in _walk(body):
        where = ".".join(path) or "body"
        for text in (value, path[-1] if path else ""):
            if isinstance(text, str):
                _refuse_text(where.replace("\0", "\\u0000"), text)


def _refuse_text(where: str, text: str) -> None:
    where = where.encode("utf-8", "replace").decode()
    if "\0" in text:
        sentence = "must not contain the NUL character (\\u0000)"
    elif any("\ud800" <= sign <= "\udfff" for sign in text):
        sentence = "must not contain half of a surrogate pair"
    else:
        return
    raise BadRequest(f"{where} {sentence}.", errors={where: [f"{where} {sentence}"]})


def _too_deep() -> BadRequest:
    return BadRequest(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _walk(body: Any) -> Iterator[tuple[Path, Any]]:
    """Give every value with its path; a stack, because recursion is what an attacker wants."""
    stack: list[tuple[Path, Any]] = [((), body)]
    while stack:
        path, value = stack.pop()
        yield path, value
        if isinstance(value, dict):
            stack += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            stack += [((*path, str(place)), item) for place, item in enumerate(value)]
