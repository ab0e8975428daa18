"""Ask one question of many rows in one test: a test of its own costs more than most answers.

For questions that set nothing up for a row. Every row is asked, and each that fails is told.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import wraps
from typing import Any

import pytest

from tests.tracing import untraced

Test = Callable[..., None]


def for_each(names: str, rows: Iterable[Any]) -> Callable[[Test], Test]:
    """Call the test with each row; names and rows are those of pytest.mark.parametrize.

    Coverage watches the first row, as it watches the first case of a parametrized test.
    """
    keys = [name.strip() for name in names.split(",")]
    table = [_named(row, keys) for row in rows]

    def decorate(test: Test) -> Test:
        @wraps(test)
        def ask_all(**fixtures: Any) -> None:
            asked = (_fault(test, fixtures | row, number) for number, row in enumerate(table))
            faults = [fault for fault in asked if fault is not None]
            if faults:
                raise BaseExceptionGroup(f"{len(faults)} of {len(table)} rows", faults)

        _hide(ask_all, keys)
        return ask_all

    return decorate


def _named(row: Any, keys: list[str]) -> dict[str, Any]:
    if isinstance(row, type(pytest.param())):
        return dict(zip(keys, row.values, strict=True))
    return dict(zip(keys, [row] if len(keys) == 1 else row, strict=True))


def _fault(test: Test, arguments: dict[str, Any], number: int) -> BaseException | None:
    try:
        with untraced() if number else nullcontext():
            test(**arguments)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  (told with the others)
        error.add_note(f"row {number}: {arguments}")
        return error
    return None


def _hide(test: Any, keys: list[str]) -> None:
    """Let pytest see the fixtures alone."""
    signature = inspect.signature(test)
    fixtures = [one for name, one in signature.parameters.items() if name not in keys]
    test.__signature__ = signature.replace(parameters=fixtures)
