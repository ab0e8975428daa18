"""SMS parts are counted as operators bill them: tests/payloads/sms/segments.json."""

from __future__ import annotations

from decimal import Decimal

from channels.segments import Segments, count, price
from tests.channels.expected import captured
from tests.for_each import for_each

CASES = captured("sms/segments.json")["cases"]


@for_each("case", CASES)
def test_a_text_has_the_captured_number_of_parts(case):
    assert count(case["text"]) == Segments(case["encoding"], case["segments"], case["units"])


@for_each(
    "text, per_segment, expected",
    [
        ("Ждём вас завтра", "4.10", Decimal("4.10")),
        ("я" * 71, "4,10", Decimal("8.20")),
        ("a" * 161, " 0.05 ", Decimal("0.10")),
        ("a", "", None),
        ("a", "много", None),
        ("a", "-1", None),
        ("a", "NaN", None),
        ("a", "Infinity", None),
    ],
)
def test_a_text_costs_its_parts(text, per_segment, expected):
    assert price(text, per_segment) == expected
