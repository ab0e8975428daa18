"""What is a thing called on a screen? By its human name; str(row) is for logs."""

from __future__ import annotations

from typing import Any

from django.utils.html import conditional_escape


class Labelled(tuple[str, Any]):
    """(value, words): coloured in a list, the words alone on a form."""

    __slots__ = ()

    def __html__(self) -> str:
        return conditional_escape(self[1])


class Named:
    """A row under its human name, for messages about it."""

    def __init__(self, row: Any, name: str) -> None:
        self._row, self._name = row, name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._row, attribute)

    def __str__(self) -> str:
        return self._name
