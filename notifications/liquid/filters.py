"""Which filters may a template use, and what may each of them cost?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date as plain_date
from typing import Any

from liquid import Environment
from liquid.exceptions import FilterError, UndefinedError
from liquid.filter import sequence_filter, string_filter, with_context

from notifications.liquid import dates
from notifications.liquid.faults import Missing

MAX_VALUE = 20_000  # characters of one value; a letter's whole text is far below
MAX_ITEMS = 1_000  # of one list, as in the loop limit
MAX_NUMBER = 10**15  # beyond it floats lose whole numbers and powers start to eat memory
MAX_DIGITS = 30

TEXT = frozenset(
    [
        "append",
        "prepend",
        "upcase",
        "downcase",
        "capitalize",
        "strip",
        "lstrip",
        "rstrip",
        "strip_html",
        "strip_newlines",
        "squish",
        "newline_to_br",
        "escape",
        "escape_once",
        "url_encode",
        "split",
        "truncate",
        "truncatewords",
        "replace",
        "replace_first",
        "remove",
    ]
)
NUMBER = frozenset(
    [
        "plus",
        "minus",
        "times",
        "divided_by",
        "modulo",
        "round",
        "ceil",
        "floor",
        "abs",
        "at_least",
        "at_most",
    ]
)
LIST = frozenset(
    [
        "first",
        "last",
        "join",
        "map",
        "where",
        "sort",
        "uniq",
        "concat",
        "reverse",
        "compact",
        "size",
        "slice",
        "default",
    ]
)
ALLOWED = TEXT | NUMBER | LIST | {"date"}

Filter = Callable[..., Any]


def install(environment: Environment) -> None:
    """Leave only the allowed filters in an environment, each behind its limits."""
    environment.add_filter("date", date)
    environment.add_filter("uniq", uniq)
    environment.add_filter("strip_html", strip_html)
    environment.filters = {
        name: _guarded(name, environment.filters[name]) for name in sorted(ALLOWED)
    }


@with_context
def date(value: object, pattern: object = dates.DEFAULT_FORMAT, *, context: Any) -> str:
    """Write a moment in the render's zone and language."""
    text = value.isoformat() if isinstance(value, plain_date) else value
    if not isinstance(text, str):
        raise FilterError("date: the value is not an ISO 8601 date and time", token=None)
    try:
        return dates.show(text, str(pattern), context.locale.language, context.locale.zone)
    except (ValueError, OverflowError) as error:
        reason = str(error) if "date " in str(error) else ""
        message = f"date: {reason or 'the value is not an ISO 8601 date and time'}"
        raise FilterError(message, token=None) from error


@sequence_filter
def uniq(items: Any) -> list[object]:
    """Drop repeated items; python-liquid's own compares each pair."""
    seen: dict[str, object] = {}
    for item in items:
        seen.setdefault(item if isinstance(item, str) else f"\0{item!r}", item)
    return list(seen.values())


_TAG = re.compile(r"<[^<>]*>")


@string_filter
def strip_html(text: str) -> str:
    """Drop tags in one linear pass; an HTML parser is quadratic on purpose-made input."""
    return _TAG.sub("", text)


def _guarded(name: str, plain: Filter) -> Filter:
    """Wrap a filter: refuse inputs and results beyond the limits, before memory is taken."""
    extra = tuple(
        word for word in ("environment", "context") if getattr(plain, f"with_{word}", False)
    )

    def guarded(left: Any, *args: Any, context: Any, **kwargs: Any) -> Any:
        _check_inputs(name, left, args)
        context.spend(left)
        if "environment" in extra:
            kwargs["environment"] = context.env
        if "context" in extra:
            kwargs["context"] = context
        result = plain(left, *args, **kwargs)
        _check_size(name, result)
        return result

    guarded.__name__ = name
    return with_context(guarded)


def _check_inputs(name: str, left: Any, args: tuple[Any, ...]) -> None:
    if name == "default":
        return
    _check_known(left)
    _check_size(name, left)
    for arg in args:
        _check_known(arg)
        _check_size(name, arg)
    if name in TEXT:
        _check_plain(name, (left, *args))
    elif name in NUMBER:
        _check_numbers(name, (left, *args))
    elif name != "concat":
        _check_plain(name, args)
    _check_growth(name, left, args)


def _check_known(value: object) -> None:
    if type(value) is Missing:
        raise UndefinedError(value.hint or value.name, token=value.token)


def _check_size(name: str, value: object) -> None:
    if type(value) is Missing:  # what `default` found missing; asking it more would raise
        return
    if isinstance(value, str):
        if len(value) > MAX_VALUE:
            raise FilterError(f"{name}: text longer than {MAX_VALUE} characters", token=None)
    elif isinstance(value, (list, tuple, range, dict)) and len(value) > MAX_ITEMS:
        raise FilterError(f"{name}: more than {MAX_ITEMS} items", token=None)


def _check_plain(name: str, values: tuple[Any, ...]) -> None:
    if any(isinstance(value, (list, tuple, range, Mapping)) for value in values):
        raise FilterError(f"{name}: expects text, not a list or an object", token=None)


def _check_numbers(name: str, values: tuple[Any, ...]) -> None:
    for value in values:
        too_big = isinstance(value, (int, float)) and abs(value) > MAX_NUMBER
        if too_big or (isinstance(value, str) and len(value) > MAX_DIGITS):
            raise FilterError(f"{name}: number too big", token=None)


def _check_growth(name: str, left: Any, args: tuple[Any, ...]) -> None:
    if name in ("replace", "replace_first") and len(args) > 1:
        text, old, new = str(left), str(args[0]), str(args[1])
        if (text.count(old) if name == "replace" else 1) * len(new) + len(text) > MAX_VALUE:
            raise FilterError(f"{name}: result longer than {MAX_VALUE} characters", token=None)
    if name == "join":
        separator = len(str(args[0])) if args else 1
        check_items(name, left, each=separator)


def check_items(name: str, items: object, *, each: int = 0) -> None:
    """Refuse a list whose printed items are together longer than one value may be."""
    if not isinstance(items, (list, tuple)):
        return
    total = 0
    for item in items:
        total += each + len(item if isinstance(item, str) else str(item))
        if total > MAX_VALUE:
            raise FilterError(f"{name}: text longer than {MAX_VALUE} characters", token=None)
