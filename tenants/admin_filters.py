"""Which questions may be asked of a list? Those of its filters, and of links that lead to it.

Django's own rule takes every column of the row: what nobody may see would be read letter by letter,
callback_token__startswith=a.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest


class OfferedFilters:
    """Refuses other questions; mixed into a ModelAdmin. May override: linked_by."""

    linked_by: ClassVar[tuple[str, ...]] = ()  # questions that other screens' links ask

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Ask whether some filter is about this column."""
        screen: Any = self
        offered = {_column(item) for item in screen.get_list_filter(request)}
        return lookup in self.linked_by or lookup.partition("__")[0] in offered


def _column(item: Any) -> str:
    """Name what a filter is about: it is a field, a field with a class, or a class."""
    if isinstance(item, tuple):
        return str(item[0])
    return item if isinstance(item, str) else str(item.parameter_name)
