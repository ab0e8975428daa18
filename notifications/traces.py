"""Where did something fail? Told without its errors' words: they may quote a client's data."""

from __future__ import annotations

import traceback
from collections.abc import Iterator


def trace_of(error: BaseException) -> str:
    """Write lines of code and names of errors, what came first at the top."""
    return "\nThen:\n".join(
        "".join([*traceback.format_tb(one.__traceback__), type(one).__qualname__])
        for one in reversed(list(_chain(error)))
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
