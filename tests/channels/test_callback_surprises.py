"""Whatever is sent to a callback address, an adapter reads it or refuses it, and raises no more.

Bodies are proven as the provider's own where that can be done here, so that reading begins at all.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Adapter
from channels.registry import ADAPTERS
from channels.told import BadSignature, Callback, Needs
from tests.providers.rows import ROWS
from tests.providers.signing import PROVEN, called, credentials

PAYLOADS = Path(__file__).parents[1] / "payloads"
LISTENING = [
    name
    for name, adapter in ADAPTERS.items()
    if adapter.read_callback is not Adapter.read_callback or adapter.greet is not Adapter.greet
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
#: Hostile on purpose: half a surrogate pair, a number too long to read, brackets without end.
HOSTILE = [b"", b"\xff\xfe", b'"\\ud800"', b'{"update_id":' + b"9" * 5000 + b"}", b"[" * 50_000]


def adapter_of(name: str) -> Adapter:
    row = next((row for row in ROWS.values() if name in (row.provider, row.fake.name)), None)
    made = row.credentials("https://provider.example") if row else {}
    return ADAPTERS[name]({**made, **(credentials(name) if name in PROVEN else {})})


def bodies(name: str) -> list[Any]:
    """Give the captured bodies of a provider, to be bent."""
    found = [json.loads(path.read_bytes()) for path in (PAYLOADS / name).glob("*.json")]
    return [body for whole in found for body in calls_in(whole)] or [{}]


def calls_in(whole: Any) -> list[dict[str, Any]]:
    """Give the calls of a file: its own body, a list of them, or one that is kept as text."""
    if isinstance(whole, list):
        return [one for one in whole if isinstance(one, dict)]
    if "raw_body" in whole:
        return calls_in(json.loads(whole["raw_body"]))
    if "messages" in whole and "forged" in whole:
        return [
            json.loads(one["Message"]) for one in whole["messages"].values() if "Subject" in one
        ]
    events = whole.get("events")
    return (
        [one for event in events for one in calls_in(event)]
        if isinstance(events, list)
        else [whole]
    )


def bent(draw: Any, body: Any) -> Any:
    """Put junk in one place of a body."""
    if isinstance(body, dict) and body and draw(st.integers(0, 5)):
        name = draw(st.sampled_from(sorted(body)))
        return {**body, name: bent(draw, body[name])}
    if isinstance(body, list) and body and draw(st.integers(0, 5)):
        return [bent(draw, body[0]), *body[1:]]
    return draw(JUNK)


def survives(adapter: Adapter, callback: Callback) -> None:
    for read in (adapter.greet, adapter.read_callback):
        told: Any = ()
        with contextlib.suppress(BadSignature, Needs):
            told = read(callback)
        for event in told if isinstance(told, Sequence) else ():
            values = [getattr(event, name) for name in type(event).__slots__]
            assert all(isinstance(value, str) for value in values)


@pytest.mark.parametrize("name", LISTENING)
def test_no_body_surprises_an_adapter(name):
    adapter, known = adapter_of(name), bodies(name)

    @settings(max_examples=25, deadline=None, database=None)
    @given(st.data())
    def check(data):
        body = json.dumps(bent(data.draw, data.draw(st.sampled_from(known)))).encode()
        survives(adapter, called(name, body))

    check()
    for body in HOSTILE:
        survives(adapter, called(name, body))
