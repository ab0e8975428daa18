"""Cut a list into slices between cursors: v2's `after before limit includeCursor orderBy`.

A cursor is the id of a row. Rows are compared by (order column, id), so a slice neither skips nor
repeats a row that did not change meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

from tenants.answers import COUNT_CAP
from tenants.errors import BadRequest
from tenants.queries import flag, integer, word

Row = TypeVar("Row", bound=Model)

ORDERS = {"_id": "id", "createdAt": "id", "updatedAt": "updated_at"}


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """Rows between two cursors; None where nothing lies beyond."""

    rows: list[Row]
    next: str | None
    previous: str | None
    total: int


def cut(rows: QuerySet[Row], query: QueryDict, orders: dict[str, str] | None = None) -> Slice[Row]:
    """Give the slice that the query asks for; raises BadRequest for a cursor that is no id."""
    columns = orders or ORDERS
    column = columns[word(query, "orderBy", tuple(columns), "_id")]
    is_down = word(query, "orderDirection", ("DESC", "ASC", "-1", "1"), "DESC") in ("DESC", "-1")
    limit = integer(query, "limit", 10, low=1, high=100)
    before, after = _cursor(query, "before"), _cursor(query, "after")
    anchor = before or after
    is_backward = before is not None
    is_less = is_down != is_backward  # which side of the anchor, and the order of reading
    if column != "id" and anchor is not None and not rows.filter(pk=anchor).exists():
        # by its id alone nobody knows where a row stood that is gone, or was never here
        raise _refused("before" if is_backward else "after", "is not a row of this list")
    found = rows.filter(_beyond(rows, column, anchor, is_less, flag(query, "includeCursor")))
    taken = list(_ordered(found, column, is_less)[: limit + 1])
    has_more = len(taken) > limit
    page = taken[:limit][::-1] if is_backward else taken[:limit]
    return Slice(
        rows=page,
        next=_id(page[-1:]) if (has_more or is_backward) else None,
        previous=_id(page[:1]) if (has_more if is_backward else anchor is not None) else None,
        total=rows.order_by()[: COUNT_CAP + 1].count(),
    )


def _beyond(
    rows: QuerySet[Row], column: str, anchor: UUID | None, is_less: bool, is_inclusive: bool
) -> Q:
    if anchor is None:
        return Q()
    side = "lt" if is_less else "gt"
    condition = Q(**{f"pk__{side}": anchor})
    if column != "id":
        value = rows.filter(pk=anchor).values_list(column, flat=True).first()
        condition = Q(**{f"{column}__{side}": value}) | (Q(**{column: value}) & condition)
    return condition | Q(pk=anchor) if is_inclusive else condition


def _ordered(rows: QuerySet[Row], column: str, is_less: bool) -> QuerySet[Row]:
    sign = "-" if is_less else ""
    return (
        rows.order_by(f"{sign}{column}")
        if column == "id"
        else rows.order_by(f"{sign}{column}", f"{sign}id")
    )


def _cursor(query: QueryDict, name: str) -> UUID | None:
    text = query.get(name)
    if not text or text == "null":
        return None
    try:
        return UUID(text)
    except ValueError:
        raise _refused(name, "is not a cursor") from None


def _refused(name: str, rule: str) -> BadRequest:
    return BadRequest(f"{name} {rule}.", errors={name: [f"{name} {rule}"]})


def _id(row: list[Any]) -> str | None:
    return str(row[0].pk) if row else None
