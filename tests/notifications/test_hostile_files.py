"""A file of workflows that would blow up in memory is refused, with a word about the document."""

from __future__ import annotations

from itertools import pairwise

import pytest

from notifications.manifest import from_yaml
from tenants.errors import InvalidFields
from tests.for_each import for_each

REFERENCES = "version: 1\na: &a [x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in pairwise("abcdefghijkl")
)
NOT_TAKEN = {
    "references": REFERENCES,
    "itself": "version: 1\nworkflows: &a [*a]",
    "brackets": "[" * 20_000,
    "digits": "version: " + "9" * 5_000,
    "code": '!!python/object/apply:os.system ["id"]',
}


@for_each("text", NOT_TAKEN.values())
def test_a_file_that_would_blow_up_is_refused(text):
    with pytest.raises(InvalidFields) as refused:
        from_yaml(text)

    assert "document" in refused.value.errors
