"""Write Python lists as PostgreSQL arrays, quickly: the engine passes columns, not rows.

psycopg's own dumper looks at each element several times; at 16 columns a message that was a fifth
of the worker's time. Statements name the type (`%s::uuid[]`), so the text needs none. Columns
of ids go as bytes: neither side has to write and read digits.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from operator import attrgetter
from typing import Any
from uuid import UUID

from psycopg.abc import DumperKey
from psycopg.adapt import Dumper, PyFormat
from psycopg.pq import Format
from psycopg.types.json import Jsonb

_IDS = (list, UUID)
_HEAD = struct.Struct("!5i")
_SIXTEEN = struct.pack("!i", 16)
#: Letters stay letters: as \\u0435 each would take seven bytes, its backslash doubled.
_DENSE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class ListDumper(Dumper):
    """Dumps a flat list of UUIDs, numbers, texts, bytes, moments, booleans, JSON and None."""

    format = Format.TEXT
    oid = 0  # PostgreSQL takes the type of the place

    def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:
        is_of_ids = bool(obj) and type(obj[0]) is UUID and set(map(type, obj)) == {UUID}
        return _IDS if is_of_ids else self.cls

    def upgrade(self, obj: list[Any], format: PyFormat) -> Dumper:
        return self if self.get_key(obj, format) is self.cls else IdsDumper(self.cls)

    def dump(self, obj: list[Any]) -> bytes:
        """Write {a,b,NULL}; raises TypeError for elements it does not know."""
        kinds = set(map(type, obj))
        write = _WRITERS.get(kinds.pop()) if len(kinds) == 1 else None  # most columns are of one
        return f"{{{','.join(_each(write or _element, obj))}}}".encode()


class IdsDumper(Dumper):
    """Dumps a list of UUIDs as PostgreSQL keeps them."""

    format = Format.BINARY
    oid = 2951  # uuid[]

    def dump(self, obj: list[UUID]) -> bytes:
        """Write one dimension, no nulls, then each length and its 16 bytes."""
        head = _HEAD.pack(1, 0, 2950, len(obj), 1)
        if _are_one(obj):
            return _SIXTEEN.join([head, *[obj[0].bytes] * len(obj)])
        return _SIXTEEN.join([head, *[value.int.to_bytes(16, "big") for value in obj]])

    def quote(self, obj: list[UUID]) -> bytes:
        """Write them as a literal, which has no other form than text."""
        return f"'{{{','.join([value.hex for value in obj])}}}'".encode()


def _each(write: Callable[[Any], Any], values: list[Any]) -> list[Any]:
    """Write each value; what a whole batch has in common only once."""
    if _are_one(values):
        return [write(values[0])] * len(values)
    if write is _moment:  # a batch knows few
        written = {value: _moment(value) for value in set(values)}
        return [written[value] for value in values]
    return list(map(write, values))


def _are_one(values: list[Any]) -> bool:
    return len(values) > 1 and values[0] is values[-1] and values.count(values[0]) == len(values)


def _element(value: Any) -> str:
    write = _WRITERS.get(type(value))
    if write is not None:
        return str(write(value))
    if isinstance(value, Enum):  # StrEnum and Django's TextChoices
        return _element(value.value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):  # the ORM names the width: Int2, Int4, Int8
        return int.__repr__(value)
    raise TypeError(f"an array cannot hold {type(value).__name__}")


def _text(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def _json(value: Jsonb) -> str:
    """Write what the ORM gives for a JSON field, with the field's own encoder if it has one."""
    dumps: Any = _DENSE.encode if value.dumps in (None, json.dumps) else value.dumps
    return _text(dumps(value.obj))


def _boolean(value: bool) -> str:
    return "t" if value else "f"


def _moment(value: datetime | date) -> str:
    return f'"{value.isoformat()}"'


_WRITERS: dict[type, Any] = {
    UUID: attrgetter("hex"),  # PostgreSQL needs no dashes, and they cost as much as the digits
    int: str,
    float: repr,
    str: _text,
    bool: _boolean,
    datetime: _moment,
    date: _moment,
    bytes: lambda value: f'"\\\\x{value.hex()}"',
    Jsonb: _json,
    type(None): lambda _: "NULL",
}
