"""Who did it? Rows note people as "staff:7" and software as "key:…"; screens show names.

The names of a page are read at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tenants.admin_base import person
from tenants.models import User

STAFF = "staff:"
SOFTWARE: Mapping[str, Any] = {
    "key": _("the salon's software"),
    "command": _("the operator's command"),
}


def mark(request: HttpRequest) -> str:
    """Write the visitor as rows note people."""
    visitor = person(request)
    return f"{STAFF}{visitor.pk if visitor else ''}"


class NamesPeople:
    """Mixed into a screen whose rows note who did things. Must give: marks."""

    marks: tuple[str, ...]  # the fields that note somebody

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the names of the whole page."""
        shown = super().get_changelist_instance(request)  # type: ignore[misc]  # a ModelAdmin's
        self._name(shown.result_list)
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Read the names of one row."""
        row = super().get_object(request, object_id, from_field)  # type: ignore[misc]  # a ModelAdmin's
        self._name([row] if row else [])
        return row

    def who(self, row: Any, field: str) -> Any:
        """Say who did it."""
        noted = str(getattr(row, field))
        if noted.startswith(STAFF):
            return row.people.get(noted, _("a former colleague"))
        return SOFTWARE.get(noted.partition(":")[0], noted)

    def _name(self, rows: Iterable[Any]) -> None:
        rows = list(rows)
        noted = {str(getattr(row, field)) for row in rows for field in self.marks}
        keys = {one.removeprefix(STAFF) for one in noted if one.startswith(STAFF)}
        found = User.objects.filter(pk__in=[key for key in keys if key.isdigit()])
        names = {f"{STAFF}{one.pk}": one.get_full_name() or one.username for one in found}
        for row in rows:
            row.people = names
