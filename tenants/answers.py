"""What an answer looks like on the wire: envelope, pages, cursors.

It stands in this room because every room's views need it; config.wire offers it under its name.
Source: the wire contract in docs/reference/api.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.response import Response

COUNT_CAP = 50_000  # counting further costs a scan and tells a reader nothing

Json = dict[str, Any]


def data(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer one thing or a bare list."""
    return Response({"data": value}, status=status, headers=headers)


def page(
    rows: Sequence[object], page: int, page_size: int, has_more: bool, total: int | None = None
) -> Response:
    """Answer a numbered page (from 0); only the old lists carry a total."""
    body: Json = {"page": page, "pageSize": page_size, "hasMore": has_more, "data": rows}
    return Response(body if total is None else {**body, "totalCount": total})


def cursor(rows: Sequence[object], next: str | None, previous: str | None, total: int) -> Response:
    """Answer a slice between two cursors; both are null at the ends."""
    return Response(
        {
            "data": rows,
            "next": next,
            "previous": previous,
            "totalCount": min(total, COUNT_CAP),
            "totalCountCapped": total > COUNT_CAP,
        }
    )


def no_content() -> Response:
    """Answer 204."""
    return Response(status=204)
