"""Lists arrive in PostgreSQL as they left Python, whatever they hold."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.rows import fetch

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
