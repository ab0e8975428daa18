"""Lists arrive in PostgreSQL as they left Python, whatever they hold."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.models import Location
from tenants.rows import fetch
from tenants.scope import tenant_scope

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | _TEXT | st.sampled_from(["NULL", "null", '"', "\\", "{,}", " ", ""])))
def test_texts_come_back_as_they_were(values):
    assert fetch("select %s::text[]", [values])[0][0] == values


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", [uuid.uuid4(), None, uuid.uuid4()]),
        ("bigint", [1, None, -(2**62)]),
        ("float8", [0.1, 1e300, -2.5]),
        ("boolean", [True, False, None]),
        ("timestamptz", [datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC), None]),
    ],
)
def test_other_types_come_back_as_they_were(kind, values):
    assert fetch(f"select %s::{kind}[]", [values])[0][0] == values


def test_an_unknown_type_is_refused():
    with pytest.raises(TypeError, match="dict"):
        fetch("select %s::text[]", [[{}]])


def test_the_orm_writes_many_rows_with_json_as_they_were(salon):
    hours = [{"пн": 'a "quoted" \\ {word}', "n": [1, None, 0.5, True]}, {}, {"\n": "NULL,\t'"}]

    with tenant_scope(salon.pk):
        made = Location.objects.bulk_create(
            Location(tenant=salon, identifier=f"hall-{number}", hours=value)
            for number, value in enumerate(hours)
        )
        found = [Location.objects.get(pk=one.pk).hours for one in made]

    assert found == hours
